//! `DELETE /api/v1/workspaces/{workspace}/aliases/{alias}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_store::aliases;

use crate::auth::Here;
use crate::body::IfMatch;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Removes an alias. Its route versions stay: usage names them.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace}/aliases/{alias}", tag = "aliases", operation_id = "delete_alias",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("alias" = String, Path, description = "The alias, by name or id")),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let (_, alias) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let found = lookup::alias(change.tx(), here.workspace.id, &alias).await?;
    aliases::delete(&mut change, found.id, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
