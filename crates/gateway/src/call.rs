//! One exchange with a target that is no conversation: a count, a stored response.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use wayleave_dialect::ClientDialect;
use wayleave_dialect::error::Fault;

use crate::failure::{self, Failed, Speaker};
use crate::gateway::Gateway;
use crate::outbound;
use crate::pipeline::{Uncollected, collect, upstream_request_id};
use crate::upstream::SendError;
use crate::upstream::body::Pieces;
use crate::world::{Endpoint, Target};

/// Bytes of an answer that are read.
const MOST: usize = 64 << 20;

/// What is to be sent.
pub struct Call<'a> {
    /// How.
    pub method: Method,
    /// Where.
    pub uri: Uri,
    /// The body; empty for none.
    pub body: Bytes,
    /// The client's headers that travel.
    pub forwarded: &'a HeaderMap,
}

/// An answer of status 2xx.
pub struct Called {
    /// Its body.
    pub body: Bytes,
    /// The provider's own id of the call.
    pub upstream_request_id: Option<String>,
}

impl Gateway {
    /// Sends one call and reads its answer.
    ///
    /// # Errors
    /// What the client `dialect` is told, and what it means for the target.
    pub(crate) async fn call(
        &self,
        target: &Arc<Target>,
        endpoint: &Endpoint,
        dialect: ClientDialect,
        call: Call<'_>,
    ) -> Result<Called, Box<Failed>> {
        let timers = self.settings.timeouts;
        let now = self.recorder.clock.now();
        let token = self.tokens.authorization(&self.upstream, target, now).await;
        let token = token.map_err(|why| Box::new(failure::no_token(target, &why)))?;
        let speaker = Speaker::new(target, token.as_ref());
        let request = self
            .request(target, endpoint, call, token.clone())
            .map_err(|why| Box::new(failure::unsent(target, &SendError::Connect(why))))?;
        let answer = self.upstream.send(request, timers.first_byte).await;
        let answer = answer.map_err(|err| Box::new(failure::unsent(target, &err)))?;
        let id = upstream_request_id(&answer.headers)
            .filter(|id| !failure::holds_secret(speaker, id.as_bytes()));
        let body = match collect(answer.body, MOST, &timers).await {
            Ok(body) => body,
            Err(Uncollected::Idle) => {
                return Err(Box::new(failure::timeout(target, "idle", timers.idle)));
            }
            Err(Uncollected::Fault(fault)) => {
                return Err(Box::new(failure::faulty(speaker, &fault)));
            }
        };
        if !answer.status.is_success() {
            let mut failed = failure::refused(
                dialect,
                endpoint.dialect,
                speaker,
                answer.status,
                &answer.headers,
                &body,
            );
            failed.refusal.upstream_request_id = id;
            if target.exchanges && answer.status == StatusCode::UNAUTHORIZED {
                self.tokens.forget(target.label.credential).await;
            }
            return Err(Box::new(failed));
        }
        if body.first() == Some(&b'<') {
            let fault = Fault::unreadable("the provider answered with a web page");
            return Err(Box::new(failure::faulty(speaker, &fault)));
        }
        Ok(Called { body, upstream_request_id: id })
    }

    fn request(
        &self,
        target: &Target,
        endpoint: &Endpoint,
        call: Call<'_>,
        token: Option<HeaderValue>,
    ) -> Result<Request<Pieces>, String> {
        let mut request = Request::new(());
        *request.method_mut() = call.method;
        *request.uri_mut() = call.uri;
        let headers = request.headers_mut();
        if !call.body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.extend(endpoint.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        headers.extend(token.map(|value| (header::AUTHORIZATION, value)));
        for (name, value) in call.forwarded {
            headers.insert(name.clone(), value.clone());
        }
        let body = if call.body.is_empty() { Vec::new() } else { vec![call.body] };
        let now = self.recorder.clock.now();
        let signed = outbound::signed(request, body, target.kind, &target.account(), now);
        signed.map_err(|err| err.to_string())
    }
}
