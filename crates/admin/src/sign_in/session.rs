//! A session that begins: its row, its cookie, and the mark that this browser is known.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{SET_COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use openidconnect::CsrfToken;
use subtle::ConstantTimeEq;
use wayleave_model::Secret;
use wayleave_model::person::{Person, Session, SignIn};
use wayleave_store::sessions::{self, ABSOLUTE};
use wayleave_store::{Change, KeyHasher};

use super::cookies::Cookie;
use crate::error::Problem;
use crate::state::AdminState;

/// For how long a browser is known: half a year.
const KNOWN: i64 = 182 * 24 * 3_600;

/// Begins a session of `person` in the browser that sent `headers`; the answer's cookies.
pub(crate) async fn begin(
    state: &AdminState,
    change: &mut Change,
    person: &Person,
    how: SignIn,
    headers: &HeaderMap,
) -> Result<(Session, HeaderMap), Problem> {
    let agent = headers.get(USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let (session, secret) = sessions::create(change, person.id, how, agent).await?;
    let mut set = HeaderMap::new();
    add(&mut set, session_cookie(&secret, &state.public_url));
    let hasher = state.store.hasher();
    if known(headers, &state.public_url, &person.email, &hasher).is_none() {
        let mark = mark(&person.email, &hasher);
        add(&mut set, Cookie::Browser.set(&mark, KNOWN, &state.public_url));
    }
    Ok((session, set))
}

/// The answer's cookies when a session ends.
pub(crate) fn end(public_url: &str) -> HeaderMap {
    let mut set = HeaderMap::new();
    add(&mut set, Cookie::Session.clear(public_url));
    set
}

/// Adds a cookie to an answer.
pub(crate) fn add(headers: &mut HeaderMap, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        headers.append(SET_COOKIE, cookie);
    }
}

fn session_cookie(secret: &Secret, public_url: &str) -> Option<HeaderValue> {
    Cookie::Session.set(secret.expose_str()?, ABSOLUTE / 1_000_000, public_url)
}

/// What says that somebody signed in as `email` in a browser: a random name for it, and our seal on
/// the two.
fn mark(email: &str, hasher: &KeyHasher) -> String {
    let name = CsrfToken::new_random().into_secret();
    format!("{name}.{}", seal(email, &name, hasher))
}

/// The name of a browser in which somebody signed in as `email` before.
pub(crate) fn known(
    headers: &HeaderMap,
    public_url: &str,
    email: &str,
    hasher: &KeyHasher,
) -> Option<String> {
    let mark = Cookie::Browser.of(headers, public_url)?;
    let (name, sealed) = mark.split_once('.')?;
    let right = seal(email, name, hasher);
    bool::from(right.as_bytes().ct_eq(sealed.as_bytes())).then(|| name.to_owned())
}

fn seal(email: &str, name: &str, hasher: &KeyHasher) -> String {
    URL_SAFE_NO_PAD.encode(hasher.sign_in("browser", &[email.as_bytes(), name.as_bytes()]))
}
