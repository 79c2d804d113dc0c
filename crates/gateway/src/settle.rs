//! From the spool's records to the requests that ended: pairs what was opened with what was
//! closed, and settles as interrupted what a dead process left open. Pure.

use std::borrow::Cow;
use std::collections::HashMap;

use wayleave_model::id::RequestId;
use wayleave_model::record::{Attempt, Closed, Opened, Outcome, Record, StreamEnd, Tried};
use wayleave_model::usage::UsageSource;
use wayleave_model::{NanoUsd, Usage};

/// Requests that were opened and not closed yet. `P` is a place in a spool.
pub struct OpenSet<P>(HashMap<RequestId, Open<P>>);

struct Open<P> {
    /// Where its first record stands: nothing from there on may be forgotten.
    since: P,
    opened: Box<Opened>,
    tried: Vec<Attempt>,
}

impl<P> Default for OpenSet<P> {
    fn default() -> OpenSet<P> {
        OpenSet(HashMap::new())
    }
}

impl<P: Copy + Ord> OpenSet<P> {
    /// Takes one record, at `place`; a request that ended comes out.
    pub fn take(&mut self, record: Record, place: P) -> Option<Closed> {
        match record {
            Record::Opened(opened) => self.open(opened, place),
            Record::Tried(tried) => self.tried(tried),
            Record::Closed(closed) => {
                self.0.remove(&closed.identity.request);
                return Some(closed);
            }
        }
        None
    }

    /// Where the oldest open request begins.
    pub fn oldest(&self) -> Option<P> {
        self.0.values().map(|open| open.since).min()
    }

    /// The requests that were opened before `place`, as records to be written again: so that a
    /// long stream does not hold on to every segment since its beginning.
    pub fn before(&self, place: P) -> Vec<Record> {
        let old = self.0.values().filter(|open| open.since < place);
        old.flat_map(|open| {
            let request = open.opened.identity.request;
            let tried = open.tried.iter().map(move |attempt| Record::Tried(Tried { request, attempt: attempt.clone() }));
            std::iter::once(Record::Opened((*open.opened).clone())).chain(tried)
        })
        .collect()
    }

    /// Moves a request that was written again to its new place, if it is still open.
    pub fn moved(&mut self, request: RequestId, place: P) {
        if let Some(open) = self.0.get_mut(&request) {
            open.since = place;
        }
    }

    /// Whether that request is open.
    pub fn holds(&self, request: RequestId) -> bool {
        self.0.contains_key(&request)
    }

    /// Settles everything that is open: the process that opened it is dead.
    pub fn interrupted(&mut self) -> Vec<Closed> {
        let mut all: Vec<Closed> = self.0.drain().map(|(_, open)| interrupted(open)).collect();
        all.sort_by_key(|closed| closed.identity.request);
        all
    }

    fn open(&mut self, opened: Opened, place: P) {
        let request = opened.identity.request;
        match self.0.get_mut(&request) {
            Some(open) => *open.opened = opened,
            None => {
                let open = Open { since: place, opened: Box::new(opened), tried: Vec::new() };
                self.0.insert(request, open);
            }
        }
    }

    fn tried(&mut self, tried: Tried) {
        if let Some(open) = self.0.get_mut(&tried.request) {
            let known = open.tried.iter().any(|it| it.start.n == tried.attempt.start.n);
            if !known {
                open.tried.push(tried.attempt);
            }
        }
    }
}

/// Rated on what is known to have been sent, the prompt, and never above the attempt's ceiling.
fn interrupted<P>(open: Open<P>) -> Closed {
    let Opened { identity, asked, attempt, prompt_lines } = *open.opened;
    let mut attempts = open.tried;
    if !attempts.iter().any(|it| it.start.n == attempt.n) {
        let cost: NanoUsd = prompt_lines.iter().map(|line| line.cost).sum();
        attempts.push(Attempt {
            total_us: 0,
            first_byte_us: None,
            first_token_us: None,
            status: None,
            verdict: Cow::Borrowed("interrupted"),
            upstream_request_id: None,
            usage: Usage { input: asked.estimated_input, ..Usage::default() },
            usage_source: UsageSource::Estimated,
            cost: cost.min(attempt.max_cost),
            lines: prompt_lines,
            start: attempt,
        });
    }
    let outcome = Outcome {
        status: 499,
        error_code: Some(Cow::Borrowed("interrupted")),
        stream_end: StreamEnd::Interrupted,
        total_us: 0,
        first_token_us: None,
        overhead_us: 0,
        edits: Vec::new(),
        repairs: Vec::new(),
        losses: Vec::new(),
        cache_hit: false,
    };
    Closed { identity, asked, outcome, attempts }
}
