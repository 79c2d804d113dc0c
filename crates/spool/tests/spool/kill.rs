//! `kill -9` in the middle of appends: every append that returned is read back.

use crate::{eventually, open, pause, read_all};
use std::collections::HashSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Set for the process that is to be killed: the spool's folder.
const CHILD: &str = "WAYLEAVE_SPOOL_CHILD";
const THREADS: u8 = 3;

/// Not a test by itself: the process that `every_append_that_returned_survives_kill_9` starts and kills.
#[test]
fn child_that_appends_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let (spool, recovery) = open(&dir);
    let first = recovery.end.segment << 32;
    let spool = Arc::new(spool);
    for thread in 0..THREADS {
        let spool = Arc::clone(&spool);
        std::thread::spawn(move || {
            for n in first.. {
                let mut payload = n.to_le_bytes().to_vec();
                payload.resize(8 + (n % 700) as usize, 0xee);
                let at = spool.append(thread, &payload).unwrap();
                // The place identifies the append, also across the rounds. One write is one whole line.
                let line = format!("kept {} {} {}\n", thread, at.segment, at.offset);
                std::io::stdout().write_all(line.as_bytes()).unwrap();
            }
        });
    }
    loop {
        std::thread::park();
    }
}

#[test]
fn every_append_that_returned_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut kept = HashSet::new();
    for round in 0..8_u64 {
        let said = run_and_kill(dir.path(), Duration::from_millis(15 + 13 * round));
        kept.extend(said);
        let (spool, recovery) = open(dir.path());
        let all = read_all(&spool, recovery.cursor);
        assert_eq!(all.len() as u64, recovery.unacked);
        let read: HashSet<_> =
            all.iter().map(|r| (r.kind, r.position.segment, r.position.offset)).collect();
        assert_eq!(read.len(), all.len(), "a record was read twice");
        let lost: Vec<_> = kept.difference(&read).collect();
        assert!(
            lost.is_empty(),
            "round {round}: {} appends lost, first {:?}",
            lost.len(),
            lost.first()
        );
        for record in &all {
            let n = u64::from_le_bytes(record.payload[..8].try_into().unwrap());
            assert_eq!(record.payload.len(), 8 + (n % 700) as usize);
        }
    }
    assert!(kept.len() > 1_000, "only {} appends: the test shows nothing", kept.len());
}

/// Starts the child, lets it append for `time`, kills it, and returns what it said it had appended.
fn run_and_kill(dir: &Path, time: Duration) -> Vec<(u8, u64, u32)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child_that_appends_until_it_is_killed", "--nocapture", "--quiet"])
        .env(CHILD, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut said = String::new();
        out.read_to_string(&mut said).map(|_| said)
    });
    let pid_file = dir.join("lock");
    let pid = child.id().to_string();
    eventually("the child has the lock", || {
        std::fs::read_to_string(&pid_file).is_ok_and(|text| text.trim() == pid)
    });
    pause(time);
    child.kill().unwrap();
    child.wait().unwrap();
    let said = reader.join().unwrap().unwrap();
    // A last line that the kill cut off says nothing.
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    whole.lines().filter_map(parse).collect()
}

fn parse(line: &str) -> Option<(u8, u64, u32)> {
    let mut words = line.strip_prefix("kept ")?.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}
