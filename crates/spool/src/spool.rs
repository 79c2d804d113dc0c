//! Opening a spool, and what its owner can do with it.

use crate::append::Tail;
use crate::error::SpoolError;
use crate::flusher;
use crate::folder::Folder;
use crate::options::{Options, Sizes};
use crate::position::Position;
use crate::reader::Reader;
use crate::recover::{Found, Plan, Recovery, Survey};
use crate::segment::{HEADER, Segment};
use crate::shared::{Class, Shared};
use crate::stats::Stats;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

/// A folder of segments, open for appending. Dropping it syncs what was appended; the folder's lock ends when its
/// readers are dropped too.
pub struct Spool {
    shared: Arc<Shared>,
    flusher: Option<JoinHandle<()>>,
}

impl Spool {
    /// Opens the folder, making it if it is missing, and walks through what was not acknowledged.
    ///
    /// # Errors
    /// [`SpoolError::Locked`] while another process has it open; [`SpoolError::Options`]; [`SpoolError::NodeId`];
    /// [`SpoolError::Version`]; [`SpoolError::Numbering`]; [`SpoolError::Io`]. Damaged segments are no error.
    pub fn open(dir: &Path, options: Options) -> Result<(Spool, Recovery), SpoolError> {
        let sizes = Sizes::try_from(&options)?;
        let folder = Folder::open(dir, options.new_node_id)?;
        let survey = Survey::of(&folder)?;
        sync_earlier(&folder, &survey)?;
        let tail = tail(&folder, &survey, sizes)?;
        let recovery = Recovery {
            node_id: folder.node_id,
            cursor: survey.cursor,
            cursor_lost: survey.cursor_lost,
            end: tail.end(),
            unacked: survey.unacked,
            damage: survey.damage,
        };
        let shared = Arc::new(Shared::new(folder, sizes, options.fsync_every, tail));
        let theirs = Arc::clone(&shared);
        let flusher = std::thread::Builder::new()
            .name("spool-flusher".into())
            .spawn(move || flusher::run(&theirs));
        let flusher = Some(flusher.map_err(SpoolError::io("start the flusher of", dir))?);
        Ok((Spool { shared, flusher }, recovery))
    }

    /// Appends a record and returns its place. It survives the end of this process from now on, and power loss once
    /// [`Self::durable_position`] is greater than the place.
    ///
    /// Waits, at most a second, only when appends have outrun the preparation of segments.
    ///
    /// # Errors
    /// [`SpoolError::TooLarge`]; [`SpoolError::Full`] when only the reserve is left; [`SpoolError::Sync`] after a
    /// failed sync. Nothing was written then.
    pub fn append(&self, kind: u8, payload: &[u8]) -> Result<Position, SpoolError> {
        self.shared.append(Class::Ordinary, kind, payload)
    }

    /// Appends a record that ends something that an ordinary one began. It may use the reserve, and is tried even
    /// after a failed sync.
    ///
    /// # Errors
    /// [`SpoolError::TooLarge`]; [`SpoolError::Full`] when the reserve is used up as well.
    pub fn append_reserved(&self, kind: u8, payload: &[u8]) -> Result<Position, SpoolError> {
        self.shared.append(Class::Reserved, kind, payload)
    }

    /// Whether new work may be begun: an error says why an ordinary append would fail now.
    ///
    /// # Errors
    /// [`SpoolError::Full`] or [`SpoolError::Sync`].
    pub fn writable(&self) -> Result<(), SpoolError> {
        self.shared.writable()
    }

    /// Waits until everything appended so far is on the disk.
    ///
    /// # Errors
    /// [`SpoolError::Sync`].
    pub fn flush(&self) -> Result<(), SpoolError> {
        let end = self.shared.tail().end();
        self.shared.flush(end)
    }

    /// Everything before this place is on the disk.
    pub fn durable_position(&self) -> Position {
        self.shared.commit().durable
    }

    /// Where the next record will be.
    pub fn end(&self) -> Position {
        self.shared.tail().end()
    }

    /// The folder's identity.
    pub fn node_id(&self) -> [u8; 16] {
        self.shared.folder.node_id
    }

    /// A reader that begins at `from`: usually [`Recovery::cursor`].
    pub fn reader(&self, from: Position) -> Reader {
        Reader::new(Arc::clone(&self.shared), from)
    }

    /// Sets what is called after an append for which a reader waits ([`Reader::arm`]). It runs on the appending
    /// thread, so it should only wake another. It replaces an earlier hook.
    pub fn on_append(&self, hook: Box<dyn Fn() + Send + Sync>) {
        self.shared.set_hook(hook.into());
    }

    /// Acknowledges everything before `upto`: the cursor is on the disk when this returns, and the segments wholly
    /// before it are deleted. `upto` is a place that a record has given, its own or the next; to keep an *opened*
    /// whose *closed* is still to come for the next start, acknowledge only up to its own. What lies before an earlier
    /// acknowledgement changes nothing. Costs a few syncs, so acknowledge batches.
    ///
    /// # Errors
    /// [`SpoolError::BeyondEnd`]; [`SpoolError::Sync`]; [`SpoolError::Io`].
    pub fn ack(&self, upto: Position) -> Result<(), SpoolError> {
        let shared = &self.shared;
        let _one_at_a_time = shared.acking.lock().unwrap_or_else(PoisonError::into_inner);
        let (end, acked) = {
            let tail = shared.tail();
            (tail.end(), tail.acked)
        };
        if upto > end {
            return Err(SpoolError::BeyondEnd { position: upto, end });
        }
        if upto <= acked {
            return Ok(());
        }
        // Else a power loss could leave the cursor behind the records, and new ones would count as acknowledged.
        shared.flush(upto)?;
        shared.folder.save_cursor(upto)?;
        let done = {
            let mut tail = shared.tail();
            tail.acked = upto;
            tail.sealed.take_before(upto)
        };
        if done.is_empty() {
            return Ok(());
        }
        let deleted = shared.folder.delete(&done);
        shared.ask(|commit| commit.prepare = true);
        deleted
    }

    /// How full the spool is and how far it has come.
    pub fn stats(&self) -> Stats {
        let durable = self.durable_position();
        Stats::of(&self.shared.tail(), durable, self.shared.sizes)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.shared.ask(|commit| commit.stop = true);
        if let Some(flusher) = self.flusher.take() {
            // A flusher that panicked has said so by itself, and there is nobody to hand its panic to.
            drop(flusher.join());
        }
    }
}

impl std::fmt::Debug for Spool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spool").field("dir", &self.shared.folder.dir).finish_non_exhaustive()
    }
}

/// Records of a killed process may still be in the page cache only; after this, what was recovered is durable.
fn sync_earlier(folder: &Folder, survey: &Survey) -> Result<(), SpoolError> {
    for found in survey.found.iter().filter(|found| found.end > HEADER) {
        let path = folder.path(found.number);
        File::open(&path)
            .and_then(|file| file.sync_data())
            .map_err(SpoolError::io("sync", &path))?;
    }
    Ok(())
}

/// Sets up the writing end, by the plan made from what was found.
fn tail(folder: &Folder, survey: &Survey, sizes: Sizes) -> Result<Tail, SpoolError> {
    let mut plan = Plan::of(&survey.found, survey.cursor, sizes.segment);
    folder.delete(&plan.done)?;
    let open = |found: &Found| Segment::open(&folder.dir, found.number, sizes.segment, found.end);
    let (current, offset, starved) = match &plan.current {
        Some(found) => (open(found)?, found.end, None),
        None => begin(folder, &mut plan, sizes)?,
    };
    Ok(Tail {
        current,
        offset,
        ahead: plan.ahead.iter().map(open).collect::<Result<_, _>>()?,
        sealed: plan.sealed,
        unsynced: Vec::new(),
        next_number: plan.next_number,
        acked: survey.cursor,
        records: 0,
        starved,
    })
}

type Begun = (Segment, u32, Option<Arc<str>>);

/// Makes a new segment. When there is no room for it the spool opens all the same, for only then can what fills the
/// disk be read and acknowledged: the last segment with records stands in, with nothing left to write in it.
fn begin(folder: &Folder, plan: &mut Plan, sizes: Sizes) -> Result<Begun, SpoolError> {
    let number =
        plan.next_number.ok_or_else(|| SpoolError::Numbering { path: folder.path(u64::MAX) })?;
    let made = match sizes.admit(plan.sealed.bytes()) {
        Ok(()) => Segment::create(&folder.dir, number, sizes.segment),
        Err(reason) => Err(SpoolError::Full { reason }),
    };
    match made {
        Ok(segment) => {
            plan.next_number = number.checked_add(1);
            Ok((segment, HEADER, None))
        }
        Err(error) if error.is_full() => {
            let Some((number, closed)) = plan.sealed.take_last_with_records() else {
                return Err(error);
            };
            let mut segment = Segment::open(&folder.dir, number, closed.bytes as u32, closed.end)?;
            segment.capacity = closed.end;
            Ok((segment, closed.end, Some(error.to_string().into())))
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_failed_sync_only_what_is_open_can_be_closed() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, _) = Spool::open(dir.path(), Options::new([7; 16])).unwrap();
        spool.append(1, b"opened").unwrap();
        spool.flush().unwrap();
        let durable = spool.durable_position();
        spool.shared.fail("the disk is gone");

        assert_eq!(
            spool.writable().unwrap_err().to_string(),
            "the spool could not be synced to disk: the disk is gone"
        );
        assert!(matches!(spool.append(1, b"more"), Err(SpoolError::Sync { .. })));
        spool.append_reserved(2, b"closed").unwrap();
        assert!(matches!(spool.flush(), Err(SpoolError::Sync { .. })));
        assert_eq!(spool.durable_position(), durable);
        // An acknowledgement may not pass what is durable.
        assert!(matches!(spool.ack(spool.end()), Err(SpoolError::Sync { .. })));
        drop(spool);

        let (spool, recovery) = Spool::open(dir.path(), Options::new([7; 16])).unwrap();
        assert_eq!(recovery.unacked, 2);
        spool.writable().unwrap();
    }
}
