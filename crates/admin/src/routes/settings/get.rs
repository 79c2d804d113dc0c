//! `GET /api/v1/workspaces/{workspace}/settings`

use axum::Json;
use axum::extract::State;
use wayleave_store::workspace_settings;

use super::SettingsView;
use crate::auth::Here;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Shows what the workspace decides for itself.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/settings", tag = "settings", operation_id = "get_settings",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    responses((status = 200, body = SettingsView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    here: Here,
) -> Result<Json<SettingsView>, Problem> {
    let mut tx = state.store.read().await?;
    Ok(Json(workspace_settings::get(&mut tx, here.workspace.id).await?.into()))
}
