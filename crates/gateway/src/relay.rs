//! A stream on its way from an upstream to a client. Polled by the client's connection: a slow
//! client slows the upstream, and nothing is buffered beyond one step.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tokio::time::{Instant, Sleep};
use wayleave_dialect::ClientDialect;
use wayleave_dialect::carry::{Carried, Carry};
use wayleave_dialect::error::{Fault, FaultKind};
use wayleave_model::alias::ClientGone;
use wayleave_model::id::RequestId;
use wayleave_model::record::StreamEnd;

use crate::answer;
use crate::failure::{self, Speaker};
use crate::gateway::Gateway;
use crate::kept::{KeptOf, Safe};
use crate::pool::Lease;
use crate::refusal::Refusal;
use crate::trail::Trail;
use crate::upstream::body::AnswerBody;
use crate::world::Target;

/// A stream that has begun.
pub struct Relay(Option<Box<Running>>);

struct Running {
    gateway: Arc<Gateway>,
    id: RequestId,
    dialect: ClientDialect,
    /// Where what is kept of the answer goes.
    safe: Arc<Safe>,
    when_gone: ClientGone,
    body: AnswerBody,
    carry: Box<dyn Carry>,
    /// For the client, in order.
    queue: VecDeque<Bytes>,
    target: Arc<Target>,
    /// The `Authorization` it was asked with, where its credential is exchanged for one.
    token: Option<HeaderValue>,
    lease: Lease,
    trail: Trail,
    semantic: bool,
    done: bool,
    /// The end of the answer, while what its provider wants back is kept.
    keeping: Option<Keeping>,
    /// The stream is one JSON list.
    list: bool,
    /// A part of the answer is out.
    spoken: bool,
    /// The client is gone.
    left: bool,
    idle: Duration,
    silence: Silence,
}

/// What is kept of the answer on its way there, and the frames that must not go out before.
struct Keeping {
    kept: Pin<Box<dyn Future<Output = KeptOf> + Send>>,
    last: Vec<Bytes>,
}

/// One timer for both kinds of silence: set rarely, never per chunk.
struct Silence {
    /// When something last came from the upstream.
    heard: Instant,
    /// When something last went to the client: an upstream's pings may not be for it.
    spoke: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Relay {
    /// Goes on from what was `held` up to the commit point.
    #[allow(clippy::too_many_arguments, reason = "one caller, which holds exactly these")]
    pub fn new(
        gateway: Arc<Gateway>,
        id: RequestId,
        dialect: ClientDialect,
        safe: Safe,
        when_gone: ClientGone,
        list: bool,
        held: (AnswerBody, Box<dyn Carry>, Carried),
        (target, token, lease): (Arc<Target>, Option<HeaderValue>, Lease),
        trail: Trail,
        idle: Duration,
    ) -> Relay {
        let (body, carry, carried) = held;
        let now = Instant::now();
        let first = now + idle.min(gateway.settings.heartbeat);
        let silence =
            Silence { heard: now, spoke: now, timer: Box::pin(tokio::time::sleep_until(first)) };
        let mut running = Box::new(Running {
            gateway,
            id,
            dialect,
            safe: Arc::new(safe),
            when_gone,
            body,
            carry,
            queue: VecDeque::new(),
            target,
            token,
            lease,
            trail,
            semantic: false,
            done: false,
            keeping: None,
            list,
            spoken: false,
            left: false,
            idle,
            silence,
        });
        running.trail.head_sent();
        running.absorb(carried);
        Relay(Some(running))
    }

    /// The next piece for the client; `None` when the answer is over.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(running) = &mut self.0 else { return Poll::Ready(None) };
        let next = ready!(running.poll(cx));
        if next.is_none() {
            self.0 = None;
        }
        Poll::Ready(next)
    }
}

impl Running {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(bytes) = self.queue.pop_front() {
                return Poll::Ready(Some(bytes));
            }
            if self.done {
                return Poll::Ready(None);
            }
            if let Some(keeping) = &mut self.keeping {
                let kept = ready!(keeping.kept.as_mut().poll(cx));
                let last = self.keeping.take().map_or_else(Vec::new, |keeping| keeping.last);
                self.finish(last, kept);
                continue;
            }
            if self.poll_upstream(cx).is_ready() {
                continue;
            }
            ready!(self.poll_silence(cx));
        }
    }

    fn poll_upstream(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut carried = Carried::default();
        match ready!(self.body.poll_chunk(cx)) {
            Some(Ok(chunk)) => self.carry.push(chunk, &mut carried),
            Some(Err(broken)) => {
                let fault = Fault { message: broken.to_string(), ..Fault::cut() };
                carried.end = Some(Err(fault));
            }
            None => self.carry.end(&mut carried),
        }
        self.silence.heard = Instant::now();
        if !carried.bytes.is_empty() {
            self.silence.spoke = self.silence.heard;
        }
        self.absorb(carried);
        Poll::Ready(())
    }

    /// Takes over what a step yielded. The trail is closed before the frames that end the answer
    /// are queued: what a client was told is recorded already.
    fn absorb(&mut self, carried: Carried) {
        if !self.semantic && self.carry.seen().semantic {
            self.semantic = true;
            self.trail.first_token();
        }
        match carried.end {
            None => {}
            Some(Ok(())) => {
                let thoughts = self.carry.seen().kept.clone();
                if thoughts.is_none() && self.safe.keep.is_none() {
                    return self.finish(carried.bytes, KeptOf::default());
                }
                let (gateway, safe) = (Arc::clone(&self.gateway), Arc::clone(&self.safe));
                let end = carried.bytes.last().cloned().unwrap_or_default();
                let kept = async move { safe.stream(&gateway, thoughts, &end).await };
                self.keeping = Some(Keeping { kept: Box::pin(kept), last: carried.bytes });
                return;
            }
            Some(Err(fault)) => {
                self.say(carried.bytes);
                return self.fault(&fault);
            }
        }
        self.say(carried.bytes);
    }

    fn say(&mut self, bytes: Vec<Bytes>) {
        self.spoken |= !bytes.is_empty();
        self.queue.extend(bytes);
    }

    /// The answer is whole, and this is what was kept of it.
    fn finish(&mut self, mut last: Vec<Bytes>, kept: KeptOf) {
        self.done = true;
        let (end, code) = if self.left {
            (StreamEnd::ClientGone, Some("client_gone"))
        } else {
            (StreamEnd::Done, None)
        };
        if kept == KeptOf::default() {
            self.trail.close(200, end, code, Some(self.carry.seen()));
        } else {
            let mut seen = self.carry.seen().clone();
            kept.note(&mut seen.losses);
            self.trail.close(200, end, code, Some(&seen));
            kept.say(&mut last);
        }
        self.queue.extend(last);
    }

    fn fault(&mut self, fault: &Fault) {
        let end = match fault.kind {
            FaultKind::Cut => StreamEnd::Eof,
            FaultKind::Reported | FaultKind::Unreadable => StreamEnd::UpstreamError,
        };
        let speaker = Speaker::new(&self.target, self.token.as_ref());
        let failed = failure::faulty(speaker, fault);
        self.gateway.unwell(&self.target, &self.lease, &failed.verdict);
        self.end_with(&failed.refusal, end);
    }

    /// Ends the stream with an error that every client of the dialect notices.
    fn end_with(&mut self, refusal: &Refusal, end: StreamEnd) {
        self.done = true;
        self.trail.close(200, end, Some(&refusal.code), Some(self.carry.seen()));
        let error = refusal.body(self.id.to_string());
        let end = answer::error_end(self.dialect, self.list, self.spoken, &error);
        self.queue.push_back(end);
    }

    /// Says that the stream lives, or that its upstream does not.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.silence.timer.as_mut().poll(cx));
        let now = Instant::now();
        let heartbeat = self.gateway.settings.heartbeat;
        if now >= self.silence.heard + self.idle {
            let failed = failure::timeout(&self.target, "idle", self.idle);
            self.gateway.unwell(&self.target, &self.lease, &failed.verdict);
            self.end_with(&failed.refusal, StreamEnd::Timeout);
            return Poll::Ready(());
        }
        if now >= self.silence.spoke + heartbeat {
            self.silence.spoke = now;
            self.queue.push_back(Bytes::from_static(self.dialect.chat().heartbeat()));
        }
        let next = (self.silence.spoke + heartbeat).min(self.silence.heard + self.idle);
        self.silence.timer.as_mut().reset(next);
        // The new deadline must be registered with this task, even when nothing is to be said.
        Poll::Ready(())
    }

    /// Reads on without a client, so that the usage is exact.
    async fn drain(mut self: Box<Self>) {
        self.left = true;
        while std::future::poll_fn(|cx| self.poll(cx)).await.is_some() {}
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let Some(running) = self.0.take() else { return };
        if running.when_gone == ClientGone::Drain && !running.done {
            let gateway = Arc::clone(&running.gateway);
            gateway.drains.go_on(running.drain());
        }
    }
}

impl Drop for Running {
    /// Whenever it ends, also in a drain that was cut, what passed is known to the trail.
    fn drop(&mut self) {
        self.trail.saw(self.carry.seen());
    }
}
