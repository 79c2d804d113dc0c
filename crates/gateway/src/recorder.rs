//! The door to the spool: records become bytes here, and the request's one line of log.

use std::cell::RefCell;
use std::sync::Arc;

use wayleave_model::Clock;
use wayleave_model::record::{Closed, Record};
use wayleave_spool::Spool;

use crate::metrics::Metrics;

/// Writes records. Shared by every request of the process.
pub struct Recorder {
    /// Tells the time to everything that is recorded.
    pub clock: Clock,
    /// Where records go.
    pub spool: Arc<Spool>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The spool takes no more: billable requests must be refused.
#[derive(Debug, thiserror::Error)]
#[error("the usage spool cannot be written: {0}")]
pub struct Unwritable(String);

/// The spool's byte for a record of JSON.
pub const JSON: u8 = 1;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(4 << 10));
}

impl Recorder {
    /// Appends a record that announces something.
    pub fn write(&self, record: &Record) -> Result<(), Unwritable> {
        with_json(record, |bytes| self.spool.append(JSON, bytes).map(|_| ()).map_err(|err| err.to_string()))
            .map_err(Unwritable)
    }

    /// Appends the record that ends a request: also on a full disk, from the spool's reserve.
    pub fn close(&self, closed: Closed) {
        log(&closed);
        self.metrics.closed(&closed);
        let record = Record::Closed(closed);
        let written = with_json(&record, |bytes| {
            self.spool.append_reserved(JSON, bytes).map(|_| ()).map_err(|err| err.to_string())
        });
        if let Err(err) = written {
            self.metrics.spool_failures.inc();
            tracing::error!(%err, "a finished request could not be recorded: its opened record will be settled as interrupted");
        }
    }
}

fn with_json(record: &Record, write: impl FnOnce(&[u8]) -> Result<(), String>) -> Result<(), String> {
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        serde_json::to_writer(&mut *buffer, record).map_err(|err| err.to_string())?;
        write(buffer)
    })
}

fn log(closed: &Closed) {
    let (identity, outcome) = (&closed.identity, &closed.outcome);
    let last = closed.attempts.last();
    let usage = last.map(|attempt| attempt.usage).unwrap_or_default();
    tracing::info!(
        target: "request",
        request_id = %identity.request,
        key = %identity.caller.key_name,
        alias = %identity.alias,
        provider = last.map_or("-", |attempt| attempt.start.target.provider_name.as_str()),
        model = last.map_or("-", |attempt| attempt.start.target.model_name.as_str()),
        status = outcome.status,
        code = outcome.error_code.as_deref().unwrap_or("-"),
        end = outcome.stream_end.as_str(),
        attempts = closed.attempts.len(),
        input = usage.input,
        output = usage.output,
        cost = %closed.cost(),
        ms = outcome.total_us / 1_000,
        "{}", identity.surface
    );
}
