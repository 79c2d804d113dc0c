//! The door to the spool: records become bytes here, and the request's one line of log.

mod json;

use std::cell::RefCell;
use std::sync::Arc;

use serde::Serialize;
use wayleave_model::price::Line;
use wayleave_model::record::{Asked, Attempt, AttemptStart, Closed, Identity, Outcome, Tried};
use wayleave_model::{Clock, NanoUsd};
use wayleave_spool::{Position, Spool};

use crate::metrics::Metrics;
use crate::recent::Recent;
use crate::supply::Meters;
pub use json::Made;

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

/// A record on its way out, without copies. Reads back as [`wayleave_model::record::Record`].
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Writing<'a> {
    /// An attempt begins.
    Opened(OpenedView<'a>),
    /// An attempt failed and another follows.
    Tried(&'a Tried),
    /// The request ended.
    Closed(ClosedView<'a>),
}

/// [`wayleave_model::record::Opened`], borrowed.
#[derive(Serialize)]
pub struct OpenedView<'a> {
    /// The identity, made into JSON already.
    pub identity: Made<'a>,
    /// What was asked.
    pub asked: &'a Asked,
    /// The attempt.
    pub attempt: &'a AttemptStart,
    /// What the prompt alone costs.
    #[serde(skip_serializing_if = "<[Line]>::is_empty")]
    pub prompt_lines: &'a [Line],
}

/// [`wayleave_model::record::Closed`], borrowed.
#[derive(Serialize)]
pub struct ClosedView<'a> {
    /// The identity.
    pub identity: IdentityView<'a>,
    /// What was asked.
    pub asked: &'a Asked,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// Every attempt.
    pub attempts: &'a [Attempt],
}

/// An identity: the same bytes again where it was recorded before.
#[derive(Serialize)]
#[serde(untagged)]
pub enum IdentityView<'a> {
    /// As JSON.
    Made(Made<'a>),
    /// As a value.
    Fresh(&'a Identity),
}

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(4 << 10));
}

/// An identity's JSON, to go into each of a request's records.
///
/// # Errors
/// None that an identity could cause.
pub fn identity_json(identity: &Identity) -> Result<Vec<u8>, Unwritable> {
    let mut out = Vec::with_capacity(768);
    json::append(&mut out, identity).map_err(|err| Unwritable(err.to_string()))?;
    Ok(out)
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
    /// `identity` is the identity's JSON, where it was recorded before.
    pub fn close(&self, closed: Closed, identity: Option<Made<'_>>) {
        self.metrics.closed(&closed.identity, &closed.outcome, &closed.attempts);
        log(&closed.identity, &closed.outcome, &closed.attempts);
        let view = ClosedView {
            identity: identity.map_or(IdentityView::Fresh(&closed.identity), IdentityView::Made),
            asked: &closed.asked,
            outcome: &closed.outcome,
            attempts: &closed.attempts,
        };
        let written = with_json(&Writing::Closed(view), |bytes| {
            self.spool.append_reserved(kind::CLOSED, bytes).map_err(|err| err.to_string())
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
