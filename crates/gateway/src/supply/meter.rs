//! What is used of each quota, as far as this process knows.
//!
//! That is what the store last said, what this process used since and has not stored, and, of a quota
//! that counts calls, the calls under way: so calls are exact on one node, while tokens and money may
//! overshoot by the calls under way, whose cost nobody knows yet. What other nodes use is heard of with
//! the store, each second.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wayleave_model::Timestamp;
use wayleave_model::id::{QuotaId, RequestId};
use wayleave_model::record::Closed;
use wayleave_model::supply::{Quota, QuotaUnit};

/// Every meter of the process, by its quota. Clones share them. Locked while a picture of the
/// configuration is drawn and while usage is stored, never by a request.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    all: Arc<Mutex<HashMap<QuotaId, Arc<Meter>>>>,
    clock: Arc<AtomicI64>,
}

/// What is used of one quota. Locked for a moment by each call that it serves.
#[derive(Debug)]
pub struct Meter {
    counts_calls: bool,
    counts: Mutex<Counts>,
    clock: Arc<AtomicI64>,
}

#[derive(Debug, Default)]
struct Counts {
    /// As the store last said.
    stored: i64,
    /// Used by requests of this process that the store does not have yet.
    unstored: HashMap<RequestId, i64>,
    /// The sum of those.
    waiting: i64,
    /// Calls under way.
    in_flight: i64,
}

/// A call under way. Dropped, it was none.
#[derive(Debug)]
pub struct Seat {
    meter: Arc<Meter>,
    closed: bool,
}

impl Meters {
    fn all(&self) -> MutexGuard<'_, HashMap<QuotaId, Arc<Meter>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The meter of that quota; a new one begins at what the store said with the quota.
    pub fn of(&self, quota: &Quota) -> Arc<Meter> {
        let meter = || Meter {
            counts_calls: quota.unit == QuotaUnit::Calls,
            counts: Mutex::new(Counts { stored: quota.used, ..Counts::default() }),
            clock: Arc::clone(&self.clock),
        };
        Arc::clone(self.all().entry(quota.id).or_insert_with(|| Arc::new(meter())))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all().is_empty()
    }

    /// It is `now`: quotas expire by it. Said each second.
    pub fn look(&self, now: Timestamp) {
        self.clock.store(now.as_micros(), Ordering::Relaxed);
    }

    /// The store has these requests now. What an earlier run of the process used is not known here: the
    /// store says it.
    pub fn stored<'c>(&self, batch: impl IntoIterator<Item = &'c Closed>) {
        for closed in batch {
            for attempt in &closed.attempts {
                let Some(supply) = &attempt.start.target.supply else { continue };
                let meter = self.all().get(&supply.quota).map(Arc::clone);
                if let Some(meter) = meter {
                    meter.counts().stored(closed.identity.request);
                }
            }
        }
    }

    /// What the store has. Said by the task that stores, so that nothing is stored meanwhile and would
    /// count twice, or not at all.
    pub fn said(&self, uses: &[(QuotaId, i64)]) {
        let uses: HashMap<QuotaId, i64> = uses.iter().copied().collect();
        for (id, meter) in &*self.all() {
            meter.counts().stored = uses.get(id).copied().unwrap_or(0);
        }
    }

    /// Forgets meters that no picture of the configuration and no call refers to any more.
    pub fn sweep(&self) {
        self.all().retain(|_, it| Arc::strong_count(it) > 1 || it.counts().waiting > 0);
    }
}

impl Meter {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is used of it.
    pub fn used(&self) -> i64 {
        self.counts().used(self.counts_calls)
    }

    /// To the second.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.load(Ordering::Relaxed))
    }

    /// A place for one call, if what is used is `valid`.
    pub fn seat(meter: &Arc<Meter>, valid: impl Fn(i64) -> bool) -> Option<Seat> {
        let mut counts = meter.counts();
        if !valid(counts.used(meter.counts_calls)) {
            return None;
        }
        counts.in_flight += 1;
        drop(counts);
        Some(Seat { meter: Arc::clone(meter), closed: false })
    }
}

impl Counts {
    fn used(&self, counts_calls: bool) -> i64 {
        let under_way = if counts_calls { self.in_flight } else { 0 };
        self.stored.saturating_add(self.waiting).saturating_add(under_way)
    }

    fn stored(&mut self, request: RequestId) {
        let amount = self.unstored.remove(&request).unwrap_or(0);
        self.waiting = self.waiting.saturating_sub(amount);
        self.stored = self.stored.saturating_add(amount);
    }
}

impl Seat {
    /// The call ended, having used `amount`.
    pub fn close(mut self, request: RequestId, amount: i64) {
        if amount <= 0 {
            return;
        }
        let mut counts = self.meter.counts();
        let waiting = counts.unstored.entry(request).or_default();
        *waiting = waiting.saturating_add(amount);
        counts.waiting = counts.waiting.saturating_add(amount);
        // In one breath: between them nobody may think that the place is free again.
        counts.in_flight -= 1;
        drop(counts);
        self.closed = true;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if !self.closed {
            self.meter.counts().in_flight -= 1;
        }
    }
}
