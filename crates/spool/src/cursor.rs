//! The acknowledged position on disk: two slots, written in turn and in place.
//!
//! In place, because a file that is written anew and renamed needs a free block, and the spool may be what fills the
//! disk: then acknowledging is the only way to make room. In turn, so that a write that is cut short leaves the other.

use crate::position::Position;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The cursor as found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    At(Position),
    /// Nothing was ever acknowledged.
    Never,
    /// Something was, but neither slot can be read.
    Damaged,
}

/// The later of the readable slots; positions only grow.
pub(crate) fn parse(bytes: &[u8]) -> Cursor {
    match slots(bytes).into_iter().flatten().max() {
        Some(at) => Cursor::At(at),
        None if bytes.iter().all(|byte| *byte == 0) => Cursor::Never,
        None => Cursor::Damaged,
    }
}

/// Overwrites the slot that does not hold the current cursor, and waits for the disk.
pub(crate) fn save(path: &Path, at: Position) -> io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    let [first, second] = slots(&std::fs::read(path)?);
    let slot = if first < second { 0 } else { SLOT };
    let mut text = render(at).into_bytes();
    text.resize(TEXT, b' ');
    file.write_all_at(&text, slot as u64)?;
    file.sync_data()
}

fn slots(bytes: &[u8]) -> [Option<Position>; 2] {
    [0, SLOT].map(|from| parse_slot(bytes.get(from..from + TEXT)?))
}

fn parse_slot(bytes: &[u8]) -> Option<Position> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut words = text.split_ascii_whitespace();
    let at = Position { segment: words.next()?.parse().ok()?, offset: words.next()?.parse().ok()? };
    (render(at).trim_end() == text.trim_end()).then_some(at)
}

fn render(at: Position) -> String {
    let text = format!("{} {}", at.segment, at.offset);
    format!("{text} {:08x}\n", crc32fast::hash(text.as_bytes()))
}

/// The file's name.
pub(crate) const NAME: &str = "cursor";
/// The file's size.
pub(crate) const BYTES: usize = 2 * SLOT;
/// A slot has a sector and a page of its own.
const SLOT: usize = 4096;
/// The longest text is 41 bytes.
const TEXT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(segment: u64, offset: u32) -> Position {
        Position { segment, offset }
    }

    #[test]
    fn each_cursor_replaces_the_last_but_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        std::fs::write(&path, [0; BYTES]).unwrap();
        assert_eq!(parse(&std::fs::read(&path).unwrap()), Cursor::Never);
        for n in 1..=5 {
            save(&path, at(n, 64)).unwrap();
            let bytes = std::fs::read(&path).unwrap();
            assert_eq!((parse(&bytes), bytes.len()), (Cursor::At(at(n, 64)), BYTES));
            let older = slots(&bytes).into_iter().min().unwrap();
            assert_eq!(older, (n > 1).then(|| at(n - 1, 64)));
        }
    }

    #[test]
    fn a_write_that_was_cut_short_leaves_the_cursor_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        save(&path, at(1, 64)).unwrap();
        save(&path, at(2, 4096)).unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        let newer = if slots(&bytes)[0] == Some(at(2, 4096)) { 0 } else { SLOT };
        bytes[newer + 3] = 0;
        assert_eq!(parse(&bytes), Cursor::At(at(1, 64)));
        bytes[..].fill(b'x');
        assert_eq!(parse(&bytes), Cursor::Damaged);
    }

    #[test]
    fn the_longest_position_fits() {
        assert!(render(at(u64::MAX, u32::MAX)).len() <= TEXT);
    }
}
