//! Mends a frame that would break a client, leaving the rest of its bytes as they were.

use serde_json::value::RawValue;

use super::look::{Look, look};
use crate::chat::json;
use crate::chat::openai::answer::wire::said;
use crate::chat::openai::error;
use crate::chat::openai::splice::Splice;
use crate::chat::openai::usage::{self, Report};
use crate::error::Fault;
use crate::raw::RawObject;

/// A frame that a client can read.
#[derive(Debug)]
pub(in crate::chat) struct Mended {
    /// Its JSON; `None`: nothing is left of it.
    pub(in crate::chat) payload: Option<String>,
    /// What it holds.
    pub(in crate::chat) look: Look,
    /// What was done to it.
    pub(in crate::chat) repairs: Vec<&'static str>,
}

/// Reads a frame that is out of the ordinary. The fault is an error in its place, or bytes that
/// are no frame of this dialect.
pub(super) fn mend(payload: &[u8]) -> Result<Mended, Fault> {
    let unreadable = || Fault::unreadable("the provider sent a frame that cannot be read");
    let text = std::str::from_utf8(payload.trim_ascii()).map_err(|_| unreadable())?;
    let object = RawObject::of(text).map_err(|_| unreadable())?;
    if is_error(&object) {
        return Err(error::fault(payload));
    }
    let mut mending = Mending { splice: Splice::new(text), repairs: Vec::new() };
    let choices = match object.raw("choices") {
        None => {
            mending.repairs.push("choices");
            mending.splice.add(text, "choices", "[]");
            Vec::new()
        }
        Some(null @ "null") => {
            mending.repairs.push("choices");
            mending.splice.replace(null, "[]");
            Vec::new()
        }
        Some(list) => serde_json::from_str::<Vec<&RawValue>>(list).map_err(|_| unreadable())?,
    };
    for choice in &choices {
        mending.choice(choice.get()).ok_or_else(unreadable)?;
    }
    let told = object.raw("usage").is_none_or(|usage| mending.usage(usage));
    if !told && choices.is_empty() {
        let repairs = mending.repairs;
        return Ok(Mended { payload: None, look: Look::default(), repairs });
    }
    let Mending { splice, repairs } = mending;
    let payload = splice.apply();
    let look = look(payload.as_bytes()).unwrap_or_else(|| several(&payload));
    Ok(Mended { payload: Some(payload), look, repairs })
}

/// Whether there is an error in the frame. Some servers have an empty one in every frame.
pub(in crate::chat) fn is_error(object: &RawObject<'_>) -> bool {
    !matches!(object.raw("error"), None | Some("null" | "{}" | "\"\"" | "false"))
}

struct Mending<'a> {
    splice: Splice<'a>,
    repairs: Vec<&'static str>,
}

impl<'a> Mending<'a> {
    /// Gives a choice a delta whose content is a text. `None`: it is no choice.
    fn choice(&mut self, choice: &'a str) -> Option<()> {
        let object = RawObject::of(choice).ok()?;
        let delta = match object.raw("delta") {
            None => {
                self.repairs.push("delta");
                self.splice.add(choice, "delta", "{}");
                return Some(());
            }
            Some(null @ "null") => {
                self.repairs.push("delta");
                self.splice.replace(null, "{}");
                return Some(());
            }
            Some(delta) => delta,
        };
        let inner = RawObject::of(delta).ok()?;
        if let Some(list) = inner.raw("content").filter(|content| content.starts_with('[')) {
            content(&mut self.splice, delta, list);
            self.repairs.push("content_parts");
        }
        Some(())
    }

    /// Makes a report one that a client can compute with; `false`: it says nothing.
    fn usage(&mut self, report: &'a str) -> bool {
        if report == "null"
            || Report::read(report.as_bytes()).is_some_and(|report| report.is_whole())
        {
            return true;
        }
        self.repairs.push("usage_null");
        let told = usage::complete(&mut self.splice, report, false);
        if !told {
            self.splice.replace(report, "null");
        }
        told
    }
}

/// Puts a text in the place of a list of pieces, and what was thought beside it.
pub(in crate::chat::openai) fn content<'a>(
    splice: &mut Splice<'a>,
    message: &'a str,
    list: &'a str,
) {
    let Ok(raw) = serde_json::from_str::<&RawValue>(list) else { return };
    let quoted = |text: &str| {
        let mut out = Vec::with_capacity(text.len() + 2);
        json::quote(&mut out, text);
        String::from_utf8(out).unwrap_or_default()
    };
    let (text, thought) = said(Some(raw));
    splice.replace(list, quoted(&text));
    if !thought.is_empty() {
        splice.add(message, "reasoning_content", &quoted(&thought));
    }
}

/// What a frame with several choices holds, taken together. Their calls are not looked into.
fn several(payload: &str) -> Look {
    let mut all = Look::default();
    let Ok(object) = RawObject::of(payload) else { return all };
    let choices = object.parse::<Vec<&RawValue>>("choices").and_then(Result::ok);
    for choice in choices.unwrap_or_default() {
        let one =
            look(format!(r#"{{"choices":[{}]}}"#, choice.get()).as_bytes()).unwrap_or_default();
        all.choice = all.choice.or(one.choice).or(Some(0));
        all.text += one.text;
        all.says |= one.says;
        all.finish |= one.finish;
    }
    let place = |key| {
        let part = object.raw(key)?;
        let start = (part.as_ptr() as usize).checked_sub(payload.as_ptr() as usize)?;
        Some(start..start + part.len())
    };
    all.usage = place("usage").filter(|range| payload[range.clone()].starts_with('{'));
    all.model = place("model").filter(|range| payload[range.clone()].starts_with('"'));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FaultKind;

    fn mended(json: &str) -> (Option<String>, Vec<&'static str>) {
        let mended = mend(json.as_bytes()).unwrap();
        (mended.payload, mended.repairs)
    }

    fn case(json: &str, expected: &str, repairs: &[&'static str]) {
        assert_eq!(mended(json), (Some(expected.to_owned()), repairs.to_vec()));
    }

    #[test]
    fn choices_and_deltas_are_there_afterwards() {
        case(r#"{"a":1}"#, r#"{"choices":[],"a":1}"#, &["choices"]);
        case(r#"{"a":1,"choices":null}"#, r#"{"a":1,"choices":[]}"#, &["choices"]);
        case(
            r#"{"choices":[{"index":0,"delta":null,"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
            &["delta"],
        );
        case(r#"{"choices":[{}]}"#, r#"{"choices":[{"delta":{}}]}"#, &["delta"]);
    }

    #[test]
    fn usage_is_completed_or_taken_out() {
        case(
            r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":null,"total_tokens":3}}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#,
            &["usage_null"],
        );
        case(
            r#"{"choices":[{"delta":{}}],"usage":{"prompt_tokens":null}}"#,
            r#"{"choices":[{"delta":{}}],"usage":null}"#,
            &["usage_null"],
        );
        assert_eq!(
            mended(r#"{"choices":[],"usage":{"total_tokens":3}}"#),
            (None, vec!["usage_null"])
        );
    }

    #[test]
    fn content_in_pieces_becomes_a_text() {
        case(
            r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"a\""}]}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_content":"hm","content":"a\""}}]}"#,
            &["content_parts"],
        );
    }

    #[test]
    fn several_choices_stay_as_they_are_and_are_added_up() {
        let json = r#"{"model":"m","choices":[{"index":0,"delta":{"content":"ab"}},{"index":1,"delta":{"content":"c"},"finish_reason":"stop"}],"usage":null}"#;
        let mended = mend(json.as_bytes()).unwrap();
        assert_eq!(mended.payload.as_deref(), Some(json));
        assert!(mended.repairs.is_empty());
        assert_eq!((mended.look.text, mended.look.says, mended.look.finish), (3, true, true));
        assert_eq!(&json[mended.look.model.unwrap()], r#""m""#);
    }

    #[test]
    fn an_error_is_a_fault_in_the_providers_words() {
        for json in [
            r#"{"error":{"message":"overloaded","code":"busy"}}"#,
            r#"{"choices":[],"error":{"message":"overloaded","code":"busy"}}"#,
        ] {
            let fault = mend(json.as_bytes()).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Reported);
            assert_eq!((fault.code.as_deref(), &*fault.message), (Some("busy"), "overloaded"));
        }
        assert_eq!(mended(r#"{"choices":[],"error":{}}"#).1, Vec::<&str>::new());
    }

    #[test]
    fn what_is_no_frame_is_unreadable() {
        for json in ["", "x", "null", "[]", r#"{"choices":7}"#, r#"{"choices":[7]}"#, r#"{"a":"#] {
            assert_eq!(mend(json.as_bytes()).unwrap_err().kind, FaultKind::Unreadable, "{json}");
        }
    }
}
