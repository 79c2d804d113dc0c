//! A stream of this dialect, passed on to a client of the same.
//!
//! Frames of content, which are nearly all, are told at a glance and go out as the bytes they came
//! in. Only those that hold the response are looked into: for usage, for the end, for the id that
//! must come back to us and for the name of the model.

use bytes::Bytes;
use memchr::memchr;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::splice::{Cuts, join};
use super::whole::{Names, reported};
use super::{error, unfold};
use crate::carry::pass::{Named, Pass, Step};
use crate::carry::{Answer, Seen};
use crate::error::Fault;
use crate::frame::split;
use crate::raw::RawObject;

/// What surrounds the text of a delta, so that content can be counted without reading it.
const AROUND: usize = r#"event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":10,"item_id":"msg_68af4030baa48193b0b43b4c2a176a1a0e6967589f080e78","output_index":0,"content_index":0,"delta":"","logprobs":[]}

"#
.len();

/// Carries one answer.
pub(super) type Carrier = Pass<Events>;

/// Events of this dialect.
pub(super) struct Events {
    answer: Answer,
}

impl Named for Events {
    fn new(answer: &Answer) -> Events {
        Events { answer: answer.clone() }
    }

    /// An `event:` line, one `data:` line, a blank line.
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

    fn frame(&mut self, raw: &Bytes, seen: &mut Seen) -> Result<Step, Fault> {
        let Some(frame) = split::read(raw) else { return Ok(Step::Keep) };
        let data = frame.data.trim_ascii();
        if data == b"[DONE]" {
            // Of another dialect: clients of this one parse it.
            seen.repaired("done_marker");
            return Ok(Step::Replace(Vec::new()));
        }
        let Some(kind) = kind(data, &frame.event) else { return Err(error::not_an_answer(data)) };
        match &*kind {
            "error" | "response.failed" | "response.cancelled" => Err(failed(data)),
            "response.created" | "response.in_progress" | "response.queued" => {
                let pieces = self.response(raw, &frame.data, seen)?;
                Ok(pieces.map_or(Step::Keep, Step::Replace))
            }
            "response.completed" | "response.incomplete" => {
                let pieces = self.response(raw, &frame.data, seen)?;
                seen.semantic = true;
                Ok(Step::Last(pieces))
            }
            kind => {
                seen.semantic |= kind.starts_with("response.");
                if kind.ends_with(".delta") {
                    seen.content_bytes += raw.len().saturating_sub(AROUND) as u64;
                }
                Ok(Step::Keep)
            }
        }
    }

    fn whole(&mut self, body: &Bytes, seen: &mut Seen) -> Result<Bytes, Fault> {
        unfold::stream(&self.answer, body, seen)
    }

    fn not_an_answer(body: &[u8]) -> Fault {
        error::not_an_answer(body)
    }
}

impl Events {
    /// A frame that holds the response: `raw` as it came, `data` as it is read. Gives it anew where
    /// it must change.
    fn response(
        &self,
        raw: &Bytes,
        data: &Bytes,
        seen: &mut Seen,
    ) -> Result<Option<Vec<Bytes>>, Fault> {
        let event = RawObject::read(data).map_err(|_| error::not_an_answer(data))?;
        let json = event.raw("response").unwrap_or("null");
        let Ok(response) = RawObject::read(json.as_bytes()) else {
            return Err(Fault::unreadable("the provider sent an event without its response"));
        };
        if let Some(usage) = reported(&response) {
            seen.usage = Some(usage);
            seen.content_bytes = 0;
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

#[cfg(test)]
mod tests;
