//! `GET /api/v1/system/sso`

use axum::Json;
use axum::extract::State;
use http::StatusCode;

use super::{SsoView, view};
use crate::auth::Operator;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::sign_in::sso::config;
use crate::state::AdminState;

/// Shows how single sign-on is set up, without its secret.
#[utoipa::path(
    get, path = "/api/v1/system/sso", tag = "people", operation_id = "get_sso",
    responses((status = 200, body = SsoView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    _: Operator,
) -> Result<Json<SsoView>, Problem> {
    let mut tx = state.store.read().await?;
    let (sso, has_secret) = config::shown(&mut tx).await?.ok_or_else(none)?;
    Ok(Json(view(&mut tx, &state, sso, has_secret).await?))
}

/// It is not set up.
pub(crate) fn none() -> Problem {
    let detail = "single sign-on is not set up here";
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}
