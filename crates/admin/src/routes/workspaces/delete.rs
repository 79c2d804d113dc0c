//! `DELETE /api/v1/system/workspaces/{workspace}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::workspaces;

use crate::auth::Operator;
use crate::body::IfMatch;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Ends an empty workspace. Its usage and its audit log stay.
#[utoipa::path(
    delete, path = "/api/v1/system/workspaces/{workspace}", tag = "workspaces", operation_id = "delete_workspace",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    by: Operator,
    Path(workspace): Path<String>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let found = lookup::workspace(change.tx(), &workspace).await?;
    workspaces::delete(&mut change, found.id, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
