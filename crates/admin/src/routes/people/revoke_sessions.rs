//! `DELETE /api/v1/system/people/{person}/sessions` and `…/sessions/{session}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::sessions;

use crate::auth::Operator;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Signs somebody out everywhere.
#[utoipa::path(
    delete, path = "/api/v1/system/people/{person}/sessions", tag = "people", operation_id = "revoke_sessions",
    params(("person" = String, Path, description = "The person, by address or id")),
    responses((status = 204, description = "They are signed out"), Refusals)
)]
pub(crate) async fn all(
    State(state): State<AdminState>,
    by: Operator,
    Path(person): Path<String>,
) -> Result<StatusCode, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let found = lookup::person(change.tx(), &person).await?;
    sessions::revoke_all(&mut change, found.id, None).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one session of somebody.
#[utoipa::path(
    delete, path = "/api/v1/system/people/{person}/sessions/{session}", tag = "people", operation_id = "revoke_session",
    params(("person" = String, Path, description = "The person, by address or id"), ("session" = String, Path, description = "The session, by id")),
    responses((status = 204, description = "It has ended"), Refusals)
)]
pub(crate) async fn one(
    State(state): State<AdminState>,
    by: Operator,
    Path(named): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (person, session) = named;
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let found = lookup::person(change.tx(), &person).await?;
    let session = lookup::session(change.tx(), found.id, &session).await?;
    sessions::revoke(&mut change, session.id).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
