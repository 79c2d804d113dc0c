//! `DELETE /api/v1/system/people/{person}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::people;

use crate::auth::Operator;
use crate::body::IfMatch;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Removes a person who owns no workspace, with their memberships and sessions. What they did stays
/// in the audit log.
#[utoipa::path(
    delete, path = "/api/v1/system/people/{person}", tag = "people", operation_id = "delete_person",
    params(("person" = String, Path, description = "The person, by address or id")),
    responses((status = 204, description = "They are gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    by: Operator,
    Path(person): Path<String>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let found = lookup::person(change.tx(), &person).await?;
    people::delete(&mut change, found.id, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
