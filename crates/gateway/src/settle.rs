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
    opened: Held,
    tried: Vec<Attempt>,
}

/// What opened a request: read only when the request does not end by itself, which is rare.
enum Held {
    Read(Box<Opened>),
    Unread(Vec<u8>),
}

impl Held {
    /// `None` for bytes that are no such record.
    fn read(&self) -> Option<Opened> {
        match self {
            Held::Read(opened) => Some((**opened).clone()),
            Held::Unread(bytes) => match serde_json::from_slice(bytes) {
                Ok(Record::Opened(opened)) => Some(opened),
                _ => None,
            },
        }
    }
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
                self.close(closed.identity.request);
                return Some(closed);
            }
        }
        None
    }

    /// Takes the record of an attempt that begins, unread: `request` is whose it is.
    pub fn take_unread(&mut self, request: RequestId, record: Vec<u8>, place: P) {
        self.hold(request, Held::Unread(record), place);
    }

    /// The request ended.
    pub fn close(&mut self, request: RequestId) {
        self.0.remove(&request);
    }

    /// Where the oldest open request begins.
    pub fn oldest(&self) -> Option<P> {
        self.0.values().map(|open| open.since).min()
    }

    /// The requests that were opened before `place`, each with its records, to be written again: so
    /// that a long stream does not hold on to every segment since its beginning.
    pub fn before(&self, place: P) -> Vec<(RequestId, Vec<Record>)> {
        let old = self.0.iter().filter(|(_, open)| open.since < place);
        old.filter_map(|(&request, open)| {
            let tried = open.tried.iter().cloned();
            let tried = tried.map(|attempt| Record::Tried(Tried { request, attempt }));
            let opened = Record::Opened(open.opened.read()?);
            Some((request, std::iter::once(opened).chain(tried).collect()))
        })
        .collect()
    }

    /// Moves a request whose records were all written again to where they begin now.
    pub fn moved(&mut self, request: RequestId, place: P) {
        if let Some(open) = self.0.get_mut(&request) {
            open.since = place;
        }
    }

    /// Settles everything that is open: the process that opened it is dead.
    pub fn interrupted(&mut self) -> Vec<Closed> {
        let mut all: Vec<Closed> =
            self.0.drain().filter_map(|(_, open)| interrupted(open)).collect();
        all.sort_by_key(|closed| closed.identity.request);
        all
    }

    fn open(&mut self, opened: Opened, place: P) {
        self.hold(opened.identity.request, Held::Read(Box::new(opened)), place);
    }

    fn hold(&mut self, request: RequestId, opened: Held, place: P) {
        match self.0.get_mut(&request) {
            Some(open) => open.opened = opened,
            None => {
                self.0.insert(request, Open { since: place, opened, tried: Vec::new() });
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
fn interrupted<P>(open: Open<P>) -> Option<Closed> {
    let Some(opened) = open.opened.read() else {
        tracing::error!("a record of the spool is not understood: its request cannot be settled");
        return None;
    };
    let Opened { identity, asked, attempt, prompt_lines } = opened;
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
    Some(Closed { identity, asked, outcome, attempts })
}

/// How every record of an attempt that begins begins: its request's id follows.
const OPENED: &[u8] = br#"{"opened":{"identity":{"request":""#;

/// Whose attempt begins, without reading the rest; `None` where the record is laid out otherwise.
pub fn opened_by(record: &[u8]) -> Option<RequestId> {
    let rest = record.strip_prefix(OPENED)?;
    let end = memchr::memchr(b'"', rest)?;
    std::str::from_utf8(&rest[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use wayleave_model::record::AttemptStart;

    use super::*;
    use crate::testing::{self, NOON};
    use crate::world::Target;

    /// A request of 100 tokens, estimated, at a dollar for a million.
    struct Bench {
        target: std::sync::Arc<Target>,
        identity: wayleave_model::record::Identity,
    }

    impl Bench {
        fn new() -> Bench {
            let caller = testing::entry(testing::part(100)).caller;
            Bench {
                target: testing::target(testing::part(100)),
                identity: testing::identity(&caller, 0),
            }
        }

        fn start(&self, n: u32) -> AttemptStart {
            let target = std::sync::Arc::clone(&self.target.label);
            AttemptStart { n, started_at: NOON, target, max_cost: NanoUsd(500_000) }
        }

        fn opened(&self, n: u32) -> Record {
            let prompt = Usage { input: 100, ..Usage::default() };
            Record::Opened(Opened {
                identity: self.identity.clone(),
                asked: testing::asked(),
                attempt: self.start(n),
                prompt_lines: self.target.price.lines(&prompt),
            })
        }

        fn unread(&self, n: u32) -> Vec<u8> {
            serde_json::to_vec(&self.opened(n)).unwrap()
        }

        fn tried(&self, n: u32) -> Record {
            Record::Tried(Tried { request: self.identity.request, attempt: self.attempt(n) })
        }

        fn attempt(&self, n: u32) -> Attempt {
            Attempt {
                start: self.start(n),
                total_us: 1,
                first_byte_us: None,
                first_token_us: None,
                status: Some(500),
                verdict: "upstream_error".into(),
                upstream_request_id: None,
                usage: Usage::default(),
                usage_source: UsageSource::None,
                lines: Vec::new(),
                cost: NanoUsd::ZERO,
            }
        }

        fn closed(&self) -> Closed {
            let mut open = OpenSet::default();
            open.take(self.opened(1), 0);
            Closed { attempts: vec![self.attempt(1)], ..open.interrupted().remove(0) }
        }

        fn verdicts(closed: &Closed) -> Vec<(u32, &str)> {
            closed.attempts.iter().map(|it| (it.start.n, &*it.verdict)).collect()
        }
    }

    #[test]
    fn what_is_closed_comes_out_as_it_is() {
        let bench = Bench::new();
        let mut open = OpenSet::default();
        assert_eq!(open.take(bench.opened(1), 7), None);
        assert_eq!(open.oldest(), Some(7));
        let closed = bench.closed();
        assert_eq!(open.take(Record::Closed(closed.clone()), 9), Some(closed));
        assert_eq!(open.oldest(), None);
        assert_eq!(open.interrupted(), []);
    }

    #[test]
    fn a_request_refused_before_an_attempt_needs_no_opening() {
        let bench = Bench::new();
        let mut open = OpenSet::<u8>::default();
        let closed = bench.closed();
        assert_eq!(open.take(Record::Closed(closed.clone()), 1), Some(closed));
    }

    #[test]
    fn an_interrupted_request_is_charged_its_prompt() {
        let bench = Bench::new();
        let mut open = OpenSet::default();
        open.take(bench.opened(1), 1);
        let closed = open.interrupted().remove(0);
        assert_eq!(Bench::verdicts(&closed), [(1, "interrupted")]);
        let attempt = &closed.attempts[0];
        assert_eq!(
            (attempt.usage.input, attempt.usage.output, attempt.cost),
            (100, 0, NanoUsd(100_000))
        );
        assert_eq!(attempt.cost, attempt.lines.iter().map(|line| line.cost).sum());
        assert_eq!(attempt.usage_source, UsageSource::Estimated);
        assert_eq!(closed.outcome.stream_end, StreamEnd::Interrupted);
    }

    #[test]
    fn a_later_attempt_takes_the_place_of_the_one_before() {
        let bench = Bench::new();
        let mut open = OpenSet::default();
        for (record, place) in [(bench.opened(1), 1), (bench.tried(1), 2), (bench.opened(2), 3)] {
            assert_eq!(open.take(record, place), None);
        }
        assert_eq!(open.oldest(), Some(1));
        let closed = open.interrupted().remove(0);
        assert_eq!(Bench::verdicts(&closed), [(1, "upstream_error"), (2, "interrupted")]);
        assert_eq!(closed.cost(), NanoUsd(100_000));
    }

    #[test]
    fn a_request_between_two_attempts_owes_nothing_more() {
        let bench = Bench::new();
        let mut open = OpenSet::default();
        open.take(bench.opened(1), 1);
        open.take(bench.tried(1), 2);
        open.take(bench.tried(1), 3);
        let closed = open.interrupted().remove(0);
        assert_eq!(Bench::verdicts(&closed), [(1, "upstream_error")]);
        assert_eq!(closed.cost(), NanoUsd::ZERO);
    }

    #[test]
    fn what_is_written_again_is_everything_and_moves_as_a_whole() {
        let bench = Bench::new();
        let mut open = OpenSet::default();
        for (record, place) in [(bench.opened(1), 1), (bench.tried(1), 2), (bench.opened(2), 3)] {
            open.take(record, place);
        }
        assert_eq!(open.before(1), []);
        let again = open.before(2);
        let expected = (bench.identity.request, vec![bench.opened(2), bench.tried(1)]);
        assert_eq!(again, [expected]);
        open.moved(bench.identity.request, 8);
        assert_eq!(open.oldest(), Some(8));

        let mut replayed = OpenSet::default();
        for record in again.into_iter().flat_map(|(_, records)| records) {
            replayed.take(record, 8);
        }
        assert_eq!(replayed.interrupted(), open.interrupted());
    }

    #[test]
    fn a_record_left_unread_is_settled_as_one_that_was_read() {
        let bench = Bench::new();
        let record = bench.unread(1);
        let request = opened_by(&record).unwrap();
        let (mut read, mut unread) = (OpenSet::default(), OpenSet::default());
        read.take(bench.opened(1), 7);
        unread.take_unread(request, record, 7);
        assert_eq!(unread.oldest(), Some(7));
        assert_eq!(unread.interrupted(), read.interrupted());
        assert_eq!(opened_by(br#"{"opened":{"asked":{}}}"#), None);
    }
}
