//! Usage as Google reports it, and the way back.
//!
//! `promptTokenCount` is the whole prompt with what came from the cache; what hosted tools added
//! stands apart, and so does thinking: `candidatesTokenCount` is the answer without it. Reports are
//! cumulative and repeated in every chunk.
//! <https://ai.google.dev/api/generate-content#UsageMetadata>

use serde::Deserialize;
use serde_json::value::RawValue;
use wayleave_model::Usage;

use crate::chat::json::{Object, object};

/// A report on the wire. Figures are read one by one: a strange one costs only itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    #[serde(borrow, default)]
    prompt_token_count: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cached_content_token_count: Option<&'a RawValue>,
    #[serde(borrow, default)]
    candidates_token_count: Option<&'a RawValue>,
    #[serde(borrow, default)]
    thoughts_token_count: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_use_prompt_token_count: Option<&'a RawValue>,
    #[serde(borrow, default)]
    prompt_tokens_details: Option<&'a RawValue>,
    #[serde(borrow, default)]
    candidates_tokens_details: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail<'a> {
    #[serde(default)]
    modality: String,
    #[serde(borrow, default)]
    token_count: Option<&'a RawValue>,
}

/// The newest figures. A later chunk that leaves one out takes nothing back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    prompt: u64,
    tools: u64,
    cached: u64,
    answer: u64,
    thoughts: u64,
    audio_input: u64,
    audio_output: u64,
}

impl Tally {
    /// Takes in a report's JSON, and says whether it counts the answer's tokens: only then is what
    /// passed before it accounted for.
    pub(super) fn add_json(&mut self, json: &str) -> bool {
        let Ok(report) = serde_json::from_str::<Report<'_>>(json) else { return false };
        keep(&mut self.prompt, count(report.prompt_token_count));
        keep(&mut self.tools, count(report.tool_use_prompt_token_count));
        keep(&mut self.cached, count(report.cached_content_token_count));
        keep(&mut self.answer, count(report.candidates_token_count));
        keep(&mut self.thoughts, count(report.thoughts_token_count));
        keep(&mut self.audio_input, audio(report.prompt_tokens_details));
        keep(&mut self.audio_output, audio(report.candidates_tokens_details));
        count(report.candidates_token_count).is_some_and(|tokens| tokens > 0)
    }

    /// In our convention; `None` when nothing was reported, be it in zeros.
    pub(super) fn usage(&self) -> Option<Usage> {
        let input = self.prompt.saturating_add(self.tools);
        let output = self.answer.saturating_add(self.thoughts);
        (*self != Tally::default()).then(|| Usage {
            input,
            cached: self.cached.min(input),
            audio_input: self.audio_input.min(input),
            output,
            reasoning: self.thoughts,
            audio_output: self.audio_output.min(output),
            ..Usage::default()
        })
    }
}

/// Writes `usage` as this dialect counts it.
pub(super) fn write(object: &mut Object<'_>, usage: &Usage) {
    let thoughts = usage.reasoning.min(usage.output);
    let answer = usage.output - thoughts;
    object.count("promptTokenCount", usage.input);
    if usage.cached > 0 {
        object.count("cachedContentTokenCount", usage.cached);
    }
    object.count("candidatesTokenCount", answer);
    if thoughts > 0 {
        object.count("thoughtsTokenCount", thoughts);
    }
    object.count("totalTokenCount", usage.total());
    details(object, "promptTokensDetails", usage.input, usage.audio_input);
    details(object, "candidatesTokensDetails", answer, usage.audio_output);
}

/// The split by modality, where there is sound: all else counts as text.
fn details(object: &mut Object<'_>, key: &str, total: u64, audio: u64) {
    if audio == 0 {
        return;
    }
    let detail = |modality: &str, tokens: u64| {
        let mut out = Vec::new();
        self::object(&mut out, |it| {
            it.text("modality", modality).count("tokenCount", tokens);
        });
        out
    };
    object.list(key, [detail("TEXT", total.saturating_sub(audio)), detail("AUDIO", audio)]);
}

fn keep(slot: &mut u64, figure: Option<u64>) {
    if let Some(figure) = figure.filter(|figure| *figure > 0) {
        *slot = figure;
    }
}

fn audio(details: Option<&RawValue>) -> Option<u64> {
    let details: Vec<Detail<'_>> = serde_json::from_str(details?.get()).ok()?;
    let audio = details.iter().filter(|detail| detail.modality == "AUDIO");
    Some(audio.filter_map(|detail| count(detail.token_count)).fold(0, u64::saturating_add))
}

/// A figure, if it is one. Proto3 writes 64-bit numbers in quotes.
fn count(json: Option<&RawValue>) -> Option<u64> {
    let text = json?.get().trim_matches('"');
    let float = || text.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    text.parse().ok().or_else(|| float().map(|number| number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reports: &[&str]) -> Option<Usage> {
        let mut tally = Tally::default();
        reports.iter().for_each(|report| {
            tally.add_json(report);
        });
        tally.usage()
    }

    #[test]
    fn thinking_and_tools_are_counted_in() {
        let report = r#"{"promptTokenCount":100,"cachedContentTokenCount":40,
            "candidatesTokenCount":7,"thoughtsTokenCount":30,"toolUsePromptTokenCount":5,
            "totalTokenCount":142,"promptTokensDetails":[{"modality":"TEXT","tokenCount":90},
            {"modality":"AUDIO","tokenCount":10}]}"#;
        let expected = Usage {
            input: 105,
            cached: 40,
            audio_input: 10,
            output: 37,
            reasoning: 30,
            ..Usage::default()
        };
        assert_eq!(read(&[report]), Some(expected));
    }

    #[test]
    fn a_later_report_replaces_and_takes_nothing_back() {
        let first = r#"{"promptTokenCount":9,"thoughtsTokenCount":4}"#;
        let last = r#"{"promptTokenCount":9,"candidatesTokenCount":12}"#;
        let usage = read(&[first, last]).unwrap();
        assert_eq!((usage.input, usage.output, usage.reasoning), (9, 16, 4));
    }

    #[test]
    fn nothing_reported_is_nothing() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["null", "{}", r#"{"promptTokenCount":0}"#]), None);
        assert_eq!(read(&[r#"{"promptTokenCount":"12"}"#]).unwrap().input, 12);
    }

    #[test]
    fn writing_and_reading_give_the_same() {
        let usage = Usage {
            input: 100,
            cached: 40,
            audio_input: 8,
            output: 9,
            reasoning: 4,
            audio_output: 3,
            ..Usage::default()
        };
        let mut out = Vec::new();
        object(&mut out, |object| write(object, &usage));
        assert_eq!(read(&[std::str::from_utf8(&out).unwrap()]), Some(usage));
    }
}
