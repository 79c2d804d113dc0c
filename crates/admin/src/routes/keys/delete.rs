//! `DELETE /api/v1/workspaces/{workspace}/keys/{key}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_store::keys;

use crate::auth::Here;
use crate::body::IfMatch;
use crate::editor_limits::{self, Asked};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Removes a key and its secrets. Its usage stays.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace}/keys/{key}", tag = "keys", operation_id = "delete_key",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("key" = String, Path, description = "The key, by name or id")),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let (_, key) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let found = lookup::key(change.tx(), here.workspace.id, &key).await?;
    editor_limits::check(&mut change, &here, &Asked::Touch(&found)).await?;
    keys::delete(&mut change, found.id, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
