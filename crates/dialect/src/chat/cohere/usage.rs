//! Usage as Cohere counts it.
//!
//! `billed_units` are what it bills, `tokens` what the model saw, its own preamble included; the
//! former count, so that costs agree with its invoice (<https://docs.cohere.com/docs/how-does-cohere-pricing-work>).
//! Figures are floats on its wire.

use serde::Deserialize;
use serde_json::value::RawValue;
use wayleave_model::Usage;

/// A report as sent. Every figure may be missing or null.
#[derive(Deserialize)]
struct Report<'a> {
    #[serde(borrow, default)]
    billed_units: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cached_tokens: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Sides<'a> {
    #[serde(borrow, default)]
    input_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output_tokens: Option<&'a RawValue>,
}

/// What the report at `json` says, if it counts anything.
pub(super) fn read(json: &RawValue) -> Option<Usage> {
    let report: Report<'_> = serde_json::from_str(json.get()).ok()?;
    let (input, output) = sides(report.billed_units).or_else(|| sides(report.tokens))?;
    let cached = count(report.cached_tokens).unwrap_or(0).min(input);
    Some(Usage { input, cached, output, ..Usage::default() })
}

fn sides(json: Option<&RawValue>) -> Option<(u64, u64)> {
    let sides: Sides<'_> = serde_json::from_str(json?.get()).ok()?;
    match (count(sides.input_tokens), count(sides.output_tokens)) {
        (None, None) => None,
        (input, output) => Some((input.unwrap_or(0), output.unwrap_or(0))),
    }
}

fn count(json: Option<&RawValue>) -> Option<u64> {
    let number = json?.get().parse::<f64>().ok()?;
    (0.0..9e15).contains(&number).then_some(number.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(json: &str) -> Option<(u64, u64, u64)> {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        read(&raw).map(|usage| (usage.input, usage.cached, usage.output))
    }

    #[test]
    fn what_is_billed_counts() {
        let both = r#"{"billed_units":{"input_tokens":17.0,"output_tokens":12},"tokens":{"input_tokens":215,"output_tokens":13},"cached_tokens":16}"#;
        assert_eq!(figures(both), Some((17, 16, 12)));
        let seen = r#"{"billed_units":null,"tokens":{"input_tokens":9,"output_tokens":2},"cached_tokens":80}"#;
        assert_eq!(figures(seen), Some((9, 9, 2)));
    }

    #[test]
    fn a_report_without_figures_is_none() {
        for json in
            ["null", "{}", "[]", r#"{"tokens":{}}"#, r#"{"billed_units":{"search_units":1}}"#]
        {
            assert_eq!(figures(json), None, "{json}");
        }
        assert_eq!(figures(r#"{"tokens":{"output_tokens":-1,"input_tokens":3}}"#), Some((3, 0, 0)));
    }
}
