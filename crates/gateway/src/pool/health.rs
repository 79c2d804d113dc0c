//! What is known of one credential, or of one credential for one model: who is in flight, how long
//! it rests after a failure, and who may try again.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wayleave_model::Timestamp;
use wayleave_model::health::{self, Cause, HealthState, Override};
use wayleave_model::time::Tick;
use wayleave_provider::Verdict;
use wayleave_provider::failure::{Blame, Show};

pub use super::gate::Fitness;
use super::gate::Gate;

/// The first rest where neither the provider nor the table says how long; doubled with each
/// failure in a row.
const FIRST_REST: Duration = Duration::from_millis(500);
/// Rests grow with repeated failures up to this.
const LONGEST_REST: Duration = Duration::from_secs(120);
/// Refusals, or connections that could not be made, in a row: from then on it is in quarantine.
const QUARANTINED_AFTER: u32 = 3;
/// How long something in quarantine rests between two trials.
const QUARANTINE: Duration = Duration::from_secs(300);

/// What is known of one credential, or of one credential for one model.
#[derive(Debug)]
pub struct Health {
    gate: AtomicU64,
    in_flight: AtomicU32,
    /// Usual microseconds to the first byte; 0: not measured.
    first_byte: AtomicU64,
    /// Touched when something fails or recovers, never by a request that goes well.
    history: Mutex<History>,
}

/// What led to the gate.
#[derive(Debug, Default)]
struct History {
    cause: Option<Cause>,
    since: Tick,
    failures: u32,
    /// Refusals and failed connections among them, in a row.
    refusals: u32,
    quarantined: bool,
    /// Which account it was learnt with.
    account: u64,
}

/// How a request came in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entered {
    /// The gate was open.
    Open,
    /// As the only one to try: the gate then, and before.
    Trial(Gate, Gate),
    /// Although it rests: there is nobody else.
    Anyway,
}

/// What a failure or a success has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// It began to rest, for that reason.
    pub rests: Option<Cause>,
    /// It is in quarantine from now on.
    pub quarantined: bool,
    /// It was in quarantine, and is well again.
    pub released: bool,
}

impl Default for Health {
    fn default() -> Health {
        Health {
            gate: AtomicU64::new(Gate::OPEN.0),
            in_flight: AtomicU32::new(0),
            first_byte: AtomicU64::new(0),
            history: Mutex::default(),
        }
    }
}

impl Health {
    fn gate(&self) -> Gate {
        Gate(self.gate.load(Ordering::Acquire))
    }

    fn set(&self, gate: Gate) {
        self.gate.store(gate.0, Ordering::Release);
    }

    /// Puts `to` where `from` stands; not if it stands there no more.
    fn swap(&self, from: Gate, to: Gate) -> bool {
        self.gate.compare_exchange(from.0, to.0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may be used at `now`.
    pub fn fitness(&self, now: Tick) -> Fitness {
        self.gate().fitness(now)
    }

    /// Calls under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Usual microseconds to the first byte; 0: not measured yet.
    pub fn first_byte(&self) -> u64 {
        self.first_byte.load(Ordering::Relaxed)
    }

    /// Whether it is in quarantine.
    pub fn is_quarantined(&self) -> bool {
        !self.gate().is_open() && self.history().quarantined
    }

    /// Whether a person has put it to rest.
    pub(super) fn is_by_hand(&self) -> bool {
        self.gate().is_by_hand()
    }

    /// Comes in if it may be used: of all who come when it is due, one.
    pub(super) fn enter(&self, now: Tick) -> Option<Entered> {
        loop {
            let gate = self.gate();
            match gate.fitness(now) {
                Fitness::Ready => return Some(Entered::Open),
                Fitness::Resting { .. } => return None,
                Fitness::Due => {
                    let tried = gate.tried(now);
                    if self.swap(gate, tried) {
                        return Some(Entered::Trial(tried, gate));
                    }
                }
            }
        }
    }

    /// Comes in although it may rest, unless a person said that it must.
    pub(super) fn enter_anyway(&self, now: Tick) -> Option<Entered> {
        let entered = self.enter(now);
        entered.or_else(|| (!self.gate().is_by_hand()).then_some(Entered::Anyway))
    }

    /// Gives a trial back that has shown nothing: the next request tries.
    pub(super) fn withdraw(&self, entered: Entered) {
        if let Entered::Trial(tried, before) = entered {
            self.swap(tried, before);
        }
    }

    pub(super) fn began(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ended(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// An answer began after so many microseconds: a quarter of the difference counts.
    pub(super) fn measured(&self, micros: u64) {
        let usual = match self.first_byte() {
            0 => micros,
            usual => usual - usual / 4 + micros / 4,
        };
        self.first_byte.store(usual.max(1), Ordering::Relaxed);
    }

    /// A call that came in like that was answered. One that was under way before the rest began
    /// does not end it.
    pub(super) fn succeeded(&self, entered: Entered) -> Noted {
        if matches!(entered, Entered::Open) {
            return Noted::default();
        }
        let mut history = self.history();
        let gate = self.gate();
        let stands = match entered {
            Entered::Trial(tried, _) => gate == tried,
            _ => !gate.is_by_hand(),
        };
        if !stands {
            return Noted::default();
        }
        let released = history.quarantined;
        history.forget();
        self.set(Gate::OPEN);
        Noted { released, ..Noted::default() }
    }

    /// A call that came in like that failed, and this is to blame.
    pub(super) fn failed(&self, entered: Entered, verdict: &Verdict, now: Tick) -> Noted {
        let mut history = self.history();
        let gate = self.gate();
        if gate.is_by_hand() {
            return Noted::default();
        }
        let news = match entered {
            Entered::Open => gate.is_open(),
            Entered::Trial(tried, _) => gate == tried,
            Entered::Anyway => !matches!(gate.fitness(now), Fitness::Resting { .. }),
        };
        let throttled = verdict.show == Show::RateLimited;
        if !news {
            // Calls that were under way when it went to rest say nothing new, but may say for
            // longer; a trial says more than they do.
            let until = now.plus_micros(micros(history.rest(verdict)));
            if !gate.is_open() && !gate.is_trial() && gate.until() < until {
                self.swap(gate, Gate::rest(until, throttled));
            }
            return Noted::default();
        }
        let cause = cause(verdict);
        let quarantined = history.fail(cause, now);
        let until = now.plus_micros(micros(history.rest(verdict)));
        self.set(Gate::rest(until, throttled));
        Noted { rests: Some(cause), quarantined, released: false }
    }

    /// What a person says of it.
    pub fn say(&self, said: Override, now: Tick) {
        let mut history = self.history();
        match said {
            Override::Rest { seconds } => {
                let until = seconds.map(|it| now.plus_micros(it.saturating_mul(1_000_000)));
                history.forget();
                (history.cause, history.since) = (Some(Cause::ByHand), now);
                self.set(Gate::by_hand(until));
            }
            Override::Clear => {
                history.forget();
                self.set(Gate::OPEN);
            }
            Override::EndQuarantine if history.quarantined => {
                (history.quarantined, history.refusals) = (false, 0);
                self.set(Gate::rest(now, false));
            }
            Override::EndQuarantine => {}
        }
    }

    /// What was learnt with another account (another secret, another address) no longer holds.
    pub(super) fn of_account(&self, account: u64) {
        let mut history = self.history();
        if history.account != account {
            let known = history.account != 0;
            history.account = account;
            if known && !self.gate().is_by_hand() {
                history.forget();
                self.set(Gate::OPEN);
                self.first_byte.store(0, Ordering::Relaxed);
            }
        }
    }

    /// What is shown of it; `wall` is `now` on the calendar.
    pub fn report(&self, now: Tick, wall: Timestamp) -> health::Health {
        let history = self.history();
        let gate = self.gate();
        let left = gate.until().micros_since(now);
        let state = match (gate.is_open(), left) {
            (true, _) => HealthState::Ready,
            (false, 0) => HealthState::Due,
            _ if gate.is_trial() => HealthState::Trying,
            _ => HealthState::Resting,
        };
        let unwell = state != HealthState::Ready;
        let ago = i64::try_from(now.micros_since(history.since)).unwrap_or(i64::MAX);
        let timed = state == HealthState::Resting && !gate.is_for_good();
        health::Health {
            state,
            cause: history.cause.filter(|_| unwell),
            since: unwell.then(|| wall.plus_micros(-ago)),
            seconds_left: timed.then(|| left.div_ceil(1_000_000)),
            failures: history.failures,
            quarantined: unwell && history.quarantined,
            in_flight: self.in_flight(),
            first_byte_ms: Some(self.first_byte().div_ceil(1_000)).filter(|it| *it > 0),
        }
    }
}

impl History {
    fn forget(&mut self) {
        *self = History { account: self.account, ..History::default() };
    }

    /// Counts a failure; whether it begins a quarantine.
    fn fail(&mut self, cause: Cause, now: Tick) -> bool {
        if self.failures == 0 {
            self.since = now;
        }
        self.failures = self.failures.saturating_add(1);
        self.cause = Some(cause);
        let refused = matches!(cause, Cause::Refused | Cause::Unreachable);
        self.refusals = if refused { self.refusals.saturating_add(1) } else { 0 };
        let was = std::mem::replace(&mut self.quarantined, self.refusals >= QUARANTINED_AFTER);
        self.quarantined && !was
    }

    /// How long it rests after its last failure.
    fn rest(&self, verdict: &Verdict) -> Duration {
        let grown = FIRST_REST.saturating_mul(1 << self.failures.saturating_sub(1).min(10));
        let rest = verdict.rest.unwrap_or_else(|| grown.min(LONGEST_REST));
        if self.quarantined { rest.max(QUARANTINE) } else { rest }
    }
}

fn cause(verdict: &Verdict) -> Cause {
    match (verdict.show, verdict.blame) {
        (Show::RateLimited, _) => Cause::Throttled,
        (Show::AuthFailed, _) => Cause::Refused,
        (Show::ModelMissing, _) => Cause::ModelMissing,
        (Show::Timeout, _) => Cause::Timeout,
        (_, Blame::Credential) => Cause::Unreachable,
        _ => Cause::Unavailable,
    }
}

fn micros(rest: Duration) -> u64 {
    u64::try_from(rest.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
