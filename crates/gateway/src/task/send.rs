//! One wire on its way: addressed, authorised, signed, sent; and the head of what comes back.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use wayleave_dialect::task::{Piece, SaidHead, Wire};

use super::ask::Sender;
use crate::failure::{self, Failed, Speaker};
use crate::outbound::USER_AGENT;
use crate::pipeline::{MAX_ERROR, collect, upstream_request_id};
use crate::upstream::body::{AnswerBody, Pieces};
use crate::upstream::play::Player;
use crate::upstream::{Answer, SendError};
use crate::world::TaskEndpoint;

/// The most of a body that is held to be signed.
const MAX_SIGNED: u64 = 64 << 20;

/// An answer of status 2xx that begins.
pub(crate) struct Answered {
    pub(crate) head: SaidHead,
    pub(crate) body: AnswerBody,
    pub(crate) status: StatusCode,
    /// The provider's own id of the call.
    pub(crate) id: Option<String>,
    /// The body came compressed although nobody asked.
    pub(crate) unpacked: bool,
    /// The `Authorization` it was asked with, where its credential is exchanged for one.
    pub(crate) token: Option<HeaderValue>,
}

impl Sender {
    /// Sends one wire and waits for the head of its answer.
    ///
    /// # Errors
    /// What the client is told, and what it means for the target.
    pub(crate) async fn send(&self, wire: Wire) -> Result<Answered, (Box<Failed>, Option<u16>)> {
        let target = &self.target;
        let unsent =
            |why: String| (Box::new(failure::unsent(target, &SendError::Connect(why))), None);
        let now = self.gateway.recorder.clock.now();
        let tokens = &self.gateway.tokens;
        let token = tokens.authorization(&self.gateway.upstream, target, now).await;
        let token = token.map_err(|why| (Box::new(failure::no_token(target, &why)), None))?;
        let answer = match self.played(&wire).await {
            Some(played) => played.map_err(|failed| (failed, None))?,
            None => {
                let request = self.request(wire, token.clone()).await.map_err(unsent)?;
                let sent = self.gateway.upstream.send(request, self.timers.first_byte).await;
                sent.map_err(|err| (Box::new(failure::unsent(target, &err)), None))?
            }
        };
        let speaker = Speaker::new(target, token.as_ref());
        let id = upstream_request_id(&answer.headers)
            .filter(|id| !failure::holds_secret(speaker, id.as_bytes()));
        if !answer.status.is_success() {
            let status = Some(answer.status.as_u16());
            let body = collect(answer.body, MAX_ERROR, &self.timers).await;
            let body = body.unwrap_or_else(|_| Bytes::new());
            let alike = self.endpoint().grammar == self.spoken;
            let mut failed =
                failure::refused_task(alike, speaker, answer.status, &answer.headers, &body);
            failed.refusal.upstream_request_id = id;
            if target.exchanges && answer.status == StatusCode::UNAUTHORIZED {
                tokens.forget(target.label.credential).await;
            }
            return Err((Box::new(failed), status));
        }
        let content_type = answer.headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        Ok(Answered {
            head: SaidHead { content_type: essence.to_ascii_lowercase(), headers: answer.headers },
            body: answer.body,
            status: answer.status,
            id,
            unpacked: answer.unpacked,
            token,
        })
    }

    /// The answer of a kind that needs no network.
    async fn played(&self, wire: &Wire) -> Option<Result<Answer, Box<Failed>>> {
        let target = &self.target;
        let now = self.gateway.recorder.clock.now();
        let play = target.kind.perform(self.operation, &target.label.model_name, wire, now)?;
        let head =
            tokio::time::timeout(self.timers.first_byte, tokio::time::sleep(play.head_after));
        Some(match head.await {
            Ok(()) => {
                let (status, headers) = (play.status, play.headers.clone());
                let body = AnswerBody::Play(Box::new(Player::new(play)));
                Ok(Answer { status, headers, body, unpacked: false })
            }
            Err(_) => {
                let after = self.timers.first_byte;
                Err(Box::new(failure::timeout(target, "first_byte", after)))
            }
        })
    }

    async fn request(
        &self,
        wire: Wire,
        authorization: Option<HeaderValue>,
    ) -> Result<Request<Pieces>, String> {
        let endpoint = self.endpoint();
        let url = wire.address(&endpoint.url);
        let uri: Uri = url.parse().map_err(|err| format!("{url} is no address: {err}"))?;
        let mut request = Request::builder().method(wire.method.clone()).uri(uri);
        if let Some(headers) = request.headers_mut() {
            self.headers(endpoint, &wire, authorization, headers)?;
        }
        let request = request.body(()).map_err(|err| err.to_string())?;
        if !self.target.kind.signs_bodies() {
            let body = Pieces::with_upload(wire.body, self.upload.clone());
            return Ok(request.map(|()| body));
        }
        let body = self.held(wire.body).await?;
        let now = self.gateway.recorder.clock.now();
        let (kind, account) = (self.target.kind, self.target.account());
        crate::outbound::signed(request, body, kind, &account, now).map_err(|err| err.to_string())
    }

    fn headers(
        &self,
        endpoint: &TaskEndpoint,
        wire: &Wire,
        authorization: Option<HeaderValue>,
        headers: &mut HeaderMap,
    ) -> Result<(), String> {
        if !wire.content_type.is_empty() {
            let value = HeaderValue::from_str(&wire.content_type).map_err(|err| err.to_string())?;
            headers.insert(header::CONTENT_TYPE, value);
        }
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        headers.extend(endpoint.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        headers.extend(authorization.map(|value| (header::AUTHORIZATION, value)));
        headers.extend(wire.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        let own =
            self.forwarded.iter().filter(|(name, _)| !name.as_str().starts_with("anthropic-"));
        for (name, value) in own {
            headers.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    /// The whole body at hand, for a signature that covers it.
    async fn held(&self, pieces: Vec<Piece>) -> Result<Vec<Bytes>, String> {
        use http_body_util::BodyExt as _;
        let length: u64 = pieces.iter().map(Piece::len).sum();
        if length > MAX_SIGNED {
            return Err(format!(
                "the body is larger than {MAX_SIGNED} bytes, the most this provider's signature is made for"
            ));
        }
        let body = Pieces::with_upload(pieces, self.upload.clone());
        let read = body.collect().await.map_err(|err| err.to_string())?;
        Ok(vec![read.to_bytes()])
    }

    pub(crate) fn endpoint(&self) -> &TaskEndpoint {
        &self.target.tasks[self.at]
    }

    pub(crate) fn speaker<'a>(&'a self, token: Option<&'a HeaderValue>) -> Speaker<'a> {
        Speaker::new(&self.target, token)
    }
}
