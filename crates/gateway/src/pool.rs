//! Credentials in use: who is in flight, who rests after a failure, and who may try again.
//!
//! Health is kept per credential and per (credential, model), in this process only: each node
//! learns for itself. It survives a change of the configuration, matched by id.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wayleave_model::id::{CredentialId, ModelId};
use wayleave_model::time::Tick;
use wayleave_provider::Verdict;
use wayleave_provider::failure::{Blame, Show};

/// Rests grow with repeated failures up to this.
const LONGEST_REST: Duration = Duration::from_secs(120);

/// What is known of one credential, or of one credential for one model.
#[derive(Debug, Default)]
pub struct Health {
    in_flight: AtomicU32,
    /// The tick (µs) until which it rests; 0: it does not.
    resting_until: AtomicU64,
    failures_in_a_row: AtomicU32,
    throttled: AtomicU32,
}

/// Whether a target may be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// Yes.
    Ready,
    /// It rests for so many microseconds more.
    Resting {
        /// Until it may be tried again.
        micros: u64,
        /// Because the provider said it was too much.
        throttled: bool,
    },
}

impl Health {
    /// Whether it may be used at `now`.
    pub fn fitness(&self, now: Tick) -> Fitness {
        let until = Tick::default().plus_micros(self.resting_until.load(Ordering::Relaxed));
        match until.micros_since(now) {
            0 => Fitness::Ready,
            micros => {
                Fitness::Resting { micros, throttled: self.throttled.load(Ordering::Relaxed) == 1 }
            }
        }
    }

    /// Calls under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    fn succeeded(&self) {
        // Checked first: a healthy credential's line stays shared between the cores.
        if self.failures_in_a_row.load(Ordering::Relaxed) != 0 {
            self.failures_in_a_row.store(0, Ordering::Relaxed);
            self.resting_until.store(0, Ordering::Relaxed);
        }
    }

    fn failed(&self, verdict: &Verdict, now: Tick) {
        // Calls that were under way when it went to rest say nothing new.
        let rests = self.fitness(now) != Fitness::Ready;
        let failures = match rests {
            true => self.failures_in_a_row.load(Ordering::Relaxed).saturating_sub(1),
            false => self.failures_in_a_row.fetch_add(1, Ordering::Relaxed),
        };
        let rest = verdict.rest.unwrap_or_else(|| {
            Duration::from_millis(500).saturating_mul(1 << failures.min(10)).min(LONGEST_REST)
        });
        let micros = u64::try_from(rest.as_micros()).unwrap_or(u64::MAX);
        let until = now.plus_micros(micros).micros_since(Tick::default());
        // A longer rest that it was told to take stands.
        if self.resting_until.fetch_max(until, Ordering::Relaxed) < until {
            self.throttled.store(u32::from(verdict.show == Show::RateLimited), Ordering::Relaxed);
        }
    }
}

/// Both healths that a target depends on.
#[derive(Clone, Debug)]
pub struct Member {
    /// The credential, whatever the model.
    pub credential: Arc<Health>,
    /// The credential for this model.
    pub model: Arc<Health>,
}

impl Member {
    /// Whether it may be used at `now`: the longer rest counts.
    pub fn fitness(&self, now: Tick) -> Fitness {
        match (self.credential.fitness(now), self.model.fitness(now)) {
            (Fitness::Ready, other) | (other, Fitness::Ready) => other,
            (a, b) => {
                let micros = |it| if let Fitness::Resting { micros, .. } = it { micros } else { 0 };
                if micros(a) >= micros(b) { a } else { b }
            }
        }
    }

    /// Takes a place; dropping the lease gives it back.
    pub fn lease(&self) -> Lease {
        self.credential.in_flight.fetch_add(1, Ordering::Relaxed);
        self.model.in_flight.fetch_add(1, Ordering::Relaxed);
        Lease { member: self.clone() }
    }
}

/// A credential in use.
#[derive(Debug)]
pub struct Lease {
    member: Member,
}

impl Lease {
    /// The provider answered as it should.
    pub fn succeeded(&self) {
        self.member.credential.succeeded();
        self.member.model.succeeded();
    }

    /// The provider failed; whoever is to blame rests.
    pub fn failed(&self, verdict: &Verdict, now: Tick) {
        match verdict.blame {
            Blame::None => {}
            Blame::Credential => self.member.credential.failed(verdict, now),
            Blame::Model => self.member.model.failed(verdict, now),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.member.credential.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.member.model.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Every health of the process, by what it is about.
#[derive(Debug, Default)]
pub struct Healths(Mutex<HashMap<About, Arc<Health>>>);

/// What a health is about: a credential, or a credential for one model.
type About = (CredentialId, Option<ModelId>);

impl Healths {
    /// The health of `credential` for `model`, made when first asked for.
    pub fn member(&self, credential: CredentialId, model: ModelId) -> Member {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut get = |model| Arc::clone(all.entry((credential, model)).or_default());
        Member { credential: get(None), model: get(Some(model)) }
    }

    /// Forgets what nothing refers to any more.
    pub fn sweep(&self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, health| Arc::strong_count(health) > 1);
    }
}

#[cfg(test)]
mod tests {
    use wayleave_provider::failure::Elsewhere;

    use super::*;

    fn member() -> Member {
        Member { credential: Arc::default(), model: Arc::default() }
    }

    fn verdict(blame: Blame, rest: Option<u64>) -> Verdict {
        let rest = rest.map(Duration::from_secs);
        Verdict { show: Show::RateLimited, elsewhere: Elsewhere::Credential, blame, rest }
    }

    #[test]
    fn a_throttled_model_rests_and_the_credential_serves_others() {
        let (one, now) = (member(), Tick::default().plus_micros(5));
        let other = Member { credential: Arc::clone(&one.credential), model: Arc::default() };
        one.lease().failed(&verdict(Blame::Model, Some(60)), now);
        assert_eq!(one.fitness(now), Fitness::Resting { micros: 60_000_000, throttled: true });
        assert_eq!(other.fitness(now), Fitness::Ready);
        assert_eq!(one.fitness(now.plus_micros(60_000_000)), Fitness::Ready);
    }

    #[test]
    fn a_refused_credential_rests_for_every_model() {
        let (one, now) = (member(), Tick::default().plus_micros(5));
        let other = Member { credential: Arc::clone(&one.credential), model: Arc::default() };
        one.lease().failed(&verdict(Blame::Credential, Some(10)), now);
        assert!(matches!(other.fitness(now), Fitness::Resting { .. }));
    }

    #[test]
    fn rests_grow_until_a_success() {
        let (one, now) = (member(), Tick::default().plus_micros(1));
        let unwell = verdict(Blame::Model, None);
        let mut rests = Vec::new();
        let mut at = now;
        for _ in 0..3 {
            one.lease().failed(&unwell, at);
            // Of the same moment: the rest is the same.
            one.lease().failed(&unwell, at);
            let Fitness::Resting { micros, .. } = one.fitness(at) else { panic!("it rests") };
            rests.push(micros);
            at = at.plus_micros(micros);
        }
        assert_eq!(rests, [500_000, 1_000_000, 2_000_000]);
        one.lease().succeeded();
        assert_eq!(one.fitness(now), Fitness::Ready);
    }

    #[test]
    fn a_rest_that_was_told_is_not_cut_short_by_another_failure() {
        let (one, now) = (member(), Tick::default().plus_micros(1));
        one.lease().failed(&verdict(Blame::Model, Some(60)), now);
        one.lease().failed(&Verdict { show: Show::Error, ..verdict(Blame::Model, None) }, now);
        assert_eq!(one.fitness(now), Fitness::Resting { micros: 60_000_000, throttled: true });
    }

    #[test]
    fn a_dropped_lease_gives_its_place_back() {
        let one = member();
        let lease = one.lease();
        assert_eq!(one.model.in_flight(), 1);
        drop(lease);
        assert_eq!((one.model.in_flight(), one.credential.in_flight()), (0, 0));
    }
}
