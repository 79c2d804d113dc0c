//! `DELETE /api/v1/workspaces/{workspace}/owners/{owner}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_store::owners;

use crate::auth::Here;
use crate::body::IfMatch;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Removes an owner that no key belongs to.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace}/owners/{owner}", tag = "owners", operation_id = "delete_owner",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("owner" = String, Path, description = "The owner, by name or id")),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let (_, owner) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let found = lookup::owner(change.tx(), here.workspace.id, &owner).await?;
    owners::delete(&mut change, found.id, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
