//! Tails the spool into the store. Normal running, a database that was away, and replay after a
//! crash are this one path: batches, at least once, with the effect of exactly once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use wayleave_model::record::{Closed, Record};
use wayleave_spool::{self as spool, Position, Reader, Reason, SpoolError};
use wayleave_store::Store;

use crate::recent;
use crate::recorder::{self, Recorder};
use crate::settle::{self, OpenSet};
use uses::Uses;

mod uses;

/// Most requests in one transaction.
const BATCH: usize = 500;
/// How long the first of a batch waits for others.
const GATHER: Duration = Duration::from_millis(200);
/// How often, at most, the spool is told what it may forget.
const ACK_EVERY: Duration = Duration::from_secs(1);
/// Records read at once, and their bytes: few, so that each is still in the CPU's caches when it is
/// looked at.
const READ: (usize, usize) = (64, 8 << 20);
/// How often the store is asked what of quotas is used.
const HEAR_EVERY: Duration = Duration::from_secs(1);
/// Segments that an open request may hold on to before it is written again.
const HELD: u64 = 3;
/// Pauses between two tries while the database is away: they double from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Refusals of a batch, the database being there, after which its requests are written singly.
const REFUSALS: u32 = 3;
/// Requests that the store refuses and that are kept for later; with more of them nothing moves
/// until it takes them: then it is not the requests that are wrong.
const MAX_ASIDE: usize = 1_000;
/// How often those are tried again.
const RETRY_ASIDE: Duration = Duration::from_secs(60);
/// How often a part of the spool that the disk does not give is tried again, once a second.
const MAX_STUCK: u32 = 60;

/// The spool's byte for a record that was written again to free old segments.
const AGAIN: u8 = 9;

/// The one task that moves usage from the spool to the store.
pub struct Follower {
    recorder: Arc<Recorder>,
    store: Store,
    reader: Reader,
    /// What is before this was written by an earlier run of the process.
    inherited: Option<Position>,
    open: OpenSet<Position>,
    /// What this run closed, by place: taken instead of being read back.
    known: VecDeque<(Position, Arc<Closed>)>,
    /// Ended and not stored yet: at most a batch, and what an earlier run left open.
    pending: Vec<Arc<Closed>>,
    /// What the store refuses, and where it stands in the spool now.
    aside: Vec<(Position, Arc<Closed>)>,
    aside_tried: Instant,
    acked: Instant,
    /// How often in a row the disk did not give the same part of the spool.
    stuck: u32,
    appended: Arc<Notify>,
    uses: Uses,
    /// When the store last said what of quotas is used.
    heard: Instant,
}

impl Follower {
    /// Begins at the first record the store may not have. `end` is where the spool ended when it
    /// was opened.
    pub fn new(recorder: Arc<Recorder>, store: Store, from: Position, end: Position) -> Follower {
        let appended = Arc::new(Notify::new());
        let hook = Arc::clone(&appended);
        recorder.spool.on_append(Box::new(move || hook.notify_one()));
        Follower {
            reader: recorder.spool.reader(from),
            recorder,
            store,
            inherited: Some(end),
            open: OpenSet::default(),
            known: VecDeque::new(),
            pending: Vec::new(),
            aside: Vec::new(),
            aside_tried: Instant::now(),
            acked: Instant::now(),
            stuck: 0,
            appended,
            uses: Uses::default(),
            heard: Instant::now(),
        }
    }

    /// Runs until `stop`, then empties the spool as far as the database lets it until `deadline`
    /// after that.
    pub async fn run(mut self, stop: CancellationToken, deadline: Duration) {
        while !stop.is_cancelled() {
            if self.read() {
                let is_behind = self.is_full();
                self.write(&stop).await;
                self.chores().await;
                if is_behind {
                    continue;
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wait() => {}
            }
        }
        let last = CancellationToken::new();
        let rest = async {
            while self.read() {
                self.write(&last).await;
            }
            self.ack().await;
        };
        if timeout(deadline, rest).await.is_err() {
            tracing::warn!(
                "the spool was not emptied in time: the rest is delivered after the next start"
            );
        }
    }

    /// Reads what is there, up to a batch; whether there is anything to write.
    fn read(&mut self) -> bool {
        while !self.is_full() {
            let from = self.reader.position();
            match self.reader.next_batch(READ.0, READ.1) {
                Ok(records) if records.is_empty() => {
                    self.settle_inherited();
                    break;
                }
                Ok(records) => {
                    self.stuck = 0;
                    self.recorder.recent.take(&mut self.known);
                    for record in records {
                        self.take(record);
                    }
                }
                // Out of descriptors, perhaps. Passing it over would lose what can be read later.
                Err(SpoolError::Damaged(damage))
                    if matches!(damage.reason, Reason::Unreadable(_)) && self.stuck < MAX_STUCK =>
                {
                    tracing::warn!(%damage, "a part of the spool cannot be read now: it is tried again");
                    self.stuck += 1;
                    self.reader = self.recorder.spool.reader(from);
                    break;
                }
                Err(err) => {
                    tracing::error!(%err, "records of the spool cannot be read and are passed over");
                    self.stuck = 0;
                }
            }
        }
        !self.pending.is_empty()
    }

    /// Whether what the next read may bring could be more than a batch.
    fn is_full(&self) -> bool {
        self.pending.len() + READ.0 > BATCH
    }

    fn take(&mut self, record: spool::Record) {
        let spool::Record { position: place, kind, payload, .. } = record;
        if self.inherited.is_some_and(|end| place >= end) {
            self.settle_inherited();
        }
        // What this run wrote again it still knows.
        if kind == AGAIN && self.inherited.is_none() {
            return;
        }
        // Nearly every one is closed soon, so what opened it need not be read.
        if kind == recorder::kind::OPENED
            && let Some(request) = settle::opened_by(&payload)
        {
            return self.open.take_unread(request, payload, place);
        }
        if kind == recorder::kind::CLOSED
            && let Some(closed) = recent::at(&mut self.known, place)
        {
            self.open.close(closed.identity.request);
            return self.pending.push(closed);
        }
        match serde_json::from_slice::<Record>(&payload) {
            // A request that was closed before it was written again opens once more here, and is
            // settled as interrupted: the store has it, and keeps what it has.
            Ok(record) => {
                self.pending.extend(self.open.take(record, place).into_iter().map(Arc::new))
            }
            Err(err) => {
                tracing::error!(%err, kind, "a record of the spool is not understood and is passed over")
            }
        }
    }

    /// Everything of an earlier run has been read: what it left open is interrupted.
    fn settle_inherited(&mut self) {
        if self.inherited.take().is_none() {
            return;
        }
        let interrupted = self.open.interrupted();
        if !interrupted.is_empty() {
            tracing::warn!(
                requests = interrupted.len(),
                "an earlier run ended in the middle of requests: settled as interrupted"
            );
        }
        self.pending.extend(interrupted.into_iter().map(Arc::new));
    }

    /// Waits for something to read, and a little longer so that a batch can gather: also when there
    /// is something already, or a busy process would write whatever came during the last write, a
    /// fifth of a batch each time, and pay for five times as many transactions.
    async fn wait(&mut self) {
        if self.stuck > 0 {
            sleep(ACK_EVERY).await;
        } else {
            if self.reader.arm() {
                // A wake-up now and then although nothing came: the acknowledgement may be due.
                let _ = timeout(ACK_EVERY, self.appended.notified()).await;
            }
            let _ = timeout(GATHER, self.recorder.recent.batch()).await;
        }
        self.chores().await;
    }

    /// Writes what is pending, however long the database is away; gives up only at `stop`.
    async fn write(&mut self, stop: &CancellationToken) {
        let (mut pause, mut refusals) = (PAUSES.0, 0);
        while !self.pending.is_empty() {
            let rows = self.pending.len().min(BATCH);
            let err = match self.store.append(&self.pending[..rows]).await {
                Ok(done) => {
                    self.recorder.metrics.settled.inc_by(done.stored as u64);
                    self.uses.gather(&self.pending[..rows]);
                    self.recorder.meters.stored(self.pending[..rows].iter().map(|it| &**it));
                    self.pending.drain(..rows);
                    (pause, refusals) = (PAUSES.0, 0);
                    continue;
                }
                Err(err) => err,
            };
            self.recorder.metrics.settle_failures.inc();
            tracing::warn!(%err, rows, "usage could not be written: it stays in the spool and is tried again");
            refusals += u32::from(!err.is_outage());
            if refusals >= REFUSALS && self.sift(rows).await {
                refusals = 0;
                continue;
            }
            if timeout(pause, stop.cancelled()).await.is_ok() {
                return;
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// The store is there and refuses a batch: writes its requests one by one, and sets aside
    /// those that it refuses, so that they hold up no others. Whether it came through.
    async fn sift(&mut self, rows: usize) -> bool {
        for _ in 0..rows {
            match self.store.append(&self.pending[..1]).await {
                Ok(done) => {
                    self.recorder.metrics.settled.inc_by(done.stored as u64);
                    self.recorder.meters.stored([&*self.pending[0]]);
                }
                Err(err) if err.is_outage() || self.aside.len() >= MAX_ASIDE => return false,
                Err(err) => {
                    let closed = Arc::clone(&self.pending[0]);
                    let request = closed.identity.request;
                    // At a place of its own, so that the spool can forget what is around it.
                    match self.again(&Record::Closed(Closed::clone(&closed))) {
                        Ok(place) => self.aside.push((place, closed)),
                        Err(why) => {
                            tracing::error!(%request, why, "a refused request cannot be set aside");
                            return false;
                        }
                    }
                    tracing::error!(%request, %err, "the store refuses a request: it is kept and tried again");
                }
            }
            self.pending.remove(0);
        }
        true
    }

    async fn retry_aside(&mut self) {
        if self.aside.is_empty() || self.aside_tried.elapsed() < RETRY_ASIDE {
            return;
        }
        self.aside_tried = Instant::now();
        let mut at = 0;
        while let Some((_, closed)) = self.aside.get(at) {
            match self.store.append(std::slice::from_ref(closed)).await {
                Ok(done) => {
                    self.recorder.metrics.settled.inc_by(done.stored as u64);
                    self.recorder.meters.stored([&**closed]);
                    self.aside.swap_remove(at);
                }
                Err(err) if err.is_outage() => return,
                Err(_) => at += 1,
            }
        }
    }

    /// What is due now and then.
    async fn chores(&mut self) {
        self.retry_aside().await;
        self.uses.write(&self.store).await;
        self.hear_uses().await;
        if self.acked.elapsed() >= ACK_EVERY {
            self.ack().await;
        }
    }

    /// Asks the store, each second, what of quotas is used: others use them too. This task stores what
    /// this process used, so nothing is counted twice meanwhile.
    async fn hear_uses(&mut self) {
        let meters = &self.recorder.meters;
        if self.heard.elapsed() < HEAR_EVERY || meters.is_empty() {
            return;
        }
        self.heard = Instant::now();
        match self.store.quota_uses().await {
            Ok(uses) => meters.said(&uses),
            Err(err) => tracing::debug!(%err, "what others use of quotas is heard of later"),
        }
    }

    /// Tells the spool what it may forget: everything before the oldest request that is open or
    /// set aside.
    async fn ack(&mut self) {
        if !self.pending.is_empty() {
            return;
        }
        self.acked = Instant::now();
        let read = self.reader.position();
        let oldest = self.oldest().unwrap_or(read);
        let again = self.inherited.is_none() && read.segment > oldest.segment + HELD;
        if again {
            self.write_again(read);
        }
        let upto = self.oldest().unwrap_or(read).min(read);
        let spool = Arc::clone(&self.recorder.spool);
        // A few syncs: not on a thread that requests need.
        let acked = tokio::task::spawn_blocking(move || {
            if again {
                // What was written again must be on the disk before its original is gone.
                spool.flush()?;
            }
            spool.ack(upto)
        });
        match acked.await {
            Ok(Ok(())) => {}
            Ok(Err(err)) => tracing::warn!(%err, "the spool could not note what is delivered"),
            Err(err) => tracing::warn!(%err, "the spool was not told what is delivered"),
        }
        let stats = self.recorder.spool.stats();
        self.recorder.metrics.spool_lag.set(i64::try_from(stats.unacked_bytes).unwrap_or(i64::MAX));
    }

    /// Where the oldest record stands that is still needed, of those that were read.
    fn oldest(&self) -> Option<Position> {
        let aside = self.aside.iter().map(|(place, _)| *place).min();
        [self.open.oldest(), aside].into_iter().flatten().min()
    }

    fn write_again(&mut self, before: Position) {
        match self.try_write_again(before) {
            Ok(()) => {}
            Err(why) => tracing::warn!(why, "long requests keep their spool segments"),
        }
    }

    /// A request moves once all its records are written.
    fn try_write_again(&mut self, before: Position) -> Result<(), String> {
        for (request, records) in self.open.before(before) {
            let places = records.iter().map(|record| self.again(record));
            let places = places.collect::<Result<Vec<Position>, String>>()?;
            if let Some(first) = places.into_iter().min() {
                self.open.moved(request, first);
            }
        }
        for at in 0..self.aside.len() {
            let (place, closed) = &self.aside[at];
            if *place < before {
                self.aside[at].0 = self.again(&Record::Closed(Closed::clone(closed)))?;
            }
        }
        Ok(())
    }

    fn again(&self, record: &Record) -> Result<Position, String> {
        let bytes = serde_json::to_vec(record).map_err(|err| err.to_string())?;
        self.recorder.spool.append(AGAIN, &bytes).map_err(|err| err.to_string())
    }
}

#[cfg(test)]
mod tests;
