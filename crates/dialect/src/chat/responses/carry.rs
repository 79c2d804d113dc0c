//! A stream of this dialect, passed on to a client of the same.
//!
//! Frames of content, which are nearly all, are told at a glance and go out as the bytes they came
//! in. Only those that hold the response are looked into: for usage, for the end, for the id that
//! must come back to us and for the name of the model.

use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::splice::{Cuts, join};
use super::whole::{Names, reported};
use super::{error, unfold};
use crate::carry::{Answer, Carried, Carry, Seen, is_text};
use crate::error::Fault;
use crate::frame::split::{self, Splitter};
use crate::frame::{FrameTooLong, LONGEST};
use crate::raw::RawObject;

/// What surrounds the text of a delta, so that content can be counted without reading it.
const AROUND: usize = r#"event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":10,"item_id":"msg_68af4030baa48193b0b43b4c2a176a1a0e6967589f080e78","output_index":0,"content_index":0,"delta":"","logprobs":[]}

"#
.len();

/// The state between chunks.
pub(super) struct Carrier {
    answer: Answer,
    form: Form,
    splitter: Splitter,
    seen: Seen,
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
    /// It goes out, or these in its place, and it is the last.
    Last(Option<Vec<Bytes>>),
}

impl Carrier {
    /// A carrier of the answer that `answer` describes.
    pub(super) fn new(answer: &Answer) -> Carrier {
        Carrier {
            answer: answer.clone(),
            form: Form::Unknown,
            splitter: Splitter::default(),
            seen: Seen::default(),
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
                Ok(Step::Keep) => continue,
                Ok(Step::Replace(pieces)) => (Some(pieces), false),
                Ok(Step::Last(pieces)) => (pieces, true),
                Err(fault) => {
                    emit(run.slice(done..start), out);
                    return Err(fault);
                }
            };
            emit(run.slice(done..if pieces.is_some() { start } else { end }), out);
            out.bytes.extend(pieces.into_iter().flatten().filter(|piece| !piece.is_empty()));
            done = end;
            if last {
                out.end = Some(Ok(()));
                return Ok(());
            }
        }
        emit(run.slice(done..), out);
        Ok(())
    }

    fn frame(&mut self, raw: &Bytes) -> Result<Step, Fault> {
        if let Some(bytes) = content(raw) {
            self.seen.semantic = true;
            self.seen.content_bytes += bytes;
            return Ok(Step::Keep);
        }
        let Some(frame) = split::read(raw) else { return Ok(Step::Keep) };
        let data = frame.data.trim_ascii();
        if data == b"[DONE]" {
            // Of another dialect: clients of this one parse it.
            self.seen.repaired("done_marker");
            return Ok(Step::Replace(Vec::new()));
        }
        let Some(kind) = kind(data, &frame.event) else { return Err(error::not_an_answer(data)) };
        match &*kind {
            "error" | "response.failed" | "response.cancelled" => Err(failed(data)),
            "response.created" | "response.in_progress" | "response.queued" => {
                let pieces = self.response(raw, &frame.data)?;
                Ok(pieces.map_or(Step::Keep, Step::Replace))
            }
            "response.completed" | "response.incomplete" => {
                let pieces = self.response(raw, &frame.data)?;
                self.seen.semantic = true;
                Ok(Step::Last(pieces))
            }
            kind => {
                self.seen.semantic |= kind.starts_with("response.");
                if kind.ends_with(".delta") {
                    self.seen.content_bytes += raw.len().saturating_sub(AROUND) as u64;
                }
                Ok(Step::Keep)
            }
        }
    }

    /// A frame that holds the response: `raw` as it came, `data` as it is read. Gives it anew where
    /// it must change.
    fn response(&mut self, raw: &Bytes, data: &Bytes) -> Result<Option<Vec<Bytes>>, Fault> {
        let event = RawObject::read(data).map_err(|_| error::not_an_answer(data))?;
        let json = event.raw("response").unwrap_or("null");
        let Ok(response) = RawObject::read(json.as_bytes()) else {
            return Err(Fault::unreadable("the provider sent an event without its response"));
        };
        if let Some(usage) = reported(&response) {
            self.seen.usage = Some(usage);
            self.seen.content_bytes = 0;
        }
        let mut cuts = Cuts::default();
        if is_within(data, raw) {
            Names::new(&self.answer).cut(&response, raw, &mut cuts);
            return Ok((!cuts.is_empty()).then(|| cuts.apply(raw)));
        }
        // Its data stands in several lines.
        Names::new(&self.answer).cut(&response, data, &mut cuts);
        if cuts.is_empty() {
            return Ok(None);
        }
        let data = join(cuts.apply(data));
        let one_line = data.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte });
        let head =
            raw.starts_with(b"event:").then(|| raw.slice(..=memchr(b'\n', raw).unwrap_or(0)));
        let ends = [Bytes::from_static(b"data: "), one_line.collect(), Bytes::from_static(b"\n\n")];
        Ok(Some(head.into_iter().chain(ends).collect()))
    }

    fn finish(&mut self, out: &mut Carried) -> Result<(), Fault> {
        match &self.form {
            Form::Unknown => return Err(Fault::cut()),
            Form::Whole(body) => {
                let body = body.clone().freeze();
                out.bytes.push(unfold::stream(&self.answer, &body, &mut self.seen)?);
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
        if out.end.is_some() { Ok(()) } else { Err(Fault::cut()) }
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

/// How many bytes of content these frames bring, if all of them are frames of content as every
/// client reads them: an `event:` line, one `data:` line, a blank line.
#[inline]
fn content(frames: &[u8]) -> Option<u64> {
    const KINDS: [&[u8]; 4] = [b"output_", b"content_part.", b"function_call_", b"reasoning_"];
    let mut bytes = 0;
    let mut rest = frames;
    while !rest.is_empty() {
        let name = rest.strip_prefix(b"event: response.")?;
        if !KINDS.iter().any(|kind| name.starts_with(kind)) {
            return None;
        }
        let (name, data) = name.split_at(memchr(b'\n', name)? + 1);
        let data = data.strip_prefix(b"data: {")?;
        let next = data[memchr(b'\n', data)? + 1..].strip_prefix(b"\n")?;
        // What else there is repeats what the deltas brought.
        if name.ends_with(b".delta\n") {
            bytes += (rest.len() - next.len()).saturating_sub(AROUND);
        }
        rest = next;
    }
    Some(bytes as u64)
}

/// The event's type, by its data as clients go by it, else by its name: servers that keep a silent
/// stream open with an event of their own name it so.
fn kind(data: &[u8], name: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Kind<'a> {
        #[serde(borrow, default, rename = "type")]
        kind: Option<&'a RawValue>,
        #[serde(borrow, default)]
        error: Option<&'a RawValue>,
    }
    let read: Kind<'_> = serde_json::from_slice(data).ok()?;
    let kind = read.kind.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let name = || String::from_utf8(name.to_vec()).ok().filter(|_| read.error.is_none());
    kind.or_else(name).filter(|kind| !kind.is_empty())
}

/// The fault of an event that ends the answer in its middle.
fn failed(data: &[u8]) -> Fault {
    match RawObject::read(data).ok().and_then(|event| event.raw("response")) {
        Some(response) => error::fault(response.as_bytes()),
        None => error::fault(data),
    }
}

/// Whether `inner` is a slice of `outer`, not a copy.
fn is_within(inner: &Bytes, outer: &Bytes) -> bool {
    let (inner, outer) = (inner.as_ptr_range(), outer.as_ptr_range());
    outer.start <= inner.start && inner.end <= outer.end
}

fn emit(bytes: Bytes, out: &mut Carried) {
    if !bytes.is_empty() {
        out.bytes.push(bytes);
    }
}

#[cfg(test)]
mod tests;
