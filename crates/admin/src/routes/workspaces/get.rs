//! `GET /api/v1/system/workspaces/{workspace}`

use axum::extract::{Path, State};

use crate::auth::Operator;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::WorkspaceView;

/// Shows a workspace.
#[utoipa::path(
    get, path = "/api/v1/system/workspaces/{workspace}", tag = "workspaces", operation_id = "get_workspace",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    responses((status = 200, body = WorkspaceView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    _: Operator,
    Path(workspace): Path<String>,
) -> Result<Tagged<WorkspaceView>, Problem> {
    let found = lookup::workspace(&mut state.store.read().await?, &workspace).await?;
    let version = found.version;
    Ok(Tagged(found.into(), version))
}
