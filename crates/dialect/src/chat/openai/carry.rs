//! A stream of this dialect on its way to a client of this dialect: frames pass as they are, and
//! what would break a client is mended, dropped or turned into a fault.
//!
//! Repairs, by the names under which they are reported: `crlf` (line ends, byte order mark),
//! `frame_break` (events without a blank line between them), `event_lines` (fields other than
//! `data`), `comment` (a comment in the frame of an event), `data_lines` (an event on several
//! lines), `choices`, `delta`, `content_parts`, `usage_null` (a member that clients compute with
//! is missing, null or of another type), `tool_calls_interleaved`, `tool_call_index`,
//! `tool_call_id`, `tool_arguments` (calls that clients could not tell apart, answer or parse),
//! `done_missing`, and `not_streamed` (one body in place of the stream).

mod emit;
pub(in crate::chat) mod look;
pub(in crate::chat) mod mend;
mod odd;
mod order;
#[cfg(test)]
mod tests;

use std::marker::PhantomData;
use std::ops::Range;

use bytes::Bytes;

use self::emit::Emit;
use self::look::Look;
use self::mend::Mended;
use self::order::{Order, Taken};
use super::answer::read::Reader;
use super::answer::write::Writer;
use super::error;
use super::usage::Report;
use crate::carry::{Answer, Carried, Carry, Seen, is_text};
use crate::chat::{ReadEvents, WriteEvents, json};
use crate::error::Fault;
use crate::frame::split::{self, Splitter};
use crate::frame::{FrameTooLong, LONGEST};
use crate::raw::RawObject;

const DONE: &[u8] = b"data: [DONE]\n\n";

/// What tells apart the two grammars whose streams are carried alike: this one and the older
/// completions.
pub(in crate::chat) trait Chunks {
    /// What a chunk holds, where it is of the form that clients expect.
    fn look(payload: &[u8]) -> Option<Look>;

    /// Reads a chunk that is not.
    fn mend(payload: &[u8]) -> Result<Mended, Fault>;

    /// A stream made of a whole answer, and what went by in it.
    fn streamed(answer: &mut Answer, body: &[u8], seen: &mut Seen) -> Result<Bytes, Fault>;
}

/// Carries one answer of this dialect.
pub(super) type Carrier = Passing<Chat>;

/// Chunks of this dialect.
pub(super) struct Chat;

impl Chunks for Chat {
    fn look(payload: &[u8]) -> Option<Look> {
        look::look(payload)
    }

    fn mend(payload: &[u8]) -> Result<Mended, Fault> {
        mend::mend(payload)
    }

    fn streamed(answer: &mut Answer, body: &[u8], seen: &mut Seen) -> Result<Bytes, Fault> {
        let mut events = Vec::new();
        let mut reader = Reader::default();
        reader.whole(body, &mut events)?;
        answer.legacy_functions |= reader.legacy;
        let mut writer = Writer::new(answer);
        let mut bytes = Vec::with_capacity(body.len() * 2);
        for event in &events {
            seen.event(event);
            writer.event(event, &mut bytes);
        }
        writer.end(&mut bytes);
        Ok(bytes.into())
    }
}

/// Carries one answer.
pub(in crate::chat) struct Passing<C> {
    chunks: PhantomData<fn() -> C>,
    answer: Answer,
    /// What `model` must say, as JSON.
    model: Option<String>,
    start: Start,
    splitter: Splitter,
    order: Order,
    /// A reason why the answer ended went by.
    finished: bool,
    ended: bool,
    seen: Seen,
}

/// What the body turns out to be.
enum Start {
    /// Nothing but white space and a byte order mark came.
    Unknown,
    /// Events.
    Stream,
    /// One JSON value: an error, or the whole answer.
    Whole(Vec<u8>),
}

impl<C: Chunks> Carry for Passing<C> {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        if self.ended {
            return;
        }
        let result = self.start(&chunk).and_then(|()| match &self.start {
            Start::Whole(_) => Ok(()),
            _ => self.stream(chunk, &mut out.bytes),
        });
        self.settle(result, out);
    }

    fn end(&mut self, out: &mut Carried) {
        if self.ended {
            return;
        }
        let result = self.finish(&mut out.bytes);
        self.ended |= result.is_ok();
        self.settle(result, out);
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

impl<C: Chunks> Passing<C> {
    /// Nothing went by yet.
    pub(in crate::chat) fn new(answer: &Answer) -> Passing<C> {
        let model = answer.model.as_ref().map(|model| {
            let mut out = Vec::with_capacity(model.len() + 2);
            json::quote(&mut out, model);
            String::from_utf8(out).unwrap_or_default()
        });
        Passing {
            chunks: PhantomData,
            answer: answer.clone(),
            model,
            start: Start::Unknown,
            splitter: Splitter::by_lines(),
            order: Order::default(),
            finished: false,
            ended: false,
            seen: Seen::default(),
        }
    }

    fn settle(&mut self, result: Result<(), Fault>, out: &mut Carried) {
        match result {
            Ok(()) if self.ended => out.end = Some(Ok(())),
            Ok(()) => (),
            Err(fault) => {
                self.ended = true;
                out.end = Some(Err(fault));
            }
        }
    }

    /// Tells a stream from what servers send in its place with a status of success.
    fn start(&mut self, chunk: &Bytes) -> Result<(), Fault> {
        if let Start::Whole(body) = &mut self.start {
            body.extend_from_slice(chunk);
            return if body.len() > LONGEST { Err(FrameTooLong.into()) } else { Ok(()) };
        }
        if matches!(self.start, Start::Stream) {
            return Ok(());
        }
        let text = &chunk[chunk.iter().position(is_text).unwrap_or(chunk.len())..];
        match text.first() {
            None => (),
            Some(b'<') => return Err(error::not_an_answer(text)),
            Some(b'{' | b'[') => self.start = Start::Whole(text.to_vec()),
            Some(_) => self.start = Start::Stream,
        }
        Ok(())
    }

    fn stream(&mut self, chunk: Bytes, out: &mut Vec<Bytes>) -> Result<(), Fault> {
        for run in self.splitter.push(chunk)? {
            self.run(&run, out)?;
        }
        if matches!(self.start, Start::Unknown) {
            // What stands before a body is no matter of framing.
            return Ok(());
        }
        if self.splitter.normalised() {
            self.seen.repaired("crlf");
        }
        if self.splitter.broken() {
            self.seen.repaired("frame_break");
        }
        Ok(())
    }

    /// Passes on a run of whole frames.
    fn run(&mut self, run: &Bytes, out: &mut Vec<Bytes>) -> Result<(), Fault> {
        const FIELD: &[u8] = b"data: ";
        let mut emit = Emit::new(run, out);
        let mut at = 0;
        let mut result = Ok(());
        while at < run.len() && !self.ended && result.is_ok() {
            let plain = run[at..].strip_prefix(FIELD).and_then(|rest| {
                let line = memchr::memchr(b'\n', rest)?;
                (rest.get(line + 1) == Some(&b'\n')).then_some(line)
            });
            let Some(line) = plain else {
                return self.odd(&run.slice(at..), emit.into_out());
            };
            let payload = at + FIELD.len()..at + FIELD.len() + line;
            let frame = at..payload.end + 2;
            at = frame.end;
            result = self.frame(&run[payload], frame, &mut emit);
        }
        emit.flush();
        result
    }

    /// Passes on one frame, whose bytes are at `frame` in the run.
    fn frame(
        &mut self,
        payload: &[u8],
        frame: Range<usize>,
        emit: &mut Emit<'_>,
    ) -> Result<(), Fault> {
        if let Some(look) = C::look(payload) {
            let report = look.usage.clone().map(|usage| Report::read(&payload[usage]));
            match report {
                None => return self.chunk(payload, &look, None, Some(frame), emit),
                Some(Some(report)) if report.is_whole() => {
                    return self.chunk(payload, &look, Some(&report), Some(frame), emit);
                }
                Some(_) => (),
            }
        } else if payload.trim_ascii() == b"[DONE]" {
            self.let_go(emit);
            emit.pass(frame);
            self.ended = true;
            return Ok(());
        } else if payload.trim_ascii().is_empty() {
            // An event without data says nothing, and clients would parse it.
            self.seen.repaired("event_lines");
            return Ok(());
        }
        let mended = C::mend(payload)?;
        mended.repairs.iter().for_each(|name| self.seen.repaired(name));
        let Some(text) = mended.payload else { return Ok(()) };
        let payload = text.as_bytes();
        let report = mended.look.usage.clone().and_then(|usage| Report::read(&payload[usage]));
        let frame = mended.repairs.is_empty().then_some(frame);
        self.chunk(payload, &mended.look, report.as_ref(), frame, emit)
    }

    /// Passes on one chunk. `frame` is where it is in the run, if it is still as it came.
    fn chunk(
        &mut self,
        payload: &[u8],
        look: &Look,
        report: Option<&Report>,
        frame: Option<Range<usize>>,
        emit: &mut Emit<'_>,
    ) -> Result<(), Fault> {
        self.note(look, report);
        if look.choice.is_none() && look.usage.is_some() && !self.answer.include_usage {
            return Ok(());
        }
        if look.finish {
            self.finished = true;
            self.let_go(emit);
        }
        let renamed = self.renamed(payload, look);
        let Some(calls) = look.calls.clone() else {
            match (renamed, frame) {
                (None, Some(frame)) => emit.pass(frame),
                (Some(text), _) => emit.put(framed(text.as_bytes())),
                (None, None) => emit.put(framed(payload)),
            }
            return Ok(());
        };
        let text = std::str::from_utf8(payload)
            .map_err(|_| Fault::unreadable("the provider sent a frame that is not UTF-8"))?;
        let taken = self.order.take(look.choice.unwrap_or(0), text, &text[calls], look.finish)?;
        self.seen.content_bytes += taken.text as u64;
        if taken.pass {
            match frame {
                Some(frame) if renamed.is_none() => emit.pass(frame),
                _ => emit.put(framed(renamed.as_deref().unwrap_or(text).as_bytes())),
            }
        }
        self.put(taken, emit);
        Ok(())
    }

    /// Takes down what a chunk says.
    fn note(&mut self, look: &Look, report: Option<&Report>) {
        self.seen.semantic |= look.says || look.finish;
        self.seen.content_bytes += look.text as u64;
        if let Some(usage) = report.and_then(Report::usage) {
            self.seen.usage = Some(usage);
            self.seen.content_bytes = 0;
        }
    }

    /// The chunk with the model's name that the client is to see.
    fn renamed(&self, payload: &[u8], look: &Look) -> Option<String> {
        let (model, place) = (self.model.as_ref()?, look.model.clone()?);
        if &payload[place.clone()] == model.as_bytes() {
            return None;
        }
        let text = std::str::from_utf8(payload).ok()?;
        Some([&text[..place.start], model, &text[place.end..]].concat())
    }

    /// Lets tool calls through that waited for others to end.
    fn let_go(&mut self, emit: &mut Emit<'_>) {
        let taken = self.order.flush();
        self.put(taken, emit);
    }

    fn put(&mut self, taken: Taken, emit: &mut Emit<'_>) {
        taken.repairs.iter().for_each(|name| self.seen.repaired(name));
        taken.frames.into_iter().for_each(|frame| emit.put(frame));
    }

    fn finish(&mut self, out: &mut Vec<Bytes>) -> Result<(), Fault> {
        if let Start::Whole(body) = &mut self.start {
            let body = std::mem::take(body);
            return self.whole(&body, out);
        }
        if let Some(last) = self.splitter.finish() {
            // A frame without its blank line may also lack the end of its data.
            let data = split::read(&last).map(|frame| frame.data);
            let whole =
                |data: &Bytes| data.ends_with(b"]") || RawObject::read(data.trim_ascii()).is_ok();
            match data {
                None => self.run(&last, out)?,
                Some(data) if whole(&data) => {
                    self.seen.repaired("frame_break");
                    self.run(&last, out)?;
                }
                Some(_) if !self.finished => return Err(Fault::cut()),
                Some(_) => (),
            }
        }
        if self.ended {
            return Ok(());
        }
        if !self.finished {
            return Err(Fault::cut());
        }
        self.let_go(&mut Emit::new(&Bytes::new(), out));
        self.seen.repaired("done_missing");
        out.push(Bytes::from_static(DONE));
        Ok(())
    }

    /// A whole answer where a stream was asked for, as some servers send it: made into one.
    fn whole(&mut self, body: &[u8], out: &mut Vec<Bytes>) -> Result<(), Fault> {
        let bytes = C::streamed(&mut self.answer, body, &mut self.seen)?;
        self.seen.repaired("not_streamed");
        out.push(bytes);
        Ok(())
    }
}

fn framed(payload: &[u8]) -> Bytes {
    [b"data: ", payload, b"\n\n"].concat().into()
}
