//! Usage as Anthropic counts it, to and from ours.
//!
//! On its wire `input_tokens` leaves cache traffic out, figures of a stream are cumulative, and
//! a later report that lacks a figure (or, from some servers, says 0) does not take it back.

use serde::Deserialize;
use serde_json::value::RawValue;
use wayleave_model::Usage;

use crate::chat::json::Object;

/// A report as sent. Every figure may be missing or null.
#[derive(Deserialize)]
struct Report<'a> {
    #[serde(borrow, default)]
    input_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_creation_input_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_read_input_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_creation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output_tokens_details: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow, default)]
    ephemeral_5m_input_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    ephemeral_1h_input_tokens: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Details<'a> {
    #[serde(borrow, default)]
    thinking_tokens: Option<&'a RawValue>,
}

/// What was reported so far, figure by figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    uncached: u64,
    cache_read: u64,
    cache_write: u64,
    cache_write_1h: u64,
    output: u64,
    thinking: u64,
}

impl Tally {
    /// Takes in a report's JSON, and says whether it counts the answer's tokens: only then is what
    /// passed before it accounted for.
    pub(super) fn add_json(&mut self, json: &str) -> bool {
        serde_json::from_str(json).is_ok_and(|report| self.add(&report))
    }

    fn add(&mut self, report: &Report<'_>) -> bool {
        let written: Option<Written<'_>> = inner(report.cache_creation);
        let (short, long) = written.map_or((None, None), |written| {
            (count(written.ephemeral_5m_input_tokens), count(written.ephemeral_1h_input_tokens))
        });
        let details: Option<Details<'_>> = inner(report.output_tokens_details);
        let total = count(report.cache_creation_input_tokens);
        self.keep(count(report.input_tokens), |tally| &mut tally.uncached);
        self.keep(count(report.cache_read_input_tokens), |tally| &mut tally.cache_read);
        self.keep(long, |tally| &mut tally.cache_write_1h);
        let total = total.filter(|total| *total > 0).or_else(|| Some(short? + long.unwrap_or(0)));
        self.keep(total, |tally| &mut tally.cache_write);
        self.keep(details.and_then(|d| count(d.thinking_tokens)), |tally| &mut tally.thinking);
        let output = count(report.output_tokens);
        self.keep(output, |tally| &mut tally.output);
        output.is_some_and(|output| output > 0)
    }

    /// In our convention; `None` when nothing was reported, be it in zeros.
    pub(super) fn usage(&self) -> Option<Usage> {
        let long = self.cache_write_1h.min(self.cache_write);
        (*self != Tally::default()).then(|| Usage {
            input: self.uncached.saturating_add(self.cache_read).saturating_add(self.cache_write),
            cached: self.cache_read,
            cache_write: self.cache_write - long,
            cache_write_1h: long,
            output: self.output,
            reasoning: self.thinking.min(self.output),
            ..Usage::default()
        })
    }

    fn keep(&mut self, figure: Option<u64>, slot: impl FnOnce(&mut Tally) -> &mut u64) {
        if let Some(figure) = figure.filter(|figure| *figure > 0) {
            *slot(self) = figure;
        }
    }
}

/// Writes `usage` as this dialect counts it.
pub(super) fn write(object: &mut Object<'_>, usage: &Usage) {
    let written = usage.cache_write.saturating_add(usage.cache_write_1h);
    let uncached = usage.input.saturating_sub(usage.cached).saturating_sub(written);
    object.count("input_tokens", uncached);
    object.count("cache_creation_input_tokens", written);
    object.count("cache_read_input_tokens", usage.cached);
    if usage.cache_write_1h > 0 {
        object.nest("cache_creation", |split| {
            split.count("ephemeral_5m_input_tokens", usage.cache_write);
            split.count("ephemeral_1h_input_tokens", usage.cache_write_1h);
        });
    }
    object.count("output_tokens", usage.output);
    if usage.reasoning > 0 {
        object.nest("output_tokens_details", |details| {
            details.count("thinking_tokens", usage.reasoning);
        });
    }
}

fn inner<'a, T: Deserialize<'a>>(json: Option<&'a RawValue>) -> Option<T> {
    json.and_then(|json| serde_json::from_str(json.get()).ok())
}

/// A figure, if it is one: some servers send floats, nulls or nothing.
fn count(json: Option<&RawValue>) -> Option<u64> {
    let text = json?.get();
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
    fn input_is_the_whole_prompt() {
        let report = r#"{"input_tokens":10,"cache_creation_input_tokens":300,
            "cache_read_input_tokens":2000,
            "cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},
            "output_tokens":5,"output_tokens_details":{"thinking_tokens":3}}"#;
        let usage = read(&[report]).unwrap();
        let expected = Usage {
            input: 2310,
            cached: 2000,
            cache_write: 100,
            cache_write_1h: 200,
            output: 5,
            reasoning: 3,
            ..Usage::default()
        };
        assert_eq!(usage, expected);
    }

    #[test]
    fn a_later_report_takes_nothing_back() {
        let start = r#"{"input_tokens":10,"cache_read_input_tokens":7,"output_tokens":1}"#;
        let delta = r#"{"input_tokens":0,"cache_read_input_tokens":null,"output_tokens":42}"#;
        let usage = read(&[start, delta]).unwrap();
        assert_eq!((usage.input, usage.cached, usage.output), (17, 7, 42));
    }

    #[test]
    fn only_a_count_of_the_answer_accounts_for_it() {
        let mut tally = Tally::default();
        assert!(tally.add_json(r#"{"input_tokens":3,"output_tokens":1}"#));
        for silent in ["null", "{}", r#"{"input_tokens":3}"#, r#"{"output_tokens":0}"#] {
            assert!(!tally.add_json(silent), "{silent}");
        }
    }

    #[test]
    fn the_split_alone_gives_the_total() {
        let report = r#"{"input_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":6}}"#;
        let usage = read(&[report]).unwrap();
        assert_eq!((usage.input, usage.cache_write, usage.cache_write_1h), (11, 4, 6));
    }

    #[test]
    fn nothing_reported_is_nothing() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["null"]), None);
        assert_eq!(read(&["{}"]), None);
        assert_eq!(read(&[r#"{"output_tokens":null}"#]), None);
        assert_eq!(read(&[r#"{"input_tokens":0,"output_tokens":0}"#]), None);
        assert_eq!(read(&[r#"{"input_tokens":3.0,"output_tokens":0}"#]).unwrap().input, 3);
    }

    #[test]
    fn writing_and_reading_give_the_same() {
        let usage = Usage {
            input: 100,
            cached: 40,
            cache_write: 10,
            cache_write_1h: 20,
            output: 9,
            reasoning: 4,
            ..Usage::default()
        };
        let mut out = Vec::new();
        crate::chat::json::object(&mut out, |object| write(object, &usage));
        assert_eq!(read(&[std::str::from_utf8(&out).unwrap()]), Some(usage));
    }
}
