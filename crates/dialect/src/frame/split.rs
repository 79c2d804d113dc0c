//! Where the frames of a stream end, for carriers that pass them on: no copy, no reading.
//!
//! A [`Splitter`] turns chunks into *runs*: one or more whole frames as a slice of the chunk they
//! came in, with line feeds as line ends. A run whose frames are all [`plain`] (or [`named`]) and
//! hold nothing of interest goes out as it is; any other is taken apart with [`frames`].

use bytes::{Bytes, BytesMut};

use super::sse::Sse;
use super::{Frame, FrameTooLong, LONGEST};
use crate::raw::RawObject;

/// Cuts a stream after its last whole frame and holds back what follows.
#[derive(Debug, Default)]
pub struct Splitter {
    /// The beginning of a frame whose end has not come. Never ends in a blank line.
    held: BytesMut,
    /// Whether a complete `data` line is a frame of its own, blank line or not.
    lines: bool,
    /// The first `data` line of what is held is not complete, so they belong together.
    joined: bool,
    /// The last byte was a carriage return, passed on as a line feed.
    after_cr: bool,
    /// Enough bytes came to know whether the stream begins with a byte order mark.
    begun: bool,
    normalised: bool,
    broken: bool,
}

const BOM: &[u8] = b"\xef\xbb\xbf";

impl Splitter {
    /// For a dialect in which every `data` line is one JSON object (or `[DONE]`): a provider that
    /// puts a single line feed between events does not hold up the stream.
    pub fn by_lines() -> Splitter {
        Splitter { lines: true, ..Splitter::default() }
    }

    /// The frames that are whole with `chunk`, in at most two runs: the frame that was held back,
    /// and those that lie in the chunk. Fails when a frame has no end in sight after 16 MiB.
    #[inline]
    pub fn push(
        &mut self,
        chunk: Bytes,
    ) -> Result<impl Iterator<Item = Bytes> + use<>, FrameTooLong> {
        let quick = self.begun
            && self.held.is_empty()
            && !self.after_cr
            && chunk.ends_with(b"\n\n")
            && memchr::memchr(b'\r', &chunk).is_none();
        let (first, second) = if quick { (Some(chunk), None) } else { self.push_any(chunk)? };
        Ok(first.into_iter().chain(second))
    }

    /// What is left when the stream has ended: a last frame, with the blank line it lacks.
    pub fn finish(&mut self) -> Option<Bytes> {
        let mut held = std::mem::take(&mut self.held);
        while held.last() == Some(&b'\n') {
            held.truncate(held.len() - 1);
        }
        if held.is_empty() {
            return None;
        }
        held.extend_from_slice(b"\n\n");
        Some(held.freeze())
    }

    /// Whether carriage returns or a byte order mark were taken out.
    pub fn normalised(&self) -> bool {
        self.normalised
    }

    /// Whether blank lines were put between events that had none ([`Splitter::by_lines`]).
    pub fn broken(&self) -> bool {
        self.broken
    }

    fn push_any(&mut self, chunk: Bytes) -> Result<(Option<Bytes>, Option<Bytes>), FrameTooLong> {
        let chunk = self.line_feeds(chunk);
        let Some(mut chunk) = self.without_mark(chunk) else { return Ok((None, None)) };
        let at_edge = self.held.last() == Some(&b'\n') && chunk.first() == Some(&b'\n');
        let Some(end) = last_end(&chunk).or(at_edge.then_some(1)) else {
            return Ok((self.hold(&chunk)?, None));
        };
        let tail = chunk.split_off(end);
        let mut first = None;
        if !self.held.is_empty() {
            let end = if at_edge { 1 } else { first_end(&chunk).unwrap_or(end) };
            self.held.extend_from_slice(&chunk.split_to(end));
            first = Some(self.held.split().freeze());
        }
        self.joined = false;
        if let Some(broken) = self.hold(&tail)? {
            chunk = [&chunk[..], &broken[..]].concat().into();
        }
        Ok((first, (!chunk.is_empty()).then_some(chunk)))
    }

    /// Keeps the beginning of a frame, and gives out what of it is known to be whole.
    fn hold(&mut self, tail: &[u8]) -> Result<Option<Bytes>, FrameTooLong> {
        let from = self.held.len();
        self.held.extend_from_slice(tail);
        if self.held.len() > LONGEST {
            return Err(FrameTooLong);
        }
        if !self.lines || self.joined {
            return Ok(None);
        }
        let (whole, done) = break_lines(&self.held, from, &mut self.joined);
        let _ = self.held.split_to(done);
        self.broken |= done > 0;
        Ok((done > 0).then(|| whole.freeze()))
    }

    /// The chunk with CRLF and CR as LF.
    fn line_feeds(&mut self, mut chunk: Bytes) -> Bytes {
        if std::mem::take(&mut self.after_cr) {
            if chunk.is_empty() {
                self.after_cr = true;
            } else if chunk[0] == b'\n' {
                let _ = chunk.split_to(1);
            }
        }
        if memchr::memchr(b'\r', &chunk).is_none() {
            return chunk;
        }
        self.normalised = true;
        self.after_cr = chunk.ends_with(b"\r");
        let mut out = BytesMut::with_capacity(chunk.len());
        let mut rest = &chunk[..];
        while let Some(at) = memchr::memchr(b'\r', rest) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(b"\n");
            rest = &rest[at + 1..];
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        out.extend_from_slice(rest);
        out.freeze()
    }

    /// The chunk without the byte order mark that a stream may begin with; `None` while too
    /// little has come to tell.
    fn without_mark(&mut self, chunk: Bytes) -> Option<Bytes> {
        if self.begun {
            return Some(chunk);
        }
        let chunk = match self.held.is_empty() {
            true => chunk,
            false => [&self.held.split()[..], &chunk[..]].concat().into(),
        };
        if chunk.len() < BOM.len() && BOM.starts_with(&chunk) {
            self.held.extend_from_slice(&chunk);
            return None;
        }
        self.begun = true;
        self.normalised |= chunk.starts_with(BOM);
        Some(if chunk.starts_with(BOM) { chunk.slice(BOM.len()..) } else { chunk })
    }
}

/// Whether every frame of `run` is one `data: ` line and a blank line: the one shape that every
/// client of the chat-completions dialect reads.
#[inline]
pub fn plain(run: &[u8]) -> bool {
    let mut rest = run;
    while !rest.is_empty() {
        match after_line(rest, b"data: ").and_then(|rest| rest.strip_prefix(b"\n")) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    true
}

/// Whether every frame of `run` is an `event: ` line, a `data: ` line and a blank line.
#[inline]
pub fn named(run: &[u8]) -> bool {
    let mut rest = run;
    while !rest.is_empty() {
        let next = after_line(rest, b"event: ").and_then(|rest| after_line(rest, b"data: "));
        match next.and_then(|rest| rest.strip_prefix(b"\n")) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    true
}

/// The frames of a run, each with the blank line that ends it and without those before it.
pub fn frames(run: &Bytes) -> impl Iterator<Item = Bytes> + use<> {
    let mut rest = run.clone();
    std::iter::from_fn(move || {
        let blank = rest.iter().take_while(|b| **b == b'\n').count();
        let _ = rest.split_to(blank);
        (!rest.is_empty()).then(|| rest.split_to(first_end(&rest).unwrap_or(rest.len())))
    })
}

/// The frames of a dialect in which each complete `data` line is one ([`Splitter::by_lines`]):
/// `frame` itself, or what it is made of, each with a blank line.
pub fn apart(frame: &Bytes) -> Bytes {
    let (mut whole, done) = break_lines(frame, 0, &mut false);
    if done == 0 {
        return frame.clone();
    }
    whole.extend_from_slice(&frame[done..]);
    whole.freeze()
}

/// What a frame says, read by the standard; `None` for a comment.
pub fn read(frame: &Bytes) -> Option<Frame> {
    let mut sse = Sse::midway();
    sse.push(frame.clone());
    sse.next_frame().ok().flatten().or_else(|| sse.finish())
}

/// What follows the line at the start of `text`, if that begins with `name`.
#[inline]
fn after_line<'t>(text: &'t [u8], name: &[u8]) -> Option<&'t [u8]> {
    let line = text.strip_prefix(name)?;
    Some(&line[memchr::memchr(b'\n', line)? + 1..])
}

/// Just after the first blank line.
fn first_end(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', text).find(|at| text.get(at + 1) == Some(&b'\n')).map(|at| at + 2)
}

/// Just after the last blank line.
fn last_end(text: &[u8]) -> Option<usize> {
    memchr::memrchr_iter(b'\n', text).find(|at| text.get(at + 1) == Some(&b'\n')).map(|at| at + 2)
}

/// Cuts between two `data` lines where the first is complete: what is no JSON object yet may go
/// on in the next line, as the standard has it, and then so may all. `from` is where the bytes
/// begin that were not searched before. Returns what is whole, and its length in `held`.
fn break_lines(held: &[u8], from: usize, joined: &mut bool) -> (BytesMut, usize) {
    const NEXT: &[u8] = b"\ndata:";
    let from = from.saturating_sub(NEXT.len() - 1);
    let mut whole = BytesMut::new();
    let mut done = 0;
    for end in memchr::memmem::find_iter(&held[from..], NEXT).map(|at| from + at) {
        match read(&Bytes::copy_from_slice(&held[done..end])) {
            None => (),
            Some(frame) if is_complete(&frame.data) => {
                whole.extend_from_slice(&held[done..end]);
                whole.extend_from_slice(b"\n\n");
                done = end + 1;
            }
            Some(_) => {
                *joined = true;
                break;
            }
        }
    }
    (whole, done)
}

fn is_complete(data: &[u8]) -> bool {
    data.trim_ascii() == b"[DONE]" || RawObject::read(data).is_ok()
}

#[cfg(test)]
mod tests;
