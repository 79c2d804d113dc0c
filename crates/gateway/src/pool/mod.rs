//! Credentials in use: who is in flight, who rests after a failure, who may try again, and how the
//! credentials of a pool share a model's load.
//!
//! Health is kept per credential and per (credential, model), in this process only: each node
//! learns for itself. It survives a change of the configuration, matched by id. A choice takes no
//! lock and allocates nothing.

mod gate;
mod health;
mod healths;
mod lease;
pub mod strategy;
mod told;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wayleave_model::pool::Strategy;
use wayleave_model::time::Tick;

use crate::world::Target;
pub use health::{Fitness, Health, Noted};
pub use healths::Healths;
pub use lease::{Lease, Member};
use strategy::Set;

/// The entries of a model's pool that can serve, while two or more can.
pub struct Pool {
    /// How one is chosen.
    pub strategy: Strategy,
    /// In order; at most 64. Those of the same credential share a target.
    pub entries: Vec<Entry>,
    /// Whose turn it is.
    pub turns: Arc<Turns>,
}

/// A share of a pool.
pub struct Entry {
    /// What it calls.
    pub target: Arc<Target>,
    /// How often.
    pub weight: u32,
    /// What it had, as the strategy counts.
    pub account: Arc<AtomicU64>,
}

/// How far a pool has come with its strategy. Outlives pictures of the configuration.
#[derive(Debug, Default)]
pub struct Turns {
    /// What the accounts of its entries have reached, by weight.
    reached: AtomicU64,
    /// Turns counted one by one.
    count: AtomicU64,
}

/// Who of a pool can serve at some moment.
#[derive(Clone, Copy, Debug, Default)]
struct Awake {
    ready: Set,
    /// They have rested: each by one request.
    due: Set,
    /// Of those at rest the first to return, and whether it is throttled.
    first_back: Option<(u64, bool)>,
}

impl Pool {
    /// Whether one of them may be used now.
    pub fn is_awake(&self, now: Tick) -> bool {
        self.entries
            .iter()
            .any(|it| !matches!(it.target.member.fitness(now), Fitness::Resting { .. }))
    }

    /// Adds its targets to `out`, best first.
    ///
    /// # Errors
    /// All rest: after how many microseconds the first returns, and whether that one is throttled.
    pub fn order(&self, now: Tick, out: &mut Vec<Arc<Target>>) -> Result<(), (u64, bool)> {
        let awake = self.awake(now);
        let start = out.len();
        let mut push = |place: usize| {
            let Some(entry) = self.entries.get(place) else { return };
            // Two shares of one credential are one place to try.
            if !out[start..].iter().any(|it| Arc::ptr_eq(it, &entry.target)) {
                out.push(Arc::clone(&entry.target));
            }
        };
        // One that has rested is tried at once, or it would never be while others are well.
        awake.due.iter().take(1).for_each(&mut push);
        if let Some(chosen) = self.choose(awake.ready) {
            let others = (chosen..64).chain(0..chosen);
            others.filter(|place| awake.ready.has(*place)).for_each(&mut push);
        }
        awake.due.iter().skip(1).for_each(&mut push);
        match awake.first_back {
            Some(back) if out.len() == start => Err(back),
            _ => Ok(()),
        }
    }

    fn awake(&self, now: Tick) -> Awake {
        let mut awake = Awake::default();
        for (place, entry) in self.entries.iter().enumerate() {
            match entry.target.member.fitness(now) {
                Fitness::Ready => awake.ready = awake.ready.with(place),
                Fitness::Due => awake.due = awake.due.with(place),
                Fitness::Resting { micros, throttled } => {
                    let back = (micros, throttled);
                    let first = awake.first_back.is_none_or(|known| back.0 < known.0);
                    awake.first_back = if first { Some(back) } else { awake.first_back };
                }
            }
        }
        awake
    }

    /// Takes the next turn among those that are ready.
    fn choose(&self, ready: Set) -> Option<usize> {
        let entry = |place: usize| &self.entries[place];
        let in_flight = |place| entry(place).target.member.credential.in_flight();
        match self.strategy {
            Strategy::RoundRobin => self.in_turn(ready),
            Strategy::Weighted => self.weighted(ready),
            Strategy::LeastBusy => strategy::least_busy(ready, self.turns.next(), in_flight),
            Strategy::LowestLatency => {
                let first_byte = |place| entry(place).target.member.model.first_byte();
                strategy::quickest(ready, self.turns.next(), first_byte, in_flight)
            }
            Strategy::Priority => strategy::first(ready),
        }
    }

    fn in_turn(&self, ready: Set) -> Option<usize> {
        loop {
            let (place, last) = strategy::longest_ago(ready, |place| self.account(place))?;
            if self.take(place, last, self.turns.next() + 1) {
                return Some(place);
            }
        }
    }

    fn weighted(&self, ready: Set) -> Option<usize> {
        let weight = |place: usize| self.entries[place].weight;
        loop {
            let reached = self.turns.reached.load(Ordering::Acquire);
            let turn = strategy::weighted(ready, reached, |place| self.account(place), weight)?;
            if self.take(turn.place, turn.before, turn.after) {
                self.turns.reached.fetch_max(turn.begins, Ordering::AcqRel);
                return Some(turn.place);
            }
        }
    }

    fn account(&self, place: usize) -> u64 {
        self.entries[place].account.load(Ordering::Acquire)
    }

    /// A turn is taken by the one who changes the account; whoever comes second looks again.
    fn take(&self, place: usize, before: u64, after: u64) -> bool {
        let account = &self.entries[place].account;
        account.compare_exchange(before, after, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

impl Turns {
    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
