//! `GET /api/v1/workspaces/{workspace}/models/{model}`

use axum::extract::{Path, State};

use super::view;
use crate::auth::Here;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ModelView;

/// Shows a model with the price in force.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/models/{model}", tag = "models", operation_id = "get_model",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("model" = String, Path, description = "The model's id")),
    responses((status = 200, body = ModelView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Tagged<ModelView>, Problem> {
    let (_, model) = named;
    let mut tx = state.store.read().await?;
    let found = lookup::model(&mut tx, here.workspace.id, &model).await?;
    let version = found.version;
    Ok(Tagged(view(&mut tx, here.workspace.id, found, state.clock.now()).await?, version))
}
