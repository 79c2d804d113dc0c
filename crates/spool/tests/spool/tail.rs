//! Reading while others write, and being woken for it.

use crate::{open, small};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;
use wayleave_spool::{Position, Spool};

#[test]
fn a_reader_follows_the_writers_and_is_never_left_waiting() {
    const RECORDS: u32 = 20_000;
    let dir = tempfile::tempdir().unwrap();
    let (spool, recovery) = Spool::open(dir.path(), small()).unwrap();
    let spool = Arc::new(spool);
    let (wake, woken) = channel();
    spool.on_append(Box::new(move || wake.send(()).unwrap_or_default()));
    let mut reader = spool.reader(recovery.cursor);
    let writer = {
        let spool = Arc::clone(&spool);
        std::thread::spawn(move || {
            for n in 0..RECORDS {
                spool.append(1, &n.to_le_bytes()).unwrap();
            }
        })
    };

    let mut next = 0;
    while next < RECORDS {
        let batch = reader.next_batch(500, 1 << 20).unwrap();
        assert!(batch.len() <= 500);
        for record in &batch {
            assert_eq!(record.payload, next.to_le_bytes());
            next += 1;
        }
        if batch.is_empty() && reader.arm() {
            woken.recv_timeout(Duration::from_secs(10)).expect("a wake-up was lost");
        } else if let Some(last) = batch.last().filter(|_| next % 7 == 0) {
            spool.ack(last.next).unwrap();
        }
    }
    writer.join().unwrap();
    assert_eq!(reader.next_batch(1, 1).unwrap(), []);
    assert_eq!(reader.position(), spool.end());
}

#[test]
fn the_hook_is_called_only_for_a_reader_that_waits() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    spool.on_append(Box::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    let reader = spool.reader(Position::START);

    spool.append(1, b"a").unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    assert!(!reader.arm(), "there is something to read");
    spool.append(1, b"b").unwrap();
    spool.append(1, b"c").unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn a_batch_keeps_to_its_limits_but_always_moves_on() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    for _ in 0..10 {
        spool.append(1, &[0; 1000]).unwrap();
    }
    let mut reader = spool.reader(Position::START);
    assert_eq!(reader.next_batch(3, 1 << 20).unwrap().len(), 3);
    assert_eq!(reader.next_batch(100, 2_500).unwrap().len(), 3);
    assert_eq!(reader.next_batch(100, 1).unwrap().len(), 1);
    assert_eq!(reader.next_batch(0, 0).unwrap().len(), 1);
    assert_eq!(reader.next_batch(100, 1 << 20).unwrap().len(), 2);
}

#[test]
fn a_reader_behind_the_cursor_goes_on_with_what_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    let places: Vec<_> = (0..30_u8).map(|n| spool.append(1, &[n; 10_000]).unwrap()).collect();
    let mut late = spool.reader(Position::START);
    spool.ack(places[29]).unwrap();
    let batch = late.next_batch(100, 1 << 20).unwrap();
    assert_eq!(batch[0].position.segment, places[29].segment);
    assert_eq!(batch.last().unwrap().position, places[29]);
}
