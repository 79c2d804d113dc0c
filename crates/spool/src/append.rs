//! The end of the log that is being written: where the next record goes, and when there is no room for it.

use crate::catalog::{Catalog, Closed, Extent};
use crate::position::Position;
use crate::segment::{Disk, HEADER, Segment};
use std::collections::VecDeque;
use std::sync::Arc;

/// The state behind the one lock that appends take, for some hundred nanoseconds.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) current: Segment,
    /// Where the next record goes in `current`.
    pub(crate) offset: u32,
    /// Empty segments, in the order of their numbers.
    pub(crate) ahead: VecDeque<Segment>,
    pub(crate) sealed: Catalog,
    /// Filled since the last sync, with their ends.
    pub(crate) unsynced: Vec<(Arc<Disk>, u32)>,
    pub(crate) next_number: Option<u64>,
    pub(crate) acked: Position,
    /// Appended since the spool was opened.
    pub(crate) records: u64,
    /// Why the last attempt to prepare a segment failed. While this is `None`, one may still come.
    pub(crate) starved: Option<Arc<str>>,
}

/// Where a record can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Here,
    NextSegment,
    /// Nowhere until another segment is prepared.
    Nowhere,
}

impl Tail {
    /// Where a record of `need` bytes can go if `reserve` bytes must be left behind it.
    pub(crate) fn place(&self, need: u32, reserve: u64) -> Place {
        let rooms = self.ahead.iter().map(|segment| segment.capacity - HEADER);
        place(self.current.capacity - self.offset, rooms, need, reserve)
    }

    /// Bytes that ordinary appends can still take before another segment is prepared.
    pub(crate) fn room(&self, reserve: u64) -> u64 {
        let ahead: u64 =
            self.ahead.iter().map(|segment| u64::from(segment.capacity - HEADER)).sum();
        (u64::from(self.current.capacity - self.offset) + ahead).saturating_sub(reserve)
    }

    /// Writes a record for which `place` said [`Place::Here`].
    pub(crate) fn write(&mut self, crc: u32, kind: u8, payload: &[u8]) -> Position {
        let position = self.end();
        self.offset = self.current.write(self.offset, crc, kind, payload);
        self.records += 1;
        position
    }

    /// Goes on to the next prepared segment. There is one: `place` said so.
    pub(crate) fn roll(&mut self) {
        if let Some(next) = self.ahead.pop_front() {
            let full = std::mem::replace(&mut self.current, next);
            self.sealed
                .insert(full.number, Closed { end: self.offset, bytes: full.capacity.into() });
            self.unsynced.push((full.disk, self.offset));
            self.offset = HEADER;
        }
    }

    pub(crate) fn end(&self) -> Position {
        Position { segment: self.current.number, offset: self.offset }
    }

    /// The first records at or behind `at`.
    pub(crate) fn extent(&self, at: Position) -> Option<Extent> {
        self.sealed.extent(at).or_else(|| Extent::of(self.current.number, self.offset, at))
    }

    /// What all segment files take on the disk.
    pub(crate) fn bytes(&self) -> u64 {
        let ahead: u64 = self.ahead.iter().map(|segment| u64::from(segment.capacity)).sum();
        self.sealed.bytes() + u64::from(self.current.capacity) + ahead
    }
}

/// The decision of [`Tail::place`]. What is left of a segment that is given up does not count as reserve.
fn place(here: u32, ahead: impl Iterator<Item = u32>, need: u32, reserve: u64) -> Place {
    let mut ahead = ahead.peekable();
    let (place, before) = if need <= here {
        (Place::Here, u64::from(here))
    } else if ahead.peek().is_some_and(|next| need <= *next) {
        (Place::NextSegment, 0)
    } else {
        return Place::Nowhere;
    };
    let room = before + ahead.map(u64::from).sum::<u64>();
    if room - u64::from(need) >= reserve { place } else { Place::Nowhere }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_append_leaves_the_reserve_untouched() {
        assert_eq!(place(100, [].into_iter(), 40, 60), Place::Here);
        assert_eq!(place(100, [].into_iter(), 41, 60), Place::Nowhere);
        assert_eq!(place(100, [200].into_iter(), 100, 200), Place::Here);
        assert_eq!(place(100, [200].into_iter(), 101, 99), Place::NextSegment);
        assert_eq!(place(100, [200].into_iter(), 101, 100), Place::Nowhere);
    }

    #[test]
    fn a_closing_append_uses_the_last_byte() {
        assert_eq!(place(40, [].into_iter(), 40, 0), Place::Here);
        assert_eq!(place(39, [].into_iter(), 40, 0), Place::Nowhere);
        assert_eq!(place(39, [40].into_iter(), 40, 0), Place::NextSegment);
    }
}
