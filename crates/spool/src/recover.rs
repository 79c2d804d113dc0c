//! What a folder holds when it is opened: every segment is walked, nothing is changed, damage is noted.

use crate::catalog::{Catalog, Closed};
use crate::cursor::Cursor;
use crate::error::SpoolError;
use crate::folder::Folder;
use crate::position::Position;
use crate::record::{Step, Window, size};
use crate::segment::{BadHeader, HEADER, check_header};
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What opening a folder found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The folder's identity.
    pub node_id: [u8; 16],
    /// Where to read from: everything before was acknowledged.
    pub cursor: Position,
    /// The cursor file could not be read, so reading begins anew with the oldest record that is left.
    pub cursor_lost: bool,
    /// Where this run's appends begin: what lies before comes from earlier ones.
    pub end: Position,
    /// Readable records that are not acknowledged.
    pub unacked: u64,
    /// What cannot be read, in order.
    pub damage: Vec<Damage>,
}

/// A part of a segment that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damage {
    /// The segment's number.
    pub segment: u64,
    /// From here to the segment's end nothing is read.
    pub offset: u32,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong with a part of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Not a segment, or not the one its name says.
    Header,
    /// A length that no record can have here.
    Length,
    /// A record's bytes are not those that were written.
    Checksum,
    /// Bytes behind the last record: an append that a crash cut short, which never returned; or, after power loss,
    /// records behind the durable position.
    UnfinishedTail,
    /// The disk did not give the bytes.
    Unreadable(io::ErrorKind),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "segment {} from byte {}: ", self.segment, self.offset)?;
        match self.reason {
            Reason::Header => f.write_str("its header is not that of this segment"),
            Reason::Length => f.write_str("a record's length is impossible"),
            Reason::Checksum => f.write_str("a record's checksum is wrong"),
            Reason::UnfinishedTail => f.write_str("an append was cut short"),
            Reason::Unreadable(kind) => write!(f, "it cannot be read ({kind})"),
        }
    }
}

/// All of a folder, read.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) cursor: Position,
    pub(crate) cursor_lost: bool,
    pub(crate) unacked: u64,
    pub(crate) damage: Vec<Damage>,
    pub(crate) found: Vec<Found>,
}

/// One segment, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) number: u64,
    /// The file's size.
    pub(crate) bytes: u64,
    /// Where its readable records end; [`HEADER`] or less means that there are none.
    pub(crate) end: u32,
    /// Only zeros follow `end`: it can be appended to.
    pub(crate) clean: bool,
}

impl Survey {
    /// Walks all segments from the cursor on. Those before it are done with and not read.
    pub(crate) fn of(folder: &Folder) -> Result<Survey, SpoolError> {
        let (cursor, cursor_lost) = match folder.cursor()? {
            Cursor::At(at) => (at, false),
            Cursor::Never => (Position::START, false),
            Cursor::Damaged => (Position::START, true),
        };
        let mut survey =
            Survey { cursor, cursor_lost, unacked: 0, damage: Vec::new(), found: Vec::new() };
        for (number, bytes) in folder.segments()? {
            if number < cursor.segment {
                survey.found.push(Found { number, bytes, end: 0, clean: false });
            } else {
                survey.walk(&folder.path(number), number, bytes)?;
            }
        }
        Ok(survey)
    }

    fn walk(&mut self, path: &Path, number: u64, bytes: u64) -> Result<(), SpoolError> {
        // A cursor stands between records, so the walk can begin there and damage before it costs nothing.
        let from =
            if number == self.cursor.segment { self.cursor.offset.max(HEADER) } else { HEADER };
        let walk = match open(path, number, bytes, from) {
            Ok(Ok(window)) => walk(window),
            Ok(Err(BadHeader::Version(found))) => {
                return Err(SpoolError::Version { path: path.to_path_buf(), found });
            }
            Ok(Err(BadHeader::Damaged)) => Walk { end: 0, records: 0, wrong: Some(Reason::Header) },
            Err(error) => {
                Walk { end: 0, records: 0, wrong: Some(Reason::Unreadable(error.kind())) }
            }
        };
        self.unacked += walk.records;
        self.damage.extend(walk.wrong.map(|reason| Damage {
            segment: number,
            offset: walk.end,
            reason,
        }));
        self.found.push(Found { number, bytes, end: walk.end, clean: walk.wrong.is_none() });
        Ok(())
    }
}

struct Walk {
    end: u32,
    records: u64,
    wrong: Option<Reason>,
}

fn open(path: &Path, number: u64, bytes: u64, from: u32) -> io::Result<Result<Window, BadHeader>> {
    let file = File::open(path)?;
    let mut head = [0; HEADER as usize];
    let Ok(to) = u32::try_from(bytes) else { return Ok(Err(BadHeader::Damaged)) };
    // Also a file that has become too short for its cursor: nothing in it can be trusted.
    if to < from {
        return Ok(Err(BadHeader::Damaged));
    }
    file.read_exact_at(&mut head, 0)?;
    Ok(check_header(&head, number).map(|()| Window::new(file, from, to, CHUNK)))
}

fn walk(mut window: Window) -> Walk {
    let mut records = 0;
    let wrong = loop {
        match window.step() {
            Ok(Step::Record { .. }) => records += 1,
            Ok(Step::End) => break None,
            Ok(Step::Bad(reason)) => break Some(reason),
            Err(error) => break Some(Reason::Unreadable(error.kind())),
        }
    };
    let end = window.at();
    let wrong = wrong.or_else(|| match window.rest_is_zero() {
        Ok(true) => None,
        Ok(false) => Some(Reason::UnfinishedTail),
        Err(error) => Some(Reason::Unreadable(error.kind())),
    });
    Walk { end, records, wrong }
}

/// What to do with the segments found.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// To be read only.
    pub(crate) sealed: Catalog,
    /// Wholly acknowledged: to be deleted.
    pub(crate) done: Vec<u64>,
    /// Where appends go on, if any segment is fit for it.
    pub(crate) current: Option<Found>,
    /// Empty, for later.
    pub(crate) ahead: Vec<Found>,
    /// The number of the next new segment; `None` when numbers have run out.
    pub(crate) next_number: Option<u64>,
}

impl Plan {
    /// Appends go on in the last segment with records if it is clean, else in the first empty one behind it. A place
    /// before the cursor is never written: what stood there would count as acknowledged.
    pub(crate) fn of(found: &[Found], cursor: Position, segment_bytes: u32) -> Plan {
        let used = |f: &Found| !f.clean || f.end > HEADER;
        let last_used = found.iter().rposition(used);
        let fresh_from = last_used.map_or(0, |index| index + 1);
        let mut plan = Plan {
            next_number: found.last().map_or(0, |f| f.number).max(cursor.segment).checked_add(1),
            ..Plan::default()
        };
        for (index, f) in found.iter().enumerate() {
            let same_size = f.bytes == u64::from(segment_bytes);
            // A cursor that its caller made up may stand where no record can begin.
            let room =
                f.bytes.saturating_sub(f.end.into()) >= size(0) as u64 && f.end.is_multiple_of(4);
            let behind_cursor = cursor <= Position { segment: f.number, offset: f.end };
            let fit = f.clean
                && same_size
                && room
                && behind_cursor
                && (index >= fresh_from || Some(index) == last_used);
            if !fit {
                plan.sealed.insert(f.number, Closed { end: f.end, bytes: f.bytes });
            } else if plan.current.is_none() {
                plan.current = Some(*f);
            } else {
                plan.ahead.push(*f);
            }
        }
        plan.done = plan.sealed.take_before(cursor);
        plan
    }
}

/// Bytes read at a time.
const CHUNK: u32 = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u32 = 64 << 10;

    fn found(number: u64, end: u32, clean: bool) -> Found {
        Found { number, bytes: SIZE.into(), end, clean }
    }

    fn plan(found: &[Found], cursor: (u64, u32)) -> (Option<u64>, Vec<u64>, Vec<u64>) {
        let plan = Plan::of(found, Position { segment: cursor.0, offset: cursor.1 }, SIZE);
        (plan.current.map(|f| f.number), plan.ahead.iter().map(|f| f.number).collect(), plan.done)
    }

    #[test]
    fn appends_go_on_in_the_last_clean_segment() {
        let all = [found(1, 500, true), found(2, 300, true), found(3, HEADER, true)];
        assert_eq!(plan(&all, (0, 0)), (Some(2), vec![3], vec![]));
    }

    #[test]
    fn appends_never_go_behind_a_damaged_tail() {
        let all = [
            found(1, 500, true),
            found(2, 300, false),
            found(3, HEADER, true),
            found(4, HEADER, true),
        ];
        assert_eq!(plan(&all, (0, 0)), (Some(3), vec![4], vec![]));
        assert_eq!(plan(&all[..2], (0, 0)), (None, vec![], vec![]));
    }

    #[test]
    fn appends_never_go_before_the_cursor() {
        assert_eq!(plan(&[found(2, 300, true)], (2, 400)), (None, vec![], vec![2]));
        assert_eq!(plan(&[found(2, 300, true)], (9, 64)), (None, vec![], vec![2]));
        assert_eq!(
            Plan::of(&[found(2, 300, true)], Position { segment: 9, offset: 64 }, SIZE).next_number,
            Some(10)
        );
    }

    #[test]
    fn what_is_acknowledged_whole_is_deleted() {
        let all = [found(1, 0, false), found(2, 300, true), found(3, 400, true)];
        assert_eq!(plan(&all, (2, 300)), (Some(3), vec![], vec![1, 2]));
    }

    #[test]
    fn segments_of_another_size_are_read_but_not_written() {
        let all = [Found { bytes: 4 << 20, ..found(1, 500, true) }, found(2, HEADER, true)];
        assert_eq!(plan(&all, (0, 0)), (Some(2), vec![], vec![]));
    }
}
