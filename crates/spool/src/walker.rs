//! Reading forward through extents, in batches, whatever they belong to.

use crate::catalog::Extent;
use crate::error::SpoolError;
use crate::position::Position;
use crate::record::{Record, Step, Window};
use crate::recover::{Damage, Reason};
use crate::segment::file_name;
use std::fs::File;
use std::io;
use std::path::PathBuf;

/// A place in a folder, and the open file around it.
#[derive(Debug)]
pub(crate) struct Walker {
    dir: PathBuf,
    at: Position,
    window: Option<(u64, Window)>,
}

impl Walker {
    pub(crate) fn new(dir: PathBuf, at: Position) -> Walker {
        Walker { dir, at, window: None }
    }

    /// Where the next record is looked for.
    pub(crate) fn at(&self) -> Position {
        self.at
    }

    /// Reads on, at most to the end of one segment. `extent` says which records are there now, and is asked again
    /// when a segment has gone meanwhile: then it was acknowledged, and what lies behind it is what is wanted.
    pub(crate) fn next_batch(
        &mut self,
        extent: impl Fn(Position) -> Option<Extent>,
        max_records: usize,
        max_bytes: usize,
    ) -> Result<Vec<Record>, SpoolError> {
        let Some(mut found) = extent(self.at) else { return Ok(Vec::new()) };
        while let Err(error) = self.enter(found) {
            let again = extent(self.at);
            match again {
                None if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
                Some(other) if other.segment != found.segment => found = other,
                _ => return Err(self.pass_over(found, Reason::Unreadable(error.kind()))),
            }
        }
        let mut records = Vec::new();
        let mut bytes = 0;
        while self.at.offset < found.to
            && records.len() < max_records.max(1)
            && bytes < max_bytes.max(1)
        {
            match self.step(found.segment) {
                Ok(record) => {
                    bytes += record.payload.len();
                    records.push(record);
                }
                // What was read is handed out; the next call meets the same place again.
                Err(_) if !records.is_empty() => break,
                Err(reason) => return Err(self.pass_over(found, reason)),
            }
        }
        Ok(records)
    }

    fn enter(&mut self, extent: Extent) -> io::Result<()> {
        let kept = self
            .window
            .take_if(|(number, window)| *number == extent.segment && window.at() == extent.from);
        let window = match kept {
            Some((_, mut window)) => {
                window.extend(extent.to);
                window
            }
            None => {
                let file = File::open(self.dir.join(file_name(extent.segment)))?;
                Window::new(file, extent.from, extent.to, CHUNK)
            }
        };
        self.window = Some((extent.segment, window));
        self.at = Position { segment: extent.segment, offset: extent.from };
        Ok(())
    }

    fn step(&mut self, segment: u64) -> Result<Record, Reason> {
        let position = self.at;
        let Some((_, window)) = &mut self.window else {
            return Err(Reason::Unreadable(io::ErrorKind::NotFound));
        };
        match window.step() {
            Ok(Step::Record { kind, payload, next }) => {
                let next = Position { segment, offset: next };
                let payload = payload.to_vec();
                self.at = next;
                Ok(Record { position, next, kind, payload })
            }
            // Nothing ends before the extent does.
            Ok(Step::End) => Err(Reason::Length),
            Ok(Step::Bad(reason)) => Err(reason),
            Err(error) => Err(Reason::Unreadable(error.kind())),
        }
    }

    fn pass_over(&mut self, extent: Extent, reason: Reason) -> SpoolError {
        let offset = if self.at.segment == extent.segment {
            self.at.offset.max(extent.from)
        } else {
            extent.from
        };
        self.at = Position { segment: extent.segment, offset: extent.to };
        self.window = None;
        SpoolError::Damaged(Damage { segment: extent.segment, offset, reason })
    }
}

/// Bytes read at a time.
const CHUNK: u32 = 64 << 10;
