//! A stream of this dialect, passed on to a client of the same.
//!
//! Frames of content, which are nearly all, are told at a glance and go out as the bytes they came
//! in. The few others are looked into for usage, for the end, and for what would break a client:
//! SDKs skip a frame without its `event:` line, and stumble over a report that is null.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

use super::answer::{Reader, Writer};
use super::error;
use super::frames::{self, Shape};
use super::usage::Tally;
use super::whole::{Event, complete_delta, complete_start};
use crate::carry::{Answer, Carried, Carry, Seen, is_text};
use crate::chat::{ReadEvents, WriteEvents};
use crate::error::Fault;
use crate::frame::split::{self, Splitter};
use crate::frame::{FrameTooLong, LONGEST};
use crate::raw::RawObject;

/// What surrounds the text of a delta, so that content can be counted without reading it.
const AROUND: usize = r#"event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}

"#
.len();

const MESSAGE_STOP: &[u8] = b"event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// The state between chunks.
pub(super) struct Carrier {
    answer: Answer,
    form: Form,
    splitter: Splitter,
    tally: Tally,
    seen: Seen,
    /// A reason to stop went by: what may still come is `message_stop`.
    finished: bool,
    ended: bool,
}

/// How the upstream answers.
enum Form {
    /// Nothing but white space yet.
    Unknown,
    /// With a stream, as it was asked to.
    Frames,
    /// With one JSON body: an error with a status of success, or an answer from a provider that
    /// cannot stream.
    Whole(BytesMut),
}

/// What becomes of a frame.
enum Step {
    /// It goes out as it came.
    Keep,
    /// These go out in its place.
    Replace(Vec<Bytes>),
    /// It goes out, and it is the last.
    Last(Option<Vec<Bytes>>),
    /// It is the end of the answer, and not a good one.
    Fail(Fault),
}

impl Carrier {
    /// A carrier of the answer that `answer` describes.
    pub(super) fn new(answer: &Answer) -> Carrier {
        Carrier {
            answer: answer.clone(),
            form: Form::Unknown,
            splitter: Splitter::default(),
            tally: Tally::default(),
            seen: Seen::default(),
            finished: false,
            ended: false,
        }
    }

    fn take(&mut self, mut chunk: Bytes, out: &mut Carried) -> Result<(), Fault> {
        if matches!(self.form, Form::Unknown) {
            chunk.advance(chunk.iter().position(is_text).unwrap_or(chunk.len()));
            self.form = match chunk.first() {
                None => return Ok(()),
                Some(b'<') => return Err(error::not_an_answer(&chunk)),
                Some(b'{') => Form::Whole(BytesMut::new()),
                Some(_) => Form::Frames,
            };
        }
        match &mut self.form {
            Form::Whole(body) if body.len() + chunk.len() > LONGEST => Err(FrameTooLong.into()),
            Form::Whole(body) => {
                body.extend_from_slice(&chunk);
                Ok(())
            }
            Form::Frames | Form::Unknown => {
                let runs = self.splitter.push(chunk)?;
                if self.splitter.normalised() {
                    self.seen.repaired("crlf");
                }
                for run in runs {
                    self.run(&run, out)?;
                    if out.end.is_some() {
                        break;
                    }
                }
                Ok(())
            }
        }
    }

    /// Some whole frames. Those that stay as they are go out together, as slices of `run`.
    fn run(&mut self, run: &Bytes, out: &mut Carried) -> Result<(), Fault> {
        if let Some(bytes) = content(run) {
            self.seen.semantic = true;
            self.seen.content_bytes += bytes;
            out.bytes.push(run.clone());
            return Ok(());
        }
        let mut done = 0;
        for frame in split::frames(run) {
            let start = frame.as_ptr() as usize - run.as_ptr() as usize;
            let end = start + frame.len();
            let (pieces, last) = match self.frame(&frame) {
                Step::Keep => continue,
                Step::Replace(pieces) => (Some(pieces), false),
                Step::Last(pieces) => (pieces, true),
                Step::Fail(fault) => {
                    emit(run.slice(done..start), out);
                    return Err(fault);
                }
            };
            emit(run.slice(done..if pieces.is_some() { start } else { end }), out);
            out.bytes.extend(pieces.into_iter().flatten());
            done = end;
            if last {
                out.end = Some(Ok(()));
                return Ok(());
            }
        }
        emit(run.slice(done..), out);
        Ok(())
    }

    fn frame(&mut self, frame: &Bytes) -> Step {
        if let Some(bytes) = content(frame) {
            self.seen.semantic = true;
            self.seen.content_bytes += bytes;
            return Step::Keep;
        }
        match frames::shape(frame) {
            Shape::Silent => Step::Keep,
            Shape::Several(parts) => self.several(parts),
            Shape::One { glued } => self.one(frame, glued),
        }
    }

    /// Events that lack the blank lines between them.
    fn several(&mut self, parts: Vec<Bytes>) -> Step {
        self.seen.repaired("frame_break");
        let mut pieces = Vec::new();
        for part in parts {
            match self.frame(&part) {
                Step::Keep => pieces.push(part),
                Step::Replace(inner) => pieces.extend(inner),
                Step::Last(inner) => {
                    pieces.extend(inner.unwrap_or_else(|| vec![part]));
                    return Step::Last(Some(pieces));
                }
                Step::Fail(fault) => return Step::Fail(fault),
            }
        }
        Step::Replace(pieces)
    }

    /// One event. `glued`: a comment stands between its lines.
    fn one(&mut self, raw: &Bytes, glued: bool) -> Step {
        let Some(frame) = split::read(raw) else { return Step::Keep };
        if frame.data.trim_ascii() == b"[DONE]" {
            self.seen.repaired("done_marker");
            return Step::Replace(Vec::new());
        }
        let (name, named) = match frames::name(&frame.event) {
            Some(name) => (name, true),
            None => match frames::kind(&frame.data) {
                Ok(kind) => (kind, false),
                // Of no known type, but with a name: the future's, not ours to judge.
                Err(_) if !frame.event.is_empty() => return Step::Keep,
                Err(fault) => return Step::Fail(fault),
            },
        };
        let mut data = match self.event(name, &frame.data) {
            Ok(data) => data,
            Err(fault) => return Step::Fail(fault),
        };
        if !named {
            self.seen.repaired("event_missing");
        }
        if glued {
            self.seen.repaired("comment");
        }
        if data.is_none() && (!named || glued) {
            data = Some(vec![frame.data]);
        }
        let pieces = data.map(|data| frames::write(name, data));
        match (name, pieces) {
            ("message_stop", pieces) => Step::Last(pieces),
            (_, None) => Step::Keep,
            (_, Some(pieces)) => Step::Replace(pieces),
        }
    }

    /// Takes note of an event; gives its data anew where it must change.
    fn event(&mut self, name: &str, data: &Bytes) -> Result<Option<Vec<Bytes>>, Fault> {
        match name {
            "error" => Err(error::fault(data)),
            "message_start" => {
                let model = self.answer.model.as_deref();
                let start = complete_start(data, model, &mut self.tally)?;
                self.report(&start);
                Ok(start.data)
            }
            "message_delta" => {
                let delta = complete_delta(data, &mut self.tally)?;
                self.report(&delta);
                self.finished |= delta.finished;
                self.seen.semantic |= delta.finished;
                Ok(delta.data)
            }
            "content_block_start" | "content_block_delta" | "content_block_stop" => {
                self.seen.semantic = true;
                self.seen.content_bytes += data.len().saturating_sub(AROUND) as u64;
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn report(&mut self, event: &Event) {
        if event.usage_mended {
            self.seen.repaired("usage_null");
        }
        self.seen.usage = self.tally.usage();
        if event.counted {
            self.seen.content_bytes = 0;
        }
    }

    fn finish(&mut self, out: &mut Carried) -> Result<(), Fault> {
        match &self.form {
            Form::Unknown => return Err(Fault::cut()),
            Form::Whole(body) => {
                let bytes = streamed(&self.answer, body, &mut self.seen)?;
                out.bytes.push(bytes);
                out.end = Some(Ok(()));
                return Ok(());
            }
            Form::Frames => (),
        }
        // The last frame may lack its blank line; half a frame is nothing.
        let tail = self.splitter.finish();
        let whole = |tail: &Bytes| {
            split::read(tail).is_some_and(|frame| RawObject::read(&frame.data).is_ok())
        };
        if let Some(tail) = tail.filter(whole) {
            self.seen.repaired("frame_break");
            self.run(&tail, out)?;
        }
        match (&out.end, self.finished) {
            (Some(_), _) => Ok(()),
            (None, false) => Err(Fault::cut()),
            (None, true) => {
                self.seen.repaired("message_stop_missing");
                out.bytes.push(Bytes::from_static(MESSAGE_STOP));
                out.end = Some(Ok(()));
                Ok(())
            }
        }
    }
}

impl Carry for Carrier {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        if self.ended {
            return;
        }
        if let Err(fault) = self.take(chunk, out) {
            out.end = Some(Err(fault));
        }
        self.ended = out.end.is_some();
    }

    fn end(&mut self, out: &mut Carried) {
        if self.ended {
            return;
        }
        if let Err(fault) = self.finish(out) {
            out.end = Some(Err(fault));
        }
        self.ended = true;
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

/// How many bytes of content these frames bring, if they all are frames of content as every
/// client reads them: an `event:` line, one `data:` line, a blank line.
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

fn emit(bytes: Bytes, out: &mut Carried) {
    if !bytes.is_empty() {
        out.bytes.push(bytes);
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
