//! `POST /api/v1/workspaces/{workspace}/models/{model}/disable`

use axum::extract::{Path, State};

use super::switch;
use crate::auth::Here;
use crate::body::{IfMatch, Tagged};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ModelView;

/// Switches a model off: calls of it are refused, and credentials, price, pool and aliases stay as they are.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/models/{model}/disable", tag = "models", operation_id = "disable_model",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("model" = String, Path, description = "The model's id")),
    responses((status = 200, body = ModelView), Refusals)
)]
pub(crate) async fn disable(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<Tagged<ModelView>, Problem> {
    switch(&state, &here, &named.1, expected, false).await
}
