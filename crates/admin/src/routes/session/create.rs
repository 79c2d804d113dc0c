//! `POST /api/v1/session`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::person::{Person, SignIn, email};
use wayleave_model::{Secret, Timestamp};
use wayleave_store::{Actor, people};

use crate::apply::document::Hidden;
use crate::auth::{Stranger, cross_site, name_of};
use crate::body::Body;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::routes::me::{self, MeView};
use crate::sign_in::cookies::{Sender, sender};
use crate::sign_in::session;
use crate::state::AdminState;

/// Somebody's address and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    email: String,
    password: Hidden,
}

/// Signs in with a password: the answer sets a cookie. An address that nobody has is refused as a
/// wrong password is, after the same time. Too many attempts are 429, with `Retry-After`.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "session", operation_id = "sign_in",
    security(()),
    request_body = Words,
    responses((status = 200, body = MeView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    Stranger(from): Stranger,
    headers: HeaderMap,
    uri: Uri,
    Body(words): Body<Words>,
) -> Result<Response, Problem> {
    if sender(&headers, &uri, &state.public_url) == Sender::Foreign {
        return Err(cross_site());
    }
    let person = prove(&state, &words.email, words.password.0, &from, &headers).await?;
    let actor = Actor { name: name_of(&person), role: "person".to_owned(), ..from };
    let mut change = state.store.change(SYSTEM_WORKSPACE, &actor, "").await?;
    let (begun, cookies) =
        session::begin(&state, &mut change, &person, SignIn::Password, &headers).await?;
    change.commit().await?;
    let view = me::of_person(&state, person, begun).await?;
    Ok((cookies, Json(view)).into_response())
}

/// The person whose address and password these are. Attempts are counted, and those who have no
/// password or may not sign in are refused as everybody else is.
pub(crate) async fn prove(
    state: &AdminState,
    address: &str,
    password: Secret,
    from: &Actor,
    headers: &HeaderMap,
) -> Result<Person, Problem> {
    let address = email(address).unwrap_or_default();
    let known = session::known(headers, &state.public_url, &address, &state.store.hasher());
    let now = state.clock.now();
    let attempt =
        state.sign_in.attempts().begin(&address, from.addr.as_deref(), known.as_deref(), now);
    let attempt = attempt.map_err(|seconds| too_many(seconds, &address, from, now))?;
    let mut tx = state.store.read().await?;
    let person = people::by_email(&mut tx, &address).await?;
    let stored = match &person {
        Some(person) => people::password(&mut tx, person.id).await?,
        None => None,
    };
    drop(tx);
    let right = state.sign_in.passwords().check(password, stored).await?;
    match person.filter(|it| right && it.enabled) {
        Some(person) => {
            state.sign_in.attempts().succeeded(attempt);
            Ok(person)
        }
        None => {
            tracing::info!(addr = ?from.addr, "a sign-in was refused");
            let detail = "there is no such address and password here";
            Err(Problem::new(StatusCode::UNAUTHORIZED, "wrong_password", detail))
        }
    }
}

fn too_many(seconds: u64, address: &str, from: &Actor, now: Timestamp) -> Problem {
    tracing::warn!(addr = ?from.addr, %now, known = !address.is_empty(), "too many attempts to sign in");
    let detail = format!("too many attempts to sign in: try again in {seconds} s");
    Problem {
        retry_after: Some(seconds),
        ..Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail)
    }
}
