//! Where the frames of Google's stream end, with their bytes as they came.
//!
//! Google ends its lines with CRLF, which clients know; other servers of this dialect with LF. Both
//! pass on as they are.

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

use crate::frame::{FrameTooLong, LONGEST};

/// Cuts a stream after each blank line.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    /// The beginning of a frame whose end has not come.
    held: BytesMut,
    /// How much of it was searched.
    searched: usize,
    /// Where in it the current line begins.
    line: usize,
}

impl Cutter {
    /// The frames that are whole with `chunk`, each with the blank line that ends it. Fails when a
    /// frame has no end in sight after 16 MiB.
    pub(super) fn push(&mut self, chunk: Bytes) -> Result<Vec<Bytes>, FrameTooLong> {
        let mut frames = Vec::new();
        let mut rest = chunk;
        if !self.held.is_empty() {
            self.held.extend_from_slice(&rest);
            rest = match self.end_of_held() {
                None => Bytes::new(),
                Some(end) => {
                    frames.push(self.held.split_to(end).freeze());
                    self.held.split().freeze()
                }
            };
        }
        while !rest.is_empty() {
            let (end, searched, line) = end(&rest, 0, 0);
            match end {
                Some(end) => frames.push(rest.split_to(end)),
                None => {
                    self.held.extend_from_slice(&rest);
                    (self.searched, self.line) = (searched, line);
                    break;
                }
            }
        }
        if self.held.len() > LONGEST { Err(FrameTooLong) } else { Ok(frames) }
    }

    /// What is left when the stream has ended: a last frame, whether or not its blank line came.
    pub(super) fn finish(&mut self) -> Option<Bytes> {
        let held = std::mem::take(&mut self.held).freeze();
        (!held.is_empty()).then_some(held)
    }

    fn end_of_held(&mut self) -> Option<usize> {
        let (end, searched, line) = end(&self.held, self.searched, self.line);
        (self.searched, self.line) = if end.is_some() { (0, 0) } else { (searched, line) };
        end
    }
}

/// Just after the first blank line, looking from `searched` on, where the line at `line` is not
/// complete; else how far that got. A carriage return at the end may be half a line end.
fn end(text: &[u8], mut searched: usize, mut line: usize) -> (Option<usize>, usize, usize) {
    while let Some(at) = memchr2(b'\n', b'\r', &text[searched..]).map(|skip| searched + skip) {
        let next = match (text[at], text.get(at + 1)) {
            (b'\r', None) => return (None, at, line),
            (b'\r', Some(b'\n')) => at + 2,
            _ => at + 1,
        };
        if at == line {
            return (Some(next), next, next);
        }
        (searched, line) = (next, next);
    }
    (None, text.len(), line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(chunks: &[&[u8]]) -> Vec<Bytes> {
        let mut cutter = Cutter::default();
        let mut frames = Vec::new();
        for chunk in chunks {
            frames.extend(cutter.push(Bytes::copy_from_slice(chunk)).unwrap());
        }
        frames.extend(cutter.finish());
        frames
    }

    #[test]
    fn frames_keep_their_line_ends() {
        let stream = b"data: a\r\n\r\ndata: b\n\ndata: c\r\rdata: d";
        assert_eq!(cut(&[stream]), ["data: a\r\n\r\n", "data: b\n\n", "data: c\r\r", "data: d"]);
    }

    proptest! {
        #[test]
        fn frames_do_not_depend_on_how_the_bytes_arrive(
            stream in "[a\r\n]{0,40}", size in 1..7_usize,
        ) {
            let whole = cut(&[stream.as_bytes()]);
            let chunks: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
            prop_assert_eq!(whole.concat(), stream.as_bytes());
            prop_assert_eq!(cut(&chunks), whole);
        }
    }
}
