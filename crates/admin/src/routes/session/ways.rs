//! `GET /api/v1/session/ways`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Problem;
use crate::routes::Refusals;
use crate::sign_in::sso::config;
use crate::state::AdminState;

/// How people can sign in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ways {
    /// With an address and a password.
    password: bool,
    /// With another system; `null`: none is set up.
    sso: Option<SsoWay>,
}

/// Another system that people sign in with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SsoWay {
    /// What its button says.
    label: String,
    /// Where the button leads.
    start: &'static str,
}

/// Says how people can sign in. Needs no token.
#[utoipa::path(
    get, path = "/api/v1/session/ways", tag = "session", operation_id = "sign_in_ways",
    security(()),
    responses((status = 200, body = Ways), Refusals)
)]
pub(crate) async fn ways(State(state): State<AdminState>) -> Result<Json<Ways>, Problem> {
    let found = config::shown(&mut state.store.read().await?).await?;
    let sso = found.map(|(sso, _)| SsoWay { label: sso.label, start: "/api/v1/sso/start" });
    Ok(Json(Ways { password: true, sso }))
}
