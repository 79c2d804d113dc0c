//! Usage as Responses counts it, to and from ours.
//!
//! `input_tokens` is the whole prompt and `output_tokens` the whole answer: the details are parts
//! of them (`ResponseUsage` in the SDK's types). Of cache writes the dialect knows two times to
//! live, of which the longer goes where ours is longer too.

use serde::Deserialize;
use serde_json::value::RawValue;
use wayleave_model::Usage;

use crate::chat::json::Object;

/// A report as sent. Every figure may be missing, null or nonsense.
#[derive(Deserialize)]
struct Report<'a> {
    #[serde(borrow, default)]
    input_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    total_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_tokens_details: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output_tokens_details: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Input<'a> {
    #[serde(borrow)]
    cached_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_write_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_write_tokens_details: Option<&'a RawValue>,
    #[serde(borrow)]
    audio_tokens: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written<'a> {
    #[serde(borrow)]
    ttl_12h_tokens: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Output<'a> {
    #[serde(borrow)]
    reasoning_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    audio_tokens: Option<&'a RawValue>,
}

/// What the report `json` says, if it says enough.
pub(super) fn read(json: &str) -> Option<Usage> {
    let report: Report<'_> = serde_json::from_str(json).ok()?;
    let total = count(report.total_tokens);
    let (input, output) = match (count(report.input_tokens), count(report.output_tokens)) {
        (Some(input), Some(output)) => (input, output),
        (Some(input), None) => (input, total?.saturating_sub(input)),
        (None, Some(output)) => (total?.saturating_sub(output), output),
        (None, None) => return None,
    };
    let prompt: Input<'_> = inner(report.input_tokens_details);
    let answer: Output<'_> = inner(report.output_tokens_details);
    let written: Written<'_> = inner(prompt.cache_write_tokens_details);
    let figure = |raw| count(raw).unwrap_or(0);
    let cached = figure(prompt.cached_tokens).min(input);
    let cache_write = figure(prompt.cache_write_tokens).min(input - cached);
    let long = figure(written.ttl_12h_tokens).min(cache_write);
    Some(Usage {
        input,
        cached,
        cache_write: cache_write - long,
        cache_write_1h: long,
        audio_input: figure(prompt.audio_tokens).min(input),
        output,
        reasoning: figure(answer.reasoning_tokens).min(output),
        audio_output: figure(answer.audio_tokens).min(output),
        ..Usage::default()
    })
}

/// Writes a whole report: clients compute with every figure.
pub(super) fn write(usage: &Usage, out: &mut Object<'_>) {
    out.count("input_tokens", usage.input);
    out.nest("input_tokens_details", |details| {
        details.count("cached_tokens", usage.cached);
        let written = usage.cache_write.saturating_add(usage.cache_write_1h);
        details.count("cache_write_tokens", written);
    });
    out.count("output_tokens", usage.output);
    out.nest("output_tokens_details", |details| {
        details.count("reasoning_tokens", usage.reasoning);
    });
    out.count("total_tokens", usage.total());
}

fn inner<'a, T: Deserialize<'a> + Default>(json: Option<&'a RawValue>) -> T {
    json.and_then(|json| serde_json::from_str(json.get()).ok()).unwrap_or_default()
}

/// A figure, if it is one.
fn count(json: Option<&RawValue>) -> Option<u64> {
    let text = json?.get();
    let float = || text.parse::<f64>().ok().filter(|n| n.fract() == 0.0 && (0.0..9e15).contains(n));
    text.parse().ok().or_else(|| float().map(|number| number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::json;

    #[test]
    fn details_are_parts_of_the_whole() {
        let report = r#"{"input_tokens":100,"output_tokens":50.0,"total_tokens":150,"input_tokens_details":{"cached_tokens":60,"cache_write_tokens":30,"cache_write_tokens_details":{"ttl_12h_tokens":10,"ttl_30m_tokens":20}},"output_tokens_details":{"reasoning_tokens":30}}"#;
        let expected = Usage {
            input: 100,
            cached: 60,
            cache_write: 20,
            cache_write_1h: 10,
            output: 50,
            reasoning: 30,
            ..Usage::default()
        };
        assert_eq!(read(report), Some(expected));
    }

    #[test]
    fn nonsense_counts_as_absent() {
        let side = |json: &str| read(json).map(|usage| (usage.input, usage.output));
        assert_eq!(
            side(r#"{"input_tokens":4,"output_tokens":null,"total_tokens":9}"#),
            Some((4, 5))
        );
        assert_eq!(
            side(r#"{"input_tokens":"4","output_tokens":5,"total_tokens":9}"#),
            Some((4, 5))
        );
        assert_eq!(side(r#"{"input_tokens":4,"output_tokens":-1}"#), None);
        for nothing in ["null", "{}", "[]", r#"{"total_tokens":9}"#] {
            assert_eq!(side(nothing), None, "{nothing}");
        }
        let odd = r#"{"input_tokens":4,"output_tokens":5,"input_tokens_details":7,"output_tokens_details":{"reasoning_tokens":99}}"#;
        assert_eq!(read(odd).map(|usage| (usage.cached, usage.reasoning)), Some((0, 5)));
    }

    #[test]
    fn a_report_is_written_with_every_figure() {
        let usage = Usage { input: 9, cached: 4, cache_write: 1, output: 3, ..Usage::default() };
        let mut out = Vec::new();
        json::object(&mut out, |object| write(&usage, object));
        let expected = r#"{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":1},"output_tokens":3,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":12}"#;
        assert_eq!(std::str::from_utf8(&out).unwrap(), expected);
        assert_eq!(read(expected), Some(usage));
    }
}
