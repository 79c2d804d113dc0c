//! `DELETE /api/v1/session`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::sessions;

use crate::auth::Me;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::sign_in::session;
use crate::state::AdminState;

/// Signs out: the session ends, and the answer removes its cookie.
#[utoipa::path(
    delete, path = "/api/v1/session", tag = "session", operation_id = "sign_out",
    responses((status = 204, description = "Signed out"), Refusals)
)]
pub(crate) async fn delete(State(state): State<AdminState>, me: Me) -> Result<Response, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &me.actor, "").await?;
    sessions::revoke(&mut change, me.signed.session.id).await?;
    change.commit().await?;
    Ok((StatusCode::NO_CONTENT, session::end(&state.public_url)).into_response())
}
