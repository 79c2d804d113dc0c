//! `DELETE /api/v1/system/sso`

use axum::extract::State;
use http::StatusCode;
use wayleave_model::id::SYSTEM_WORKSPACE;

use crate::auth::Operator;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::sign_in::sso::config;
use crate::state::AdminState;

/// Ends single sign-on. People stay, and what they are; sessions go on to their end.
#[utoipa::path(
    delete, path = "/api/v1/system/sso", tag = "people", operation_id = "remove_sso",
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn remove(
    State(state): State<AdminState>,
    by: Operator,
) -> Result<StatusCode, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    config::remove(&mut change).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
