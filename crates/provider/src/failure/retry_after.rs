//! How long a provider asks us to wait, read from its headers; pure, so a date is taken relative
//! to the answer's own `Date` and never to our clock.

use std::time::Duration;

use http::HeaderMap;
use wayleave_model::Timestamp;

/// The wait that an answer's headers ask for.
///
/// In this order: `retry-after-ms` (Azure OpenAI), `retry-after` in seconds or as a date
/// (RFC 9110, section 10.2.3), then the reset of each limit that is used up:
/// `x-ratelimit-reset-…` (<https://platform.openai.com/docs/guides/rate-limits>, also Groq) and
/// `anthropic-ratelimit-…-reset` (<https://docs.claude.com/en/api/rate-limits>). What cannot be
/// read counts as absent.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let date = text("date").and_then(http_date);
    let until = |at: Timestamp| Some(micros_between(date?, at));

    if let Some(wait) = text("retry-after-ms").and_then(|it| number(it, 0.001)) {
        return Some(wait);
    }
    let told = text("retry-after");
    if let Some(wait) = told.and_then(|it| number(it, 1.0).or_else(|| until(http_date(it)?))) {
        return Some(wait);
    }
    let used_up = |remaining: &str| text(remaining).is_some_and(|left| left == "0");
    LIMITS
        .iter()
        .filter(|(remaining, _)| used_up(remaining))
        .filter_map(|(_, reset)| {
            let reset = text(reset)?;
            span(reset).or_else(|| until(Timestamp::parse(reset)?))
        })
        .max()
}

/// A limit's remaining quantity, and when it is full again.
static LIMITS: [(&str, &str); 6] = [
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
];

/// A plain decimal, in units of `scale` seconds.
fn number(text: &str, scale: f64) -> Option<Duration> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: f64 = if plain { text.parse().ok()? } else { return None };
    Duration::try_from_secs_f64(value * scale).ok()
}

/// A span as OpenAI and Groq write it: `6m0s`, `1s`, `120ms`, `2m59.56s`, `1h2m`.
fn span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (value, tail) = rest.split_at(digits);
        let letters = tail.find(|it: char| !it.is_ascii_lowercase()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let scale = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        sum = sum.checked_add(number(value, scale)?)?;
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}

/// The date form that RFC 9110 has senders use: `Sat, 21 Nov 2026 21:14:00 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

/// Zero if `to` is already past.
fn micros_between(from: Timestamp, to: Timestamp) -> Duration {
    let micros = to.as_micros().saturating_sub(from.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderName;
    use proptest::prelude::*;

    fn told(headers: &[(&str, &str)]) -> Option<Duration> {
        let pairs = headers.iter().map(|(name, value)| {
            let name: HeaderName = name.parse().expect("a name");
            (name, value.parse().expect("a value"))
        });
        retry_after(&pairs.collect())
    }

    fn millis(value: u64) -> Option<Duration> {
        Some(Duration::from_millis(value))
    }

    #[test]
    fn seconds_and_milliseconds_are_read() {
        assert_eq!(told(&[("retry-after", "20")]), millis(20_000));
        assert_eq!(told(&[("retry-after", "0.5")]), millis(500));
        assert_eq!(told(&[("retry-after-ms", "250"), ("retry-after", "1")]), millis(250));
        assert_eq!(told(&[]), None);
    }

    #[test]
    fn a_date_counts_from_the_answers_own_date() {
        let now = ("date", "Sat, 21 Nov 2026 21:14:00 GMT");
        assert_eq!(told(&[now, ("retry-after", "Sat, 21 Nov 2026 21:15:30 GMT")]), millis(90_000));
        assert_eq!(told(&[now, ("retry-after", "Sat, 21 Nov 2026 21:13:00 GMT")]), millis(0));
        assert_eq!(told(&[("retry-after", "Sat, 21 Nov 2026 21:15:30 GMT")]), None);
    }

    #[test]
    fn only_a_limit_that_is_used_up_says_when_to_come_back() {
        let tokens = ("x-ratelimit-reset-tokens", "6m0s");
        let requests = ("x-ratelimit-reset-requests", "120ms");
        let left = ("x-ratelimit-remaining-requests", "3");
        let none = ("x-ratelimit-remaining-requests", "0");
        assert_eq!(told(&[tokens, requests, none]), millis(120));
        assert_eq!(told(&[tokens, requests, left]), None);
        let groq = ("x-ratelimit-reset-tokens", "2m59.56s");
        assert_eq!(told(&[groq, ("x-ratelimit-remaining-tokens", "0")]), millis(179_560));
        let anthropic = [
            ("date", "Sat, 21 Nov 2026 21:14:00 GMT"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-11-21T21:14:42Z"),
        ];
        assert_eq!(told(&anthropic), millis(42_000));
    }

    #[test]
    fn nonsense_counts_as_absent() {
        for value in ["soon", "-1", "1e9", "NaN", "inf", "", "1s2", "99999999999999999999999999"] {
            assert_eq!(told(&[("retry-after", value)]), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in "[ -~]{0,40}") {
            for name in ["retry-after", "retry-after-ms", "x-ratelimit-reset-tokens", "date"] {
                told(&[(name, value.as_str()), ("x-ratelimit-remaining-tokens", "0")]);
            }
        }
    }
}
