//! One JSON object per line, in any chunks.

use bytes::{Buf, Bytes, BytesMut};

use super::{Frame, FrameTooLong, LONGEST};

/// Cuts a stream at its line ends.
#[derive(Debug, Default)]
pub struct Lines {
    held: BytesMut,
    /// How much of `held` was searched already.
    searched: usize,
}

impl Lines {
    /// Takes what has come.
    pub fn push(&mut self, chunk: &[u8]) {
        self.held.extend_from_slice(chunk);
    }

    /// The next line that is whole and not blank.
    ///
    /// # Errors
    /// No line end within 16 MiB.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameTooLong> {
        while let Some(at) = memchr::memchr(b'\n', &self.held[self.searched..]) {
            let line = self.held.split_to(self.searched + at).freeze();
            self.held.advance(1);
            self.searched = 0;
            if let Some(frame) = frame(&line) {
                return Ok(Some(frame));
            }
        }
        self.searched = self.held.len();
        if self.held.len() > LONGEST { Err(FrameTooLong) } else { Ok(None) }
    }

    /// The last line, where the stream ended without a line end.
    pub fn finish(&mut self) -> Option<Frame> {
        self.searched = 0;
        frame(&self.held.split().freeze())
    }
}

fn frame(line: &Bytes) -> Option<Frame> {
    let data = line.trim_ascii();
    (!data.is_empty()).then(|| Frame { event: Bytes::new(), data: line.slice_ref(data) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&str]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut out = Vec::new();
        for chunk in chunks {
            lines.push(chunk.as_bytes());
            while let Some(frame) = lines.next_frame().unwrap() {
                out.push(frame);
            }
        }
        out.extend(lines.finish());
        out.iter().map(|frame| String::from_utf8_lossy(&frame.data).into_owned()).collect()
    }

    #[test]
    fn lines_are_the_same_in_any_chunks() {
        let expected = ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"];
        assert_eq!(lines(&["{\"a\":1}\n{\"b\":2}\r\n\n{\"c\":3}"]), expected);
        assert_eq!(lines(&["{\"a", "\":1}", "\n{\"b\":2}\r", "\n\n{\"c\":", "3}"]), expected);
    }

    #[test]
    fn a_line_without_an_end_is_given_up() {
        let mut lines = Lines::default();
        lines.push(&vec![b'x'; LONGEST + 1]);
        assert_eq!(lines.next_frame(), Err(FrameTooLong));
    }
}
