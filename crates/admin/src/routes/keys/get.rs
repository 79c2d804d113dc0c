//! `GET /api/v1/workspaces/{workspace}/keys/{key}`

use axum::extract::{Path, State};

use super::view;
use crate::auth::Here;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::KeyView;

/// Shows a key without its secrets.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/keys/{key}", tag = "keys", operation_id = "get_key",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("key" = String, Path, description = "The key, by name or id")),
    responses((status = 200, body = KeyView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Tagged<KeyView>, Problem> {
    let (_, key) = named;
    let mut tx = state.store.read().await?;
    let found = lookup::key(&mut tx, here.workspace.id, &key).await?;
    let version = found.version;
    Ok(Tagged(view(&mut tx, here.workspace.id, found, &state).await?, version))
}
