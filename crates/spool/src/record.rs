//! One record, as bytes and back, and a window that walks through the records of a file.

use crate::position::Position;
use crate::recover::Reason;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The largest payload, in bytes.
pub const MAX_RECORD: usize = 1 << 20;

/// What a reader returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where the record is.
    pub position: Position,
    /// Where the record behind it begins: acknowledge this to acknowledge up to and with this record.
    pub next: Position,
    /// The caller's tag.
    pub kind: u8,
    /// The caller's bytes.
    pub payload: Vec<u8>,
}

/// Bytes a record takes on top of its payload, at most (prefix, kind and padding).
pub(crate) const OVERHEAD: usize = PREFIX + 1 + 3;

/// The length and the checksum.
pub(crate) const PREFIX: usize = 8;

/// The whole record's size in the file, padded so that the next length is aligned.
pub(crate) fn size(payload: usize) -> usize {
    (PREFIX + 1 + payload).next_multiple_of(4)
}

/// The checksum over kind and payload.
pub(crate) fn checksum(kind: u8, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(payload);
    hasher.finalize()
}

/// Walks records in `[at, to)` of a file with few reads.
#[derive(Debug)]
pub(crate) struct Window {
    file: File,
    buffer: Vec<u8>,
    /// The place in the file of the buffer's first byte.
    start: u64,
    at: u64,
    to: u64,
    chunk: u64,
}

/// What is found at one place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Record {
        kind: u8,
        payload: &'a [u8],
        next: u32,
    },
    /// A zero length, or less room than a record needs.
    End,
    Bad(Reason),
}

impl Window {
    /// A window that reads about `chunk` bytes at a time.
    pub(crate) fn new(file: File, at: u32, to: u32, chunk: u32) -> Window {
        Window {
            file,
            buffer: Vec::new(),
            start: 0,
            at: at.into(),
            to: to.into(),
            chunk: chunk.into(),
        }
    }

    /// Lets the window see as far as the file is written now.
    pub(crate) fn extend(&mut self, to: u32) {
        self.to = to.into();
    }

    pub(crate) fn at(&self) -> u32 {
        self.at as u32
    }

    /// The next record; stands still at anything else. An error is the disk's.
    pub(crate) fn step(&mut self) -> io::Result<Step<'_>> {
        let room = self.to.saturating_sub(self.at);
        if room < size(0) as u64 {
            return Ok(Step::End);
        }
        let head: [u8; PREFIX] =
            self.bytes(PREFIX)?.try_into().map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let [l0, l1, l2, l3, c0, c1, c2, c3] = head;
        let len = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if len == 0 {
            return Ok(Step::End);
        }
        if len > MAX_RECORD + 1 || size(len - 1) as u64 > room {
            return Ok(Step::Bad(Reason::Length));
        }
        let from = self.at;
        self.bytes(PREFIX + len)?;
        let index = (from - self.start) as usize + PREFIX;
        let body = &self.buffer[index..index + len];
        if crc32fast::hash(body) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Ok(Step::Bad(Reason::Checksum));
        }
        self.at = from + size(len - 1) as u64;
        Ok(Step::Record { kind: body[0], payload: &body[1..], next: self.at as u32 })
    }

    /// Whether only zeros follow, as in a segment whose last append was whole.
    pub(crate) fn rest_is_zero(&mut self) -> io::Result<bool> {
        while self.at < self.to {
            let n = self.chunk.min(self.to - self.at) as usize;
            if self.bytes(n)?.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            self.at += n as u64;
        }
        Ok(true)
    }

    /// The next `n` bytes, read as part of a larger chunk; `n` must not pass the window's end.
    fn bytes(&mut self, n: usize) -> io::Result<&[u8]> {
        let held = self.start + self.buffer.len() as u64;
        if self.at < self.start || self.at + n as u64 > held {
            let want = self.chunk.max(n as u64).min(self.to - self.at) as usize;
            self.buffer.resize(want, 0);
            self.start = self.at;
            if let Err(error) = self.file.read_exact_at(&mut self.buffer, self.at) {
                self.buffer.clear();
                return Err(error);
            }
        }
        let index = (self.at - self.start) as usize;
        Ok(&self.buffer[index..index + n])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = (payload.len() as u32 + 1).to_le_bytes().to_vec();
        bytes.extend(checksum(kind, payload).to_le_bytes());
        bytes.push(kind);
        bytes.extend(payload);
        bytes.resize(size(payload.len()), 0);
        bytes
    }

    fn window(bytes: &[u8], chunk: u32) -> Window {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, 0).unwrap();
        Window::new(file, 0, bytes.len() as u32, chunk)
    }

    #[test]
    fn the_bytes_are_as_documented() {
        // crc32("\x05abc") from an independent implementation (zlib.crc32 in Python).
        assert_eq!(encode(5, b"abc"), b"\x04\0\0\0\xfe\xb7\xff\xdc\x05abc");
        assert_eq!(size(0), 12);
        assert_eq!(size(3), 12);
        assert_eq!(size(4), 16);
    }

    #[test]
    fn records_larger_than_a_chunk_are_read() {
        let mut bytes = encode(1, &[7; 1000]);
        bytes.extend(encode(2, b""));
        let mut window = window(&bytes, 16);
        assert_eq!(
            window.step().unwrap(),
            Step::Record { kind: 1, payload: &[7; 1000], next: 1012 }
        );
        assert_eq!(window.step().unwrap(), Step::Record { kind: 2, payload: b"", next: 1024 });
        assert_eq!(window.step().unwrap(), Step::End);
    }

    #[test]
    fn a_length_beyond_the_window_is_bad() {
        let mut bytes = encode(1, b"abcdefgh");
        bytes[0] = 200;
        assert_eq!(window(&bytes, 64).step().unwrap(), Step::Bad(Reason::Length));
        bytes[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(window(&bytes, 64).step().unwrap(), Step::Bad(Reason::Length));
    }

    #[test]
    fn a_changed_byte_is_bad() {
        let mut bytes = encode(1, b"abcdefgh");
        bytes[10] ^= 1;
        assert_eq!(window(&bytes, 64).step().unwrap(), Step::Bad(Reason::Checksum));
    }
}
