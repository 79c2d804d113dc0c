//! Tails the spool into the store. Normal running, a database that was away, and replay after a
//! crash are this one path: batches, at least once, with the effect of exactly once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use wayleave_model::id::RequestId;
use wayleave_model::record::{Closed, Record};
use wayleave_spool::{Position, Reader};
use wayleave_store::Store;

use crate::recorder::Recorder;
use crate::settle::OpenSet;

/// Most requests in one transaction.
const BATCH: usize = 500;
/// How long the first of a batch waits for others.
const GATHER: Duration = Duration::from_millis(200);
/// How often, at most, the spool is told what it may forget.
const ACK_EVERY: Duration = Duration::from_secs(1);
/// Records read at once.
const READ: usize = 512;
/// Segments that an open request may hold on to before it is written again.
const HELD: u64 = 3;
/// Longest pause between two tries while the database is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The spool's byte for a record that was written again to free old segments.
const AGAIN: u8 = 2;

/// The one task that moves usage from the spool to the store.
pub struct Follower {
    recorder: Arc<Recorder>,
    store: Store,
    reader: Reader,
    /// What is before this was written by an earlier run of the process.
    inherited: Option<Position>,
    open: OpenSet<Position>,
    /// While inherited records are read: what was closed among them.
    closed: HashSet<RequestId>,
    pending: Vec<Closed>,
    acked_at: Instant,
    appended: Arc<Notify>,
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
            closed: HashSet::new(),
            pending: Vec::new(),
            acked_at: Instant::now(),
            appended,
        }
    }

    /// Runs until `stop`, then empties the spool as far as the database lets it until `deadline`
    /// after that.
    pub async fn run(mut self, stop: CancellationToken, deadline: Duration) {
        while !stop.is_cancelled() {
            if self.read() {
                self.write(&stop).await;
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.wait() => {}
            }
        }
        let last = CancellationToken::new();
        let rest = async {
            while self.read() || !self.pending.is_empty() {
                self.write(&last).await;
            }
            self.acked_at -= ACK_EVERY;
            self.ack();
        };
        if tokio::time::timeout(deadline, rest).await.is_err() {
            tracing::warn!("the spool was not emptied in time: the rest is delivered after the next start");
        }
    }

    /// Reads what is there, up to a batch; whether there was anything.
    fn read(&mut self) -> bool {
        let mut any = false;
        while self.pending.len() < BATCH {
            let records = match self.reader.next_batch(READ, 8 << 20) {
                Ok(records) => records,
                Err(err) => {
                    tracing::error!(%err, "records of the spool cannot be read and are passed over");
                    continue;
                }
            };
            if records.is_empty() {
                self.settle_inherited(self.reader.position());
                break;
            }
            any = true;
            for record in records {
                self.take(record.kind, &record.payload, record.position);
            }
        }
        any || !self.pending.is_empty()
    }

    fn take(&mut self, kind: u8, payload: &[u8], place: Position) {
        self.settle_inherited(place);
        let record: Record = match serde_json::from_slice(payload) {
            Ok(record) => record,
            Err(err) => {
                tracing::error!(%err, "a record of the spool is not understood and is passed over");
                return;
            }
        };
        if kind == AGAIN {
            let request = match &record {
                Record::Opened(it) => it.identity.request,
                Record::Tried(it) => it.request,
                Record::Closed(it) => it.identity.request,
            };
            let ended = self.inherited.is_none() || self.closed.contains(&request);
            if !self.open.holds(request) && ended {
                return;
            }
            self.open.take(record, place);
            return self.open.moved(request, place);
        }
        if let Some(closed) = self.open.take(record, place) {
            if self.inherited.is_some() {
                self.closed.insert(closed.identity.request);
            }
            self.pending.push(closed);
        }
    }

    /// Once everything of an earlier run has been read, what it left open is interrupted. `place`
    /// is where reading has come to.
    fn settle_inherited(&mut self, place: Position) {
        match self.inherited {
            Some(end) if place >= end => {
                self.inherited = None;
                self.closed = HashSet::new();
                let interrupted = self.open.interrupted();
                if !interrupted.is_empty() {
                    tracing::warn!(requests = interrupted.len(), "an earlier run ended in the middle of requests: settled as interrupted");
                }
                self.pending.extend(interrupted);
            }
            _ => {}
        }
    }

    /// Waits for something to read, and a little longer so that a batch can gather.
    async fn wait(&mut self) {
        if self.reader.arm() {
            // A wake-up now and then although nothing came: the acknowledgement may be due.
            let _ = tokio::time::timeout(ACK_EVERY, self.appended.notified()).await;
            tokio::time::sleep_until(Instant::now() + GATHER).await;
        }
        self.ack();
    }

    /// Writes what is pending, however long the database is away; gives up only at `stop`.
    async fn write(&mut self, stop: &CancellationToken) {
        let mut pause = Duration::from_millis(100);
        while !self.pending.is_empty() {
            let batch = &self.pending[..self.pending.len().min(BATCH)];
            let rows = batch.len();
            match self.store.append(batch).await {
                Ok(_) => {
                    self.pending.drain(..rows);
                    self.recorder.metrics.settled.inc_by(rows as u64);
                    pause = Duration::from_millis(100);
                }
                Err(err) => {
                    self.recorder.metrics.settle_failures.inc();
                    tracing::warn!(%err, rows, "usage could not be written: it stays in the spool and is tried again");
                    let until = Instant::now() + pause;
                    if timeout_at(until, stop.cancelled()).await.is_ok() {
                        return;
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        self.ack();
    }

    /// Tells the spool what it may forget: everything before the oldest request that is open.
    fn ack(&mut self) {
        if !self.pending.is_empty() || self.acked_at.elapsed() < ACK_EVERY {
            return;
        }
        self.acked_at = Instant::now();
        let read = self.reader.position();
        let upto = self.open.oldest().unwrap_or(read).min(read);
        if let Err(err) = self.recorder.spool.ack(upto) {
            tracing::warn!(%err, "the spool could not note what is delivered");
        }
        let stats = self.recorder.spool.stats();
        self.recorder.metrics.spool_lag.set(i64::try_from(stats.unacked_bytes).unwrap_or(i64::MAX));
        if read.segment > upto.segment + HELD {
            self.write_again(read);
        }
    }

    fn write_again(&self, before: Position) {
        for record in self.open.before(before) {
            let written = serde_json::to_vec(&record)
                .map_err(|err| err.to_string())
                .and_then(|bytes| self.recorder.spool.append(AGAIN, &bytes).map_err(|err| err.to_string()));
            if let Err(err) = written {
                tracing::warn!(%err, "a long request keeps its spool segments");
                return;
            }
        }
    }
}
