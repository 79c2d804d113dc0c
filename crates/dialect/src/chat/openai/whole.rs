//! A whole answer of this dialect on its way to a client of this dialect.
//!
//! Repairs: `object` (another word for what it is), `content_parts`, `tool_arguments`,
//! `tool_call_id`, `usage_null`: each would break clients that were measured.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::carry::mend::content;
use super::error;
use super::splice::Splice;
use super::usage::{self, Report};
use crate::carry::{Answer, Whole};
use crate::chat::json;
use crate::error::Fault;
use crate::raw::RawObject;

/// Passes `body` on. The fault is an error, a page or something else that is no answer.
pub(super) fn carry(answer: &Answer, body: Bytes) -> Result<Whole, Fault> {
    let no_answer = || error::not_an_answer(&body);
    let text = std::str::from_utf8(&body).map_err(|_| no_answer())?;
    let object = RawObject::of(text).map_err(|_| no_answer())?;
    if !matches!(object.raw("error"), None | Some("null" | "{}" | "\"\"" | "false")) {
        return Err(error::fault(&body));
    }
    let choices: Vec<&RawValue> = object
        .parse("choices")
        .and_then(Result::ok)
        .filter(|c: &Vec<_>| !c.is_empty())
        .ok_or_else(no_answer)?;
    let mut pass =
        Pass { splice: Splice::new(text), repairs: Vec::new(), content_bytes: 0, id: &answer.id };
    if let Some(kind) = object.raw("object")
        && !matches!(kind, r#""chat.completion""# | r#""""#)
    {
        pass.repair("object", kind, r#""chat.completion""#);
    }
    for (at, choice) in choices.iter().enumerate() {
        pass.choice(at, choice.get());
    }
    let usage = object.raw("usage").and_then(|usage| pass.usage(usage));
    if let (Some(model), Some(sent)) = (&answer.model, object.raw("model")) {
        let model = quoted(model);
        if model != sent {
            pass.splice.replace(sent, model);
        }
    }
    let Pass { splice, repairs, content_bytes, .. } = pass;
    let mended = (!splice.is_empty()).then(|| Bytes::from(splice.apply()));
    Ok(Whole {
        body: mended.unwrap_or(body),
        usage,
        content_bytes,
        repairs,
        losses: Vec::new(),
        kept: None,
    })
}

struct Pass<'a> {
    splice: Splice<'a>,
    repairs: Vec<&'static str>,
    content_bytes: u64,
    /// Makes invented ids differ from those of other answers.
    id: &'a str,
}

impl<'a> Pass<'a> {
    fn repair(&mut self, name: &'static str, part: &'a str, with: impl Into<String>) {
        self.splice.replace(part, with);
        self.repaired(name);
    }

    fn repaired(&mut self, name: &'static str) {
        if !self.repairs.contains(&name) {
            self.repairs.push(name);
        }
    }

    fn choice(&mut self, at: usize, choice: &'a str) {
        let Some(message) = member(choice, "message") else { return };
        let Ok(object) = RawObject::of(message) else { return };
        for key in ["content", "reasoning_content", "refusal"] {
            self.content_bytes += length(object.raw(key));
        }
        if let Some(list) = object.raw("content").filter(|content| content.starts_with('[')) {
            content(&mut self.splice, message, list);
            self.repaired("content_parts");
        }
        let calls: Option<Vec<&RawValue>> = object.parse("tool_calls").and_then(Result::ok);
        for (k, call) in calls.unwrap_or_default().into_iter().enumerate() {
            self.call(at, k, call.get());
        }
    }

    fn call(&mut self, choice: usize, at: usize, call: &'a str) {
        let id = || quoted(&format!("call_{}_{choice}_{at}", self.id));
        match member(call, "id") {
            None => {
                let id = id();
                self.splice.add(call, "id", &id);
                self.repaired("tool_call_id");
            }
            Some(empty @ ("null" | "\"\"")) => {
                let id = id();
                self.repair("tool_call_id", empty, id);
            }
            Some(_) => (),
        }
        let arguments = member(call, "function").and_then(|function| member(function, "arguments"));
        self.content_bytes += length(arguments);
        if let Some(object) = arguments.filter(|arguments| arguments.starts_with('{')) {
            self.repair("tool_arguments", object, quoted(object));
        }
    }

    /// What a report says, and what it lacks filled in. An empty one counts as none.
    fn usage(&mut self, raw: &'a str) -> Option<wayleave_model::Usage> {
        if matches!(raw, "null" | "{}") {
            return None;
        }
        let Some(report) = Report::read(raw.as_bytes()) else {
            self.repair("usage_null", raw, "null");
            return None;
        };
        if !report.is_whole() && usage::complete(&mut self.splice, raw, true) {
            self.repaired("usage_null");
        }
        report.usage()
    }
}

fn member<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    RawObject::of(object).ok()?.raw(key)
}

/// Bytes of a value without its quotes or brackets.
fn length(value: Option<&str>) -> u64 {
    value.filter(|value| *value != "null").map_or(0, |value| value.len().saturating_sub(2) as u64)
}

fn quoted(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    json::quote(&mut out, text);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FaultKind;

    fn carried(answer: &Answer, body: &str) -> Result<Whole, Fault> {
        carry(answer, Bytes::copy_from_slice(body.as_bytes()))
    }

    fn case(body: &str, expected: &str, repairs: &[&'static str]) {
        let whole = carried(&Answer { id: "A".to_owned(), ..Answer::default() }, body).unwrap();
        assert_eq!(std::str::from_utf8(&whole.body).unwrap(), expected);
        assert_eq!(whole.repairs, repairs);
    }

    #[test]
    fn a_good_body_is_the_same_bytes() {
        let body = Bytes::from_static(
            br#" {"id":"c","object":"chat.completion","x":[1.50],"choices":[{"index":0,"message":{"role":"assistant","content":"hello","reasoning_content":"hm","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}} "#,
        );
        let whole = carry(&Answer::default(), body.clone()).unwrap();
        assert_eq!(whole.body.as_ptr(), body.as_ptr());
        assert_eq!((whole.content_bytes, whole.usage.map(|u| u.total())), (9, Some(3)));
        assert!(whole.repairs.is_empty());
    }

    #[test]
    fn the_model_is_the_routes_where_it_says_so() {
        let answer = Answer { model: Some("fast".to_owned()), ..Answer::default() };
        let whole = carried(&answer, r#"{"model": "up","choices":[{"message":{}}]}"#).unwrap();
        assert_eq!(&whole.body[..], br#"{"model": "fast","choices":[{"message":{}}]}"#);
        assert!(whole.repairs.is_empty());
    }

    #[test]
    fn what_would_break_clients_is_mended() {
        case(
            r#"{"object":null,"choices":[{"message":{"content":null}}]}"#,
            r#"{"object":"chat.completion","choices":[{"message":{"content":null}}]}"#,
            &["object"],
        );
        case(
            r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}"#,
            r#"{"choices":[{"message":{"content":"ab"}}]}"#,
            &["content_parts"],
        );
        case(
            r#"{"choices":[{"message":{"tool_calls":[{"id":"","function":{"name":"f","arguments":{"a": 1}}}]}}]}"#,
            r#"{"choices":[{"message":{"tool_calls":[{"id":"call_A_0_0","function":{"name":"f","arguments":"{\"a\": 1}"}}]}}]}"#,
            &["tool_call_id", "tool_arguments"],
        );
        case(
            r#"{"choices":[{"message":{}}],"usage":{"prompt_tokens":null,"total_tokens":7}}"#,
            r#"{"choices":[{"message":{}}],"usage":{"completion_tokens":0,"prompt_tokens":0,"total_tokens":7}}"#,
            &["usage_null"],
        );
    }

    #[test]
    fn usage_that_says_too_little_is_not_counted() {
        let body = r#"{"choices":[{"message":{"content":"abc"}}],"usage":{"total_tokens":7}}"#;
        let whole = carried(&Answer::default(), body).unwrap();
        assert_eq!((whole.usage, whole.content_bytes), (None, 3));
    }

    #[test]
    fn what_is_no_answer_is_a_fault() {
        let kind = |body: &str| carried(&Answer::default(), body).unwrap_err().kind;
        assert_eq!(kind("<html>"), FaultKind::Unreadable);
        assert_eq!(kind(""), FaultKind::Unreadable);
        assert_eq!(kind(r#"{"choices":[]}"#), FaultKind::Unreadable);
        assert_eq!(kind(r#"{"choices":[{"message":{}}"#), FaultKind::Unreadable);
        assert_eq!(kind(r#"{"error":{"message":"m"},"choices":[{}]}"#), FaultKind::Reported);
        assert_eq!(kind(r#"{"object":"error","message":"m"}"#), FaultKind::Reported);
    }
}
