//! Reads the records of a live spool in order, up to the last append.

use crate::error::SpoolError;
use crate::position::Position;
use crate::record::Record;
use crate::shared::Shared;
use crate::walker::Walker;
use std::sync::Arc;

/// One reader's place in a spool. Readers do not disturb each other or the appends.
pub struct Reader {
    shared: Arc<Shared>,
    walker: Walker,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>, from: Position) -> Reader {
        let walker = Walker::new(shared.folder.dir.clone(), from);
        Reader { shared, walker }
    }

    /// The next records: at most `max_records`, and not many more than `max_bytes` of payload, but at least one if
    /// there is one. Empty means that everything was read; records need not be durable to be read.
    ///
    /// # Errors
    /// [`SpoolError::Damaged`] for records that cannot be read. They are passed over: calling again goes on behind.
    pub fn next_batch(
        &mut self,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Vec<Record>, SpoolError> {
        let shared = &self.shared;
        self.walker.next_batch(|at| shared.tail().extent(at), max_records, max_bytes)
    }

    /// Asks for the hook of [`crate::Spool::on_append`] to be called once, after the next append. Returns whether to
    /// wait for it: `false` means that there is something to read already, and then a call may come or not.
    pub fn arm(&self) -> bool {
        self.shared.arm();
        // Looked at after the flag was set, so an append in between is either seen here or sees the flag.
        self.shared.tail().extent(self.walker.at()).is_none()
    }

    /// Where the next record will be looked for.
    pub fn position(&self) -> Position {
        self.walker.at()
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("position", &self.position()).finish_non_exhaustive()
    }
}
