//! `wayleave usage`: what was asked and what it cost, newest first.

use clap::Args;
use serde_json::Value;
use serde_json::value::RawValue;
use wayleave_model::{Clock, NanoUsd, Timestamp};

use crate::cli::Context;
use crate::client::escape;
use crate::exit::Failure;
use crate::output::Out;

/// Which requests.
#[derive(Debug, Args)]
pub struct UsageArgs {
    /// Only those since: RFC 3339, or ago like 15m, 24h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only those before: RFC 3339, or ago like 15m
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only those of this key, by name or id
    #[arg(long)]
    key: Option<String>,
    /// Only those that asked for this alias
    #[arg(long)]
    alias: Option<String>,
    /// Only this request
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// At most so many [default: 100; with --json all]
    #[arg(long)]
    limit: Option<usize>,
}

/// Prints them: with `--json` one object per request and line, with the documented keys only.
pub async fn run(
    args: &UsageArgs,
    context: &Context<'_>,
    out: &mut Out<'_>,
) -> Result<(), Failure> {
    let client = context.client()?;
    let path = context.path(&format!("/usage{}", query(args)?));
    if out.is_json() {
        // Printed as they come, and as they are: there may be millions.
        let limit = args.limit.unwrap_or(usize::MAX);
        return client.each(&path, |row| Ok(out.raw(row.get())?), limit).await;
    }
    let mut rows = Vec::new();
    let keep = |row: &RawValue| {
        let mut row: Value = serde_json::from_str(row.get()).unwrap_or_default();
        row["cost"] =
            row["cost_nanos"].as_i64().map_or(Value::Null, |it| NanoUsd(it).to_string().into());
        row["target"] = match (row["provider"].as_str(), row["model"].as_str()) {
            (Some(provider), Some(model)) => format!("{provider}/{model}").into(),
            _ => Value::Null,
        };
        if let (Some(supply), Some(quota)) = (row["supply"].as_str(), row["quota_type"].as_str()) {
            row["supply"] = format!("{supply}/{quota}").into();
        }
        if row["error_code"].is_null() {
            row["error_code"] = row["stream_end"].clone();
        }
        rows.push(row);
        Ok(())
    };
    client.each(&path, keep, args.limit.unwrap_or(100)).await?;
    let columns = [
        ("STARTED", "/started_at"),
        ("KEY", "/key"),
        ("ALIAS", "/alias"),
        ("TARGET", "/target"),
        ("SUPPLY", "/supply"),
        ("STATUS", "/status"),
        ("ENDED", "/error_code"),
        ("IN", "/input_tokens"),
        ("OUT", "/output_tokens"),
        ("USD", "/cost"),
        ("MS", "/total_ms"),
        ("REQUEST", "/request_id"),
    ];
    Ok(out.list(&rows, &columns)?)
}

fn query(args: &UsageArgs) -> Result<String, Failure> {
    let mut query = Vec::new();
    for (option, text) in [("since", &args.since), ("until", &args.until)] {
        if let Some(text) = text {
            let at =
                instant(text, false).map_err(|why| Failure::Usage(format!("--{option}: {why}")))?;
            query.push(format!("{option}={}", escape(&at.to_string())));
        }
    }
    for (name, text) in
        [("key", &args.key), ("alias", &args.alias), ("request_id", &args.request_id)]
    {
        query.extend(text.iter().map(|it| format!("{name}={}", escape(it))));
    }
    Ok(if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) })
}

/// RFC 3339, or a span before now (after it, if `ahead`).
pub(super) fn instant(text: &str, ahead: bool) -> Result<Timestamp, String> {
    if let Some(at) = Timestamp::parse(text) {
        return Ok(at);
    }
    let micros =
        span(text).map_err(|why| format!("{why}, or RFC 3339 like 2026-11-21T12:00:00Z"))?;
    Ok(Clock::system().now().plus_micros(if ahead { micros } else { -micros }))
}

/// `30s`, `15m`, `24h` or `7d` in microseconds.
pub(super) fn span(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is not a span of time: expected a number and s, m, h or d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    i64::from(number).checked_mul(seconds * 1_000_000).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        assert_eq!(span("15m"), Ok(900_000_000));
        assert_eq!(span("7d"), Ok(604_800_000_000));
        for bad in ["", "m", "1w", "-1h", "1.5h", "½h"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_instant_is_taken_as_it_stands() {
        let at = instant("2026-11-21T12:00:00+01:00", false).unwrap();
        assert_eq!(at.to_string(), "2026-11-21T11:00:00.000000Z");
    }
}
