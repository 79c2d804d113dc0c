//! A question's way through its targets, until one begins to answer.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;
use wayleave_dialect::Losses;
use wayleave_dialect::carry::Carried;
use wayleave_dialect::error::Fault;
use wayleave_dialect::task::{
    Callee, Consumes, Context, Grammar, Question, ReadAnswer, Reader, Said, StreamAnswer,
    Streaming, Wire, Written,
};
use wayleave_model::alias::{AnswerModel, Losses as LossPolicy};
use wayleave_model::id::RequestId;
use wayleave_model::provider::Operation;
use wayleave_provider::failure::Elsewhere;

use super::answer::{Began, BeganBody};
use super::fetch;
use super::passing::{Passing, Rest};
use super::send::Answered;
use super::surface::TaskSurface;
use super::upload::Upload;
use crate::failure::{self, Failed};
use crate::gateway::Gateway;
use crate::outbound;
use crate::pipeline::{Ended, Notes, Uncollected, collect};
use crate::pool::Lease;
use crate::refusal::Refusal;
use crate::route;
use crate::settings::Timers;
use crate::supply;
use crate::trail::Trail;
use crate::world::{Route, Target};

/// Bytes of a stream that are held before its first semantic event.
const MAX_PREAMBLE: usize = 64 << 10;

/// An admitted question: everything it needs to be answered.
pub(super) struct Asking {
    pub(super) gateway: Arc<Gateway>,
    pub(super) id: RequestId,
    pub(super) surface: &'static TaskSurface,
    pub(super) question: Box<dyn Question>,
    pub(super) upload: Option<Arc<Upload>>,
    /// The client's headers that travel.
    pub(super) forwarded: HeaderMap,
    pub(super) route: Arc<Route>,
    /// What the key says of losses; `None`: what the route says.
    pub(super) key_losses: Option<LossPolicy>,
    /// The targets to try, best first.
    pub(super) targets: Vec<Arc<Target>>,
    pub(super) trail: Trail,
}

/// How one target is asked: what every wire of a question shares.
pub(crate) struct Sender {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) operation: Operation,
    /// What the client speaks: a provider's error in the same grammar is passed on.
    pub(crate) spoken: Grammar,
    pub(crate) target: Arc<Target>,
    /// Which of the target's endpoints.
    pub(crate) at: usize,
    pub(crate) upload: Option<Arc<Upload>>,
    pub(crate) forwarded: HeaderMap,
    pub(crate) timers: Timers,
}

/// One attempt that began well.
enum Outcome {
    Whole(Box<wayleave_dialect::task::Spoken>),
    Stream(Box<(Streaming, Answered, Carried)>, VecDeque<Wire>),
}

impl Asking {
    /// Tries the targets in turn until one begins to answer.
    pub(super) async fn run(mut self) -> Result<Began, Box<Ended>> {
        let mut last: Option<Refusal> = None;
        let targets = std::mem::take(&mut self.targets);
        for (at, target) in targets.iter().enumerate() {
            let now = self.gateway.recorder.clock.tick();
            let (mut seat, mut target) = (None, Arc::clone(target));
            if target.label.supply.is_some() {
                match supply::take(&self.route, &target, now, false) {
                    Ok(place) => (seat, target) = (place.seat, place.target),
                    Err(refusal) => {
                        last = last.or(refusal);
                        continue;
                    }
                }
            }
            let Some(endpoint) = self.endpoint(&target) else {
                last.get_or_insert_with(|| self.not_offered(&target));
                continue;
            };
            let mut losses = Losses::default();
            let written = match self.written(&target, endpoint, &mut losses) {
                Ok(written) => written,
                Err(refusal) => {
                    last.get_or_insert(refusal);
                    continue;
                }
            };
            let lease = target.lease(now, last.is_none() && at + 1 == targets.len());
            let Some(lease) = lease else { continue };
            let consumes = self.question.consumes(&target.facts);
            if let Err(err) = self.opened(&target, consumes) {
                return Err(self.ended(err));
            }
            self.trail.seated(seat);
            self.trail.shaped(&written.edits, &losses);
            let notes = Notes::of(&written.edits, &losses);
            let sender = Arc::new(self.sender(&target, endpoint));
            let failed = match self.attempt(&sender, written).await {
                Ok(outcome) => {
                    self.gateway.well(&target, &lease, self.trail.first_byte());
                    return Ok(self.began(outcome, sender, lease, notes));
                }
                Err(failed) => failed,
            };
            self.gateway.unwell(&target, &lease, &failed.verdict);
            if failed.verdict.elsewhere == Elsewhere::No {
                return Err(self.ended(failed.refusal));
            }
            if at + 1 < targets.len() {
                self.trail.failed(&failed.refusal.code);
            }
            last = Some(failed.refusal);
        }
        let refusal = last.unwrap_or_else(|| self.none());
        Err(self.ended(refusal))
    }

    /// In which of its grammars the target is asked: the client's own, else the first.
    fn endpoint(&self, target: &Target) -> Option<usize> {
        let of = |own: bool| {
            target.tasks.iter().position(|it| {
                it.operation == self.surface.operation
                    && (!own || it.grammar == self.surface.grammar)
            })
        };
        of(true).or_else(|| of(false))
    }

    fn not_offered(&self, target: &Target) -> Refusal {
        let message = format!(
            "provider {} does not do this ({}) with {}",
            target.label.provider_name,
            self.surface.operation.as_str(),
            target.label.model_name
        );
        Refusal::new(StatusCode::BAD_REQUEST, "capability_not_supported", message).at("model")
    }

    fn written(&self, target: &Target, at: usize, losses: &mut Losses) -> Result<Written, Refusal> {
        let callee = Callee {
            grammar: target.tasks[at].grammar,
            model: &target.label.model_name,
            facts: &target.facts,
        };
        let written = self.question.write(&callee, losses).map_err(Refusal::bad_request)?;
        if let Some(who) = outbound::refuser(self.key_losses, &self.route) {
            outbound::whole_or_refused(losses, target, &who).map_err(Refusal::bad_request)?;
        }
        Ok(written)
    }

    fn opened(&mut self, target: &Arc<Target>, consumes: Consumes) -> Result<(), Refusal> {
        self.trail.consumes(consumes);
        self.trail.open(target).map_err(|err| Refusal::dependency(err.to_string()))
    }

    fn sender(&self, target: &Arc<Target>, at: usize) -> Sender {
        Sender {
            gateway: Arc::clone(&self.gateway),
            operation: self.surface.operation,
            spoken: self.surface.grammar,
            target: Arc::clone(target),
            at,
            upload: self.upload.clone(),
            forwarded: self.forwarded.clone(),
            timers: self.gateway.settings.timeouts.of(&self.route.policy),
        }
    }

    async fn attempt(
        &mut self,
        sender: &Arc<Sender>,
        written: Written,
    ) -> Result<Outcome, Box<Failed>> {
        match written.reader {
            Reader::Whole(reader) => self.whole(sender, written.wires, reader).await,
            Reader::Stream(reader) => self.stream(sender, written.wires, reader).await,
        }
    }

    async fn whole(
        &mut self,
        sender: &Arc<Sender>,
        wires: Vec<Wire>,
        mut reader: Box<dyn ReadAnswer>,
    ) -> Result<Outcome, Box<Failed>> {
        let (mut token, all) = (None, wires.len());
        for (done, wire) in wires.into_iter().enumerate() {
            // Until it is answered too, only those before it are.
            self.trail.in_part(done, all);
            let answered = self.sent(sender, wire).await?;
            token = answered.token;
            let limit = self.gateway.settings.max_body;
            let speaker = sender.speaker(token.as_ref());
            let body = match collect(answered.body, limit, &sender.timers).await {
                Ok(body) => body,
                Err(Uncollected::Idle) => {
                    let idle = sender.timers.idle;
                    return Err(Box::new(failure::timeout(&sender.target, "idle", idle)));
                }
                Err(Uncollected::Fault(fault)) => {
                    return Err(Box::new(failure::faulty(speaker, &fault)));
                }
            };
            let read = reader.read(Said { head: answered.head, body });
            read.map_err(|fault| Box::new(failure::faulty(speaker, &fault)))?;
        }
        let spoken = reader.end(&self.context(&sender.target));
        let speaker = sender.speaker(token.as_ref());
        let mut spoken = spoken.map_err(|fault| Box::new(failure::faulty(speaker, &fault)))?;
        fetch::fill(&self.gateway.media, &mut spoken).await;
        Ok(Outcome::Whole(Box::new(spoken)))
    }

    /// Reads the stream up to its first semantic event: until then another target can be tried.
    async fn stream(
        &mut self,
        sender: &Arc<Sender>,
        wires: Vec<Wire>,
        reader: Box<dyn StreamAnswer>,
    ) -> Result<Outcome, Box<Failed>> {
        let mut wires = VecDeque::from(wires);
        let Some(first) = wires.pop_front() else {
            let fault = Fault::unreadable("there is nothing to send");
            return Err(Box::new(failure::faulty(sender.speaker(None), &fault)));
        };
        let mut answered = self.sent(sender, first).await?;
        let token = answered.token.clone();
        let speaker = sender.speaker(token.as_ref());
        let faulty = |fault: &Fault| Box::new(failure::faulty(speaker, fault));
        let context = self.context(&sender.target);
        let mut streaming =
            reader.begin(&answered.head, &context).map_err(|fault| faulty(&fault))?;
        let mut carried = Carried::default();
        let deadline = Instant::now() + sender.timers.first_token;
        loop {
            match tokio::time::timeout_at(deadline, answered.body.chunk()).await {
                Err(_) => {
                    let after = sender.timers.first_token;
                    let failed = failure::timeout(&sender.target, "first_token", after);
                    return Err(Box::new(failed));
                }
                Ok(Some(Ok(chunk))) => streaming.carry.push(chunk, &mut carried),
                Ok(Some(Err(broken))) => {
                    let fault = Fault { message: broken.to_string(), ..Fault::cut() };
                    return Err(faulty(&fault));
                }
                Ok(None) => streaming.carry.end(&mut carried),
            }
            let semantic = streaming.carry.seen().semantic;
            if let (Some(Err(fault)), false) = (&carried.end, semantic) {
                return Err(faulty(fault));
            }
            let preamble: usize = carried.bytes.iter().map(Bytes::len).sum();
            if semantic || carried.end.is_some() || preamble > MAX_PREAMBLE {
                return Ok(Outcome::Stream(Box::new((streaming, answered, carried)), wires));
            }
        }
    }

    async fn sent(&mut self, sender: &Sender, wire: Wire) -> Result<Answered, Box<Failed>> {
        match sender.send(wire).await {
            Ok(answered) => {
                self.trail.head(answered.status.as_u16(), answered.id.clone());
                if answered.unpacked {
                    self.trail.repaired("unasked_encoding");
                }
                Ok(answered)
            }
            Err((failed, status)) => {
                if let Some(status) = status {
                    self.trail.head(status, failed.refusal.upstream_request_id.clone());
                }
                Err(failed)
            }
        }
    }

    fn began(self, outcome: Outcome, sender: Arc<Sender>, lease: Lease, mut notes: Notes) -> Began {
        match outcome {
            Outcome::Whole(spoken) => {
                notes.upstream_request_id = self.trail.upstream_request_id();
                Began { body: BeganBody::Whole(spoken, self.trail), notes }
            }
            Outcome::Stream(begun, wires) => {
                let (streaming, answered, carried) = *begun;
                notes.upstream_request_id = answered.id;
                let Streaming { content_type, carry, broken, source } = streaming;
                let rest = Rest { wires, sender, token: answered.token, lease };
                let passing = Passing::new(
                    (self.id, self.gateway, self.surface.dialect),
                    (answered.body, carry, carried),
                    (broken, source),
                    rest,
                    self.trail,
                );
                Began { body: BeganBody::Passing(content_type, Box::new(passing)), notes }
            }
        }
    }

    fn context(&self, target: &Target) -> Context {
        let alias = self.route.policy.answer_model == AnswerModel::Alias;
        Context {
            id: self.id.to_string(),
            created: self.gateway.recorder.clock.now().as_seconds(),
            answer_model: alias.then(|| self.route.name.clone()),
            target_model: target.label.model_name.clone(),
        }
    }

    /// All of a pool began to rest, or are being tried, since it was looked at.
    fn none(&self) -> Refusal {
        let now = self.gateway.recorder.clock.tick();
        let environment = self.trail.environment().unwrap_or_default();
        route::order(&self.route, environment, now, 0).err().unwrap_or_else(|| {
            let message = format!("no target of `{}` can take this request now", self.route.name);
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "all_targets_unavailable", message)
        })
    }

    fn ended(self, refusal: Refusal) -> Box<Ended> {
        Box::new(Ended { refusal, trail: self.trail })
    }
}
