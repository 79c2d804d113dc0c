//! The spool as its owner sees it: what was appended is read back, whatever happened in between.

mod damage;
mod full;
mod kill;
mod life;
mod replay;
mod tail;
mod threads;

use std::path::Path;
use std::time::Duration;
use wayleave_spool::{Options, Position, Record, Recovery, Spool};

/// Small segments, so that a test passes through many.
fn small() -> Options {
    Options { segment_bytes: 64 << 10, reserve_bytes: 16 << 10, ..Options::new([7; 16]) }
}

fn open(dir: &Path) -> (Spool, Recovery) {
    Spool::open(dir, small()).unwrap()
}

/// Everything that can be read from `from` on.
fn read_all(spool: &Spool, from: Position) -> Vec<Record> {
    let mut reader = spool.reader(from);
    let mut all = Vec::new();
    loop {
        let batch = reader.next_batch(100, 1 << 20).unwrap();
        if batch.is_empty() {
            return all;
        }
        all.extend(batch);
    }
}

fn payloads(records: &[Record]) -> Vec<&[u8]> {
    records.iter().map(|record| record.payload.as_slice()).collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test has a thread of its own and nothing that could wake it"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Waits for something that another thread is about to do.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        pause(Duration::from_millis(5));
    }
    panic!("not within ten seconds: {what}");
}
