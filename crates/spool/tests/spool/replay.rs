//! Draining the folder of a node that is gone.

use crate::{open, payloads};
use wayleave_spool::{Replay, SpoolError};

#[test]
fn a_gone_nodes_records_are_replayed_under_its_identity() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    let places: Vec<_> = (0..20_u8).map(|n| spool.append(n, &[n; 9_000]).unwrap()).collect();
    spool.ack(places[4]).unwrap();
    drop(spool);

    let (mut replay, recovery) = Replay::open(dir.path()).unwrap();
    assert_eq!((replay.node_id(), recovery.unacked, recovery.cursor), ([7; 16], 16, places[4]));
    let mut kinds = Vec::new();
    loop {
        let batch = replay.next_batch(3, 1 << 20).unwrap();
        let Some(last) = batch.last() else { break };
        kinds.extend(batch.iter().map(|record| record.kind));
        replay.ack(last.next).unwrap();
    }
    assert_eq!(kinds, (4..20).collect::<Vec<_>>());
    replay.ack(replay.end()).unwrap();
    drop(replay);

    assert_eq!(Replay::open(dir.path()).unwrap().1.unacked, 0);
    let segments = std::fs::read_dir(dir.path()).unwrap().flatten();
    assert_eq!(
        segments.filter(|entry| entry.file_name().to_string_lossy().ends_with(".seg")).count(),
        0
    );

    let (spool, back) = open(dir.path());
    assert_eq!((back.unacked, back.node_id), (0, [7; 16]));
    spool.append(1, b"the node is back").unwrap();
    assert_eq!(payloads(&crate::read_all(&spool, back.cursor)), [b"the node is back"]);
}

#[test]
fn an_interrupted_replay_goes_on_where_it_was_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    for n in 0..10_u8 {
        spool.append(n, b"").unwrap();
    }
    drop(spool);
    let (mut replay, _) = Replay::open(dir.path()).unwrap();
    let four = replay.next_batch(4, 1 << 20).unwrap();
    replay.ack(four[3].next).unwrap();
    replay.next_batch(4, 1 << 20).unwrap();
    drop(replay);
    let (mut replay, recovery) = Replay::open(dir.path()).unwrap();
    assert_eq!(recovery.unacked, 6);
    assert_eq!(replay.next_batch(1, 1).unwrap()[0].kind, 4);
}

#[test]
fn a_living_nodes_folder_is_not_replayed() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    assert!(matches!(Replay::open(dir.path()), Err(SpoolError::Locked { .. })));
    drop(spool);
    let (replay, _) = Replay::open(dir.path()).unwrap();
    assert!(matches!(
        wayleave_spool::Spool::open(dir.path(), crate::small()),
        Err(SpoolError::Locked { .. })
    ));
    drop(replay);
}

#[test]
fn a_folder_that_is_no_spool_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(Replay::open(dir.path()), Err(SpoolError::NotASpool { .. })));
    assert!(matches!(Replay::open(&dir.path().join("missing")), Err(SpoolError::NotASpool { .. })));
}
