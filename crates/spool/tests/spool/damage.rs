//! Files that are not as they were written: nothing panics, what lies before the damage is read, and it is named.

use crate::{open, payloads, read_all, small};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use wayleave_spool::{Damage, Options, Position, Reason, Record, Spool, SpoolError};

fn segment(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:020}.seg"))
}

/// Overwrites without changing the file's size.
fn damage(path: &Path, at: usize, change: impl Fn(&mut [u8])) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes[at..]);
    fs::write(path, bytes).unwrap();
}

/// Thirty records of 10 kB over six segments.
fn written(dir: &Path) -> Vec<Record> {
    let (spool, _) = open(dir);
    for n in 0..30_u8 {
        spool.append(n, &[n + 1; 10_000]).unwrap();
    }
    read_all(&spool, Position::START)
}

#[test]
fn a_changed_record_costs_the_rest_of_its_segment_only() {
    let dir = tempfile::tempdir().unwrap();
    let all = written(dir.path());
    let hit = all.iter().find(|record| record.position.segment == 2).unwrap();
    damage(&segment(dir.path(), 2), hit.next.offset as usize + 100, |bytes| bytes[0] ^= 1);

    let (spool, recovery) = open(dir.path());
    assert_eq!(
        recovery.damage,
        [Damage { segment: 2, offset: hit.next.offset, reason: Reason::Checksum }]
    );
    let kept: Vec<_> = all
        .iter()
        .filter(|r| r.position.segment != 2 || r.position <= hit.position)
        .cloned()
        .collect();
    assert_eq!(read_all(&spool, recovery.cursor), kept);
    assert_eq!(recovery.unacked, kept.len() as u64);
    let text = recovery.damage[0].to_string();
    assert_eq!(
        text,
        format!("segment 2 from byte {}: a record's checksum is wrong", hit.next.offset)
    );
}

#[test]
fn damage_before_the_cursor_does_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    let all = written(dir.path());
    let (spool, _) = open(dir.path());
    spool.ack(all[7].position).unwrap();
    drop(spool);
    damage(&segment(dir.path(), all[7].position.segment), 70, |bytes| bytes[..9].fill(0xff));
    let (spool, recovery) = open(dir.path());
    assert_eq!(recovery.damage, []);
    assert_eq!(read_all(&spool, recovery.cursor), all[7..]);
}

#[test]
fn an_append_that_was_cut_short_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    spool.append(1, b"whole").unwrap();
    let end = spool.end();
    drop(spool);
    // As the end of the process leaves it: bytes without a length.
    damage(&segment(dir.path(), 1), end.offset as usize + 4, |bytes| bytes[..20].fill(0xaa));

    let (spool, recovery) = open(dir.path());
    assert_eq!(
        recovery.damage,
        [Damage { segment: 1, offset: end.offset, reason: Reason::UnfinishedTail }]
    );
    let at = spool.append(1, b"after").unwrap();
    assert_eq!((at, at.segment), (recovery.end, 2));
    assert_eq!(payloads(&read_all(&spool, recovery.cursor)), [&b"whole"[..], b"after"]);
    spool.ack(spool.end()).unwrap();
    drop(spool);
    assert_eq!(open(dir.path()).1.damage, []);
}

#[test]
fn damage_that_appears_while_reading_is_said_once_and_passed() {
    let dir = tempfile::tempdir().unwrap();
    let all = written(dir.path());
    let (spool, recovery) = open(dir.path());
    let hit = all.iter().find(|record| record.position.segment == 2).unwrap();
    damage(&segment(dir.path(), 2), hit.next.offset as usize + 100, |bytes| bytes[0] ^= 1);
    fs::remove_file(segment(dir.path(), 3)).unwrap();

    let mut reader = spool.reader(recovery.cursor);
    let (mut read, mut told) = (Vec::new(), Vec::new());
    loop {
        match reader.next_batch(100, 1 << 20) {
            Ok(batch) if batch.is_empty() => break,
            Ok(batch) => read.extend(batch),
            Err(SpoolError::Damaged(damage)) => {
                told.push((damage.segment, damage.offset, damage.reason))
            }
            Err(other) => panic!("{other}"),
        }
    }
    let missing = Reason::Unreadable(std::io::ErrorKind::NotFound);
    assert_eq!(told, [(2, hit.next.offset, Reason::Checksum), (3, 64, missing)]);
    let kept: Vec<_> = all
        .iter()
        .filter(|r| r.position <= hit.position || r.position.segment > 3)
        .cloned()
        .collect();
    assert_eq!(read, kept);
}

#[test]
fn a_lost_cursor_delivers_again_rather_than_never() {
    let dir = tempfile::tempdir().unwrap();
    let all = written(dir.path());
    let (spool, _) = open(dir.path());
    spool.ack(all[2].next).unwrap();
    drop(spool);
    fs::write(dir.path().join("cursor"), b"\xff\0garbage").unwrap();
    let (spool, recovery) = open(dir.path());
    assert!(recovery.cursor_lost);
    assert_eq!(read_all(&spool, recovery.cursor), all);
}

#[test]
fn records_that_a_power_loss_took_are_not_replaced_below_the_cursor() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path());
    spool.append(1, &[1; 1000]).unwrap();
    spool.ack(spool.end()).unwrap();
    drop(spool);
    damage(&segment(dir.path(), 1), 64, |bytes| bytes.fill(0));
    let (spool, recovery) = open(dir.path());
    let at = spool.append(1, b"new").unwrap();
    assert!(at >= recovery.cursor);
    assert_eq!(payloads(&read_all(&spool, recovery.cursor)), [b"new"]);
}

#[test]
fn foreign_files_are_no_segments() {
    let dir = tempfile::tempdir().unwrap();
    let all = written(dir.path());
    fs::write(dir.path().join("notes.txt"), "hello").unwrap();
    fs::write(segment(dir.path(), 40), "").unwrap();
    fs::write(segment(dir.path(), 41), vec![0x55; 100_000]).unwrap();
    fs::write(segment(dir.path(), 42), [b"WLSPOOL\0".as_slice(), &[0; 56]].concat()).unwrap();
    fs::create_dir(segment(dir.path(), 90)).unwrap();
    let (spool, recovery) = open(dir.path());
    let named: Vec<_> = recovery.damage.iter().map(|damage| damage.segment).collect();
    assert_eq!(named, [40, 41, 42]);
    spool.append(99, b"new").unwrap();
    let read = read_all(&spool, recovery.cursor);
    assert_eq!(read[..30], all);
    assert_eq!(payloads(&read[30..]), [b"new"]);
}

#[test]
fn a_segment_of_a_newer_release_stops_the_opening() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path());
    damage(&segment(dir.path(), 2), 0, |bytes| {
        bytes[8] = 9;
        let crc = crc32fast::hash(&bytes[..24]);
        bytes[24..28].copy_from_slice(&crc.to_le_bytes());
    });
    let refused = Spool::open(dir.path(), small()).unwrap_err();
    assert!(matches!(refused, SpoolError::Version { found: 9, .. }), "{refused}");
}

#[test]
fn the_highest_number_is_refused_and_not_wrapped() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(segment(dir.path(), u64::MAX), "junk").unwrap();
    assert!(matches!(Spool::open(dir.path(), small()), Err(SpoolError::Numbering { .. })));
}

proptest! {
    #[test]
    fn records_before_any_damage_survive(
        sizes in prop::collection::vec(0_usize..6_000, 1..60),
        hits in prop::collection::vec((0_u64..6, 0_usize..65_536, 1_usize..3_000, any::<Option<u8>>()), 1..4),
        cursor in prop::option::of("[ -~]{0,20}"),
    ) {
        let dir = tempfile::tempdir_in(memory()).unwrap();
        let options = Options { fsync_every: std::time::Duration::ZERO, ..small() };
        let all = {
            let (spool, _) = Spool::open(dir.path(), options).unwrap();
            for (n, size) in sizes.iter().enumerate() {
                spool.append(n as u8, &vec![n as u8; *size]).unwrap();
            }
            read_all(&spool, Position::START)
        };
        let mut first_hit = std::collections::BTreeMap::new();
        for (number, at, len, flip) in hits {
            let path = segment(dir.path(), 1 + number);
            if path.exists() {
                damage(&path, at, |bytes| {
                    let part = &mut bytes[..len.min(65_536 - at)];
                    part.iter_mut().for_each(|byte| *byte = flip.map_or(0, |mask| *byte ^ mask));
                });
                let first = first_hit.entry(1 + number).or_insert(at);
                *first = at.min(*first);
            }
        }
        if let Some(text) = cursor {
            fs::write(dir.path().join("cursor"), text).unwrap();
        }

        let (spool, recovery) = Spool::open(dir.path(), options).unwrap();
        let read = read_all(&spool, recovery.cursor);
        prop_assert_eq!(read.len() as u64, recovery.unacked);
        for record in &all {
            let hit = first_hit.get(&record.position.segment).copied().unwrap_or(usize::MAX);
            if record.next.offset as usize <= hit && hit >= 64 {
                prop_assert!(read.contains(record), "lost {}", record.position);
            }
        }
        // What is read is what was written: damage never invents a record.
        for record in &read {
            prop_assert!(all.contains(record), "invented {}", record.position);
        }
        let at = spool.append(200, b"goes on").unwrap();
        let read = read_all(&spool, at);
        prop_assert_eq!(payloads(&read), [b"goes on"]);
    }

    #[test]
    fn a_folder_of_garbage_opens_and_works(
        files in prop::collection::vec((1_u64..5, prop::collection::vec(any::<u8>(), 0..300), any::<bool>()), 0..4),
    ) {
        let dir = tempfile::tempdir_in(memory()).unwrap();
        for (number, mut bytes, with_header) in files {
            if with_header {
                let mut head = [0; 64];
                head[..8].copy_from_slice(b"WLSPOOL\0");
                head[8] = 1;
                head[16..24].copy_from_slice(&number.to_le_bytes());
                let crc = crc32fast::hash(&head[..24]);
                head[24..28].copy_from_slice(&crc.to_le_bytes());
                bytes.splice(..0, head);
            }
            fs::write(segment(dir.path(), number), bytes).unwrap();
        }
        let (spool, recovery) = open(dir.path());
        prop_assert_eq!(recovery.unacked, 0);
        let at = spool.append(1, b"works").unwrap();
        prop_assert_eq!(at, recovery.end);
        let read = read_all(&spool, recovery.cursor);
        prop_assert_eq!(payloads(&read), [b"works"]);
    }
}

/// Memory, where there is such a folder: hundreds of spools are opened, and their syncs show nothing here.
fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}
