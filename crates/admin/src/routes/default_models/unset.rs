//! `DELETE /api/v1/workspaces/{workspace}/default-models/{type}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_store::default_models;

use super::type_of;
use crate::auth::Here;
use crate::body::IfMatch;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Leaves a type without a default model. Nothing is chosen instead.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace}/default-models/{type}", tag = "models", operation_id = "unset_default_model",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("type" = String, Path, description = "The type, like `llm`")),
    responses((status = 204, description = "None is set"), Refusals)
)]
pub(crate) async fn unset(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let of = type_of(&named.1)?;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    default_models::unset(&mut change, of, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
