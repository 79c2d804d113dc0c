//! What a request did. Leaves by one door, the spool: *opened* before a byte goes upstream,
//! *closed* before the frame that ends the answer; `Drop` closes only what nobody closed.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wayleave_dialect::Losses;
use wayleave_dialect::carry::{Seen, Whole};
use wayleave_dialect::task::{Consumes, Spoken};
use wayleave_model::id::RequestId;
use wayleave_model::price::Line;
use wayleave_model::record::{
    Asked, Attempt, AttemptStart, Closed, Identity, Outcome, StreamEnd, TargetLabel, Tried,
};
use wayleave_model::time::Tick;
use wayleave_model::usage::UsageSource;
use wayleave_model::{NanoUsd, Usage};

use crate::recorder::{Prepared, Recorder, Unwritable, Writing};
use crate::refusal::Refusal;
use crate::supply::Seat;
use crate::world::{Route, Target};

/// Roughly how many bytes of text make a token: four for English and code. Figures made with it
/// are always marked `estimated`.
pub const BYTES_PER_TOKEN: u64 = 4;

/// Output that a hold assumes where neither the client nor the model's facts limit it.
pub const UNLIMITED_OUTPUT: u64 = 128_000;

/// The record of one request while it runs.
pub struct Trail {
    recorder: Arc<Recorder>,
    /// On the heap: a trail moves from hand to hand, and each future on its way would hold it whole.
    state: Option<Box<State>>,
}

/// What is known of a request outside the future that runs it.
#[derive(Debug, Default)]
pub struct Progress {
    /// A stream was asked for. Known after the future's first poll, which reads the request.
    pub streamed: AtomicBool,
    /// The head of a stream is out, so its status is 200 however it ends.
    pub head_sent: AtomicBool,
}

struct State {
    identity: Identity,
    /// What was recorded of it, so that it is made into JSON once.
    made: Option<Prepared>,
    asked: Asked,
    admitted: Tick,
    max_output: Option<u64>,
    /// What the question consumes, where that is not told by its size.
    consumes: Option<Consumes>,
    progress: Arc<Progress>,
    attempts: Vec<Attempt>,
    current: Option<Current>,
    overhead_us: u64,
    first_token_us: Option<u64>,
    edits: Vec<Cow<'static, str>>,
    repairs: Vec<Cow<'static, str>>,
    losses: Vec<String>,
    /// What the newest look at the answer showed: for a close that nobody announced.
    usage: Option<Usage>,
    /// Who says so.
    source: UsageSource,
    content_bytes: u64,
}

struct Current {
    start: AttemptStart,
    target: Arc<Target>,
    began: Tick,
    first_byte_us: Option<u64>,
    first_token_us: Option<u64>,
    status: Option<u16>,
    upstream_request_id: Option<String>,
    /// Its place, where it counts for a quota.
    seat: Option<Seat>,
    /// It costs nothing by itself: what it is about is paid elsewhere, or was.
    free: bool,
}

impl Trail {
    /// Begins when the request is admitted.
    pub fn new(
        recorder: Arc<Recorder>,
        identity: Identity,
        asked: Asked,
        admitted: Tick,
        max_output: Option<u64>,
        progress: Arc<Progress>,
    ) -> Trail {
        recorder.metrics.in_flight.inc();
        let state = Box::new(State {
            identity,
            made: None,
            asked,
            admitted,
            max_output,
            consumes: None,
            progress,
            attempts: Vec::new(),
            current: None,
            overhead_us: 0,
            first_token_us: None,
            edits: Vec::new(),
            repairs: Vec::new(),
            losses: Vec::new(),
            usage: None,
            source: UsageSource::Provider,
            content_bytes: 0,
        });
        Trail { recorder, state: Some(state) }
    }

    /// The alias was found, and where it leads.
    pub fn routed(&mut self, route: &Route) {
        if let Some(state) = &mut self.state {
            state.identity.alias_id = Some(route.alias);
            state.identity.route = Some(route.version);
        }
    }

    /// What the attempts from here on consume, as far as the question tells.
    pub fn consumes(&mut self, consumes: Consumes) {
        if let Some(state) = &mut self.state {
            state.consumes = Some(consumes);
        }
    }

    /// The environment of the key that asks, while the request runs.
    pub fn environment(&self) -> Option<&str> {
        Some(&self.state.as_ref()?.identity.caller.environment)
    }

    /// The provider's own id of the attempt under way.
    pub fn upstream_request_id(&self) -> Option<String> {
        self.state.as_ref()?.current.as_ref()?.upstream_request_id.clone()
    }

    /// An attempt is about to be sent. Fails when that cannot be recorded: then it must not be.
    pub fn open(&mut self, target: &Arc<Target>) -> Result<(), Unwritable> {
        self.open_as(target, Arc::clone(&target.label), false)
    }

    /// The same for a call that costs nothing by itself: a job is paid when it ends, whoever asks how
    /// it fares and however often.
    pub fn open_free(&mut self, target: &Arc<Target>) -> Result<(), Unwritable> {
        self.open_as(target, Arc::new(target.label.without_price()), true)
    }

    /// The same for what a job's provider is asked of it for its client: no quota counts that either.
    pub fn open_read(&mut self, target: &Arc<Target>) -> Result<(), Unwritable> {
        self.open_as(target, Arc::new(target.label.without_model()), true)
    }

    /// The same for what a provider has stored: which of its models made that, nobody says, and to
    /// read it costs nothing.
    pub fn open_stored(&mut self, target: &Arc<Target>) -> Result<(), Unwritable> {
        self.open_as(target, Arc::new(target.label.without_model()), false)
    }

    fn open_as(
        &mut self,
        target: &Arc<Target>,
        label: Arc<TargetLabel>,
        free: bool,
    ) -> Result<(), Unwritable> {
        let (now, began) = (self.recorder.clock.now(), self.recorder.clock.tick());
        let Some(state) = &mut self.state else { return Ok(()) };
        (state.usage, state.content_bytes) = (None, 0);
        if state.attempts.is_empty() {
            state.overhead_us = began.micros_since(state.admitted);
        }
        let limit = state.max_output.or(target.facts.max_output).unwrap_or(UNLIMITED_OUTPUT);
        let start = AttemptStart {
            n: u32::try_from(state.attempts.len()).unwrap_or(u32::MAX - 1) + 1,
            started_at: now,
            max_cost: match label.price {
                Some(_) => match &state.consumes {
                    Some(consumes) => target.price.ceiling_of(&consumes.most),
                    None => target.price.ceiling(state.asked.bytes, limit),
                },
                None => NanoUsd::ZERO,
            },
            target: label,
        };
        let prompt_lines = if free { Vec::new() } else { target.price.lines(&state.sent()) };
        let made = match &mut state.made {
            Some(made) => made,
            None => state.made.insert(Prepared::new(&state.identity)?),
        };
        let opened = made.open(state.attempts.len(), &start, &state.asked, &prompt_lines)?;
        self.recorder.write(&Writing::Opened(opened))?;
        state.current = Some(Current {
            start,
            target: Arc::clone(target),
            began,
            first_byte_us: None,
            first_token_us: None,
            status: None,
            upstream_request_id: None,
            seat: None,
            free,
        });
        Ok(())
    }

    /// The attempt that was opened counts for a quota: its place there is kept until it ends.
    pub fn seated(&mut self, seat: Option<Seat>) {
        if let Some(current) = self.state.as_mut().and_then(|state| state.current.as_mut()) {
            current.seat = seat;
        }
    }

    /// The provider's head came.
    pub fn head(&mut self, status: u16, upstream_request_id: Option<String>) {
        let now = self.recorder.clock.tick();
        if let Some(current) = self.state.as_mut().and_then(|state| state.current.as_mut()) {
            current.first_byte_us = Some(now.micros_since(current.began));
            current.status = Some(status);
            current.upstream_request_id = upstream_request_id;
        }
    }

    /// Microseconds from sending to the provider's head, if it came.
    pub fn first_byte(&self) -> Option<u64> {
        self.state.as_ref()?.current.as_ref()?.first_byte_us
    }

    /// The head of a stream went out: its status is 200, however it ends.
    pub fn head_sent(&self) {
        if let Some(state) = &self.state {
            state.progress.head_sent.store(true, Ordering::Relaxed);
        }
    }

    /// The first semantic event passed.
    pub fn first_token(&mut self) {
        let now = self.recorder.clock.tick();
        let Some(state) = &mut self.state else { return };
        state.first_token_us.get_or_insert(now.micros_since(state.admitted));
        if let Some(current) = &mut state.current {
            current.first_token_us.get_or_insert(now.micros_since(current.began));
        }
    }

    /// What went by so far, in case nothing more does.
    pub fn saw(&mut self, seen: &Seen) {
        if let Some(state) = &mut self.state {
            state.usage = seen.usage;
            state.source = seen.source.unwrap_or(state.source);
            state.content_bytes = seen.content_bytes;
            state.lose(&seen.losses);
            for name in &seen.repairs {
                if !state.repairs.iter().any(|known| known == name) {
                    state.repairs.push(Cow::Borrowed(name));
                }
            }
        }
    }

    /// What a whole answer held.
    pub fn saw_whole(&mut self, whole: &Whole) {
        if let Some(state) = &mut self.state {
            state.usage = whole.usage;
            // A whole answer's report covers all of it.
            state.content_bytes = if whole.usage.is_some() { 0 } else { whole.content_bytes };
            state.lose(&whole.losses);
            state.repairs.extend(whole.repairs.iter().map(|&name| Cow::Borrowed(name)));
        }
    }

    /// What a whole answer to a question held.
    pub fn spoke(&mut self, spoken: &Spoken) {
        if let Some(state) = &mut self.state {
            let told = spoken.source != UsageSource::None;
            state.usage = told.then_some(spoken.usage);
            state.source = spoken.source;
            state.content_bytes = 0;
            state.lose(&spoken.losses);
            state.repairs.extend(spoken.repairs.iter().map(|&name| Cow::Borrowed(name)));
        }
    }

    /// Of an attempt's requests `done` of `all` were answered before one failed: their share of what
    /// the question consumes is owed, estimated.
    pub fn in_part(&mut self, done: usize, all: usize) {
        let Some(state) = &mut self.state else { return };
        let Some(Consumes { sent, most }) = state.consumes.filter(|_| done > 0) else { return };
        let share = |figure: u64| {
            let part = u128::from(figure) * done as u128;
            u64::try_from(part.div_ceil(all.max(1) as u128)).unwrap_or(u64::MAX)
        };
        state.usage = Some(Usage {
            input: share(sent.input),
            characters: share(sent.characters),
            audio_seconds: share(sent.audio_seconds),
            images: share(most.images),
            searches: share(most.searches),
            variant: most.variant,
            ..Usage::default()
        });
        state.source = UsageSource::Estimated;
    }

    /// Who says what a stream consumes.
    pub fn told_by(&mut self, source: UsageSource) {
        if let Some(state) = &mut self.state {
            state.source = source;
        }
    }

    /// The body came compressed although nobody asked.
    pub fn repaired(&mut self, name: &'static str) {
        if let Some(state) = &mut self.state {
            state.repairs.push(Cow::Borrowed(name));
        }
    }

    /// What was changed in the request for its target, and what could not be carried to it.
    pub fn shaped(&mut self, edits: &[Cow<'static, str>], losses: &Losses) {
        if let Some(state) = &mut self.state {
            state.edits = edits.to_vec();
            state.losses = losses.iter().map(|loss| loss.path.clone()).collect();
        }
    }

    /// The attempt failed and another is tried.
    pub fn failed(&mut self, verdict: &str) {
        let now = self.recorder.clock.tick();
        let Some(state) = &mut self.state else { return };
        let Some(current) = state.current.take() else { return };
        let (usage, source) = settle(state, &current, ending(verdict));
        let attempt =
            current.end(state.identity.request, verdict.to_owned().into(), now, (usage, source));
        let tried = Tried { request: state.identity.request, attempt: attempt.clone() };
        state.attempts.push(attempt);
        // Not written, it is no loss: *closed* will hold it too.
        let _ = self.recorder.write(&Writing::Tried(&tried));
    }

    /// The answer is whole, or as whole as it will be.
    pub fn close(&mut self, status: u16, end: StreamEnd, code: Option<&str>, seen: Option<&Seen>) {
        if let Some(seen) = seen {
            self.saw(seen);
        }
        let Some(state) = self.state.take() else { return };
        let mut state = *state;
        let now = self.recorder.clock.tick();
        if let Some(current) = state.current.take() {
            let verdict = code.map_or(Cow::Borrowed("ok"), |code| code.to_owned().into());
            let (usage, source) = settle(&state, &current, end);
            state.attempts.push(current.end(state.identity.request, verdict, now, (usage, source)));
        }
        let outcome = Outcome {
            status: if state.progress.head_sent.load(Ordering::Relaxed) { 200 } else { status },
            error_code: code.map(|code| code.to_owned().into()),
            stream_end: end,
            total_us: now.micros_since(state.admitted),
            first_token_us: state.first_token_us,
            overhead_us: state.overhead_us,
            edits: state.edits,
            repairs: state.repairs,
            losses: state.losses,
            cache_hit: false,
        };
        let (identity, asked, attempts) = (state.identity, state.asked, state.attempts);
        let closed = Closed { identity, asked, outcome, attempts };
        self.recorder.close(closed, state.made.as_ref());
        self.recorder.metrics.in_flight.dec();
    }

    /// Nothing was done, so nothing is recorded.
    pub fn forget(&mut self) {
        if self.state.take().is_some() {
            self.recorder.metrics.in_flight.dec();
        }
    }

    /// The request was refused, by us or in the provider's words.
    pub fn refused(&mut self, refusal: &Refusal) {
        let tried =
            self.state.as_ref().is_some_and(|it| it.current.is_some() || !it.attempts.is_empty());
        let end = if tried { ending(&refusal.code) } else { StreamEnd::Refused };
        self.close(refusal.status.as_u16(), end, Some(&refusal.code), None);
    }
}

impl Drop for Trail {
    fn drop(&mut self) {
        if self.state.is_some() {
            // nginx's word for a client that left before its answer.
            self.close(499, StreamEnd::ClientGone, Some("client_gone"), None);
        }
    }
}

impl State {
    /// What is consumed by being sent, estimated.
    fn sent(&self) -> Usage {
        let prompt = Usage { input: self.asked.estimated_input, ..Usage::default() };
        self.consumes.map_or(prompt, |consumes| consumes.sent)
    }

    /// Notes what of an answer could not be carried to the client's dialect, each once.
    fn lose(&mut self, names: &[&'static str]) {
        for name in names {
            if !self.losses.iter().any(|known| known == name) {
                self.losses.push((*name).to_owned());
            }
        }
    }
}

impl Current {
    fn end(
        self,
        request: RequestId,
        verdict: Cow<'static, str>,
        now: Tick,
        (usage, source): (Usage, UsageSource),
    ) -> Attempt {
        let lines: Vec<Line> = match source {
            UsageSource::None => Vec::new(),
            _ => self.target.price.lines(&usage),
        };
        let attempt = Attempt {
            total_us: now.micros_since(self.began),
            first_byte_us: self.first_byte_us,
            first_token_us: self.first_token_us,
            status: self.status,
            verdict,
            upstream_request_id: self.upstream_request_id,
            usage,
            usage_source: source,
            cost: lines.iter().map(|line| line.cost).sum::<NanoUsd>(),
            lines,
            start: self.start,
        };
        if let (Some(seat), Some(supply)) = (self.seat, &attempt.start.target.supply) {
            seat.close(request, supply.amount(&attempt));
        }
        attempt
    }
}

/// How an attempt ended that failed with that code.
fn ending(code: &str) -> StreamEnd {
    if code == "upstream_timeout" { StreamEnd::Timeout } else { StreamEnd::UpstreamError }
}

/// What the attempt consumed: the provider's report, plus an estimate of what came after it when
/// the answer was cut; an estimate of everything when there is no report. An error in place of an
/// answer consumed nothing.
fn settle(state: &State, current: &Current, end: StreamEnd) -> (Usage, UsageSource) {
    if current.free {
        return (Usage::default(), UsageSource::None);
    }
    let began = current.status.is_some_and(|status| (200..300).contains(&status));
    let estimated = state.content_bytes.div_ceil(BYTES_PER_TOKEN);
    match state.usage {
        Some(usage) if end == StreamEnd::Done || estimated == 0 => (usage, state.source),
        // What passed since the last report comes on top of it.
        Some(usage) => {
            let output = usage.output.saturating_add(estimated);
            (Usage { output, ..usage }, UsageSource::Estimated)
        }
        None if began && (estimated > 0 || end != StreamEnd::UpstreamError) => {
            (Usage { output: estimated, ..state.sent() }, UsageSource::Estimated)
        }
        None => (Usage::default(), UsageSource::None),
    }
}

#[cfg(test)]
mod tests;
