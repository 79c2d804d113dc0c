//! `DELETE /api/v1/me/sessions/{session}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::sessions;

use crate::auth::Me;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Ends one of one's own sessions.
#[utoipa::path(
    delete, path = "/api/v1/me/sessions/{session}", tag = "me", operation_id = "revoke_my_session",
    params(("session" = String, Path, description = "The session, by id")),
    responses((status = 204, description = "It has ended"), Refusals)
)]
pub(crate) async fn revoke(
    State(state): State<AdminState>,
    me: Me,
    Path(session): Path<String>,
) -> Result<StatusCode, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &me.actor, "").await?;
    let found = lookup::session(change.tx(), me.signed.person.id, &session).await?;
    sessions::revoke(&mut change, found.id).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
