//! A whole answer of this dialect on its way to a client of this dialect.
//!
//! Repairs: `object` (another word for what it is), `text`, `usage_null`.

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::carry::{Answer, Whole};
use crate::chat::openai::amend::quoted;
use crate::chat::openai::carry::mend::is_error;
use crate::chat::openai::error;
use crate::chat::openai::splice::Splice;
use crate::chat::openai::usage::{self, Report};
use crate::error::Fault;
use crate::raw::RawObject;

/// Passes `body` on. The fault is an error, a page or something else that is no answer.
pub(super) fn carry(answer: &Answer, body: &Bytes) -> Result<Whole, Fault> {
    let no_answer = || error::not_an_answer(body);
    let text = std::str::from_utf8(body).map_err(|_| no_answer())?;
    let object = RawObject::read(text.as_bytes()).map_err(|_| no_answer())?;
    if is_error(&object) {
        return Err(error::fault(body));
    }
    let choices: Vec<&RawValue> = object
        .parse("choices")
        .and_then(Result::ok)
        .filter(|choices: &Vec<_>| !choices.is_empty())
        .ok_or_else(no_answer)?;
    let mut splice = Splice::new(text);
    let mut repairs = Vec::new();
    let mut content_bytes = 0;
    if let Some(kind) = object.raw("object")
        && kind != r#""text_completion""#
    {
        splice.replace(kind, r#""text_completion""#);
        repairs.push("object");
    }
    for choice in choices {
        if complete(&mut splice, choice.get()).ok_or_else(no_answer)? && !repairs.contains(&"text")
        {
            repairs.push("text");
        }
        let words = RawObject::read(choice.get().as_bytes());
        let words = words.ok().and_then(|choice| choice.raw("text").map(str::len));
        content_bytes += words.unwrap_or(0).saturating_sub(2) as u64;
    }
    let report = object.raw("usage").filter(|report| !matches!(*report, "null" | "{}"));
    let usage = report.and_then(|raw| {
        let report = Report::read(raw.as_bytes());
        if report.as_ref().is_none_or(|report| !report.is_whole()) {
            repairs.push("usage_null");
            if !usage::complete(&mut splice, raw, true) {
                splice.replace(raw, "null");
            }
        }
        report?.usage()
    });
    if let (Some(model), Some(sent)) = (&answer.model, object.raw("model")) {
        let model = quoted(model);
        if model != sent {
            splice.replace(sent, model);
        }
    }
    let mended = (!splice.is_empty()).then(|| Bytes::from(splice.apply()));
    let body = mended.unwrap_or_else(|| body.clone());
    Ok(Whole { body, usage, content_bytes, repairs, losses: Vec::new(), kept: None })
}

/// Gives a choice a text; `true`: it had none. `None`: it is no choice.
pub(super) fn complete<'a>(splice: &mut Splice<'a>, choice: &'a str) -> Option<bool> {
    let object = RawObject::read(choice.as_bytes()).ok()?;
    match object.raw("text") {
        Some(text) if text.starts_with('"') => return Some(false),
        Some(null @ "null") => splice.replace(null, r#""""#),
        Some(_) => return None,
        None => splice.add(choice, "text", r#""""#),
    }
    Some(true)
}
