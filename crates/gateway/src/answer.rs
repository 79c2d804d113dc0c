//! What a client gets: bodies and heads, in its own dialect.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use wayleave_dialect::ClientDialect;
use wayleave_dialect::error::ErrorBody;
use wayleave_model::id::RequestId;
use wayleave_model::record::StreamEnd;

use crate::gateway::Gateway;
use crate::pipeline::{Begun, BegunBody, Ended, Notes};
use crate::refusal::Refusal;
use crate::relay::Relay;
use crate::task::Passing;
use crate::trail::Progress;

/// The future that finds out whether and how a request is answered.
pub type Run<B = Begun> = Pin<Box<dyn Future<Output = Result<B, Box<Ended>>> + Send>>;

/// An answer that nobody waits for any more.
pub trait Abandoned: Send + 'static {
    /// Records it, with what it consumed.
    fn abandoned(self);
}

/// The body of every response.
pub enum ClientBody {
    /// Known as a whole.
    Full(Option<Bytes>),
    /// A stream.
    Stream(Box<Relay>),
    /// A stream whose upstream has not spoken yet: heartbeats until it does.
    Waiting(Box<Waiting>),
    /// Bytes or events of what is no conversation.
    Passing(Box<Passing>),
    /// From the control plane.
    Foreign(UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>),
}

/// A head that went out before the answer began.
pub struct Waiting {
    run: Run,
    beat: Interval,
    dialect: ClientDialect,
    id: RequestId,
    /// The stream is one JSON list.
    list: bool,
    first: bool,
}

impl Waiting {
    /// The first heartbeat is due now.
    pub fn new(
        gateway: &Gateway,
        run: Run,
        dialect: ClientDialect,
        id: RequestId,
        list: bool,
    ) -> Waiting {
        let every = gateway.settings.heartbeat;
        let mut beat = tokio::time::interval_at(Instant::now() + every, every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Waiting { run, beat, dialect, id, list, first: true }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if std::mem::take(&mut self.first) {
            return Poll::Ready(Next::Piece(self.heartbeat()));
        }
        if let Poll::Ready(ended) = self.run.as_mut().poll(cx) {
            return Poll::Ready(match ended {
                Ok(Begun { body: BegunBody::Stream(relay), .. }) => Next::Stream(relay),
                Ok(Begun { body: BegunBody::Whole(whole, mut trail), .. }) => {
                    trail.close(200, StreamEnd::Done, None, None);
                    Next::Last(whole.body)
                }
                Err(ended) => Next::Last(self.error(*ended)),
            });
        }
        ready!(self.beat.poll_tick(cx));
        Poll::Ready(Next::Piece(self.heartbeat()))
    }

    fn heartbeat(&self) -> Bytes {
        Bytes::from_static(self.dialect.chat().heartbeat())
    }

    fn error(&self, mut ended: Ended) -> Bytes {
        ended.trail.refused(&ended.refusal);
        let error = ended.refusal.body(self.id.to_string());
        error_end(self.dialect, self.list, false, &error)
    }
}

/// What ends a stream with an error. `begun`: a part of the answer is out.
pub fn error_end(dialect: ClientDialect, list: bool, begun: bool, error: &ErrorBody) -> Bytes {
    let chat = dialect.chat();
    if list { chat.error_items(error, begun).into() } else { chat.error_frames(error).into() }
}

enum Next {
    Piece(Bytes),
    Last(Bytes),
    Stream(Box<Relay>),
}

impl Body for ClientBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            let piece = match &mut *self {
                ClientBody::Full(whole) => whole.take(),
                ClientBody::Stream(relay) => ready!(relay.poll_chunk(cx)),
                ClientBody::Foreign(body) => return Pin::new(body).poll_frame(cx),
                ClientBody::Passing(passing) => {
                    let piece = ready!(passing.poll_chunk(cx));
                    return Poll::Ready(piece.map(|it| Ok(Frame::data(it?))));
                }
                ClientBody::Waiting(waiting) => match ready!(waiting.poll(cx)) {
                    Next::Piece(piece) => Some(piece),
                    Next::Last(piece) => {
                        *self = ClientBody::Full(None);
                        Some(piece)
                    }
                    Next::Stream(relay) => {
                        *self = ClientBody::Stream(relay);
                        continue;
                    }
                },
            };
            return Poll::Ready(piece.map(|bytes| Ok(Frame::data(bytes))));
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, ClientBody::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            ClientBody::Full(whole) => {
                SizeHint::with_exact(whole.as_ref().map_or(0, Bytes::len) as u64)
            }
            ClientBody::Foreign(body) => body.size_hint(),
            ClientBody::Stream(_) | ClientBody::Waiting(_) | ClientBody::Passing(_) => {
                SizeHint::default()
            }
        }
    }
}

/// A request that is being answered. When it is not streamed and dropped before its end, because
/// its client left, it goes on in the background and is settled exactly.
pub struct Answering<B: Abandoned = Begun> {
    run: Option<Run<B>>,
    progress: Arc<Progress>,
    gateway: Arc<Gateway>,
}

impl<B: Abandoned> Answering<B> {
    /// Runs `run`, which says in `progress` what was asked for.
    pub fn new(gateway: Arc<Gateway>, run: Run<B>, progress: Arc<Progress>) -> Answering<B> {
        Answering { run: Some(run), progress, gateway }
    }

    /// What is left to run, if a stream was asked for: its head goes out now.
    pub fn into_stream(mut self) -> Result<Run<B>, Answering<B>> {
        match self.run.take() {
            Some(run) if self.progress.streamed.load(Ordering::Relaxed) => {
                self.progress.head_sent.store(true, Ordering::Relaxed);
                Ok(run)
            }
            run => {
                self.run = run;
                Err(self)
            }
        }
    }
}

impl<B: Abandoned> Future for Answering<B> {
    type Output = Result<B, Box<Ended>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(run) = &mut self.run else { return Poll::Pending };
        let ended = ready!(run.as_mut().poll(cx));
        self.run = None;
        Poll::Ready(ended)
    }
}

impl<B: Abandoned> Drop for Answering<B> {
    fn drop(&mut self) {
        let Some(run) = self.run.take() else { return };
        if self.progress.streamed.load(Ordering::Relaxed) {
            return;
        }
        self.gateway.drains.go_on(async move {
            match run.await {
                Ok(begun) => begun.abandoned(),
                Err(mut ended) => ended.trail.refused(&ended.refusal),
            }
        });
    }
}

impl Abandoned for Begun {
    fn abandoned(self) {
        if let BegunBody::Whole(whole, mut trail) = self.body {
            trail.saw_whole(&whole);
            trail.close(499, StreamEnd::ClientGone, Some("client_gone"), None);
        }
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ANTHROPIC_REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// A head with our id of the request.
pub fn head(
    status: StatusCode,
    dialect: ClientDialect,
    id: RequestId,
    body: ClientBody,
) -> Response<ClientBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        if dialect == ClientDialect::AnthropicMessages {
            headers.insert(ANTHROPIC_REQUEST_ID, id.clone());
        }
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// A body of JSON.
pub fn json(
    status: StatusCode,
    dialect: ClientDialect,
    id: RequestId,
    body: impl Into<Bytes>,
) -> Response<ClientBody> {
    let mut response = head(status, dialect, id, ClientBody::Full(Some(body.into())));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// An answer that has begun. A whole one is recorded before its head goes out.
pub fn begun(
    mut begun: Begun,
    dialect: ClientDialect,
    id: RequestId,
    list: bool,
) -> Response<ClientBody> {
    let mut response = match begun.body {
        BegunBody::Whole(whole, mut trail) => {
            begun.notes.lose(&whole.losses);
            trail.first_token();
            trail.saw_whole(&whole);
            trail.close(200, StreamEnd::Done, None, None);
            json(StatusCode::OK, dialect, id, whole.body)
        }
        BegunBody::Stream(relay) => stream(ClientBody::Stream(relay), dialect, id, list),
    };
    note(&mut response, &begun.notes);
    response
}

/// The head of a stream: nothing on the way may hold events back or compress them.
pub fn stream(
    body: ClientBody,
    dialect: ClientDialect,
    id: RequestId,
    list: bool,
) -> Response<ClientBody> {
    const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
    let mut response = head(StatusCode::OK, dialect, id, body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, if list { JSON } else { EVENTS });
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// Adds what stands in the head beside the answer.
pub fn note(response: &mut Response<ClientBody>, notes: &Notes) {
    /// Characters of one header.
    const MOST: usize = 2_000;
    let mut put = |name: &'static str, text: &str| {
        // A header's value is ASCII: arrows in edit names are spelt out. Most are plain already.
        let shown = |it: &char| (' '..='~').contains(it);
        let ascii = match text.len() <= MOST && text.chars().all(|it| shown(&it)) {
            true => Cow::Borrowed(text),
            false => text.replace('→', "->").chars().filter(shown).take(MOST).collect(),
        };
        if let (false, Ok(value)) = (ascii.is_empty(), HeaderValue::from_str(&ascii)) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    if !notes.adjusted.is_empty() {
        put("x-wayleave-adjusted", &notes.adjusted);
    }
    if !notes.lossy.is_empty() {
        put("x-wayleave-lossy", &notes.lossy);
    }
    if let Some(id) = &notes.upstream_request_id {
        put("x-upstream-request-id", id);
    }
}

/// A refusal, in the client's dialect.
pub fn refusal(refusal: &Refusal, dialect: ClientDialect, id: RequestId) -> Response<ClientBody> {
    let body = match &refusal.verbatim {
        Some(body) => body.clone(),
        None => dialect.chat().error(&refusal.body(id.to_string())).into(),
    };
    let mut response = json(refusal.status, dialect, id, body);
    if let Some(rest) = refusal.retry_after {
        // Whole seconds, never 0: a client that comes back at once gains nothing.
        let seconds = (rest.as_millis().div_ceil(1_000)).max(1);
        if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
    }
    if let Some(value) =
        refusal.upstream_request_id.as_deref().and_then(|id| HeaderValue::from_str(id).ok())
    {
        response.headers_mut().insert(HeaderName::from_static("x-upstream-request-id"), value);
    }
    if let Some(allow) = refusal.allow {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}
