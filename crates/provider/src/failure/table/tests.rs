//! Each row of the table, and what must not be possible.

use http::{HeaderMap, HeaderValue, StatusCode};

use super::*;

fn judged(status: u16, code: Option<&str>, message: &str) -> Verdict {
    with_headers(status, code, message, &HeaderMap::new())
}

fn with_headers(status: u16, code: Option<&str>, message: &str, headers: &HeaderMap) -> Verdict {
    let status = StatusCode::from_u16(status).expect("a status");
    Verdict::of(&Refused { status, headers, code, message })
}

fn verdict(show: Show, elsewhere: Elsewhere, blame: Blame, rest: Option<u64>) -> Verdict {
    Verdict { show, elsewhere, blame, rest: rest.map(Duration::from_secs) }
}

#[test]
fn the_callers_own_mistake_is_not_retried() {
    let want = verdict(Show::Caller, Elsewhere::No, Blame::None, None);
    for status in [400, 413, 422] {
        assert_eq!(judged(status, Some("invalid_request_error"), "Invalid 'temperature'"), want);
    }
}

#[test]
fn googles_words_are_understood_in_a_stream_too() {
    for (code, show) in [
        ("RESOURCE_EXHAUSTED", Show::RateLimited),
        ("UNAVAILABLE", Show::Overloaded),
        ("API_KEY_INVALID", Show::AuthFailed),
        ("UNAUTHENTICATED", Show::AuthFailed),
        ("NOT_FOUND", Show::ModelMissing),
        ("INVALID_ARGUMENT", Show::Caller),
        ("INTERNAL", Show::Error),
    ] {
        assert_eq!(judged(200, Some(code), "…").show, show, "{code}");
    }
}

#[test]
fn an_account_that_is_not_served_from_here_is_not_the_callers_mistake() {
    let message = "User location is not supported for the API use.";
    let verdict = judged(400, Some("FAILED_PRECONDITION"), message);
    assert_eq!((verdict.show, verdict.blame), (Show::AuthFailed, Blame::Credential));
}

#[test]
fn a_prompt_that_is_too_long_goes_to_a_larger_window() {
    let want = verdict(Show::ContextLength, Elsewhere::LargerWindow, Blame::None, None);
    assert_eq!(judged(400, Some("context_length_exceeded"), "…"), want);
    for message in [
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 8545 tokens.",
        "prompt is too long: 205000 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
        "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
        "Input is too long for requested model.",
    ] {
        assert_eq!(judged(400, Some("invalid_request_error"), message), want, "{message}");
    }
    assert_eq!(judged(500, None, "prompt is too long").show, Show::Error);
}

#[test]
fn a_refused_credential_rests_ten_seconds() {
    let want = verdict(Show::AuthFailed, Elsewhere::Credential, Blame::Credential, Some(10));
    assert_eq!(judged(401, Some("invalid_api_key"), "Incorrect API key provided: sk-…"), want);
    assert_eq!(judged(403, Some("permission_error"), "…"), want);
    assert_eq!(judged(400, Some("INVALID_ARGUMENT"), "API key not valid. Please pass …"), want);
}

#[test]
fn money_that_ran_out_is_the_credentials_matter_whatever_the_status() {
    let want = verdict(Show::AuthFailed, Elsewhere::Credential, Blame::Credential, Some(60));
    assert_eq!(judged(402, None, "Insufficient credits"), want);
    assert_eq!(judged(429, Some("insufficient_quota"), "You exceeded your current quota"), want);
    assert_eq!(judged(429, Some("project_spend_limit_exceeded"), "…"), want);
    assert_eq!(judged(400, Some("billing_hard_limit_reached"), "…"), want);
    let anthropic = "Your credit balance is too low to access the Anthropic API.";
    assert_eq!(judged(400, Some("invalid_request_error"), anthropic), want);
}

#[test]
fn a_caller_who_is_quoted_back_cannot_rest_a_credential() {
    for quoted in ["your credit balance is too low", "API key not valid", "input was flagged"] {
        let message = format!("Invalid value: '{quoted}'. Supported values are: 'auto'.");
        assert_eq!(judged(400, None, &message).blame, Blame::None, "{quoted}");
    }
    assert_eq!(judged(403, None, "Your input was flagged for \"violence\"").blame, Blame::None);
}

#[test]
fn a_model_that_is_missing_is_ours_to_mend() {
    let want = verdict(Show::ModelMissing, Elsewhere::Target, Blame::Model, None);
    assert_eq!(judged(404, Some("not_found_error"), "model: claude-x"), want);
    assert_eq!(judged(404, None, "<html>"), want);
    assert_eq!(judged(403, Some("model_not_found"), "Project has no access to model"), want);
    assert_eq!(judged(400, Some("invalid_request_error"), "Model Not Exist"), want);
}

#[test]
fn a_throttled_model_rests_as_long_as_the_provider_says_but_not_for_hours() {
    let throttled = |rest| verdict(Show::RateLimited, Elsewhere::Credential, Blame::Model, rest);
    assert_eq!(judged(429, Some("rate_limit_exceeded"), "slow down"), throttled(Some(60)));
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", HeaderValue::from_static("7"));
    assert_eq!(with_headers(429, None, "", &headers), throttled(Some(7)));
    headers.insert("retry-after", HeaderValue::from_static("86400"));
    assert_eq!(with_headers(429, None, "", &headers), throttled(Some(600)));
}

#[test]
fn a_request_too_large_for_the_minute_rests_nobody() {
    let want = verdict(Show::RateLimited, Elsewhere::Credential, Blame::None, None);
    let message = "Request too large for gpt-4o in organization org-x on tokens per min (TPM)";
    assert_eq!(judged(429, Some("rate_limit_exceeded"), message), want);
    assert_eq!(judged(413, Some("rate_limit_exceeded"), message), want);
}

#[test]
fn an_overloaded_provider_is_told_from_a_broken_one() {
    let overloaded = |rest| verdict(Show::Overloaded, Elsewhere::Target, Blame::Model, rest);
    let mut headers = HeaderMap::new();
    assert_eq!(judged(529, Some("overloaded_error"), "Overloaded"), overloaded(None));
    headers.insert("retry-after", HeaderValue::from_static("3"));
    assert_eq!(with_headers(503, None, "", &headers), overloaded(Some(3)));
    let broken = verdict(Show::Error, Elsewhere::Target, Blame::Model, None);
    for status in [301, 405, 418, 451, 500, 502, 504, 599] {
        assert_eq!(judged(status, None, ""), broken, "{status}");
    }
}

#[test]
fn what_passes_by_itself_is_tried_elsewhere_and_counts_against_nobody() {
    let want = verdict(Show::Error, Elsewhere::Target, Blame::None, None);
    for status in [408, 409, 425] {
        assert_eq!(judged(status, None, ""), want);
    }
}

#[test]
fn an_error_under_a_status_of_success_is_judged_by_its_code() {
    assert_eq!(judged(200, Some("overloaded_error"), "").show, Show::Overloaded);
    assert_eq!(judged(200, Some("rate_limit_error"), "").show, Show::RateLimited);
    assert_eq!(judged(200, Some("429"), "").show, Show::RateLimited);
    assert_eq!(judged(200, Some("insufficient_quota"), "").rest, Some(THROTTLED_REST));
    assert_eq!(judged(200, Some("invalid_request_error"), "").show, Show::Caller);
    assert_eq!(judged(200, Some("200"), "").show, Show::Error);
    assert_eq!(judged(200, None, "<html>").show, Show::Error);
}

#[test]
fn failures_without_an_answer_have_their_verdicts() {
    let connect = verdict(Show::Error, Elsewhere::Credential, Blame::Credential, Some(10));
    assert_eq!(Verdict::connect(), connect);
    let timeout = verdict(Show::Timeout, Elsewhere::Target, Blame::Model, None);
    assert_eq!(Verdict::timeout(), timeout);
    let broken = verdict(Show::Error, Elsewhere::Target, Blame::Model, None);
    assert_eq!((Verdict::cut(), Verdict::unreadable()), (broken, broken));
}

#[test]
fn needles_are_in_lower_case_or_they_could_never_match() {
    for row in ROWS {
        if let Says::Begins(needles) | Says::Holds(needles) = row.says {
            assert!(needles.iter().all(|it| *it == it.to_lowercase()), "{needles:?}");
        }
    }
}
