//! What a spool, its readers and its flusher share, and the append itself.

use crate::append::{Place, Tail};
use crate::error::SpoolError;
use crate::folder::Folder;
use crate::options::Sizes;
use crate::position::Position;
use crate::record::{checksum, size};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) struct Shared {
    pub(crate) folder: Folder,
    pub(crate) sizes: Sizes,
    pub(crate) fsync_every: Duration,
    tail: Mutex<Tail>,
    /// With `tail`: a segment was prepared, or could not be.
    pub(crate) grown: Condvar,
    /// Something was appended since the last sync began.
    pub(crate) dirty: AtomicBool,
    /// The flusher sleeps until it is woken, and is not just letting appends gather.
    pub(crate) idle: AtomicBool,
    /// A reader wants the hook to be called.
    waiting: AtomicBool,
    hook: Mutex<Option<Hook>>,
    commit: Mutex<Commit>,
    /// With `commit`: there is work for the flusher.
    pub(crate) wake: Condvar,
    /// With `commit`: the flusher finished a sync, or ended.
    pub(crate) synced: Condvar,
    /// A sync has failed; the same as `commit.failure.is_some()`, for the append to see without a lock.
    failed: AtomicBool,
    /// One acknowledgement at a time.
    pub(crate) acking: Mutex<()>,
}

pub(crate) type Hook = Arc<dyn Fn() + Send + Sync>;

/// What the flusher is asked for, and what it has reached.
#[derive(Debug)]
pub(crate) struct Commit {
    /// Someone waits in `flush`: do not let more appends gather.
    pub(crate) hurry: bool,
    /// A prepared segment was taken, or room was made for one.
    pub(crate) prepare: bool,
    /// The spool is being closed.
    pub(crate) stop: bool,
    pub(crate) durable: Position,
    pub(crate) failure: Option<Arc<str>>,
}

/// Which room an append may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Ordinary,
    Reserved,
}

impl Shared {
    pub(crate) fn new(folder: Folder, sizes: Sizes, fsync_every: Duration, tail: Tail) -> Shared {
        // Whatever earlier runs left was synced while the folder was opened.
        let durable = tail.end();
        Shared {
            folder,
            sizes,
            fsync_every,
            tail: Mutex::new(tail),
            grown: Condvar::new(),
            dirty: AtomicBool::new(false),
            idle: AtomicBool::new(false),
            waiting: AtomicBool::new(false),
            hook: Mutex::new(None),
            commit: Mutex::new(Commit {
                hurry: false,
                prepare: true,
                stop: false,
                durable,
                failure: None,
            }),
            wake: Condvar::new(),
            synced: Condvar::new(),
            failed: AtomicBool::new(false),
            acking: Mutex::new(()),
        }
    }

    pub(crate) fn append(
        &self,
        class: Class,
        kind: u8,
        payload: &[u8],
    ) -> Result<Position, SpoolError> {
        let max = self.sizes.largest_payload();
        if payload.len() > max {
            return Err(SpoolError::TooLarge { len: payload.len(), max });
        }
        if class == Class::Ordinary && self.failed.load(Ordering::Relaxed) {
            self.commit().check()?;
        }
        let crc = checksum(kind, payload);
        let (mut tail, rolled) = self.make_room(class, size(payload.len()) as u32)?;
        let position = tail.write(crc, kind, payload);
        drop(tail);
        if rolled {
            self.ask(|commit| commit.prepare = true);
        }
        // Relaxed is enough to look: who changes one of these flags takes the tail's lock after that, so if it came
        // before this append its change is seen here, and if it came after it saw this append.
        if !self.dirty.load(Ordering::Relaxed) && !self.dirty.swap(true, Ordering::SeqCst) {
            // One order over these two flags, so that either `idle` is seen here or `dirty` by the flusher.
            if self.idle.load(Ordering::SeqCst) {
                self.ask(|_| ());
            }
        }
        if self.waiting.load(Ordering::Relaxed) && self.waiting.swap(false, Ordering::AcqRel) {
            self.call_hook();
        }
        Ok(position)
    }

    /// Whether ordinary appends can be expected to succeed.
    pub(crate) fn writable(&self) -> Result<(), SpoolError> {
        self.commit().check()?;
        let tail = self.tail();
        match &tail.starved {
            Some(reason) if tail.room(self.sizes.reserve) < COMFORT => Err(full(reason)),
            _ => Ok(()),
        }
    }

    /// Waits until everything before `target` is on the disk.
    pub(crate) fn flush(&self, target: Position) -> Result<(), SpoolError> {
        let mut commit = self.commit();
        while commit.durable < target {
            commit.check()?;
            commit.hurry = true;
            self.wake.notify_one();
            commit = self.synced.wait(commit).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Says that a reader has nothing to read: the next append calls the hook.
    pub(crate) fn arm(&self) {
        self.waiting.store(true, Ordering::Release);
    }

    pub(crate) fn set_hook(&self, hook: Hook) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(hook);
    }

    /// Changes what the flusher is asked for, and wakes it.
    pub(crate) fn ask(&self, change: impl FnOnce(&mut Commit)) {
        change(&mut self.commit());
        self.wake.notify_one();
    }

    /// Remembers that a sync failed, for good.
    pub(crate) fn fail(&self, reason: &str) {
        let mut commit = self.commit();
        commit.failure.get_or_insert_with(|| reason.into());
        self.failed.store(true, Ordering::Relaxed);
        self.synced.notify_all();
    }

    // A panic cannot leave these states half changed in a way that matters, so a poisoned lock is used as it is.
    pub(crate) fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn commit(&self) -> MutexGuard<'_, Commit> {
        self.commit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns with the tail ready for `need` bytes, and whether a prepared segment was taken for it. While the
    /// flusher may still bring a segment this waits for it: appends that outrun the disk are slowed, not refused.
    fn make_room(
        &self,
        class: Class,
        need: u32,
    ) -> Result<(MutexGuard<'_, Tail>, bool), SpoolError> {
        let reserve = if class == Class::Ordinary { self.sizes.reserve } else { 0 };
        let mut tail = self.tail();
        loop {
            match tail.place(need, reserve) {
                Place::Here => return Ok((tail, false)),
                Place::NextSegment => {
                    tail.roll();
                    return Ok((tail, true));
                }
                Place::Nowhere => {}
            }
            if let Some(reason) = &tail.starved {
                return Err(full(reason));
            }
            let (number, wait) = (tail.next_number, self.grown.wait_timeout(tail, PATIENCE));
            let (woken, timeout) = wait.unwrap_or_else(PoisonError::into_inner);
            tail = woken;
            if timeout.timed_out() && tail.next_number == number {
                return Err(full("the disk is too slow to prepare the next segment"));
            }
        }
    }

    #[cold]
    fn call_hook(&self) {
        let hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(hook) = hook {
            hook();
        }
    }
}

impl Commit {
    /// An error if a sync has failed.
    pub(crate) fn check(&self) -> Result<(), SpoolError> {
        match &self.failure {
            Some(reason) => Err(SpoolError::Sync { reason: reason.to_string() }),
            None => Ok(()),
        }
    }
}

fn full(reason: &str) -> SpoolError {
    SpoolError::Full { reason: reason.to_owned() }
}

/// The longest an append waits for the flusher before it says that the spool is full.
const PATIENCE: Duration = Duration::from_secs(1);
/// With less room than this for ordinary appends, the next one may well fail.
const COMFORT: u64 = 4 << 10;
