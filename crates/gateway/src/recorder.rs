//! The door to the spool: records become bytes here, and the request's one line of log.

mod json;
mod view;

use std::cell::RefCell;
use std::sync::Arc;

use wayleave_model::record::{Attempt, Closed, Identity, Outcome};
use wayleave_model::{Clock, NanoUsd};
use wayleave_spool::{Position, Spool};

use crate::metrics::Metrics;
use crate::recent::Recent;
use crate::supply::Meters;
pub use json::Made;
pub use view::{ClosedView, OpenedView, Prepared, Writing};

/// Writes records. Shared by every request of the process.
pub struct Recorder {
    /// Tells the time to everything that is recorded.
    pub clock: Clock,
    /// Where records go.
    pub spool: Arc<Spool>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What was closed lately: the follower need not read it back.
    pub recent: Recent,
    /// What is used of quotas.
    pub meters: Meters,
}

/// The spool takes no more: billable requests must be refused.
#[derive(Debug, thiserror::Error)]
#[error("the usage spool cannot be written: {0}")]
pub struct Unwritable(String);

/// What a record of the spool says: its byte before the JSON.
pub mod kind {
    /// [`wayleave_model::record::Record::Opened`].
    pub const OPENED: u8 = 1;
    /// [`wayleave_model::record::Record::Tried`].
    pub const TRIED: u8 = 2;
    /// [`wayleave_model::record::Record::Closed`].
    pub const CLOSED: u8 = 3;
}

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(4 << 10));
}

impl Recorder {
    /// Appends a record that announces something.
    pub fn write(&self, record: &Writing<'_>) -> Result<(), Unwritable> {
        let kind = match record {
            Writing::Opened(_) => kind::OPENED,
            Writing::Tried(_) => kind::TRIED,
            Writing::Closed(_) => kind::CLOSED,
        };
        with_json(record, |bytes| self.spool.append(kind, bytes).map_err(|err| err.to_string()))
            .map(|_| ())
            .map_err(Unwritable)
    }

    /// Counts and logs what is in the database already: a job's settlement, which needs no spool.
    pub fn noted(&self, closed: &Closed) {
        self.metrics.closed(&closed.identity, &closed.outcome, &closed.attempts);
        log(&closed.identity, &closed.outcome, &closed.attempts);
    }

    /// Appends the record that ends a request: also on a full disk, from the spool's reserve.
    /// `made` are its parts, where they were recorded before.
    pub fn close(&self, closed: Closed, made: Option<&Prepared>) {
        self.metrics.closed(&closed.identity, &closed.outcome, &closed.attempts);
        log(&closed.identity, &closed.outcome, &closed.attempts);
        let view = ClosedView::new(&closed, made).map_err(|Unwritable(why)| why);
        let written = view.and_then(|view| {
            with_json(&Writing::Closed(view), |bytes| {
                self.spool.append_reserved(kind::CLOSED, bytes).map_err(|err| err.to_string())
            })
        });
        match written {
            Ok(place) => self.recent.keep(place, closed),
            Err(err) => {
                self.metrics.spool_failures.inc();
                tracing::error!(%err, "a finished request could not be recorded: its opened record will be settled as interrupted");
            }
        }
    }
}

fn with_json(
    record: &Writing<'_>,
    write: impl FnOnce(&[u8]) -> Result<Position, String>,
) -> Result<Position, String> {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        json::append(buffer, record).map_err(|err| err.to_string())?;
        write(buffer)
    })
}

fn log(identity: &Identity, outcome: &Outcome, attempts: &[Attempt]) {
    let last = attempts.last();
    let usage = last.map(|attempt| attempt.usage).unwrap_or_default();
    let cost: NanoUsd = attempts.iter().map(|attempt| attempt.cost).sum();
    tracing::info!(
        target: "request",
        request_id = %identity.request,
        key = identity.caller.key_name.as_str(),
        alias = identity.alias.as_str(),
        provider = last.map_or("-", |attempt| attempt.start.target.provider_name.as_str()),
        model = last.map_or("-", |attempt| attempt.start.target.model_name.as_str()),
        status = outcome.status,
        code = outcome.error_code.as_deref().unwrap_or("-"),
        end = outcome.stream_end.as_str(),
        attempts = attempts.len(),
        input = usage.input,
        output = usage.output,
        cost = %cost,
        ms = outcome.total_us / 1_000,
        "{}", identity.surface
    );
}
