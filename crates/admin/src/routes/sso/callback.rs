//! `GET /api/v1/sso/callback`

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::person::SignIn;
use wayleave_store::Actor;

use super::get::none;
use crate::auth::{Stranger, name_of};
use crate::body::Search;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::sign_in::cookies::Cookie;
use crate::sign_in::session;
use crate::sign_in::sso::{Answer, UnderWay, config, people};
use crate::state::AdminState;

/// What the issuer sends a browser back with. It may add more (`iss`, `session_state`).
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Back {
    /// What the issuer exchanges for the person's identity.
    #[serde(default)]
    code: Option<String>,
    /// What the sign-in was begun with.
    #[serde(default)]
    state: Option<String>,
    /// The issuer did not sign the person in.
    #[serde(default)]
    error: Option<String>,
}

/// Ends a sign-in with another system: sets a session's cookie and sends the browser to the page it
/// came from; where it fails, to `/console/sign-in?error=…` with the code of the problem.
#[utoipa::path(
    get, path = "/api/v1/sso/callback", tag = "session", operation_id = "finish_sso",
    security(()),
    params(Back),
    responses((status = 303, description = "To the console"), Refusals)
)]
pub(crate) async fn callback(
    State(state): State<AdminState>,
    Stranger(from): Stranger,
    headers: HeaderMap,
    Search(back): Search<Back>,
) -> Response {
    let request_id = from.request_id.clone().unwrap_or_default();
    let (mut cookies, to) = match finish(&state, &from, &headers, &back).await {
        Ok(done) => done,
        Err(problem) => {
            tracing::warn!(code = problem.code, detail = problem.detail, "no single sign-on");
            let code = problem.code;
            let to = format!("/console/sign-in?error={code}&request_id={request_id}");
            (HeaderMap::new(), to)
        }
    };
    session::add(&mut cookies, Cookie::UnderWay.clear(&state.public_url));
    (cookies, Redirect::to(&to)).into_response()
}

async fn finish(
    state: &AdminState,
    from: &Actor,
    headers: &HeaderMap,
    back: &Back,
) -> Result<(HeaderMap, String), Problem> {
    let refused = |code, detail: &str| Problem::new(StatusCode::UNAUTHORIZED, code, detail);
    let cookie = Cookie::UnderWay.of(headers, &state.public_url);
    let under_way = cookie.as_deref().and_then(UnderWay::read).ok_or_else(|| {
        refused("wrong_state", "this browser began no sign-in, or it is over: begin again")
    })?;
    if let Some(error) = &back.error {
        let error: String = error.chars().filter(|it| it.is_ascii_graphic()).take(64).collect();
        let why = format!("the system that people sign in with refused: {error}");
        return Err(refused("issuer_refused", &why));
    }
    let (Some(code), Some(echoed)) = (&back.code, &back.state) else {
        return Err(refused("wrong_state", "the answer has no code or no state: begin again"));
    };
    let set_up = config::set_up(&mut state.store.read().await?).await?.ok_or_else(none)?;
    let answer = Answer { code, state: echoed };
    let (hasher, now) = (state.store.hasher(), state.clock.now());
    let issuers = state.sign_in.sso();
    let who = issuers.finish(&set_up, &state.public_url, &under_way, answer, &hasher, now).await?;
    let person = people::bring(&state.store, &set_up.sso, &who, from).await?;
    let actor = Actor { name: name_of(&person), role: "person".to_owned(), ..from.clone() };
    let mut change = state.store.change(SYSTEM_WORKSPACE, &actor, "single sign-on").await?;
    let (_, cookies) = session::begin(state, &mut change, &person, SignIn::Sso, headers).await?;
    change.commit().await?;
    Ok((cookies, under_way.page().to_owned()))
}
