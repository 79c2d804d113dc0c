//! `DELETE /api/v1/workspaces/{workspace}/members/{member}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_store::members;

use super::find;
use crate::auth::Here;
use crate::body::IfMatch;
use crate::error::Problem;
use crate::permission::Power;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Ends somebody's membership, now. The owner hands over first.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace}/members/{member}", tag = "members", operation_id = "delete_member",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("member" = String, Path, description = "The member, by address or person id")),
    responses((status = 204, description = "They are no member any more"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let (_, member) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let (before, person) = find(change.tx(), &here, &member).await?;
    here.power.check_gives(&Power::of(before.role))?;
    members::remove(&mut change, person.id, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
