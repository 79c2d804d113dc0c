//! Bytes or events on their way from a provider to a client. Polled by the client's connection: a
//! slow client slows the provider, and nothing is held beyond one step.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderValue;
use tokio::time::{Instant, Sleep};
use wayleave_dialect::ClientDialect;
use wayleave_dialect::carry::{Carried, Carry};
use wayleave_dialect::error::{Fault, FaultKind};
use wayleave_dialect::task::{Broken, Wire};
use wayleave_model::id::RequestId;
use wayleave_model::record::StreamEnd;
use wayleave_model::usage::UsageSource;

use super::ask::Sender;
use super::send::Answered;
use crate::failure::{self, Failed};
use crate::gateway::Gateway;
use crate::pool::Lease;
use crate::trail::Trail;
use crate::upstream::body::AnswerBody;

type Sending = Pin<Box<dyn Future<Output = Result<Answered, (Box<Failed>, Option<u16>)>> + Send>>;

/// An answer that passes.
pub struct Passing {
    id: RequestId,
    gateway: Arc<Gateway>,
    dialect: ClientDialect,
    body: AnswerBody,
    carry: Box<dyn Carry>,
    broken: Broken,
    rest: Rest,
    /// The next wire, on its way.
    sending: Option<Sending>,
    trail: Trail,
    /// For the client, in order.
    queue: VecDeque<Bytes>,
    first: bool,
    done: bool,
    /// The connection is to be closed without an end.
    abort: Option<String>,
    silence: Pin<Box<Sleep>>,
    heard: Instant,
}

/// What is still to be sent, and how.
pub(crate) struct Rest {
    pub(crate) wires: VecDeque<Wire>,
    pub(crate) sender: Arc<Sender>,
    /// The `Authorization` it was asked with, where its credential is exchanged for one.
    pub(crate) token: Option<HeaderValue>,
    pub(crate) lease: Lease,
}

impl Passing {
    /// Goes on from what was `held` up to the first semantic event.
    pub(crate) fn new(
        (id, gateway, dialect): (RequestId, Arc<Gateway>, ClientDialect),
        held: (AnswerBody, Box<dyn Carry>, Carried),
        (broken, source): (Broken, UsageSource),
        rest: Rest,
        mut trail: Trail,
    ) -> Passing {
        let (body, carry, carried) = held;
        trail.head_sent();
        trail.told_by(source);
        let heard = Instant::now();
        let silence = Box::pin(tokio::time::sleep_until(heard + rest.sender.timers.idle));
        let mut passing = Passing {
            id,
            gateway,
            dialect,
            body,
            carry,
            broken,
            rest,
            sending: None,
            trail,
            queue: VecDeque::new(),
            first: true,
            done: false,
            abort: None,
            silence,
            heard,
        };
        passing.absorb(carried);
        passing
    }

    /// The next piece for the client; `None` when the answer is over, an error when it broke off.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, String>>> {
        loop {
            if let Some(bytes) = self.queue.pop_front() {
                return Poll::Ready(Some(Ok(bytes)));
            }
            if let Some(why) = self.abort.take() {
                return Poll::Ready(Some(Err(why)));
            }
            if self.done {
                return Poll::Ready(None);
            }
            let moved = match &mut self.sending {
                Some(sending) => match sending.as_mut().poll(cx) {
                    Poll::Ready(sent) => {
                        self.sent(sent);
                        true
                    }
                    Poll::Pending => false,
                },
                None => self.poll_upstream(cx).is_ready(),
            };
            if !moved {
                ready!(self.poll_silence(cx));
            }
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
            None => match self.rest.wires.pop_front() {
                None => self.carry.end(&mut carried),
                Some(wire) => {
                    let sender = Arc::clone(&self.rest.sender);
                    self.sending = Some(Box::pin(async move { sender.send(wire).await }));
                }
            },
        }
        self.heard = Instant::now();
        self.absorb(carried);
        Poll::Ready(())
    }

    /// The next wire was answered.
    fn sent(&mut self, sent: Result<Answered, (Box<Failed>, Option<u16>)>) {
        self.sending = None;
        self.heard = Instant::now();
        match sent {
            Ok(answered) => {
                self.body = answered.body;
                let mut carried = Carried::default();
                self.carry.part(&answered.head, &mut carried);
                self.absorb(carried);
            }
            Err((failed, _)) => self.fail(&failed, StreamEnd::UpstreamError),
        }
    }

    /// Takes over what a step yielded. The trail is closed before the end goes out: what a client
    /// was told is recorded already.
    fn absorb(&mut self, carried: Carried) {
        if self.first && self.carry.seen().semantic {
            self.first = false;
            self.trail.first_token();
        }
        match carried.end {
            None => self.queue.extend(carried.bytes),
            Some(Ok(())) => {
                self.done = true;
                self.trail.close(200, StreamEnd::Done, None, Some(self.carry.seen()));
                self.queue.extend(carried.bytes);
            }
            Some(Err(fault)) => {
                self.queue.extend(carried.bytes);
                let end = match fault.kind {
                    FaultKind::Cut => StreamEnd::Eof,
                    FaultKind::Reported | FaultKind::Unreadable => StreamEnd::UpstreamError,
                };
                let speaker = self.rest.sender.speaker(self.rest.token.as_ref());
                let failed = failure::faulty(speaker, &fault);
                self.fail(&failed, end);
            }
        }
    }

    /// Ends so that every client notices.
    fn fail(&mut self, failed: &Failed, end: StreamEnd) {
        self.done = true;
        self.gateway.unwell(&self.rest.sender.target, &self.rest.lease, &failed.verdict);
        let refusal = &failed.refusal;
        self.trail.close(200, end, Some(&refusal.code), Some(self.carry.seen()));
        match self.broken {
            Broken::Abort => self.abort = Some(refusal.message.clone()),
            Broken::Event => {
                let body = self.dialect.chat().error(&refusal.body(self.id.to_string()));
                let event = [b"event: error\ndata: ", body.as_slice(), b"\n\n"].concat();
                self.queue.push_back(event.into());
            }
        }
    }

    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.silence.as_mut().poll(cx));
        let idle = self.rest.sender.timers.idle;
        if Instant::now() >= self.heard + idle {
            let failed = failure::timeout(&self.rest.sender.target, "idle", idle);
            self.fail(&failed, StreamEnd::Timeout);
        } else {
            self.silence.as_mut().reset(self.heard + idle);
        }
        Poll::Ready(())
    }
}

impl Drop for Passing {
    /// Whenever it ends, what passed is known to the trail.
    fn drop(&mut self) {
        self.trail.saw(self.carry.seen());
    }
}
