//! What is recorded of a request, however it ends, and what it is charged.

use wayleave_model::Clock;
use wayleave_model::id::RequestId;

use wayleave_model::record::{Closed, Record};

use super::*;
use crate::testing::{self, NOON};

struct Bench {
    clock: Clock,
    recorder: Arc<Recorder>,
    target: Arc<Target>,
    request: RequestId,
    progress: Arc<Progress>,
    trail: Trail,
    /// Last: it goes when nothing writes there any more.
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::manual(NOON));
        let (recorder, _) = testing::recorder(folder.path(), &clock);
        let caller = testing::entry(testing::part(100)).caller;
        let identity = testing::identity(&caller, 0);
        let request = identity.request;
        let progress = Arc::new(Progress::default());
        let trail = Trail::new(
            Arc::clone(&recorder),
            identity,
            testing::asked(),
            clock.tick(),
            Some(50),
            Arc::clone(&progress),
        );
        Bench {
            _folder: folder,
            clock,
            recorder,
            target: testing::target(testing::part(100)),
            request,
            progress,
            trail,
        }
    }

    /// One whose only attempt has a head with that status.
    fn answered(status: u16) -> Bench {
        let mut bench = Bench::new();
        bench.trail.open(&bench.target).unwrap();
        bench.trail.head(status, Some("up-1".to_owned()));
        bench
    }

    /// The trail goes; in its place is one that has nothing more to say.
    fn drop_trail(&mut self) {
        let caller = testing::entry(testing::part(100)).caller;
        let identity = testing::identity(&caller, 0);
        let (recorder, tick) = (Arc::clone(&self.recorder), self.clock.tick());
        let mut silent =
            Trail::new(recorder, identity, testing::asked(), tick, None, Arc::default());
        silent.forget();
        self.trail = silent;
    }

    fn records(&self) -> Vec<Record> {
        let mut reader = self.recorder.spool.reader(self.recorder.spool.stats().acked);
        let records = reader.next_batch(100, 1 << 20).unwrap();
        records.iter().map(|record| serde_json::from_slice(&record.payload).unwrap()).collect()
    }

    /// The one record that ends the request.
    fn closed(self) -> Closed {
        let mut closed: Vec<Closed> = Vec::new();
        for record in self.records() {
            if let Record::Closed(record) = record {
                closed.push(record);
            }
        }
        assert_eq!(closed.len(), 1);
        assert_eq!(closed[0].identity.request, self.request);
        closed.remove(0)
    }
}

fn seen(usage: Option<Usage>, content_bytes: u64) -> Seen {
    Seen { semantic: true, usage, content_bytes, ..Seen::default() }
}

fn usage(input: u64, output: u64) -> Usage {
    Usage { input, output, ..Usage::default() }
}

fn charged(attempt: &Attempt) -> (u64, u64, UsageSource, i64) {
    assert_eq!(attempt.cost, attempt.lines.iter().map(|line| line.cost).sum());
    (attempt.usage.input, attempt.usage.output, attempt.usage_source, attempt.cost.0)
}

#[test]
fn an_attempt_is_announced_before_it_is_sent_with_the_most_it_can_cost() {
    let bench = Bench::answered(200);
    let Record::Opened(opened) = &bench.records()[0] else { panic!("opened") };
    // 400 bytes are at most 400 tokens; 50 of output.
    assert_eq!(opened.attempt.max_cost, NanoUsd(400_000 + 100_000));
    assert_eq!(opened.attempt.n, 1);
    assert_eq!(opened.prompt_lines.iter().map(|line| line.cost).sum::<NanoUsd>(), NanoUsd(100_000));
}

#[test]
fn a_whole_answer_is_charged_as_reported() {
    let mut bench = Bench::answered(200);
    bench.clock.advance(40);
    bench.trail.first_token();
    bench.clock.advance(2);
    bench.trail.close(200, StreamEnd::Done, None, Some(&seen(Some(usage(7, 3)), 999)));
    let closed = bench.closed();
    assert_eq!(charged(&closed.attempts[0]), (7, 3, UsageSource::Provider, 13_000));
    assert_eq!(closed.attempts[0].verdict, "ok");
    assert_eq!(closed.attempts[0].upstream_request_id.as_deref(), Some("up-1"));
    assert_eq!((closed.outcome.first_token_us, closed.outcome.total_us), (Some(40), 42));
}

#[test]
fn an_answer_without_a_report_is_estimated() {
    let mut bench = Bench::answered(200);
    bench.trail.close(200, StreamEnd::Done, None, Some(&seen(None, 9)));
    assert_eq!(charged(&bench.closed().attempts[0]), (100, 3, UsageSource::Estimated, 106_000));
}

#[test]
fn a_refused_attempt_costs_nothing() {
    let mut bench = Bench::answered(401);
    let refusal = Refusal::new(http::StatusCode::BAD_GATEWAY, "upstream_auth_failed", "no");
    bench.trail.refused(&refusal);
    let closed = bench.closed();
    assert_eq!(charged(&closed.attempts[0]), (0, 0, UsageSource::None, 0));
    assert_eq!((closed.outcome.status, closed.outcome.stream_end), (502, StreamEnd::UpstreamError));
    assert_eq!(closed.attempts[0].status, Some(401));
}

#[test]
fn a_request_that_was_never_sent_has_no_attempts() {
    let mut bench = Bench::new();
    let refusal = Refusal::new(http::StatusCode::NOT_FOUND, "model_not_found", "no");
    bench.trail.refused(&refusal);
    let closed = bench.closed();
    assert_eq!((closed.attempts.len(), closed.outcome.stream_end), (0, StreamEnd::Refused));
    assert_eq!(closed.outcome.error_code.as_deref(), Some("model_not_found"));
}

#[test]
fn a_timer_that_ran_out_is_how_it_ended() {
    let mut bench = Bench::answered(200);
    let refusal = Refusal::new(http::StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", "silent");
    bench.trail.refused(&refusal);
    assert_eq!(bench.closed().outcome.stream_end, StreamEnd::Timeout);
}

#[test]
fn every_attempt_is_in_the_record_and_none_twice() {
    let mut bench = Bench::answered(500);
    bench.trail.failed("upstream_error");
    bench.trail.open(&bench.target).unwrap();
    bench.trail.head(200, None);
    bench.trail.close(200, StreamEnd::Done, None, Some(&seen(Some(usage(7, 3)), 0)));
    let kinds: Vec<&str> = bench
        .records()
        .iter()
        .map(|record| match record {
            Record::Opened(_) => "opened",
            Record::Tried(_) => "tried",
            Record::Closed(_) => "closed",
        })
        .collect();
    assert_eq!(kinds, ["opened", "tried", "opened", "closed"]);
    let closed = bench.closed();
    let attempts: Vec<(u32, &str)> =
        closed.attempts.iter().map(|it| (it.start.n, &*it.verdict)).collect();
    assert_eq!(attempts, [(1, "upstream_error"), (2, "ok")]);
    assert_eq!(closed.cost(), NanoUsd(13_000));
}

#[test]
fn what_nobody_closes_is_closed_once_when_it_is_dropped() {
    let mut bench = Bench::answered(200);
    bench.trail.saw(&seen(None, 8));
    bench.drop_trail();
    let closed = bench.closed();
    assert_eq!((closed.outcome.status, closed.outcome.stream_end), (499, StreamEnd::ClientGone));
    assert_eq!(charged(&closed.attempts[0]), (100, 2, UsageSource::Estimated, 104_000));
}

#[test]
fn what_is_closed_is_not_closed_again() {
    let mut bench = Bench::answered(200);
    bench.trail.close(200, StreamEnd::Done, None, None);
    bench.trail.close(500, StreamEnd::Eof, Some("upstream_error"), None);
    bench.trail.failed("late");
    assert!(bench.trail.open(&bench.target).is_ok());
    bench.drop_trail();
    assert_eq!(bench.records().len(), 2);
    assert_eq!(bench.closed().outcome.status, 200);
}

#[test]
fn a_panic_closes_what_it_interrupts() {
    let bench = Bench::answered(200);
    let (recorder, target) = (Arc::clone(&bench.recorder), Arc::clone(&bench.target));
    let caller = testing::entry(testing::part(100)).caller;
    let identity = testing::identity(&caller, 1);
    let request = identity.request;
    let died = std::thread::spawn(move || {
        let mut trail =
            Trail::new(recorder, identity, testing::asked(), Tick::default(), None, Arc::default());
        trail.open(&target).unwrap();
        panic!("a defect");
    });
    assert!(died.join().is_err());
    let closed = bench.records().into_iter().filter(
        |record| matches!(record, Record::Closed(closed) if closed.identity.request == request),
    );
    assert_eq!(closed.count(), 1);
}

#[test]
fn the_status_that_was_sent_first_stays() {
    let mut bench = Bench::answered(200);
    bench.progress.head_sent.store(true, Ordering::Relaxed);
    let refusal = Refusal::new(http::StatusCode::BAD_GATEWAY, "upstream_error", "cut");
    bench.trail.refused(&refusal);
    let closed = bench.closed();
    assert_eq!(closed.outcome.status, 200);
    assert_eq!(closed.outcome.error_code.as_deref(), Some("upstream_error"));
}

#[test]
fn an_attempt_that_cannot_be_recorded_is_not_sent() {
    let mut bench = Bench::new();
    while bench.recorder.spool.append(9, &[b'x'; 30_000]).is_ok() {}
    while bench.recorder.spool.append(9, &[b'x'; 100]).is_ok() {}
    assert!(bench.trail.open(&bench.target).is_err());
    let refusal = Refusal::dependency("full");
    bench.trail.refused(&refusal);
    // Its end is recorded from the reserve.
    assert_eq!(bench.recorder.metrics.spool_failures.get(), 0);
}

#[test]
fn a_whole_answer_that_nobody_waited_for_is_charged_as_reported() {
    let mut bench = Bench::answered(200);
    bench.trail.saw_whole(&Whole {
        kept: None,
        body: bytes::Bytes::new(),
        usage: Some(usage(7, 3)),
        content_bytes: 999,
        repairs: Vec::new(),
        losses: Vec::new(),
    });
    bench.trail.close(499, StreamEnd::ClientGone, Some("client_gone"), None);
    assert_eq!(charged(&bench.closed().attempts[0]), (7, 3, UsageSource::Provider, 13_000));
}

#[test]
fn what_came_after_the_last_report_is_added_to_it() {
    let mut bench = Bench::answered(200);
    bench.trail.close(200, StreamEnd::ClientGone, None, Some(&seen(Some(usage(70, 100)), 40)));
    assert_eq!(charged(&bench.closed().attempts[0]), (70, 110, UsageSource::Estimated, 290_000));
}

#[test]
fn a_failed_attempt_is_charged_what_the_provider_reported_before() {
    let mut bench = Bench::answered(200);
    bench.trail.saw(&Seen { semantic: false, ..seen(Some(usage(70, 1)), 0) });
    bench.trail.failed("upstream_timeout");
    bench.trail.open(&bench.target).unwrap();
    bench.trail.head(500, None);
    let refusal = Refusal::new(http::StatusCode::BAD_GATEWAY, "upstream_error", "no");
    bench.trail.refused(&refusal);
    let closed = bench.closed();
    assert_eq!(charged(&closed.attempts[0]), (70, 1, UsageSource::Provider, 72_000));
    assert_eq!(charged(&closed.attempts[1]), (0, 0, UsageSource::None, 0));
}

#[test]
fn an_error_in_place_of_an_answer_costs_nothing_and_silence_the_prompt() {
    let mut bench = Bench::answered(200);
    bench.trail.failed("upstream_error");
    bench.trail.open(&bench.target).unwrap();
    bench.trail.head(200, None);
    bench.trail.failed("upstream_timeout");
    bench.trail.open(&bench.target).unwrap();
    bench.trail.head(200, None);
    let refusal = Refusal::new(http::StatusCode::BAD_GATEWAY, "upstream_error", "a web page");
    bench.trail.refused(&refusal);
    let closed = bench.closed();
    let costs: Vec<i64> = closed.attempts.iter().map(|attempt| attempt.cost.0).collect();
    assert_eq!(costs, [0, 100_000, 0]);
}
