//! Errors as Anthropic's clients expect them: in a body, in a stream, and read from a provider.
//!
//! Types by status: <https://platform.claude.com/docs/en/api/errors>.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::instead::{self, text};
use crate::chat::json;
use crate::error::{ErrorBody, Fault, Source};

/// A frame that says nothing, as Anthropic itself sends it.
pub(super) const PING: &[u8] = b"event: ping\ndata: {\"type\": \"ping\"}\n\n";

/// The body of an error, before the head.
pub(super) fn body(error: &ErrorBody) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + error.message.len());
    json::object(&mut out, |envelope| {
        envelope.text("type", "error");
        envelope.nest("error", |inner| {
            inner.text("type", kind(error));
            inner.text("message", &error.message);
            inner.text("code", &error.code);
            if let Some(param) = &error.param {
                inner.text("param", param);
            }
            let source = match error.source {
                Source::Gateway => "gateway",
                Source::Provider => "provider",
            };
            inner.text("source", source);
            if let Some(status) = error.provider_status {
                inner.count("provider_status", u64::from(status));
            }
        });
        envelope.text("request_id", &error.request_id);
    });
    out
}

/// The frame that ends a stream with an error. The SDKs raise on the event's name; nothing but
/// the end of the body may follow it.
pub(super) fn frames(error: &ErrorBody) -> Vec<u8> {
    let mut out = b"event: error\ndata: ".to_vec();
    out.extend_from_slice(&body(error));
    out.extend_from_slice(b"\n\n");
    out
}

/// What clients of this dialect know as types. A provider of another dialect has other words.
const TYPES: [&str; 11] = [
    "invalid_request_error",
    "authentication_error",
    "billing_error",
    "permission_error",
    "not_found_error",
    "conflict_error",
    "request_too_large",
    "rate_limit_error",
    "timeout_error",
    "api_error",
    "overloaded_error",
];

/// The type a client switches on: the provider's own if clients know it, else by the status.
fn kind(error: &ErrorBody) -> &str {
    match (&error.provider_type, error.source) {
        (Some(kind), Source::Provider) if TYPES.contains(&kind.as_str()) => return kind,
        _ if error.code == "overloaded" => return "overloaded_error",
        _ => (),
    }
    match error.status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "conflict_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500..=599 => "api_error",
        _ => "invalid_request_error",
    }
}

/// An error as providers word it: Anthropic's envelope, and what gateways put in its place.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
}

/// Reads a provider's own error body: its type (or code), and its message. `None` when it is not
/// an error of any shape we know.
pub(super) fn read(body: &[u8]) -> Option<(Option<String>, String)> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    let Some(error) = envelope.error else {
        return Some((None, text(envelope.message).or_else(|| text(envelope.detail))?));
    };
    if let Some(message) = text(Some(error)) {
        return Some((None, message));
    }
    let inner: Inner<'_> = serde_json::from_str(error.get()).ok()?;
    let code = text(inner.kind).or_else(|| text(inner.code));
    let message = text(inner.message).or_else(|| code.clone())?;
    Some((code, message))
}

/// The fault of an answer whose body or frame is an error.
pub(super) fn fault(body: &[u8]) -> Fault {
    match read(body) {
        Some((code, message)) => Fault::reported(code, message),
        None => Fault::unreadable("the provider sent an error that cannot be read"),
    }
}

/// The fault of a body that is no answer of this dialect: an error, a web page, something else.
pub(super) fn not_an_answer(body: &[u8]) -> Fault {
    instead::not_an_answer(body, b"{", "JSON that is not an Anthropic message", read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, code: &str) -> ErrorBody {
        ErrorBody {
            status,
            code: code.to_owned(),
            message: "no model \"x\"".to_owned(),
            param: Some("model".to_owned()),
            source: Source::Gateway,
            provider_status: None,
            provider_type: None,
            request_id: "req_1".to_owned(),
        }
    }

    #[test]
    fn a_body_has_anthropics_envelope_and_our_facts() {
        let expected = r#"{"type":"error","error":{"type":"not_found_error","message":"no model \"x\"","code":"model_not_found","param":"model","source":"gateway"},"request_id":"req_1"}"#;
        assert_eq!(body(&refusal(404, "model_not_found")), expected.as_bytes());
    }

    #[test]
    fn a_stream_ends_with_an_error_event() {
        let mut error = refusal(502, "upstream_error");
        error.source = Source::Provider;
        error.param = None;
        error.provider_status = Some(529);
        error.provider_type = Some("overloaded_error".to_owned());
        let expected = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"no model \\\"x\\\"\",\"code\":\"upstream_error\",\"source\":\"provider\",\"provider_status\":529},\"request_id\":\"req_1\"}\n\n";
        assert_eq!(String::from_utf8(frames(&error)).unwrap(), expected);
    }

    #[test]
    fn every_status_has_its_type() {
        let types = [
            (400, "invalid_request_error"),
            (401, "authentication_error"),
            (402, "billing_error"),
            (403, "permission_error"),
            (405, "invalid_request_error"),
            (413, "request_too_large"),
            (422, "invalid_request_error"),
            (429, "rate_limit_error"),
            (500, "api_error"),
            (502, "api_error"),
            (503, "api_error"),
            (504, "timeout_error"),
            (529, "overloaded_error"),
        ];
        for (status, expected) in types {
            assert_eq!(kind(&refusal(status, "x")), expected, "{status}");
        }
        assert_eq!(kind(&refusal(503, "overloaded")), "overloaded_error");
    }

    #[test]
    fn a_type_of_another_dialect_is_said_in_this_ones_words() {
        let foreign = |status, code, kind: &str| {
            let mut error = refusal(status, code);
            error.source = Source::Provider;
            error.provider_type = Some(kind.to_owned());
            super::kind(&error).to_owned()
        };
        assert_eq!(
            foreign(429, "upstream_rate_limited", "rate_limit_exceeded"),
            "rate_limit_error"
        );
        assert_eq!(foreign(503, "overloaded", "overloaded"), "overloaded_error");
        assert_eq!(foreign(502, "upstream_error", "server_error"), "api_error");
        assert_eq!(
            foreign(400, "context_length_exceeded", "context_length_exceeded"),
            "invalid_request_error"
        );
    }

    #[test]
    fn reads_the_shapes_that_providers_send() {
        let read = |body: &str| read(body.as_bytes());
        let known = |code: &str, message: &str| Some((Some(code.to_owned()), message.to_owned()));
        let anthropic = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_0"}"#;
        assert_eq!(read(anthropic), known("overloaded_error", "Overloaded"));
        let openai = r#"{"error":{"message":"bad key","code":"invalid_api_key","type":null}}"#;
        assert_eq!(read(openai), known("invalid_api_key", "bad key"));
        assert_eq!(read(r#"{"error":"quota"}"#), Some((None, "quota".to_owned())));
        assert_eq!(read(r#"{"message":"Not Found"}"#), Some((None, "Not Found".to_owned())));
        assert_eq!(read(r#"{"detail":"nope"}"#), Some((None, "nope".to_owned())));
        assert_eq!(read("<html>"), None);
        assert_eq!(read(r#"{"type":"message"}"#), None);
    }
}
