//! One exchange with the provider, and what its refusal means.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use wayleave_dialect::Dialect;
use wayleave_model::provider::Operation;
use wayleave_model::target::ModelFacts;
use wayleave_provider::Refused;
use wayleave_provider::failure::Show;

use super::ladder::Climb;
use crate::outbound;
use crate::upstream::SendError;
use crate::upstream::body::{Pieces, Unread};

/// How long one step may take: a model on one's own machine may have to be loaded first.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of an answer that are read.
const MOST: usize = 8 << 20;

/// An answer, read whole.
pub(super) struct Said {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// What is sent beside the account's own headers.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) body: Vec<u8>,
    /// Empty: there is no body.
    pub(super) content_type: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Sent {
    /// A body of JSON.
    pub(super) fn json(body: Vec<u8>) -> Sent {
        Sent { body, content_type: "application/json".to_owned(), headers: Vec::new() }
    }
}

impl Climb<'_> {
    /// What the provider's refusal means, and its own words.
    pub(super) fn diagnose(
        &self,
        said: &Said,
        error: Option<(Option<String>, String)>,
    ) -> (Show, String) {
        // Errors of one vendor are written alike, whatever the model.
        let offers = self.claim.kind.offers(Operation::Chat, &ModelFacts::UNKNOWN);
        let dialect = offers.first().map_or(Dialect::OpenAiChat, |offer| offer.dialect);
        let (code, message) = error
            .or_else(|| dialect.chat().read_error(&said.body))
            .unwrap_or_else(|| (None, String::from_utf8_lossy(&said.body).into_owned()));
        let refused = Refused {
            status: said.status,
            headers: &said.headers,
            code: code.as_deref(),
            message: &message,
        };
        let show = self.claim.kind.diagnose(&refused).show;
        let words: Vec<&str> = message.split_whitespace().collect();
        let line: String = self.scrub.shown(words.join(" ").as_bytes()).chars().take(400).collect();
        (show, if line.is_empty() { format!("status {}", said.status.as_u16()) } else { line })
    }

    pub(super) async fn ask(
        &self,
        method: Method,
        url: &str,
        sent: Sent,
        authorised: bool,
    ) -> Result<Said, SendError> {
        let broken = |why: String| SendError::Broken(why);
        let mut request = Request::builder().method(method).uri(url);
        if let Some(headers) = request.headers_mut() {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            if !sent.body.is_empty() {
                let value = HeaderValue::from_str(&sent.content_type);
                headers.insert(header::CONTENT_TYPE, value.map_err(|err| broken(err.to_string()))?);
            }
            headers.extend(sent.headers);
            for (name, value) in &self.headers {
                if authorised || !value.is_sensitive() {
                    headers.insert(name.clone(), value.clone());
                }
            }
        }
        let request = request.body(()).map_err(|err| broken(err.to_string()))?;
        let body = sent.body;
        let pieces = if body.is_empty() { Vec::new() } else { vec![Bytes::from(body)] };
        let request = match authorised {
            true => {
                let (kind, now) = (self.claim.kind, self.clock.now());
                let signed = outbound::signed(request, pieces, kind, &self.account, now);
                signed.map_err(|why| broken(why.to_string()))?
            }
            false => request.map(|()| Pieces::new(pieces)),
        };
        let answer = self.client.send(request, PATIENCE);
        let answer = answer.await?;
        let body = tokio::time::timeout(PATIENCE, answer.body.at_most(MOST)).await;
        let body = match body {
            Ok(Ok(body)) => body,
            Ok(Err(Unread::TooLong)) => return Err(broken(format!("more than {MOST} bytes"))),
            Ok(Err(Unread::Broken(why))) => return Err(broken(why.to_string())),
            Err(_) => return Err(SendError::FirstByte(PATIENCE)),
        };
        Ok(Said { status: answer.status, headers: answer.headers, body })
    }
}
