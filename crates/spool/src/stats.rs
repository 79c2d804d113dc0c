//! Figures for metrics and for people.

use crate::append::Tail;
use crate::catalog::Extent;
use crate::options::Sizes;
use crate::position::Position;

/// How full a spool is and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// What the segment files take on the disk, preallocated ones included.
    pub bytes_used: u64,
    /// Segment files, preallocated ones included.
    pub segments: usize,
    /// Bytes that ordinary appends can take before another segment must be had.
    pub room: u64,
    /// Why no further segment could be had, when the last attempt failed.
    pub starved: Option<String>,
    /// Records appended since the spool was opened.
    pub records: u64,
    /// Where the next record will be.
    pub appended: Position,
    /// Everything before is on the disk.
    pub durable: Position,
    /// Everything before is acknowledged.
    pub acked: Position,
    /// The first record that is not acknowledged.
    pub oldest_unacked: Option<Position>,
    /// Bytes of records that are not acknowledged.
    pub unacked_bytes: u64,
}

impl Stats {
    pub(crate) fn of(tail: &Tail, durable: Position, sizes: Sizes) -> Stats {
        let current = Extent::of(tail.current.number, tail.offset, tail.acked);
        let oldest = tail.extent(tail.acked);
        Stats {
            bytes_used: tail.bytes(),
            segments: tail.sealed.len() + 1 + tail.ahead.len(),
            room: tail.room(sizes.reserve),
            starved: tail.starved.as_deref().map(str::to_owned),
            records: tail.records,
            appended: tail.end(),
            durable,
            acked: tail.acked,
            oldest_unacked: oldest
                .map(|extent| Position { segment: extent.segment, offset: extent.from }),
            unacked_bytes: tail.sealed.unread(tail.acked)
                + current.map_or(0, |e| u64::from(e.to - e.from)),
        }
    }
}
