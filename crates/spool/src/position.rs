//! A place in the log: which segment, and how many bytes into its file.

use std::fmt;

/// The place of a record, or the place just behind one. Positions order as the records do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The segment's number, from 1.
    pub segment: u64,
    /// Bytes from the start of the segment's file.
    pub offset: u32,
}

impl Position {
    /// Before every record.
    pub const START: Position = Position { segment: 0, offset: 0 };
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.segment, self.offset)
    }
}
