//! A whole body of this dialect passed on to a client of the same, and the mending that bodies and
//! the two reporting events of a stream have in common.

use bytes::Bytes;

use super::error;
use super::usage::{self, Tally};
use crate::carry::{Answer, Whole};
use crate::chat::json::object;
use crate::error::Fault;
use crate::raw::{Edits, RawObject};

/// Passes `body` on, byte for byte but for what would break a client.
pub(super) fn carry(answer: &Answer, body: &Bytes) -> Result<Whole, Fault> {
    let Ok(message) = RawObject::read(body) else { return Err(error::not_an_answer(body)) };
    let kind = message.string("type").and_then(Result::ok);
    let is_message = kind.as_deref() == Some("message");
    if kind.as_deref() == Some("error") || !is_message && !message.has("content") {
        return Err(error::not_an_answer(body));
    }
    let mut tally = Tally::default();
    let mut edits = Edits::default();
    edit_message(&message, answer.model.as_deref(), &mut tally, &mut edits);
    if !message.has("content") {
        edits.set("content", "[]".to_owned(), "content_null");
    }
    let content = message.raw("content").unwrap_or_default();
    let content_bytes = content.len().saturating_sub(r#"[{"type":"text","text":""}]"#.len());
    let mut repairs = Vec::new();
    for name in ["usage_null", "content_null"] {
        if edits.names().any(|edit| edit == name) {
            repairs.push(name);
        }
    }
    let mut pieces = edits.apply(&message, body);
    let body = match (pieces.len(), pieces.pop()) {
        (1, Some(only)) => only,
        (_, last) => pieces.into_iter().chain(last).collect::<Vec<_>>().concat().into(),
    };
    let usage = tally.usage();
    Ok(Whole {
        body,
        usage,
        content_bytes: content_bytes as u64,
        repairs,
        losses: Vec::new(),
        kept: None,
    })
}

/// An event as it goes on.
pub(super) struct Event {
    /// Its data, where it had to change.
    pub(super) data: Option<Vec<Bytes>>,
    /// It counts the tokens of the answer so far.
    pub(super) counted: bool,
    /// It reported no usage where clients count on it.
    pub(super) usage_mended: bool,
    /// It says why the answer ended.
    pub(super) finished: bool,
}

/// A `message_start`: takes in its report, renames its model, and gives a null report figures.
pub(super) fn complete_start(
    data: &Bytes,
    model: Option<&str>,
    tally: &mut Tally,
) -> Result<Event, Fault> {
    let (event, message) = inner(data, "message")?;
    let mut edits = Edits::default();
    edit_message(&message, model, tally, &mut edits);
    let usage_mended = edits.names().any(|name| name == "usage_null");
    let data = (!edits.is_empty()).then(|| {
        let bytes = data.slice_ref(message.body());
        let message = edits.apply(&message, &bytes).concat();
        replace(&event, data, "message", &message)
    });
    // Nothing of the answer passed before it.
    Ok(Event { data, counted: true, usage_mended, finished: false })
}

/// A `message_delta`: takes in its report, and fills it up where it says nothing.
pub(super) fn complete_delta(data: &Bytes, tally: &mut Tally) -> Result<Event, Fault> {
    let (event, delta) = inner(data, "delta")?;
    let report = event.raw("usage").unwrap_or("null");
    let counted = tally.add_json(report);
    let mended = mended(report, &["output_tokens"], tally);
    Ok(Event {
        counted,
        usage_mended: mended.is_some(),
        data: mended.map(|usage| replace(&event, data, "usage", usage.as_bytes())),
        finished: delta.has("stop_reason"),
    })
}

/// What a message needs changed, as edits.
fn edit_message(
    message: &RawObject<'_>,
    model: Option<&str>,
    tally: &mut Tally,
    edits: &mut Edits,
) {
    let report = message.raw("usage").unwrap_or("null");
    tally.add_json(report);
    if let Some(usage) = mended(report, &["input_tokens", "output_tokens"], tally) {
        edits.set("usage", usage, "usage_null");
    }
    if let Some(model) = model {
        edits.set("model", serde_json::Value::from(model).to_string(), "model");
    }
}

/// The report with the figures that clients count on, where one is missing.
fn mended(report: &str, needed: &[&'static str], tally: &Tally) -> Option<String> {
    let known = tally.usage().unwrap_or_default();
    let mut full = Vec::new();
    object(&mut full, |usage| usage::write(usage, &known));
    let full = String::from_utf8(full).unwrap_or_default();
    let Ok(own) = RawObject::of(report) else { return Some(full) };
    if needed.iter().all(|field| own.has(field)) {
        return None;
    }
    let figures = RawObject::of(&full).ok()?;
    let mut edits = Edits::default();
    for field in needed.iter().filter(|field| !own.has(field)) {
        edits.set(field, figures.raw(field)?.to_owned(), *field);
    }
    let bytes = Bytes::copy_from_slice(report.as_bytes());
    String::from_utf8(edits.apply(&own, &bytes).concat()).ok()
}

/// The event in `data` and the object at its `key`.
fn inner<'d>(data: &'d Bytes, key: &str) -> Result<(RawObject<'d>, RawObject<'d>), Fault> {
    let event = RawObject::read(data).map_err(|_| error::not_an_answer(data))?;
    let object = event.raw(key).and_then(|json| RawObject::of(json).ok());
    match object {
        Some(object) => Ok((event, object)),
        None => Err(Fault::unreadable(format!("the provider sent an event without its {key}"))),
    }
}

fn replace(event: &RawObject<'_>, data: &Bytes, key: &'static str, json: &[u8]) -> Vec<Bytes> {
    let mut edits = Edits::default();
    edits.set(key, String::from_utf8_lossy(json).into_owned(), key);
    edits.apply(event, data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FaultKind;

    fn carried(body: &'static str, model: Option<&str>) -> Result<Whole, Fault> {
        let answer = Answer { model: model.map(str::to_owned), ..Answer::default() };
        carry(&answer, &Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn a_good_body_is_not_touched() {
        let body = r#"{ "id":"msg_1", "type":"message","role":"assistant", "model":"claude",
            "content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","new":{"a":1.0},
            "usage":{"input_tokens":3,"cache_read_input_tokens":4,"output_tokens":5} }"#;
        let whole = carried(body, None).unwrap();
        assert_eq!(whole.body.as_ptr(), body.as_ptr());
        assert_eq!(whole.body, body);
        assert_eq!(whole.content_bytes, 5);
        assert!(whole.repairs.is_empty());
        let usage = whole.usage.unwrap();
        assert_eq!((usage.input, usage.cached, usage.output), (7, 4, 5));
    }

    #[test]
    fn the_model_is_renamed_only_when_asked() {
        let body = r#"{"type":"message","model":"a","content":[],"usage":{"input_tokens":1,"output_tokens":0}}"#;
        let whole = carried(body, Some("fast")).unwrap();
        let expected = r#"{"type":"message","model":"fast","content":[],"usage":{"input_tokens":1,"output_tokens":0}}"#;
        assert_eq!(whole.body, expected);
        assert!(whole.repairs.is_empty());
    }

    #[test]
    fn what_would_break_a_client_is_mended() {
        let whole = carried(r#"{"type":"message","content":null,"usage":null}"#, None).unwrap();
        let expected = r#"{"type":"message","content":[],"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}"#;
        assert_eq!(whole.body, expected);
        assert_eq!(whole.repairs, ["usage_null", "content_null"]);
        assert_eq!(whole.usage, None);
        let body = r#"{"type":"message","content":[],"usage":{"input_tokens":9,"output_tokens":null,"x":1}}"#;
        let whole = carried(body, None).unwrap();
        let expected =
            r#"{"type":"message","content":[],"usage":{"input_tokens":9,"output_tokens":0,"x":1}}"#;
        assert_eq!(whole.body, expected);
    }

    #[test]
    fn an_error_with_a_status_of_success_is_a_fault() {
        let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Busy"}}"#;
        let fault = carried(error, None).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Reported);
        assert_eq!(fault.code.as_deref(), Some("overloaded_error"));
        assert_eq!(fault.message, "Busy");
        for page in ["<!doctype html><p>hi", "", "[1]", r#"{"choices":[]}"#, r#"{"type":"mess"#] {
            assert_eq!(carried(page, None).unwrap_err().kind, FaultKind::Unreadable, "{page}");
        }
    }
}
