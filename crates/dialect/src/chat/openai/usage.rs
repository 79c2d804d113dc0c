//! Usage as the chat-completions dialect counts it, to and from ours.
//!
//! `prompt_tokens` is the whole prompt and `completion_tokens` the whole answer: the details are
//! parts of them (<https://platform.openai.com/docs/api-reference/chat/object>). Two ways of
//! counting that differ are read too: cache hits beside the details (`prompt_cache_hit_tokens`,
//! <https://api-docs.deepseek.com/guides/kv_cache>), and reasoning that `completion_tokens`
//! leaves out, which shows in the total.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use wayleave_model::Usage;

use super::super::json::Object;
use super::splice::Splice;
use crate::raw::RawObject;

/// A report as sent. Every figure may be missing, null or nonsense.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::chat) struct Report {
    prompt_tokens: Count,
    completion_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<AnswerDetails>,
    prompt_cache_hit_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Count,
    cache_write_tokens: Count,
    audio_tokens: Count,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AnswerDetails {
    reasoning_tokens: Count,
    audio_tokens: Count,
}

impl Report {
    /// Reads a report's JSON; `None` when it is not an object.
    pub(in crate::chat) fn read(json: &[u8]) -> Option<Report> {
        serde_json::from_slice(json).ok()
    }

    /// Whether a client finds the figures it computes with.
    pub(in crate::chat) fn is_whole(&self) -> bool {
        self.prompt_tokens.0.is_some()
            && self.completion_tokens.0.is_some()
            && self.total_tokens.0.is_some()
    }

    /// Prompt and answer, one of which may follow from the other and the total.
    fn sides(&self) -> Option<(u64, u64)> {
        let total = self.total_tokens.0;
        match (self.prompt_tokens.0, self.completion_tokens.0) {
            (Some(prompt), Some(answer)) => Some((prompt, answer)),
            (Some(prompt), None) => Some((prompt, total?.saturating_sub(prompt))),
            (None, Some(answer)) => Some((total?.saturating_sub(answer), answer)),
            (None, None) => None,
        }
    }

    /// What it says, if it says enough.
    pub(in crate::chat) fn usage(&self) -> Option<Usage> {
        let (input, mut output) = self.sides()?;
        let prompt = self.prompt_tokens_details.as_ref();
        let answer = self.completion_tokens_details.as_ref();
        let reasoning = answer.and_then(|d| d.reasoning_tokens.0).unwrap_or(0);
        let total = self.total_tokens.0.unwrap_or(0);
        if reasoning > 0 && total == input.saturating_add(output).saturating_add(reasoning) {
            output = output.saturating_add(reasoning);
        }
        let cached = prompt.and_then(|d| d.cached_tokens.0).or(self.prompt_cache_hit_tokens.0);
        let cached = cached.unwrap_or(0).min(input);
        let cache_write = prompt.and_then(|d| d.cache_write_tokens.0).unwrap_or(0);
        Some(Usage {
            input,
            cached,
            cache_write: cache_write.min(input - cached),
            cache_write_1h: 0,
            audio_input: prompt.and_then(|d| d.audio_tokens.0).unwrap_or(0).min(input),
            output,
            reasoning: reasoning.min(output),
            audio_output: answer.and_then(|d| d.audio_tokens.0).unwrap_or(0).min(output),
            ..Usage::default()
        })
    }
}

/// Notes in `splice` what makes the report at `json` one that a client can compute with, as far
/// as its figures allow; `false`: they do not. `zero` fills in what is not known.
pub(in crate::chat) fn complete<'a>(splice: &mut Splice<'a>, json: &'a str, zero: bool) -> bool {
    let Some(report) = Report::read(json.as_bytes()) else { return false };
    let (input, output) = match report.sides() {
        Some(sides) => sides,
        None if zero => {
            (report.prompt_tokens.0.unwrap_or(0), report.completion_tokens.0.unwrap_or(0))
        }
        None => return false,
    };
    let Ok(object) = RawObject::of(json) else { return false };
    let total = report.total_tokens.0.unwrap_or_else(|| input.saturating_add(output));
    for (key, count, value) in [
        ("prompt_tokens", &report.prompt_tokens, input),
        ("completion_tokens", &report.completion_tokens, output),
        ("total_tokens", &report.total_tokens, total),
    ] {
        match (count.0, object.raw(key)) {
            (Some(_), _) => (),
            (None, Some(raw)) => splice.replace(raw, value.to_string()),
            (None, None) => splice.add(json, key, &value.to_string()),
        }
    }
    true
}

/// Writes a whole report.
pub(in crate::chat) fn write(usage: &Usage, out: &mut Object<'_>) {
    out.count("prompt_tokens", usage.input);
    out.count("completion_tokens", usage.output);
    out.count("total_tokens", usage.total());
    out.nest("prompt_tokens_details", |details| {
        details.count("cached_tokens", usage.cached);
        details.count("audio_tokens", usage.audio_input);
        let written = usage.cache_write.saturating_add(usage.cache_write_1h);
        if written > 0 {
            details.count("cache_write_tokens", written);
        }
    });
    out.nest("completion_tokens_details", |details| {
        details.count("reasoning_tokens", usage.reasoning);
        details.count("audio_tokens", usage.audio_output);
        details.count("accepted_prediction_tokens", 0);
        details.count("rejected_prediction_tokens", 0);
    });
}

/// A count of tokens, if it is one: what is no number that makes sense counts as absent.
#[derive(Clone, Copy, Default)]
struct Count(Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Count, D::Error> {
        deserializer.deserialize_any(CountVisitor)
    }
}

struct CountVisitor;

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a count")
    }

    fn visit_u64<E>(self, value: u64) -> Result<Count, E> {
        Ok(Count(Some(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Count, E> {
        let fits = value.fract() == 0.0 && (0.0..9e15).contains(&value);
        Ok(Count(fits.then_some(value as u64)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_unit<E>(self) -> Result<Count, E> {
        Ok(Count(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Count, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Count, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Count(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::json;

    fn read(json: &str) -> Option<Usage> {
        Report::read(json.as_bytes())?.usage()
    }

    #[test]
    fn details_are_parts_of_the_whole() {
        let usage = read(
            r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
                "prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":20,"audio_tokens":null},
                "completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":4},"cost":0.1}"#,
        );
        let expected = Usage {
            input: 100,
            cached: 60,
            cache_write: 20,
            output: 50,
            reasoning: 30,
            audio_output: 4,
            ..Usage::default()
        };
        assert_eq!(usage, Some(expected));
    }

    #[test]
    fn cache_hits_beside_the_details_count() {
        let usage =
            read(r#"{"prompt_tokens":10,"completion_tokens":1,"prompt_cache_hit_tokens":8}"#);
        assert_eq!(usage.map(|u| u.cached), Some(8));
    }

    #[test]
    fn reasoning_outside_the_answer_shows_in_the_total() {
        let json = r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":35,
                       "completion_tokens_details":{"reasoning_tokens":20}}"#;
        assert_eq!(read(json).map(|u| (u.output, u.reasoning)), Some((25, 20)));
    }

    #[test]
    fn one_side_follows_from_the_total() {
        assert_eq!(read(r#"{"prompt_tokens":4,"total_tokens":9}"#).map(|u| u.output), Some(5));
        assert_eq!(read(r#"{"prompt_tokens":4,"completion_tokens":null}"#), None);
        assert_eq!(read(r#"{"total_tokens":9}"#), None);
        assert_eq!(read("[]"), None);
    }

    #[test]
    fn nulls_are_filled_from_what_is_known() {
        let fill = |json: &str, zero| {
            let mut splice = Splice::new(json);
            complete(&mut splice, json, zero).then(|| splice.apply())
        };
        let nulls = r#"{"prompt_tokens":null,"completion_tokens":5,"total_tokens":9,"x":1}"#;
        let whole = r#"{"prompt_tokens":4,"completion_tokens":5,"total_tokens":9,"x":1}"#;
        assert_eq!(fill(nulls, false).as_deref(), Some(whole));
        let missing = r#"{"prompt_tokens":4,"completion_tokens":5}"#;
        let whole = r#"{"total_tokens":9,"prompt_tokens":4,"completion_tokens":5}"#;
        assert_eq!(fill(missing, false).as_deref(), Some(whole));
        assert_eq!(fill("{}", false), None);
        let zeros = r#"{"total_tokens":0,"completion_tokens":0,"prompt_tokens":0}"#;
        assert_eq!(fill("{}", true).as_deref(), Some(zeros));
    }

    #[test]
    fn a_report_is_written_with_every_figure() {
        let usage = Usage { input: 3, output: 2, cache_write_1h: 1, ..Usage::default() };
        let mut out = Vec::new();
        json::object(&mut out, |object| write(&usage, object));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0,"cache_write_tokens":1},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"#
        );
    }
}
