//! `GET /api/v1/sso/start`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use super::get::none;
use crate::body::Search;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::sign_in::cookies::Cookie;
use crate::sign_in::session;
use crate::sign_in::sso::config;
use crate::state::AdminState;

/// Where to go in the end.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Begin {
    /// A page below `/console/`; anything else is taken as `/console/`.
    #[serde(default)]
    return_to: Option<String>,
}

/// Sends a browser to the system that people sign in with.
#[utoipa::path(
    get, path = "/api/v1/sso/start", tag = "session", operation_id = "start_sso",
    security(()),
    params(Begin),
    responses((status = 303, description = "To the issuer"), Refusals)
)]
pub(crate) async fn start(
    State(state): State<AdminState>,
    Search(begin): Search<Begin>,
) -> Result<Response, Problem> {
    let set_up = config::set_up(&mut state.store.read().await?).await?.ok_or_else(none)?;
    let (hasher, now) = (state.store.hasher(), state.clock.now());
    let return_to = begin.return_to.unwrap_or_default();
    let begun =
        state.sign_in.sso().begin(&set_up, &state.public_url, &return_to, &hasher, now).await?;
    let mut headers = HeaderMap::new();
    session::add(&mut headers, Cookie::UnderWay.set(&begun.cookie, 600, &state.public_url));
    Ok((headers, Redirect::to(&begun.url)).into_response())
}
