//! Server-sent events (WHATWG HTML, section 9.2), fed in whatever pieces the network hands us.

use bytes::{Buf, Bytes, BytesMut};

use super::{Frame, FrameTooLong, LONGEST};

/// Reads a stream of events. Each byte is looked at once, and what lies inside one chunk is not
/// copied.
///
/// Push a chunk, take frames until there are none, push the next. After an error the stream is
/// lost: the same error comes back each time.
#[derive(Debug, Default)]
pub struct Sse {
    /// Not yet looked at.
    rest: Bytes,
    /// The beginning of a line whose end has not come.
    line: BytesMut,
    event: Bytes,
    data: Data,
    /// The last byte was a carriage return: a line feed right after it ends no other line.
    after_cr: bool,
    /// A line has been read, so what follows is not a byte order mark.
    begun: bool,
    too_long: bool,
}

/// The `data` lines of the frame so far.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    One(Bytes),
    Many(BytesMut),
}

const BOM: &[u8] = b"\xef\xbb\xbf";

impl Sse {
    /// A reader of what stands within a stream: it expects no byte order mark.
    pub(super) fn midway() -> Sse {
        Sse { begun: true, ..Sse::default() }
    }

    /// Takes what came.
    pub fn push(&mut self, chunk: Bytes) {
        if self.rest.is_empty() {
            self.rest = chunk;
        } else {
            self.rest = [&self.rest[..], &chunk[..]].concat().into();
        }
    }

    /// The next frame that is whole and has data. A frame is whole with its blank line.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameTooLong> {
        while let Some(line) = self.next_line()? {
            if line.is_empty() {
                if let Some(frame) = self.dispatch() {
                    return Ok(Some(frame));
                }
            } else {
                self.field(&line);
            }
        }
        Ok(None)
    }

    /// What is left when the stream has ended and [`Sse::next_frame`] has nothing more: a last
    /// frame without its blank line. The standard drops it; providers that forget it mean it.
    pub fn finish(&mut self) -> Option<Frame> {
        if self.too_long {
            return None;
        }
        let line = std::mem::take(&mut self.line).freeze();
        let line = self.without_mark(line);
        self.field(&line);
        self.dispatch()
    }

    /// The next line without its end, if that has come.
    fn next_line(&mut self) -> Result<Option<Bytes>, FrameTooLong> {
        if self.too_long {
            return Err(FrameTooLong);
        }
        if self.after_cr && !self.rest.is_empty() {
            self.after_cr = false;
            if self.rest[0] == b'\n' {
                self.rest.advance(1);
            }
        }
        let end = memchr::memchr2(b'\n', b'\r', &self.rest);
        let length = self.line.len() + end.unwrap_or(self.rest.len());
        if length + self.event.len() + self.data.len() > LONGEST {
            self.too_long = true;
            return Err(FrameTooLong);
        }
        let Some(end) = end else {
            self.line.extend_from_slice(&std::mem::take(&mut self.rest));
            return Ok(None);
        };
        let mut line = self.rest.split_to(end);
        if !self.line.is_empty() {
            self.line.extend_from_slice(&line);
            line = self.line.split().freeze();
        }
        self.after_cr = self.rest.get_u8() == b'\r';
        Ok(Some(self.without_mark(line)))
    }

    /// The first line of a stream may begin with a byte order mark.
    fn without_mark(&mut self, mut line: Bytes) -> Bytes {
        if !self.begun && line.starts_with(BOM) {
            line.advance(BOM.len());
        }
        self.begun = true;
        line
    }

    fn field(&mut self, line: &Bytes) {
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let value = || {
            let mut value = line.slice((colon + 1).min(line.len())..);
            if value.first() == Some(&b' ') {
                value.advance(1);
            }
            value
        };
        match &line[..colon] {
            b"data" => self.data.add(value()),
            b"event" => self.event = value(),
            _ => (),
        }
    }

    /// The frame so far; without data it is none.
    fn dispatch(&mut self) -> Option<Frame> {
        let event = std::mem::take(&mut self.event);
        let data = match std::mem::take(&mut self.data) {
            Data::None => return None,
            Data::One(line) => line,
            Data::Many(lines) => lines.freeze(),
        };
        Some(Frame { event, data })
    }
}

impl Data {
    fn add(&mut self, line: Bytes) {
        match self {
            Data::None => *self = Data::One(line),
            Data::One(first) => {
                let mut lines = BytesMut::with_capacity(first.len() + line.len() + 1);
                lines.extend_from_slice(first);
                lines.extend_from_slice(b"\n");
                lines.extend_from_slice(&line);
                *self = Data::Many(lines);
            }
            Data::Many(lines) => {
                lines.extend_from_slice(b"\n");
                lines.extend_from_slice(&line);
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Data::None => 0,
            Data::One(line) => line.len(),
            Data::Many(lines) => lines.len(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
