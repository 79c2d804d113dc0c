//! A full disk, acted by `max_bytes`: what is open can be closed, nothing new is begun, and it ends by itself.

use crate::{eventually, payloads, read_all, small};
use std::path::Path;
use wayleave_spool::{Options, Position, Spool, SpoolError};

fn two_segments(dir: &Path) -> Spool {
    Spool::open(dir, Options { max_bytes: 128 << 10, ..small() }).unwrap().0
}

/// Appends until it is refused; returns how many were taken.
fn fill(append: impl Fn(&[u8]) -> Result<Position, SpoolError>) -> usize {
    for n in 0.. {
        match append(format!("{n:0500}").as_bytes()) {
            Ok(_) => {}
            Err(SpoolError::Full { .. }) => return n,
            Err(other) => panic!("{other}"),
        }
    }
    unreachable!("an endless disk")
}

#[test]
fn on_a_full_disk_open_requests_can_still_be_closed() {
    let dir = tempfile::tempdir().unwrap();
    let spool = two_segments(dir.path());
    let opened = fill(|payload| spool.append(1, payload));
    assert!(matches!(spool.writable(), Err(SpoolError::Full { .. })));

    let closed = fill(|payload| spool.append_reserved(2, payload));
    assert!(closed * 512 > (16 << 10) - 512, "{closed} closings do not fill the reserve");
    assert!(matches!(spool.append(1, b"new"), Err(SpoolError::Full { .. })));
    let all = read_all(&spool, Position::START);
    assert_eq!(all.iter().filter(|record| record.kind == 1).count(), opened);
    assert_eq!(all.iter().filter(|record| record.kind == 2).count(), closed);
}

#[test]
fn a_full_spool_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let spool = two_segments(dir.path());
    fill(|payload| spool.append(1, payload));
    let text = spool.writable().unwrap_err().to_string();
    assert_eq!(text, "the spool is full: its segments take 131072 of at most 131072 bytes");
    assert_eq!(
        spool.stats().starved.as_deref(),
        Some("its segments take 131072 of at most 131072 bytes")
    );
}

#[test]
fn acknowledging_makes_room_again() {
    let dir = tempfile::tempdir().unwrap();
    let spool = two_segments(dir.path());
    fill(|payload| spool.append(1, payload));
    spool.ack(spool.end()).unwrap();
    eventually("writable", || spool.writable().is_ok() && spool.stats().starved.is_none());
    spool.append(1, b"again").unwrap();
}

#[test]
fn a_full_spool_that_was_acknowledged_is_writable_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let spool = two_segments(dir.path());
    fill(|payload| spool.append(1, payload));
    fill(|payload| spool.append_reserved(2, payload));
    drop(spool);
    let spool = two_segments(dir.path());
    assert!(matches!(spool.append(1, b"x"), Err(SpoolError::Full { .. })));
    spool.ack(spool.end()).unwrap();
    eventually("writable", || spool.writable().is_ok());
    let at = spool.append(1, b"again").unwrap();
    assert_eq!(payloads(&read_all(&spool, at)), [b"again"]);
}

#[test]
fn a_spool_that_ends_in_damage_on_a_full_disk_still_opens_and_drains() {
    let dir = tempfile::tempdir().unwrap();
    let spool = two_segments(dir.path());
    let opened = fill(|payload| spool.append(1, payload));
    let end = spool.end();
    drop(spool);
    // Now the last segment cannot be written on, and there is no room for another.
    let path = dir.path().join(format!("{:020}.seg", end.segment));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[end.offset as usize + 4] = 0xaa;
    std::fs::write(&path, bytes).unwrap();

    let spool = two_segments(dir.path());
    assert!(matches!(spool.writable(), Err(SpoolError::Full { .. })));
    assert!(matches!(spool.append_reserved(2, b"closed"), Err(SpoolError::Full { .. })));
    assert_eq!(spool.end(), end);
    assert_eq!(read_all(&spool, Position::START).len(), opened);

    let first_of_the_last = Position { segment: end.segment, offset: 64 };
    spool.ack(first_of_the_last).unwrap();
    eventually("writable", || spool.writable().is_ok());
    let at = spool.append(1, b"again").unwrap();
    assert!(at.segment > end.segment);
    spool.flush().unwrap();
    let rest = read_all(&spool, first_of_the_last);
    assert_eq!(rest.last().unwrap().payload, b"again");
    assert_eq!(rest[rest.len() - 2].next, end);
    spool.ack(spool.end()).unwrap();
    assert!(!path.exists());
}
