//! One call to an endpoint, as a client would make it, and when each piece of the answer came.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use wayleave_model::{Clock, Secret};

use crate::net::{self, Base};

/// The longest answer that is looked at.
const LARGEST: usize = 8 << 20;
/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What came back.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Microseconds from the request to each piece of the body.
    pub(super) arrivals: Vec<u64>,
    /// The body broke off.
    pub(super) cut: Option<String>,
}

impl Reply {
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(super) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default()
    }

    /// Whether a web page came in place of an answer.
    pub(super) fn is_page(&self) -> bool {
        let start = self
            .body
            .iter()
            .position(|byte| !byte.is_ascii_whitespace())
            .map(|at| &self.body[at..]);
        self.header(header::CONTENT_TYPE).starts_with("text/html")
            || start.is_some_and(|it| it.starts_with(b"<"))
    }
}

/// Whom to ask, and with which key.
pub(super) struct Caller<'a> {
    pub(super) base: Base,
    pub(super) key: Option<&'a Secret>,
    pub(super) ca: Option<&'a Path>,
}

impl Caller<'_> {
    /// Sends one request on a connection of its own. The path goes behind the base URL's.
    ///
    /// # Errors
    /// Why there was no answer at all.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, String> {
        let late = || format!("no whole answer within {} s", PATIENCE.as_secs());
        tokio::time::timeout(PATIENCE, self.exchange(method, path, body))
            .await
            .unwrap_or_else(|_| Err(late()))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, String> {
        let request = self.request(method, path, body)?;
        let clock = Clock::system();
        let start = clock.tick();
        let mut sender = net::connect(&self.base.place, self.ca).await?;
        let answer = sender.send_request(request).await;
        let answer =
            answer.map_err(|error| format!("the connection ended without an answer: {error}"))?;
        let (head, mut body) = answer.into_parts();
        let mut reply = Reply { status: head.status, headers: head.headers, ..Reply::default() };
        while let Some(frame) = body.frame().await {
            match frame {
                Err(error) => {
                    reply.cut = Some(error.to_string());
                    break;
                }
                Ok(frame) => {
                    let Ok(data) = frame.into_data() else { continue };
                    reply.arrivals.push(clock.tick().micros_since(start));
                    reply.body.extend_from_slice(&data);
                    if reply.body.len() > LARGEST {
                        return Err(format!("the answer is larger than {} MiB", LARGEST >> 20));
                    }
                }
            }
        }
        Ok(reply)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, String> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base.path))
            .header(header::HOST, &self.base.authority)
            .header(header::USER_AGENT, concat!("wayleave-doctor/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "*/*");
        if let Some(key) = self.key {
            let text = key.expose_str().unwrap_or_default();
            let value = header::HeaderValue::try_from(format!("Bearer {text}"));
            let mut value = value
                .map_err(|_| "the key has characters that no header can carry (a line break?)")?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        request.body(Full::new(bytes)).map_err(|error| error.to_string())
    }
}
