//! Draining the folder of a node that is gone: reading what it did not deliver, under its own identity.

use crate::catalog::{Catalog, Closed};
use crate::error::SpoolError;
use crate::folder::Folder;
use crate::position::Position;
use crate::record::Record;
use crate::recover::{Recovery, Survey};
use crate::walker::Walker;
use std::path::Path;

/// A folder opened to be read to its end. Nothing can be appended, and only [`Replay::ack`] changes it.
#[derive(Debug)]
pub struct Replay {
    folder: Folder,
    catalog: Catalog,
    acked: Position,
    end: Position,
    walker: Walker,
}

impl Replay {
    /// Locks an existing spool and walks through it. The node that wrote it must be stopped.
    ///
    /// # Errors
    /// [`SpoolError::NotASpool`]; [`SpoolError::Locked`] while its node lives; [`SpoolError::NodeId`];
    /// [`SpoolError::Version`]; [`SpoolError::Io`].
    pub fn open(dir: &Path) -> Result<(Replay, Recovery), SpoolError> {
        let folder = Folder::existing(dir)?;
        let survey = Survey::of(&folder)?;
        let mut catalog = Catalog::default();
        for found in &survey.found {
            catalog.insert(found.number, Closed { end: found.end, bytes: found.bytes });
        }
        let end = catalog.end().max(survey.cursor);
        let recovery = Recovery {
            node_id: folder.node_id,
            cursor: survey.cursor,
            cursor_lost: survey.cursor_lost,
            end,
            unacked: survey.unacked,
            damage: survey.damage,
        };
        let walker = Walker::new(folder.dir.clone(), survey.cursor);
        Ok((Replay { folder, catalog, acked: survey.cursor, end, walker }, recovery))
    }

    /// The identity of the node that wrote the records.
    pub fn node_id(&self) -> [u8; 16] {
        self.folder.node_id
    }

    /// The next records that were never acknowledged, as [`crate::Reader::next_batch`]. Empty means the end.
    ///
    /// # Errors
    /// [`SpoolError::Damaged`]; calling again goes on behind the damage.
    pub fn next_batch(
        &mut self,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Vec<Record>, SpoolError> {
        let catalog = &self.catalog;
        self.walker.next_batch(|at| catalog.extent(at), max_records, max_bytes)
    }

    /// Marks everything before `upto` as delivered, durably, and deletes the segments wholly before it.
    ///
    /// # Errors
    /// [`SpoolError::BeyondEnd`]; [`SpoolError::Io`].
    pub fn ack(&mut self, upto: Position) -> Result<(), SpoolError> {
        if upto > self.end {
            return Err(SpoolError::BeyondEnd { position: upto, end: self.end });
        }
        if upto > self.acked {
            self.folder.save_cursor(upto)?;
            self.acked = upto;
            self.folder.delete(&self.catalog.take_before(upto))?;
        }
        Ok(())
    }

    /// Behind the last record: acknowledge this to mark the folder as drained.
    pub fn end(&self) -> Position {
        self.end
    }
}
