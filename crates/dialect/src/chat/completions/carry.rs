//! A stream of this dialect on its way to a client of this dialect, carried as chat's streams are:
//! frames pass as they are, and what would break a client is mended.
//!
//! A chunk has the form of a whole answer
//! (<https://platform.openai.com/docs/api-reference/completions/object>). Its own repair: `text` (a
//! choice whose text is missing or null).

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::whole;
use crate::carry::{Answer, Seen};
use crate::chat::halves;
use crate::chat::openai::carry::look::Look;
use crate::chat::openai::carry::mend::{Mended, is_error};
use crate::chat::openai::carry::{Chunks, Passing};
use crate::chat::openai::error;
use crate::chat::openai::splice::Splice;
use crate::chat::openai::usage::{self, Report};
use crate::error::Fault;
use crate::raw::RawObject;

/// Carries one answer.
pub(super) type Carrier = Passing<Completions>;

/// Chunks of this dialect.
pub(super) struct Completions;

/// One of the answers, or more of it.
#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default)]
    pub(super) index: Option<u32>,
    #[serde(borrow, default)]
    pub(super) text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub(super) logprobs: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) finish_reason: Option<Cow<'a, str>>,
}

impl Choice<'_> {
    /// Why it ended, if it did.
    pub(super) fn finish(&self) -> Option<&str> {
        self.finish_reason.as_deref().filter(|word| !word.is_empty())
    }
}

impl Chunks for Completions {
    fn look(payload: &[u8]) -> Option<Look> {
        let text = std::str::from_utf8(payload).ok()?;
        let object = RawObject::read(payload).ok()?;
        if is_error(&object) {
            return None;
        }
        let choices: Vec<&RawValue> = serde_json::from_str(object.raw("choices")?).ok()?;
        let usage = match object.raw("usage") {
            None | Some("null") => None,
            Some(report) if report.starts_with('{') => Some(report),
            Some(_) => return None,
        };
        let model = object.raw("model").filter(|model| model.starts_with('"'));
        let place = |part: &str| -> Option<Range<usize>> {
            let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
            Some(start..start + part.len())
        };
        let mut look =
            Look { usage: usage.and_then(place), model: model.and_then(place), ..Look::default() };
        for json in choices {
            let mut mended = String::new();
            let choice: Choice<'_> = halves::read(json.get(), &mut mended)?;
            let words = choice.text.as_ref()?.len();
            look.choice = look.choice.or(Some(choice.index.unwrap_or(0)));
            look.text += words;
            look.says |= words > 0;
            look.finish |= choice.finish().is_some();
        }
        Some(look)
    }

    fn mend(payload: &[u8]) -> Result<Mended, Fault> {
        let unreadable = || Fault::unreadable("the provider sent a frame that cannot be read");
        let text = std::str::from_utf8(payload.trim_ascii()).map_err(|_| unreadable())?;
        let object = RawObject::read(text.as_bytes()).map_err(|_| unreadable())?;
        if is_error(&object) {
            return Err(error::fault(payload));
        }
        let mut splice = Splice::new(text);
        let mut repairs = Vec::new();
        let choices = match object.raw("choices") {
            None => {
                repairs.push("choices");
                splice.add(text, "choices", "[]");
                Vec::new()
            }
            Some(null @ "null") => {
                repairs.push("choices");
                splice.replace(null, "[]");
                Vec::new()
            }
            Some(list) => serde_json::from_str::<Vec<&RawValue>>(list).map_err(|_| unreadable())?,
        };
        for choice in &choices {
            if whole::complete(&mut splice, choice.get()).ok_or_else(unreadable)? {
                repairs.push("text");
            }
        }
        let report = object.raw("usage").unwrap_or("null");
        let is_whole = Report::read(report.as_bytes()).is_some_and(|report| report.is_whole());
        if report != "null" && !is_whole {
            repairs.push("usage_null");
            if !usage::complete(&mut splice, report, false) {
                splice.replace(report, "null");
                if choices.is_empty() {
                    return Ok(Mended { payload: None, look: Look::default(), repairs });
                }
            }
        }
        let payload = splice.apply();
        let look = Completions::look(payload.as_bytes()).ok_or_else(unreadable)?;
        Ok(Mended { payload: Some(payload), look, repairs })
    }

    /// A body is a chunk that says all at once; its report goes last, where clients look for it.
    fn streamed(answer: &mut Answer, body: &[u8], seen: &mut Seen) -> Result<Bytes, Fault> {
        let whole = whole::carry(answer, &Bytes::copy_from_slice(body))?;
        seen.semantic = true;
        seen.usage = whole.usage;
        seen.content_bytes = if whole.usage.is_some() { 0 } else { whole.content_bytes };
        whole.repairs.iter().for_each(|name| seen.repaired(name));
        // A line break in JSON stands between its words, where a space does as well.
        let text = String::from_utf8_lossy(&whole.body).replace(['\n', '\r'], " ");
        let object =
            RawObject::read(text.as_bytes()).map_err(|_| error::not_an_answer(text.as_bytes()))?;
        let mut frames = Vec::with_capacity(text.len() * 2);
        let mut put = |chunk: &str| {
            frames.extend_from_slice(b"data: ");
            frames.extend_from_slice(chunk.trim().as_bytes());
            frames.extend_from_slice(b"\n\n");
        };
        match (object.raw("usage").filter(|report| *report != "null"), object.raw("choices")) {
            (Some(report), Some(choices)) => {
                let mut said = Splice::new(&text);
                said.replace(report, "null");
                put(&said.apply());
                if answer.include_usage {
                    let mut told = Splice::new(&text);
                    told.replace(choices, "[]");
                    put(&told.apply());
                }
            }
            _ => put(&text),
        }
        put("[DONE]");
        Ok(frames.into())
    }
}
