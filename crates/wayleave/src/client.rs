//! The CLI's side of the management API: one request, one answer, errors as sentences.

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use wayleave_model::Secret;

use crate::exit::Failure;
use crate::net::{self, Base, Place};
use crate::transcript;

/// A server's management API.
pub struct Client {
    base: Base,
    token: Option<Secret>,
    ca: Option<std::path::PathBuf>,
}

/// The most items that one page may have.
const LONGEST_PAGE: usize = 500;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    next_cursor: Option<String>,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// Its body, `null` if it had none.
    pub body: Value,
    /// The entity tag, to say later which state a change is meant for.
    pub etag: Option<String>,
}

impl Client {
    /// A client of the server at `base`. A Unix socket needs no token: who may open it may manage.
    pub fn new(base: Base, token: Option<Secret>, ca: Option<std::path::PathBuf>) -> Client {
        Client { base, token, ca }
    }

    /// Reads one thing.
    pub async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.send(Method::GET, path, None, None).await
    }

    /// Creates something, or asks for something to be done.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.send(Method::POST, path, Some(bytes_of(body)?), None).await
    }

    /// Like [`Client::post`], with a body that was already made into bytes.
    pub async fn post_bytes(&self, path: &str, body: Bytes) -> Result<Answer, Failure> {
        self.send(Method::POST, path, Some(body), None).await
    }

    /// Puts something in the place of what is there, if it still is as `etag` says.
    pub async fn put(
        &self,
        path: &str,
        body: &Value,
        etag: Option<&str>,
    ) -> Result<Answer, Failure> {
        self.send(Method::PUT, path, Some(bytes_of(body)?), etag).await
    }

    /// Puts something in the place of what is there, from a body that was already made into bytes.
    pub async fn put_bytes(&self, path: &str, body: Bytes) -> Result<Answer, Failure> {
        self.send(Method::PUT, path, Some(body), None).await
    }

    /// Changes one thing, if it still is as `etag` says.
    pub async fn patch(
        &self,
        path: &str,
        body: &Value,
        etag: Option<&str>,
    ) -> Result<Answer, Failure> {
        self.send(Method::PATCH, path, Some(bytes_of(body)?), etag).await
    }

    /// Removes one thing.
    pub async fn delete(&self, path: &str) -> Result<Answer, Failure> {
        self.send(Method::DELETE, path, None, None).await
    }

    /// One thing, `None` if there is none of that name.
    pub async fn find(&self, path: &str) -> Result<Option<Answer>, Failure> {
        match self.exchange(Method::GET, path, None, None).await? {
            (StatusCode::NOT_FOUND, ..) => Ok(None),
            (status, body, etag) => judge(status, &body, etag).map(Some),
        }
    }

    /// Every item of a list as the server wrote it, page by page, handed to `each` as it comes.
    pub async fn each(
        &self,
        path: &str,
        mut each: impl FnMut(&RawValue) -> Result<(), Failure>,
        at_most: usize,
    ) -> Result<(), Failure> {
        let mut cursor: Option<String> = None;
        let mut left = at_most;
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let from =
                cursor.take().map_or_else(String::new, |it| format!("&cursor={}", escape(&it)));
            let limit = left.clamp(1, LONGEST_PAGE);
            let at = format!("{path}{separator}limit={limit}{from}");
            let (status, body, etag) = self.exchange(Method::GET, &at, None, None).await?;
            judge(status, &body, etag)?;
            let page: Page<'_> = serde_json::from_slice(&body).map_err(|_| not_ours(status))?;
            for item in page.items.into_iter().take(left) {
                left -= 1;
                each(item)?;
            }
            cursor = page.next_cursor;
            if cursor.is_none() || left == 0 {
                return Ok(());
            }
        }
    }

    /// Every item of a list.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>, Failure> {
        let mut items = Vec::new();
        let keep = |item: &RawValue| {
            items.push(serde_json::from_str(item.get()).unwrap_or_default());
            Ok(())
        };
        self.each(path, keep, usize::MAX).await?;
        Ok(items)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        etag: Option<&str>,
    ) -> Result<Answer, Failure> {
        let (status, body, etag) = self.exchange(method, path, body, etag).await?;
        judge(status, &body, etag)
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        etag: Option<&str>,
    ) -> Result<(StatusCode, Bytes, Option<String>), Failure> {
        let request = self.request(method, path, body, etag)?;
        let connected = net::connect(&self.base.place, self.ca.as_deref()).await;
        let mut sender = connected.map_err(|why| self.unreached(&why))?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| self.unreached(&error.to_string()))?;
        let status = answer.status();
        let etag =
            answer.headers().get(header::ETAG).and_then(|it| it.to_str().ok()).map(str::to_owned);
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| self.unreached(&error.to_string()))?;
        Ok((status, body.to_bytes(), etag))
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        etag: Option<&str>,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base.path))
            .header(header::HOST, &self.base.authority)
            .header(header::ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(etag) = etag {
            request = request.header(header::IF_MATCH, etag);
        }
        if let Some(token) = self.token.as_ref().and_then(Secret::expose_str) {
            let value = header::HeaderValue::try_from(format!("Bearer {token}"));
            let mut value = value
                .map_err(|_| Failure::Usage("the token has characters no token has".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(Full::new(body.unwrap_or_default()));
        request.map_err(|error| Failure::Usage(format!("{path}: {error}")))
    }

    fn unreached(&self, why: &str) -> Failure {
        let hint = match &self.base.place {
            Place::Unix(_) => {
                "no server runs on this data folder: start it with `wayleave serve --data DIR`, or name a server with --server URL"
            }
            Place::Tcp { .. } => "check --server (or WAYLEAVE_SERVER) and that the server is up",
        };
        Failure::Unreached(format!("{why}\n{hint}"))
    }
}

/// Writes `text` so that it is one segment of a path or one value of a query.
pub fn escape(text: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn bytes_of(body: &Value) -> Result<Bytes, Failure> {
    let bytes = serde_json::to_vec(body).map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(Bytes::from(bytes))
}

fn judge(status: StatusCode, body: &[u8], etag: Option<String>) -> Result<Answer, Failure> {
    let read: Option<Value> =
        if body.is_empty() { Some(Value::Null) } else { serde_json::from_slice(body).ok() };
    match read {
        Some(body) if status.is_success() => Ok(Answer { body, etag }),
        Some(problem) if problem.get("detail").is_some() => {
            Err(Failure::Refused(sentence(&problem)))
        }
        _ => Err(not_ours(status)),
    }
}

/// A problem document as lines for people: what is wrong, then each field.
fn sentence(problem: &Value) -> String {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let mut lines = vec![text(problem, "detail")];
    for error in problem.get("errors").and_then(Value::as_array).into_iter().flatten() {
        lines.push(format!("  {}: {}", text(error, "field"), text(error, "message")));
    }
    lines.extend(problem.get("proof").map(transcript::lines).unwrap_or_default());
    for it in problem.get("proofs").and_then(Value::as_array).into_iter().flatten() {
        lines.push(format!("{} ({})", text(it, "name"), text(it, "field")));
        lines.extend(it.get("proof").map(transcript::lines).unwrap_or_default());
    }
    lines.join("\n")
}

fn not_ours(status: StatusCode) -> Failure {
    Failure::Refused(format!(
        "the answer ({}) is not from a Wayleave management API: --server wants its address, like http://127.0.0.1:8080",
        status.as_u16()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_every_field() {
        let body = br#"{"detail":"2 fields are wrong","errors":[{"field":"name","message":"too long"},{"field":"kind","message":"unknown"}]}"#;
        let failure = judge(StatusCode::UNPROCESSABLE_ENTITY, body, None).unwrap_err();
        assert_eq!(failure.to_string(), "2 fields are wrong\n  name: too long\n  kind: unknown");
    }

    #[test]
    fn an_answer_of_something_else_is_not_believed() {
        let failure = judge(StatusCode::OK, b"<html>", None).unwrap_err();
        assert!(failure.to_string().contains("not from a Wayleave"), "{failure}");
        assert!(judge(StatusCode::BAD_GATEWAY, b"{}", None).is_err());
    }

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(escape("sandbox/echo é?"), "sandbox%2Fecho%20%C3%A9%3F");
    }
}
