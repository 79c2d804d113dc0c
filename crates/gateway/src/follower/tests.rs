//! Restart, replay, a long request, a database that is away, a store that refuses.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wayleave_model::Clock;
use wayleave_model::id::RequestId;
use wayleave_model::record::{StreamEnd, Tried};
use wayleave_model::usage::UsageSource;
use wayleave_store::usage::{self, UsageFilter, UsageRow};

use super::*;
use crate::testing::{self, NOON};
use crate::trail::Trail;
use crate::world::Target;

struct Bench {
    folder: TempDir,
    /// Where the spool is.
    data: RefCell<PathBuf>,
    clock: Clock,
    target: Arc<Target>,
    caller: Arc<wayleave_model::record::Caller>,
}

/// One run of a process over the bench's folder.
struct Run {
    recorder: Arc<Recorder>,
    store: Store,
    follower: Follower,
}

impl Bench {
    fn new() -> Bench {
        let entry = testing::entry(testing::part(100));
        let folder = tempfile::tempdir().unwrap();
        Bench {
            data: RefCell::new(folder.path().to_owned()),
            folder,
            clock: Clock::manual(NOON),
            target: testing::target(testing::part(100)),
            caller: entry.caller,
        }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn run(&self) -> Run {
        let (recorder, recovery) = testing::recorder(&self.data.borrow(), &self.clock);
        let store = testing::store(self.path(), &self.clock).await;
        let follower =
            Follower::new(Arc::clone(&recorder), store.clone(), recovery.cursor, recovery.end);
        Run { recorder, store, follower }
    }

    /// A request that has begun an attempt, and its id.
    fn open(&self, run: &Run) -> (Trail, RequestId) {
        let identity = testing::identity(&self.caller, 0);
        let request = identity.request;
        let recorder = Arc::clone(&run.recorder);
        let mut trail = Trail::new(
            recorder,
            identity,
            testing::asked(),
            self.clock.tick(),
            Some(10),
            Arc::default(),
        );
        trail.open(&self.target).unwrap();
        (trail, request)
    }

    fn end(&self, run: &Run, requests: usize) {
        for _ in 0..requests {
            self.open(run).0.close(200, StreamEnd::Done, None, None);
        }
    }

    /// As `kill -9` leaves it: the next run begins on what is in the files now.
    fn kill(&self) {
        let next = self.data.borrow().join("next");
        std::fs::create_dir_all(next.join("spool")).unwrap();
        for file in std::fs::read_dir(self.data.borrow().join("spool")).unwrap() {
            let file = file.unwrap();
            match std::fs::copy(file.path(), next.join("spool").join(file.file_name())) {
                // A segment that was only being prepared, or one that is done with.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                copied => drop(copied.unwrap()),
            }
        }
        *self.data.borrow_mut() = next;
    }
}

impl Run {
    /// Delivers what is there, and ends.
    async fn deliver(self) -> Store {
        let stop = CancellationToken::new();
        stop.cancel();
        self.follower.run(stop, Duration::from_secs(60)).await;
        self.store
    }
}

async fn rows(store: &Store, target: &Bench) -> Vec<UsageRow> {
    let mut tx = store.read().await.unwrap();
    let mut filter = UsageFilter::all(target.caller.workspace);
    filter.listing.limit = wayleave_store::MAX_LIMIT;
    let mut all = Vec::new();
    loop {
        let page = usage::list(&mut tx, &filter).await.unwrap();
        all.extend(page.items);
        match page.next_cursor {
            Some(cursor) => filter.listing.cursor = Some(cursor),
            None => return all,
        }
    }
}

#[tokio::test]
async fn a_request_that_ended_is_a_row_and_its_records_are_forgotten() {
    let bench = Bench::new();
    let run = bench.run().await;
    bench.end(&run, 3);
    let (recorder, end) = (Arc::clone(&run.recorder), run.recorder.spool.end());
    let store = run.deliver().await;
    assert_eq!(rows(&store, &bench).await.len(), 3);
    assert_eq!(recorder.spool.stats().acked, end);
    assert_eq!(recorder.metrics.settled.get(), 3);
}

#[tokio::test]
async fn what_is_not_read_back_is_what_the_spool_says() {
    let bench = Bench::new();
    let mut run = bench.run().await;
    bench.end(&run, 3);
    let mut again = run.recorder.spool.reader(run.follower.reader.position());
    let written = again.next_batch(100, 1 << 20).unwrap().into_iter();
    let closed = written.filter(|it| it.kind == recorder::kind::CLOSED);
    let closed: Vec<Record> =
        closed.map(|it| serde_json::from_slice(&it.payload).unwrap()).collect();
    assert!(run.follower.read());
    assert!(run.follower.known.is_empty(), "all three were taken");
    let taken = run.follower.pending.iter().map(|it| Record::Closed(Closed::clone(it)));
    assert_eq!(taken.collect::<Vec<_>>(), closed);
    assert_eq!(run.follower.open.oldest(), None);
}

#[tokio::test]
async fn what_is_no_longer_at_hand_is_read_back() {
    let bench = Bench::new();
    let mut run = bench.run().await;
    bench.end(&run, 3);
    run.recorder.recent.take(&mut VecDeque::new());
    assert!(run.follower.read());
    assert_eq!(run.follower.pending.len(), 3);
    assert_eq!(run.follower.open.oldest(), None);
}

#[tokio::test]
async fn what_a_dead_process_left_open_is_interrupted_once() {
    let bench = Bench::new();
    let run = bench.run().await;
    bench.end(&run, 1);
    let (_trail, request) = bench.open(&run);
    bench.kill();

    let store = bench.run().await.deliver().await;
    let all = rows(&store, &bench).await;
    assert_eq!(all.len(), 2);
    let row = all.iter().find(|row| row.request_id == request).unwrap();
    assert_eq!((row.stream_end.as_str(), row.status, row.attempts), ("interrupted", 499, 1));
    // The prompt's 100 tokens at a dollar for a million.
    assert_eq!((row.input_tokens, row.cost_nanos), (100, 100_000));
    assert_eq!(row.usage_source, "estimated");

    let store = bench.run().await.deliver().await;
    assert_eq!(rows(&store, &bench).await, all);
}

#[tokio::test]
async fn what_was_not_acknowledged_is_sent_again_without_effect() {
    let bench = Bench::new();
    let mut run = bench.run().await;
    bench.end(&run, 2);
    assert!(run.follower.read());
    run.follower.write(&CancellationToken::new()).await;
    // Stored, and killed before the spool was told.
    bench.kill();
    let run = bench.run().await;
    let recorder = Arc::clone(&run.recorder);
    let store = run.deliver().await;
    assert_eq!(rows(&store, &bench).await.len(), 2);
    assert_eq!(recorder.metrics.settled.get(), 0);
}

#[tokio::test]
async fn an_acknowledgement_never_passes_an_open_request() {
    let bench = Bench::new();
    let run = bench.run().await;
    let begin = run.recorder.spool.end();
    let (mut trail, request) = bench.open(&run);
    bench.end(&run, 2);
    let recorder = Arc::clone(&run.recorder);
    let store = run.deliver().await;
    assert_eq!(recorder.spool.stats().acked, begin);
    assert_eq!(rows(&store, &bench).await.len(), 2);
    trail.close(200, StreamEnd::Done, None, None);
    drop((trail, recorder));

    let store = bench.run().await.deliver().await;
    let all = rows(&store, &bench).await;
    assert_eq!(all.len(), 3);
    assert_eq!(all.iter().find(|row| row.request_id == request).unwrap().stream_end, "done");
}

#[tokio::test]
async fn a_long_request_does_not_hold_its_segments_and_loses_no_attempt() {
    let bench = Bench::new();
    let mut run = bench.run().await;
    let (mut trail, request) = bench.open(&run);
    trail.failed("upstream_timeout");
    trail.open(&bench.target).unwrap();
    let first = run.recorder.spool.stats().oldest_unacked.unwrap().segment;
    // Each round reads, writes and acknowledges what some dozens of requests left.
    while run.recorder.spool.end().segment <= first + HELD + 2 {
        bench.end(&run, 20);
        run.follower.read();
        run.follower.write(&CancellationToken::new()).await;
        run.follower.ack().await;
    }
    let held = run.recorder.spool.stats().oldest_unacked.unwrap().segment;
    assert!(held > first, "{held} {first}");
    bench.kill();

    let store = bench.run().await.deliver().await;
    let row = rows(&store, &bench).await.into_iter().find(|row| row.request_id == request);
    let row = row.unwrap();
    assert_eq!((row.stream_end.as_str(), row.attempts), ("interrupted", 2));
}

#[tokio::test]
async fn a_request_that_was_written_again_and_closed_is_one_row() {
    let bench = Bench::new();
    let mut run = bench.run().await;
    let (mut trail, request) = bench.open(&run);
    run.follower.read();
    trail.close(200, StreamEnd::Done, None, None);
    run.follower.write_again(run.follower.reader.position());
    bench.kill();

    let store = bench.run().await.deliver().await;
    let all = rows(&store, &bench).await;
    assert_eq!((all.len(), all[0].request_id, all[0].stream_end.as_str()), (1, request, "done"));
}

#[tokio::test]
async fn while_the_database_is_away_little_is_held_in_memory_and_nothing_is_lost() {
    let bench = Bench::new();
    let mut run = bench.run().await;
    run.store.close().await;
    let acked = run.recorder.spool.stats().acked;
    bench.end(&run, 2 * BATCH);
    for _ in 0..3 {
        assert!(run.follower.read());
        let until = CancellationToken::new();
        until.cancel();
        run.follower.write(&until).await;
        run.follower.chores().await;
    }
    assert!(run.follower.pending.len() < BATCH + READ.0, "{}", run.follower.pending.len());
    assert_eq!(run.recorder.spool.stats().acked, acked);
    bench.kill();

    let store = bench.run().await.deliver().await;
    assert_eq!(rows(&store, &bench).await.len(), 2 * BATCH);
}

#[tokio::test]
async fn a_request_that_the_store_refuses_holds_up_no_others_and_is_kept() {
    let bench = Bench::new();
    let mut run = bench.run().await;
    let never = CancellationToken::new();
    bench.end(&run, 1);
    assert!(run.follower.read());
    // The sum of its quarter of an hour is full: the next request of that quarter is refused.
    Arc::make_mut(&mut run.follower.pending[0]).outcome.total_us = i64::MAX.unsigned_abs();
    run.follower.write(&never).await;
    bench.end(&run, 2);
    assert!(run.follower.read());
    Arc::make_mut(&mut run.follower.pending[0]).outcome.total_us = 1;
    let later = &mut Arc::make_mut(&mut run.follower.pending[1]).identity.started_at;
    *later = later.plus_micros(3_600_000_000);
    run.follower.write(&never).await;
    assert_eq!((run.follower.pending.len(), run.follower.aside.len()), (0, 1));
    assert_eq!(rows(&run.store, &bench).await.len(), 2);
    let refused = run.follower.aside[0].1.identity.request;
    run.follower.ack().await;
    assert_eq!(run.recorder.spool.stats().acked, run.follower.aside[0].0);

    // Tried again: still refused, and kept; once it is no longer, it is stored.
    run.follower.aside_tried -= RETRY_ASIDE;
    run.follower.retry_aside().await;
    assert_eq!(run.follower.aside.len(), 1);
    Arc::make_mut(&mut run.follower.aside[0].1).outcome.total_us = 0;
    run.follower.aside_tried -= RETRY_ASIDE;
    run.follower.retry_aside().await;
    assert_eq!(run.follower.aside.len(), 0);
    assert!(rows(&run.store, &bench).await.iter().any(|row| row.request_id == refused));
}

#[tokio::test]
async fn a_refused_request_survives_the_process() {
    let bench = Bench::new();
    let mut run = bench.run().await;
    bench.end(&run, 1);
    assert!(run.follower.read());
    let closed = run.follower.pending.remove(0);
    let place = run.follower.again(&Record::Closed(Closed::clone(&closed))).unwrap();
    run.follower.aside.push((place, closed));
    run.follower.ack().await;
    bench.kill();

    let store = bench.run().await.deliver().await;
    assert_eq!(rows(&store, &bench).await.len(), 1);
}

#[tokio::test]
async fn a_record_that_is_not_understood_is_passed_over() {
    let bench = Bench::new();
    let run = bench.run().await;
    run.recorder.spool.append(1, b"{\"record\":\"of the future\"}").unwrap();
    bench.end(&run, 1);
    let (recorder, end) = (Arc::clone(&run.recorder), run.recorder.spool.end());
    let store = run.deliver().await;
    assert_eq!(rows(&store, &bench).await.len(), 1);
    assert_eq!(recorder.spool.stats().acked, end);
}

#[tokio::test]
async fn a_running_follower_delivers_within_a_second() {
    let bench = Bench::new();
    let run = bench.run().await;
    let (recorder, store) = (Arc::clone(&run.recorder), run.store.clone());
    let stop = CancellationToken::new();
    let running = tokio::spawn(run.follower.run(stop.clone(), Duration::from_secs(5)));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (identity, asked) = (testing::identity(&bench.caller, 0), testing::asked());
    let mut trail = Trail::new(recorder, identity, asked, bench.clock.tick(), None, Arc::default());
    trail.open(&bench.target).unwrap();
    trail.close(200, StreamEnd::Done, None, None);
    let seen = async {
        while rows(&store, &bench).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(5), seen).await.unwrap();
    stop.cancel();
    running.await.unwrap();
}

#[test]
fn an_attempt_that_ended_is_not_charged_twice() {
    let bench = Bench::new();
    let (recorder, _) = testing::recorder(bench.path(), &bench.clock);
    let mut trail = Trail::new(
        Arc::clone(&recorder),
        testing::identity(&bench.caller, 0),
        testing::asked(),
        bench.clock.tick(),
        None,
        Arc::default(),
    );
    trail.open(&bench.target).unwrap();
    trail.failed("upstream_error");
    trail.forget();
    let mut open = OpenSet::default();
    let mut reader = recorder.spool.reader(recorder.spool.stats().acked);
    for record in reader.next_batch(9, 1 << 20).unwrap() {
        let read: Record = serde_json::from_slice(&record.payload).unwrap();
        // Delivered twice, as after a crash.
        for _ in 0..2 {
            assert!(open.take(read.clone(), record.position).is_none());
        }
        assert!(!matches!(&read, Record::Tried(Tried { attempt, .. }) if attempt.start.n != 1));
    }
    let closed = open.interrupted().remove(0);
    assert_eq!(closed.attempts.len(), 1);
    assert_eq!((closed.attempts[0].verdict.as_ref(), closed.cost().0), ("upstream_error", 0));
    assert_eq!(closed.attempts[0].usage_source, UsageSource::None);
}
