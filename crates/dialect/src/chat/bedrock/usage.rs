//! Usage as Bedrock counts it: what went through the prompt cache is not in `inputTokens`
//! (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html>).

use serde::Deserialize;
use wayleave_model::Usage;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(default)]
    input_tokens: Option<f64>,
    #[serde(default)]
    output_tokens: Option<f64>,
    #[serde(default)]
    cache_read_input_tokens: Option<f64>,
    #[serde(default)]
    cache_write_input_tokens: Option<f64>,
    #[serde(default)]
    cache_details: Option<Vec<Detail>>,
}

/// What was written to the cache for one length of time.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(default)]
    ttl: Option<String>,
    #[serde(default)]
    input_tokens: Option<f64>,
}

/// The report in our convention; `None` when nothing was reported, be it in zeros.
pub(super) fn read(json: &str) -> Option<Usage> {
    let report: Report = serde_json::from_str(json).ok()?;
    let details = report.cache_details.unwrap_or_default();
    let written_for = |ttl: &str| -> u64 {
        let of_ttl = details.iter().filter(|detail| detail.ttl.as_deref() == Some(ttl));
        of_ttl.fold(0, |sum, detail| sum.saturating_add(count(detail.input_tokens)))
    };
    let (short, long) = (written_for("5m"), written_for("1h"));
    let written = count(report.cache_write_input_tokens).max(short.saturating_add(long));
    let cached = count(report.cache_read_input_tokens);
    let uncached = count(report.input_tokens);
    let usage = Usage {
        input: uncached.saturating_add(cached).saturating_add(written),
        cached,
        cache_write: written - long,
        cache_write_1h: long,
        output: count(report.output_tokens),
        ..Usage::default()
    };
    (!usage.is_zero()).then_some(usage)
}

fn count(figure: Option<f64>) -> u64 {
    figure.filter(|figure| *figure > 0.0).map_or(0, |figure| figure as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_holds_what_was_cached_and_what_was_written() {
        let report = r#"{"inputTokens":10,"outputTokens":7,"totalTokens":117,
            "cacheReadInputTokens":60,"cacheWriteInputTokens":40,
            "cacheDetails":[{"ttl":"1h","inputTokens":30},{"ttl":"5m","inputTokens":10}]}"#;
        let expected = Usage {
            input: 110,
            cached: 60,
            cache_write: 10,
            cache_write_1h: 30,
            output: 7,
            ..Usage::default()
        };
        assert_eq!(read(report), Some(expected));
    }

    #[test]
    fn details_alone_give_the_total_and_never_exceed_it() {
        let usage = read(
            r#"{"inputTokens":1,"cacheWriteInputTokens":5,"cacheDetails":[{"ttl":"1h","inputTokens":9}]}"#,
        );
        let usage = usage.unwrap();
        assert_eq!((usage.input, usage.cache_write, usage.cache_write_1h), (10, 0, 9));
    }

    #[test]
    fn nothing_reported_is_nothing() {
        for silent in ["{}", "null", "[]", r#"{"inputTokens":0,"outputTokens":null}"#] {
            assert_eq!(read(silent), None, "{silent}");
        }
        assert_eq!(read(r#"{"inputTokens":-3,"outputTokens":2}"#).unwrap().input, 0);
    }
}
