//! A request that is sent twice under one `Idempotency-Key` is done once: the second one gets the
//! first one's answer.
//!
//! The header is that of the IETF draft "The Idempotency-Key HTTP Header Field"
//! (draft-ietf-httpapi-idempotency-key-header). It holds for every `POST` of the management API,
//! for a day, for one caller. What was refused has done nothing, so its key is free again.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderName};
use http::{HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use wayleave_store::{Earlier, Once};

use crate::auth::Caller;
use crate::error::Problem;
use crate::router::LARGEST_BODY;
use crate::state::AdminState;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says on an answer that it was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key.
const LONGEST: usize = 255;
/// The largest answer that is read for keeping; ours are far smaller.
const LARGEST_ANSWER: usize = 64 << 20;

/// An answer as it is kept, sealed: it may show a secret that is shown only once.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    content_type: Option<String>,
    etag: Option<String>,
    body: String,
}

/// Does each request once.
pub(crate) async fn layer(
    State(state): State<AdminState>,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    // A caller who hangs up does not stop half-way what is to be known as done.
    let tasks = state.tasks.clone();
    let done = tasks.spawn(async move { once(&state, request, next).await });
    match done.await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

async fn once(state: &AdminState, request: Request, next: Next) -> Result<Response, Problem> {
    let caller = request.extensions().get::<Caller>().cloned();
    let caller =
        caller.ok_or_else(|| Problem::internal(&"a route is outside the sign-in layer"))?;
    let (home, sender) = caller.identity();
    let key = key(&request)?;
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST_BODY).await.map_err(|_| {
        let detail = "the body is larger than 32 MiB, or did not come whole";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "unreadable_body", detail)
    })?;
    let it = Once {
        anchor: digest(state, &[b"idempotency", sender.as_bytes(), key.as_bytes()]),
        request: digest(state, &[head.uri.to_string().as_bytes(), &body]),
    };
    match state.store.once(home, &it, state.clock.now()).await? {
        Earlier::None => {}
        Earlier::Done(answer) => return replay(answer.expose()),
        Earlier::UnderWay => {
            let detail = "the same request is under way: ask again in a moment";
            return Err(Problem::new(StatusCode::CONFLICT, "in_progress", detail));
        }
        Earlier::Different => {
            let detail = "another request was made under this Idempotency-Key: choose a new one";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return Err(Problem::new(status, "idempotency_key_reused", detail));
        }
    }
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    let (response, kept) = keep(response).await;
    let stored = state.store.answered(home, &it, kept.as_deref(), state.clock.now()).await;
    if let Err(error) = stored {
        tracing::warn!(%error, "an answer could not be kept for its Idempotency-Key");
    }
    Ok(response)
}

fn key(request: &Request) -> Result<String, Problem> {
    let mut all = request.headers().get_all(KEY).iter();
    let text = all.next().and_then(|it| it.to_str().ok()).unwrap_or_default();
    if text.is_empty() || text.len() > LONGEST || all.next().is_some() {
        let detail = "Idempotency-Key wants one text of 1 to 255 visible ASCII characters";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_idempotency_key", detail));
    }
    Ok(text.to_owned())
}

/// Each part after its length, so that no two lists are the same text.
fn digest(state: &AdminState, parts: &[&[u8]]) -> [u8; 32] {
    let mut text = Vec::new();
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part);
    }
    state.store.hasher().anchor(&text)
}

/// The answer, and what is kept of it: nothing of a refusal.
async fn keep(response: Response) -> (Response, Option<Vec<u8>>) {
    if !response.status().is_success() {
        return (response, None);
    }
    let (head, body) = response.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_ANSWER).await else {
        let problem = Problem::internal(&"an answer of ours could not be read");
        return (problem.into_response(), None);
    };
    let text = |name: HeaderName| {
        head.headers.get(name).and_then(|it| it.to_str().ok()).map(str::to_owned)
    };
    let kept = Kept {
        status: head.status.as_u16(),
        content_type: text(CONTENT_TYPE),
        etag: text(ETAG),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let kept = serde_json::to_vec(&kept).ok();
    (Response::from_parts(head, Body::from(body)), kept)
}

fn replay(answer: &[u8]) -> Result<Response, Problem> {
    let kept: Kept = serde_json::from_slice(answer).map_err(|error| Problem::internal(&error))?;
    let mut response = Response::new(Body::from(Bytes::from(kept.body)));
    *response.status_mut() =
        StatusCode::from_u16(kept.status).map_err(|error| Problem::internal(&error))?;
    let headers = response.headers_mut();
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    for (name, value) in [(CONTENT_TYPE, kept.content_type), (ETAG, kept.etag)] {
        if let Some(value) = value.and_then(|it| HeaderValue::try_from(it).ok()) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use http::header;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Api, Reply};

    const PATH: &str = "/api/v1/workspaces/main/keys";

    async fn post(api: &Api, key: &str, body: Value) -> Reply {
        api.call(Method::POST, PATH, Some(body), &[(KEY, key)]).await
    }

    fn wish(name: &str) -> Value {
        json!({"name": name, "owner": "team", "environment": "test"})
    }

    #[tokio::test]
    async fn a_create_that_is_sent_twice_is_done_once() {
        let api = Api::new().await;
        let first = post(&api, "a-1", wish("ci")).await.created();
        let again = post(&api, "a-1", wish("ci")).await.created();
        assert_eq!(again.text, first.text, "its secret is the same");
        assert_eq!(
            (again.etag(), &again.headers["idempotent-replayed"]),
            (first.etag(), &HeaderValue::from_static("true"))
        );
        assert_eq!(api.get(PATH).await.ok().body["items"].as_array().unwrap().len(), 1);
        post(&api, "a-1", wish("other")).await.refused(422, "idempotency_key_reused");
        post(&api, "a-2", wish("ci")).await.refused(409, "name_taken");
        post(&api, "", wish("x")).await.refused(400, "bad_idempotency_key");
    }

    #[tokio::test]
    async fn what_was_refused_may_be_sent_again_under_its_key_and_others_have_their_own() {
        let api = Api::new().await;
        post(&api, "k", json!({"name": "ci"})).await.refused(422, "invalid");
        post(&api, "k", wish("ci")).await.created();
        let other = api.token_of("main", wayleave_model::member::Role::Admin).await;
        let other = format!("Bearer {other}");
        let headers = [(KEY, "k"), (header::AUTHORIZATION, other.as_str())];
        let made = api.call(Method::POST, PATH, Some(wish("theirs")), &headers).await.created();
        assert_eq!(made.body["name"], "theirs");
    }
}
