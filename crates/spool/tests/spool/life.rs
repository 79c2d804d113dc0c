//! Opening, appending, closing, opening again.

use crate::{open, payloads, read_all, small};
use wayleave_spool::{MAX_RECORD, Options, Position, Spool, SpoolError};

#[test]
fn what_was_appended_is_there_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, first) = open(dir.path());
    assert_eq!((first.unacked, first.cursor, first.damage.len()), (0, Position::START, 0));
    spool.append(1, b"opened").unwrap();
    spool.append_reserved(2, b"").unwrap();
    drop(spool);

    let (spool, second) = open(dir.path());
    assert_eq!(second.unacked, 2);
    assert_eq!(second.damage, []);
    let after = spool.append(3, b"later").unwrap();
    assert_eq!(after, second.end);
    let all = read_all(&spool, second.cursor);
    assert_eq!(payloads(&all), [&b"opened"[..], b"", b"later"]);
    assert_eq!(all.iter().map(|record| record.kind).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(all[1].position, all[0].next);
    assert_eq!(all[2].position, after);
}

#[test]
fn reopening_uses_the_prepared_segments_again() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let (spool, _) = open(dir.path());
        spool.append(0, &[round]).unwrap();
        crate::eventually("a segment ahead", || spool.stats().segments == 2);
    }
    let (spool, recovery) = open(dir.path());
    assert_eq!(recovery.unacked, 5);
    assert_eq!(spool.stats().bytes_used, 2 * small().segment_bytes);
}

#[test]
fn a_node_keeps_its_first_identity() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, first) =
        Spool::open(dir.path(), Options { new_node_id: [1; 16], ..small() }).unwrap();
    assert_eq!(first.node_id, [1; 16]);
    drop(spool);
    let (spool, second) =
        Spool::open(dir.path(), Options { new_node_id: [2; 16], ..small() }).unwrap();
    assert_eq!((second.node_id, spool.node_id()), ([1; 16], [1; 16]));
}

#[test]
fn a_second_opener_is_told_who_holds_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    let refused = Spool::open(dir.path(), small()).unwrap_err();
    assert!(
        matches!(refused, SpoolError::Locked { pid: Some(pid), .. } if pid == std::process::id())
    );
    let text = refused.to_string();
    assert!(text.contains(&format!("in use by process {}", std::process::id())), "{text}");
    drop(spool);
    open(dir.path());
}

#[test]
fn a_record_that_is_too_large_is_refused_and_leaves_no_trace() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(dir.path(), Options::new([7; 16])).unwrap();
    let large = vec![1; MAX_RECORD + 1];
    let refused = spool.append(1, &large).unwrap_err();
    assert!(matches!(refused, SpoolError::TooLarge { max: MAX_RECORD, .. }));
    spool.append(1, &large[1..]).unwrap();
    let all = read_all(&spool, Position::START);
    assert_eq!((all.len(), all[0].payload.len()), (1, MAX_RECORD));
}

#[test]
fn a_flush_makes_all_that_was_appended_durable() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    for _ in 0..3 {
        let at = spool.append(1, &[9; 20_000]).unwrap();
        spool.flush().unwrap();
        assert!(spool.durable_position() > at);
        assert_eq!(spool.durable_position(), spool.end());
    }
}

#[test]
fn an_append_becomes_durable_without_being_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    // Once in a row, and once after the flusher has gone to sleep.
    for rest in [0, 0, 50, 50] {
        crate::pause(std::time::Duration::from_millis(rest));
        let at = spool.append(1, b"x").unwrap();
        crate::eventually("durable", || spool.durable_position() > at);
    }
}

#[test]
fn an_acknowledgement_is_kept_and_deletes_whole_segments_only() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    for n in 0..40_u8 {
        spool.append(1, &[n; 10_000]).unwrap();
    }
    let all = read_all(&spool, Position::START);
    let third = all.iter().position(|record| record.position.segment == 3).unwrap();

    spool.ack(all[third].next).unwrap();
    assert!(!dir.path().join("00000000000000000002.seg").exists());
    assert!(dir.path().join("00000000000000000003.seg").exists());
    spool.ack(all[0].next).unwrap();
    drop(spool);

    let (spool, recovery) = open(dir.path());
    assert_eq!(recovery.cursor, all[third].next);
    assert_eq!(recovery.unacked, 39 - third as u64);
    assert_eq!(read_all(&spool, recovery.cursor), all[third + 1..]);
}

#[test]
fn what_was_never_written_cannot_be_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    spool.append(1, b"x").unwrap();
    let beyond = Position { offset: spool.end().offset + 4, ..spool.end() };
    assert!(matches!(spool.ack(beyond), Err(SpoolError::BeyondEnd { .. })));
    spool.ack(spool.end()).unwrap();
    assert_eq!(spool.stats().oldest_unacked, None);
}

#[test]
fn the_figures_add_up() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    crate::eventually("a segment ahead", || spool.stats().segments == 2);
    let empty = spool.stats();
    assert_eq!((empty.bytes_used, empty.records, empty.unacked_bytes), (128 << 10, 0, 0));
    assert_eq!(empty.room, 2 * ((64 << 10) - 64) - (16 << 10));
    assert_eq!((empty.oldest_unacked, empty.starved), (None, None));

    let first = spool.append(1, &[0; 103]).unwrap();
    let second = spool.append(1, &[0; 103]).unwrap();
    spool.flush().unwrap();
    let two = spool.stats();
    assert_eq!((two.records, two.unacked_bytes, two.oldest_unacked), (2, 224, Some(first)));
    assert_eq!((two.appended, two.durable), (spool.end(), spool.end()));
    assert_eq!(two.room, empty.room - 224);

    spool.ack(second).unwrap();
    let one = spool.stats();
    assert_eq!((one.acked, one.oldest_unacked, one.unacked_bytes), (second, Some(second), 112));
}
