//! A stream of this dialect, passed on to a client of the same.
//!
//! The upstream is always asked for server-sent events. A client that asked for them gets the
//! frames as they came, CRLF and all; one that asked for a list gets their data as its items. SDKs
//! know only frames of one `data: ` line: the Python SDK takes a comment or an `event:` line for a
//! piece of JSON, so a frame that has one goes out without.

use bytes::Bytes;

use super::cut::Cutter;
use super::error;
use super::usage::Tally;
use super::whole::{self, look};
use crate::carry::form::Form;
use crate::carry::{Answer, Carried, Carry, Seen, is_text};
use crate::error::Fault;
use crate::frame::split;

/// The state between chunks.
pub(super) struct Carrier {
    answer: Answer,
    form: Form,
    cutter: Cutter,
    tally: Tally,
    seen: Seen,
    /// An item of the client's list is out.
    begun: bool,
    /// A reason to stop went by. More may follow it: usage, sources.
    finished: bool,
    ended: bool,
}

impl Carrier {
    /// A carrier of the answer that `answer` describes.
    pub(super) fn new(answer: &Answer) -> Carrier {
        Carrier {
            answer: answer.clone(),
            form: Form::Unknown,
            cutter: Cutter::default(),
            tally: Tally::default(),
            seen: Seen::default(),
            begun: false,
            finished: false,
            ended: false,
        }
    }

    fn take(&mut self, chunk: Bytes, out: &mut Carried) -> Result<(), Fault> {
        let Some(chunk) = self.form.take(chunk, b"{[", error::not_an_answer)? else {
            return Ok(());
        };
        for frame in self.cutter.push(chunk)? {
            self.frame(&frame, out)?;
        }
        Ok(())
    }

    /// One frame, with the blank line that ends it.
    fn frame(&mut self, frame: &Bytes, out: &mut Carried) -> Result<(), Fault> {
        let Some(read) = split::read(frame) else {
            // A blank line keeps the connection alive; a comment breaks the Python SDK.
            if frame.iter().any(is_text) {
                self.seen.repaired("comment");
            } else if !frame.is_empty() {
                out.bytes.push(frame.clone());
            }
            return Ok(());
        };
        let data = read.data;
        if data.trim_ascii() == b"[DONE]" {
            self.seen.repaired("done_marker");
            return Ok(());
        }
        let looked = look(&data, self.answer.model.as_deref(), &mut self.tally)?;
        self.seen.semantic |= looked.answers;
        self.finished |= looked.finished;
        self.seen.usage = self.tally.usage();
        self.seen.content_bytes += looked.content_bytes;
        if looked.counted {
            self.seen.content_bytes = 0;
        }
        if self.answer.list {
            self.item(looked.edited.unwrap_or_else(|| vec![data]), out);
        } else if let Some(pieces) = looked.edited {
            self.event(pieces, out);
        } else if is_plain(frame, &data) {
            out.bytes.push(frame.clone());
        } else {
            self.seen.repaired("frame");
            self.event(vec![data], out);
        }
        Ok(())
    }

    /// An item of the client's list.
    fn item(&mut self, pieces: Vec<Bytes>, out: &mut Carried) {
        let begun = std::mem::replace(&mut self.begun, true);
        out.bytes.push(Bytes::from_static(if begun { b",\r\n" } else { b"[" }));
        out.bytes.extend(pieces);
    }

    /// A frame with that data, on one line.
    fn event(&mut self, pieces: Vec<Bytes>, out: &mut Carried) {
        out.bytes.push(Bytes::from_static(b"data: "));
        out.bytes.extend(pieces.into_iter().map(on_one_line));
        out.bytes.push(Bytes::from_static(b"\r\n\r\n"));
    }

    fn finish(&mut self, out: &mut Carried) -> Result<(), Fault> {
        match &mut self.form {
            Form::Unknown => return Err(Fault::cut()),
            Form::Whole(body) => {
                let body = body.split().freeze();
                let whole = whole::carry(&self.answer, &body)?;
                self.seen.repaired("not_streamed");
                self.seen.semantic = true;
                self.seen.usage = whole.usage;
                let counted = whole.usage.is_some_and(|usage| usage.output > 0);
                self.seen.content_bytes = if counted { 0 } else { whole.content_bytes };
                self.finished = true;
                match self.answer.list {
                    true => self.item(vec![whole.body], out),
                    false => self.event(vec![whole.body], out),
                }
            }
            Form::Frames => {
                if let Some(mut last) = self.cutter.finish() {
                    if !last.ends_with(b"\n\n") && !last.ends_with(b"\n\r\n") {
                        last = closed(&last);
                    }
                    self.frame(&last, out)?;
                }
            }
        }
        if !self.finished {
            return Err(Fault::cut());
        }
        if self.answer.list {
            out.bytes.push(Bytes::from_static(b"]"));
        }
        Ok(())
    }
}

impl Carry for Carrier {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        if self.ended {
            return;
        }
        if let Err(fault) = self.take(chunk, out) {
            self.ended = true;
            out.end = Some(Err(fault));
        }
    }

    fn end(&mut self, out: &mut Carried) {
        if !self.ended {
            self.ended = true;
            out.end = Some(self.finish(out));
        }
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

/// Whether `frame` is one `data: ` line with `data`, and a blank line.
fn is_plain(frame: &Bytes, data: &Bytes) -> bool {
    let rest = frame.strip_prefix(b"data: ").and_then(|rest| rest.strip_prefix(&data[..]));
    rest.is_some_and(|end| matches!(end, b"\n\n" | b"\r\n\r\n"))
}

/// The last frame, with the blank line that it lacks.
fn closed(frame: &Bytes) -> Bytes {
    let ends = frame.iter().rev().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    [&frame[..frame.len() - ends], b"\r\n\r\n"].concat().into()
}

/// JSON without line ends: they are white space between its values.
fn on_one_line(json: Bytes) -> Bytes {
    if !json.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return json;
    }
    let space = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
    json.iter().map(space).collect::<Vec<u8>>().into()
}

#[cfg(test)]
mod tests;
