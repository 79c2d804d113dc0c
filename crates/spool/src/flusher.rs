//! The background thread: group commit, and segments prepared before they are needed.

use crate::segment::Segment;
use crate::shared::{Commit, Shared};
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

/// Runs until `stop` is asked for and everything appended before is synced.
pub(crate) fn run(shared: &Shared) {
    // Should this thread ever panic, those who wait for it must not wait for ever.
    let _ended = Ended(shared);
    for round in 0_u64.. {
        let work = wait_for_work(shared);
        // A full disk is asked again about once a second, whether or not there are appends.
        if work.prepare || round.is_multiple_of(RETRY_ROUNDS) {
            prepare(shared);
        }
        sync(shared);
        if work.stop {
            return;
        }
    }
}

struct Ended<'a>(&'a Shared);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.fail("the flusher has ended");
    }
}

struct Work {
    stop: bool,
    prepare: bool,
}

/// Lets appends gather for one sync; sleeps if there are none.
fn wait_for_work(shared: &Shared) -> Work {
    let starved = shared.tail().starved.is_some();
    let quiet = |commit: &mut Commit| !asked(commit) && !shared.dirty.load(Ordering::SeqCst);
    let (mut commit, _) =
        wait_while(shared, shared.commit(), shared.fsync_every, |commit| !asked(commit));
    let mut retry = false;
    // While appends keep coming they need not wake this thread, which would cost each first one some microseconds.
    if quiet(&mut commit) {
        shared.idle.store(true, Ordering::SeqCst);
        (commit, retry) =
            wait_while(shared, commit, if starved { RETRY } else { Duration::MAX }, quiet);
        shared.idle.store(false, Ordering::SeqCst);
        (commit, _) = wait_while(shared, commit, shared.fsync_every, |commit| !asked(commit));
    }
    Work { stop: commit.stop, prepare: std::mem::take(&mut commit.prepare) || retry }
}

/// Whether there is something that cannot wait for more appends.
fn asked(commit: &Commit) -> bool {
    commit.hurry || commit.prepare || commit.stop
}

fn wait_while<'a>(
    shared: &Shared,
    commit: MutexGuard<'a, Commit>,
    longest: Duration,
    condition: impl FnMut(&mut Commit) -> bool,
) -> (MutexGuard<'a, Commit>, bool) {
    let waited = shared.wake.wait_timeout_while(commit, longest, condition);
    let (commit, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
    (commit, timeout.timed_out())
}

/// Syncs all that was appended until now. After a failure nothing is synced again: see the crate's promises.
fn sync(shared: &Shared) {
    {
        let mut commit = shared.commit();
        commit.hurry = false;
        if commit.failure.is_some() {
            shared.dirty.store(false, Ordering::Release);
            drop(commit);
            shared.tail().unsynced.clear();
            return;
        }
    }
    shared.dirty.store(false, Ordering::Release);
    let (end, filled, current) = {
        let mut tail = shared.tail();
        (tail.end(), std::mem::take(&mut tail.unsynced), Arc::clone(&tail.current.disk))
    };
    let all = || -> io::Result<()> {
        filled.iter().try_for_each(|(disk, end)| disk.sync(*end))?;
        current.sync(end.offset)
    };
    match all() {
        Ok(()) => {
            let before = std::mem::replace(&mut shared.commit().durable, end);
            shared.synced.notify_all();
            if before < end {
                current.make_ready(end.offset);
            }
        }
        Err(error) => shared.fail(&error.to_string()),
    }
}

/// Prepares segments until enough lie ahead, or until one cannot be had.
fn prepare(shared: &Shared) {
    while let Some(step) = wanted(shared) {
        let made = step.and_then(|number| {
            let made = Segment::create(&shared.folder.dir, number, shared.sizes.segment);
            made.map_err(|error| Arc::from(error.to_string()))
        });
        let mut tail = shared.tail();
        let failed = made.is_err();
        match made {
            Ok(segment) => {
                tail.next_number = segment.number.checked_add(1);
                tail.ahead.push_back(segment);
                tail.starved = None;
            }
            Err(reason) => tail.starved = Some(reason),
        }
        drop(tail);
        shared.grown.notify_all();
        if failed {
            return;
        }
    }
}

/// The number of the segment to prepare, or why none may be.
fn wanted(shared: &Shared) -> Option<Result<u64, Arc<str>>> {
    let (tail, sizes) = (shared.tail(), shared.sizes);
    if tail.ahead.len() >= sizes.ahead {
        return None;
    }
    if let Err(reason) = sizes.admit(tail.bytes()) {
        return Some(Err(reason.into()));
    }
    Some(tail.next_number.ok_or_else(|| "its segment numbers have run out".into()))
}

/// How often a full disk is asked again when nothing else happens.
const RETRY: Duration = Duration::from_secs(1);
/// And when appends keep the flusher busy: about as often, at the default of 10 ms a round.
const RETRY_ROUNDS: u64 = 100;
