//! What the caller is told for each verdict, and what is never repeated.

use wayleave_provider::failure::{Blame, Elsewhere};

use super::*;
use crate::testing::{self, SECRET};

const OPENAI: Dialect = Dialect::OpenAiChat;
const ANTHROPIC: Dialect = Dialect::AnthropicMessages;
const TO_OPENAI: ClientDialect = ClientDialect::OpenAiChat;
const TO_ANTHROPIC: ClientDialect = ClientDialect::AnthropicMessages;

fn target() -> std::sync::Arc<Target> {
    testing::target(testing::part(100))
}

fn refuse(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Failed {
    let status = StatusCode::from_u16(status).unwrap();
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    let body = Bytes::copy_from_slice(body.as_bytes());
    refused(TO_OPENAI, OPENAI, Speaker::new(&target(), None), status, &headers, &body)
}

fn error(code: &str, message: &str) -> String {
    serde_json::json!({"error": {"message": message, "type": code, "code": code}}).to_string()
}

fn told(failed: &Failed) -> (u16, &str, &str) {
    let refusal = &failed.refusal;
    (refusal.status.as_u16(), refusal.code.as_str(), refusal.message.as_str())
}

#[test]
fn a_callers_mistake_is_told_in_the_providers_own_bytes() {
    let body = error("invalid_value", "temperature is too high");
    let failed = refuse(400, &[], &body);
    assert_eq!(told(&failed), (400, "invalid_value", "temperature is too high"));
    assert_eq!(failed.refusal.verbatim.as_deref(), Some(body.as_bytes()));
    assert_eq!(failed.refusal.source, Source::Provider);
    assert_eq!((failed.verdict.elsewhere, failed.verdict.blame), (Elsewhere::No, Blame::None));
}

#[test]
fn only_json_of_the_clients_own_dialect_is_passed_on_as_it_is() {
    let (target, headers) = (target(), HeaderMap::new());
    let verbatim = |client, spoken, body: &'static str| {
        let body = Bytes::from_static(body.as_bytes());
        refused(
            client,
            spoken,
            Speaker::new(&target, None),
            StatusCode::BAD_REQUEST,
            &headers,
            &body,
        )
        .refusal
        .verbatim
    };
    let openai = r#"{"error":{"message":"no","type":"invalid_request_error"}}"#;
    let anthropic = r#"{"type":"error","error":{"type":"invalid_request_error","message":"no"}}"#;
    assert!(verbatim(TO_OPENAI, OPENAI, openai).is_some());
    assert!(verbatim(TO_ANTHROPIC, ANTHROPIC, anthropic).is_some());
    assert!(verbatim(TO_ANTHROPIC, OPENAI, openai).is_none());
    assert!(verbatim(TO_OPENAI, ANTHROPIC, anthropic).is_none());
    assert!(verbatim(TO_OPENAI, OPENAI, "<html>no</html>").is_none());
    assert!(verbatim(TO_OPENAI, OPENAI, r#"{"error":{"message":"cut"#).is_none());
    assert!(verbatim(TO_OPENAI, OPENAI, r#"["no"]"#).is_none());
    assert!(verbatim(TO_OPENAI, OPENAI, "").is_none());
}

#[test]
fn each_verdict_has_its_status_and_code() {
    let cases = [
        (400, "context_length_exceeded", (400, "context_length_exceeded")),
        (401, "invalid_api_key", (502, "upstream_auth_failed")),
        (402, "billing", (502, "upstream_auth_failed")),
        (403, "permission_error", (502, "upstream_auth_failed")),
        (404, "model_not_found", (502, "upstream_model_missing")),
        (422, "odd", (422, "odd")),
        (429, "rate_limit_error", (429, "upstream_rate_limited")),
        (500, "server_error", (502, "upstream_error")),
        (503, "overloaded", (503, "overloaded")),
        (302, "", (502, "upstream_error")),
    ];
    for (status, code, told_as) in cases {
        let failed = refuse(status, &[], &error(code, "because"));
        let (shown, word, message) = told(&failed);
        assert_eq!((shown, word), told_as, "{status} {code}");
        assert!(message.contains("because"), "{message}");
        assert_eq!(failed.refusal.provider_status, Some(status));
        let is_ours = !matches!(status, 400 | 422);
        assert_eq!(failed.refusal.verbatim.is_none(), is_ours, "{status}");
    }
}

#[test]
fn a_throttled_provider_says_when_to_come_back() {
    let failed = refuse(429, &[("retry-after", "7")], &error("rate_limit_error", "slow down"));
    assert_eq!(failed.refusal.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(failed.verdict.rest, Some(Duration::from_secs(7)));
    // A refused credential rests too, but that is no word to the caller.
    let failed = refuse(401, &[], &error("invalid_api_key", "no"));
    assert_eq!(failed.refusal.retry_after, None);
    assert!(failed.verdict.rest.is_some());
}

#[test]
fn silence_and_lost_connections_are_told_with_the_providers_name() {
    let (target, second) = (target(), Duration::from_secs(1));
    let failed = timeout(&target, "idle", second);
    assert_eq!(
        told(&failed),
        (504, "upstream_timeout", "provider openai-main was silent for 1000 ms (timer `idle`)")
    );
    let failed = unsent(&target, &SendError::FirstByte(second));
    assert_eq!(told(&failed).0, 504);
    let failed = unsent(&target, &SendError::Connect("refused".to_owned()));
    assert_eq!(
        told(&failed),
        (502, "upstream_error", "provider openai-main could not be reached: refused")
    );
    assert_eq!(failed.verdict.blame, Blame::Credential);
    let failed = unsent(&target, &SendError::Broken("reset".to_owned()));
    assert_eq!(told(&failed), (502, "upstream_error", "provider openai-main broke off: reset"));
    assert_eq!(failed.verdict.blame, Blame::Model);
}

#[test]
fn an_error_within_an_answer_is_judged_by_its_code() {
    let fault = |code: Option<&str>| {
        let code = code.map(str::to_owned);
        faulty(
            Speaker::new(&target(), None),
            &Fault { kind: FaultKind::Reported, code, message: "said".to_owned() },
        )
    };
    let cases = [
        (Some("overloaded_error"), (503, "overloaded"), Elsewhere::Target),
        (Some("rate_limit_error"), (429, "upstream_rate_limited"), Elsewhere::Credential),
        (Some("429"), (429, "upstream_rate_limited"), Elsewhere::Credential),
        (Some("invalid_request_error"), (400, "invalid_request_error"), Elsewhere::No),
        (
            Some("context_length_exceeded"),
            (400, "context_length_exceeded"),
            Elsewhere::LargerWindow,
        ),
        (Some("model_not_found"), (502, "upstream_model_missing"), Elsewhere::Target),
        (Some("authentication_error"), (502, "upstream_auth_failed"), Elsewhere::Credential),
        (Some("insufficient_quota"), (502, "upstream_auth_failed"), Elsewhere::Credential),
        (Some("unheard_of"), (502, "upstream_error"), Elsewhere::Target),
        (None, (502, "upstream_error"), Elsewhere::Target),
    ];
    for (code, told_as, elsewhere) in cases {
        let failed = fault(code);
        assert_eq!((told(&failed).0, told(&failed).1), told_as, "{code:?}");
        assert_eq!(failed.verdict.elsewhere, elsewhere, "{code:?}");
    }
    // What the caller sent is no reason to rest a target that others use.
    assert_eq!(fault(Some("context_length_exceeded")).verdict.blame, Blame::None);
    assert_eq!(fault(Some("invalid_request_error")).verdict.blame, Blame::None);
}

#[test]
fn an_answer_that_is_none_counts_against_the_model() {
    for fault in [Fault::cut(), Fault::unreadable("a web page")] {
        let failed = faulty(Speaker::new(&target(), None), &fault);
        assert_eq!((told(&failed).0, told(&failed).1), (502, "upstream_error"));
        assert_eq!(failed.verdict.blame, Blame::Model);
    }
}

fn everything(failed: &Failed) -> String {
    let refusal = &failed.refusal;
    let verbatim = refusal.verbatim.as_deref().map(String::from_utf8_lossy);
    format!("{} {} {:?} {:?}", refusal.code, refusal.message, refusal.provider_type, verbatim)
}

#[test]
fn a_credential_that_the_provider_repeats_is_not_told() {
    for status in [400, 401, 500] {
        for body in [
            error("odd", &format!("your key {SECRET} is wrong")),
            error(SECRET, "in the code"),
            format!("<p>key {SECRET}</p>"),
            format!(r#"{{"error":{{"message":"no"}},"note":"{SECRET}"}}"#),
            format!(r#"{{"error":{{"message":"no"}},"{SECRET}":1}}"#),
            // Both parts of a name that stands twice.
            format!(r#"{{"error":{{"message":"no"}},"note":"{SECRET}","note":"x"}}"#),
        ] {
            let text = everything(&refuse(status, &[], &body));
            assert!(!text.contains(SECRET), "{text}");
        }
    }
}

#[test]
fn an_escaped_credential_is_found_too() {
    // PHP escapes slashes; others escape whatever they like.
    let slashes = SECRET.replace('/', "\\/");
    let letters: String = SECRET.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
    for written in [slashes, letters] {
        let body = format!(r#"{{"error":{{"message":"key {written}","type":"odd"}}}}"#);
        let failed = refuse(400, &[], &body);
        assert_eq!(failed.refusal.verbatim, None);
        assert_eq!(failed.refusal.message, "key ***");
    }
}

#[test]
fn what_a_credential_was_exchanged_for_is_not_told_either() {
    const TOKEN: &str = "ya29.canary-0123456789";
    let token = HeaderValue::from_static("Bearer ya29.canary-0123456789");
    let (target, headers) = (target(), HeaderMap::new());
    let speaker = Speaker::new(&target, Some(&token));
    for status in [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED] {
        for said in [format!("token {TOKEN} of {SECRET}"), format!("`Bearer {TOKEN}`")] {
            let body = Bytes::from(error("odd", &said));
            let failed = refused(TO_OPENAI, OPENAI, speaker, status, &headers, &body);
            let text = everything(&failed);
            assert!(!text.contains("canary") && text.contains("***"), "{text}");
        }
    }
    let fault = Fault::unreadable(format!("it said {TOKEN}"));
    assert!(!everything(&faulty(speaker, &fault)).contains(TOKEN));
    assert!(holds_secret(speaker, TOKEN.as_bytes()));
    assert!(!holds_secret(Speaker::new(&target, None), TOKEN.as_bytes()));
}

#[test]
fn no_part_of_a_credential_is_left_where_a_message_is_cut() {
    let failed = refuse(500, &[], &error("odd", &format!("{}{SECRET}", "x".repeat(1_990))));
    assert!(!failed.refusal.message.contains("sk-can"), "{}", failed.refusal.message);
    let fault = Fault::unreadable(format!("it said {SECRET}"));
    assert!(!everything(&faulty(Speaker::new(&target(), None), &fault)).contains(SECRET));
}

#[test]
fn a_message_is_one_line_and_a_code_is_a_word() {
    let failed = refuse(400, &[], &error("not a\ncode", "one\ntwo\u{1b}[31m"));
    assert_eq!(told(&failed), (400, "invalid_request", "one two[31m"));
    let failed = refuse(400, &[], &error(&"long".repeat(20), "no"));
    assert_eq!(failed.refusal.code, "invalid_request");
    let failed = refuse(500, &[], "<html>\n  <b>Bad   gateway</b>");
    assert_eq!(
        failed.refusal.message,
        "provider openai-main failed (500): <html> <b>Bad gateway</b>"
    );
    let failed = refuse(500, &[], "");
    assert_eq!(failed.refusal.message, "provider openai-main failed (500): no reason given");
}
