//! The segments that no append goes to any more: what is readable in them, and which are done with.

use crate::position::Position;
use crate::segment::HEADER;
use std::collections::BTreeMap;

/// A run of whole records in one segment: `[from, to)`, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) segment: u64,
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl Extent {
    /// The part of segment `segment`, written up to `end`, that lies at or behind `at`.
    pub(crate) fn of(segment: u64, end: u32, at: Position) -> Option<Extent> {
        let from = match segment.cmp(&at.segment) {
            std::cmp::Ordering::Less => return None,
            std::cmp::Ordering::Equal => at.offset.max(HEADER),
            std::cmp::Ordering::Greater => HEADER,
        };
        (from < end).then_some(Extent { segment, from, to: end })
    }
}

/// Closed segments by number.
#[derive(Debug, Default)]
pub(crate) struct Catalog(BTreeMap<u64, Closed>);

/// What is known of a closed segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Closed {
    /// Where its readable records end.
    pub(crate) end: u32,
    /// The file's size.
    pub(crate) bytes: u64,
}

impl Catalog {
    pub(crate) fn insert(&mut self, number: u64, closed: Closed) {
        self.0.insert(number, closed);
    }

    /// The first records at or behind `at`.
    pub(crate) fn extent(&self, at: Position) -> Option<Extent> {
        self.0.range(at.segment..).find_map(|(number, closed)| Extent::of(*number, closed.end, at))
    }

    /// Takes out the segments whose every record lies before `acked`.
    pub(crate) fn take_before(&mut self, acked: Position) -> Vec<u64> {
        let done = |number: u64, closed: &Closed| {
            Position { segment: number, offset: closed.end } <= acked
        };
        let (gone, kept) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(number, closed)| done(*number, closed));
        self.0 = kept;
        let gone: BTreeMap<u64, Closed> = gone;
        gone.into_keys().collect()
    }

    /// Takes out the last segment that has records.
    pub(crate) fn take_last_with_records(&mut self) -> Option<(u64, Closed)> {
        let last =
            self.0.iter().rev().find(|(_, closed)| closed.end > HEADER).map(|(number, _)| *number);
        last.and_then(|number| self.0.remove_entry(&number))
    }

    /// Bytes of records at or behind `at`.
    pub(crate) fn unread(&self, at: Position) -> u64 {
        let extents = self
            .0
            .range(at.segment..)
            .filter_map(|(number, closed)| Extent::of(*number, closed.end, at));
        extents.map(|extent| u64::from(extent.to - extent.from)).sum()
    }

    /// The place behind the last closed segment's records.
    pub(crate) fn end(&self) -> Position {
        let last = self.0.last_key_value();
        last.map_or(Position::START, |(number, closed)| Position {
            segment: *number,
            offset: closed.end,
        })
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.values().map(|closed| closed.bytes).sum()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(segment: u64, offset: u32) -> Position {
        Position { segment, offset }
    }

    fn catalog() -> Catalog {
        let mut catalog = Catalog::default();
        for (number, end) in [(1, 100), (2, HEADER), (4, 200)] {
            catalog.insert(number, Closed { end, bytes: 1000 });
        }
        catalog
    }

    #[test]
    fn reading_skips_empty_and_missing_segments() {
        let catalog = catalog();
        assert_eq!(
            catalog.extent(Position::START),
            Some(Extent { segment: 1, from: HEADER, to: 100 })
        );
        assert_eq!(catalog.extent(at(1, 100)), Some(Extent { segment: 4, from: HEADER, to: 200 }));
        assert_eq!(catalog.extent(at(3, 999)), Some(Extent { segment: 4, from: HEADER, to: 200 }));
        assert_eq!(catalog.extent(at(4, 200)), None);
    }

    #[test]
    fn a_segment_is_done_only_when_its_last_record_is() {
        let mut catalog = catalog();
        assert_eq!(catalog.take_before(at(1, 99)), []);
        assert_eq!(catalog.take_before(at(1, 100)), [1]);
        assert_eq!(catalog.take_before(at(4, 199)), [2]);
        assert_eq!(catalog.take_before(at(5, 0)), [4]);
        assert_eq!(catalog.bytes(), 0);
    }
}
