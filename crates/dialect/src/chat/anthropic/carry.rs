//! A stream of this dialect, passed on to a client of the same.
//!
//! Frames of content, which are nearly all, are told at a glance and go out as the bytes they came
//! in. The few others are looked into for usage, for the end, and for what would break a client:
//! SDKs skip a frame without its `event:` line, and stumble over a report that is null.

use bytes::Bytes;
use memchr::memchr;

use super::answer::{Reader, Writer};
use super::error;
use super::frames::{self, Shape};
use super::usage::Tally;
use super::whole::{Event, complete_delta, complete_start};
use crate::carry::pass::{Named, Pass, Step};
use crate::carry::{Answer, Seen};
use crate::chat::{ReadEvents, WriteEvents};
use crate::error::Fault;
use crate::frame::split;

/// What surrounds the text of a delta, so that content can be counted without reading it.
const AROUND: usize = r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}

"#
.len();

const MESSAGE_STOP: &[u8] = b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// Carries one answer.
pub(super) type Carrier = Pass<Events>;

/// Events of this dialect.
pub(super) struct Events {
    answer: Answer,
    tally: Tally,
    /// A reason to stop went by: what may still come is `message_stop`.
    finished: bool,
}

impl Named for Events {
    fn new(answer: &Answer) -> Events {
        Events { answer: answer.clone(), tally: Tally::default(), finished: false }
    }

    /// An `event:` line, one `data:` line, a blank line.
    #[inline]
    fn content(frames: &[u8]) -> Option<u64> {
        let mut bytes = 0;
        let mut rest = frames;
        while !rest.is_empty() {
            let name = rest.strip_prefix(b"event: content_block_")?;
            let data = name[memchr(b'\n', name)? + 1..].strip_prefix(b"data: {")?;
            let next = data[memchr(b'\n', data)? + 1..].strip_prefix(b"\n")?;
            bytes += (rest.len() - next.len()).saturating_sub(AROUND);
            rest = next;
        }
        Some(bytes as u64)
    }

    fn frame(&mut self, frame: &Bytes, seen: &mut Seen) -> Result<Step, Fault> {
        match frames::shape(frame) {
            Shape::Silent => Ok(Step::Keep),
            Shape::Several(parts) => self.several(parts, seen),
            Shape::One { glued } => self.one(frame, glued, seen),
        }
    }

    fn whole(&mut self, body: &Bytes, seen: &mut Seen) -> Result<Bytes, Fault> {
        streamed(&self.answer, body, seen)
    }

    fn end(&mut self, seen: &mut Seen) -> Result<Bytes, Fault> {
        if !self.finished {
            return Err(Fault::cut());
        }
        seen.repaired("message_stop_missing");
        Ok(Bytes::from_static(MESSAGE_STOP))
    }

    fn not_an_answer(body: &[u8]) -> Fault {
        error::not_an_answer(body)
    }
}

impl Events {
    /// Events that lack the blank lines between them.
    fn several(&mut self, parts: Vec<Bytes>, seen: &mut Seen) -> Result<Step, Fault> {
        seen.repaired("frame_break");
        let mut pieces = Vec::new();
        for part in parts {
            if Events::is_content(&part, seen) {
                pieces.push(part);
                continue;
            }
            match self.frame(&part, seen)? {
                Step::Keep => pieces.push(part),
                Step::Replace(inner) => pieces.extend(inner),
                Step::Last(inner) => {
                    pieces.extend(inner.unwrap_or_else(|| vec![part]));
                    return Ok(Step::Last(Some(pieces)));
                }
            }
        }
        Ok(Step::Replace(pieces))
    }

    /// One event. `glued`: a comment stands between its lines.
    fn one(&mut self, raw: &Bytes, glued: bool, seen: &mut Seen) -> Result<Step, Fault> {
        let Some(frame) = split::read(raw) else { return Ok(Step::Keep) };
        if frame.data.trim_ascii() == b"[DONE]" {
            seen.repaired("done_marker");
            return Ok(Step::Replace(Vec::new()));
        }
        let (name, named) = match frames::name(&frame.event) {
            Some(name) => (name, true),
            None => match frames::kind(&frame.data) {
                Ok(kind) => (kind, false),
                // Of no known type, but with a name: the future's, not ours to judge.
                Err(_) if !frame.event.is_empty() => return Ok(Step::Keep),
                Err(fault) => return Err(fault),
            },
        };
        let mut data = self.event(name, &frame.data, seen)?;
        if !named {
            seen.repaired("event_missing");
        }
        if glued {
            seen.repaired("comment");
        }
        if data.is_none() && (!named || glued) {
            data = Some(vec![frame.data]);
        }
        let pieces = data.map(|data| frames::write(name, data));
        Ok(match (name, pieces) {
            ("message_stop", pieces) => Step::Last(pieces),
            (_, None) => Step::Keep,
            (_, Some(pieces)) => Step::Replace(pieces),
        })
    }

    /// Takes note of an event; gives its data anew where it must change.
    fn event(
        &mut self,
        name: &str,
        data: &Bytes,
        seen: &mut Seen,
    ) -> Result<Option<Vec<Bytes>>, Fault> {
        match name {
            "error" => Err(error::fault(data)),
            "message_start" => {
                let model = self.answer.model.as_deref();
                let start = complete_start(data, model, &mut self.tally)?;
                self.report(&start, seen);
                Ok(start.data)
            }
            "message_delta" => {
                let delta = complete_delta(data, &mut self.tally)?;
                self.report(&delta, seen);
                self.finished |= delta.finished;
                seen.semantic |= delta.finished;
                Ok(delta.data)
            }
            "content_block_start" | "content_block_delta" | "content_block_stop" => {
                seen.semantic = true;
                seen.content_bytes += data.len().saturating_sub(AROUND) as u64;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn report(&self, event: &Event, seen: &mut Seen) {
        if event.usage_mended {
            seen.repaired("usage_null");
        }
        seen.usage = self.tally.usage();
        if event.counted {
            seen.content_bytes = 0;
        }
    }
}

/// A whole body, for a client that asked for a stream.
fn streamed(answer: &Answer, body: &[u8], seen: &mut Seen) -> Result<Bytes, Fault> {
    let mut events = Vec::new();
    Reader::default().whole(body, &mut events)?;
    seen.repaired("not_streamed");
    let mut writer = Writer::new(answer);
    let mut bytes = Vec::with_capacity(2 * body.len());
    for event in &events {
        seen.event(event);
        writer.event(event, &mut bytes);
    }
    writer.end(&mut bytes);
    Ok(bytes.into())
}

#[cfg(test)]
mod tests;
