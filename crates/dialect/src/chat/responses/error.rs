//! Errors as clients of Responses expect them.
//!
//! Before the head it is OpenAI's one envelope. Within a stream clients look at different things:
//! OpenAI's SDKs raise on an event whose data has an `error`, Codex takes the code and the message
//! from `response.failed` and passes over the rest, so both are sent, in that order.

use super::super::json;
use crate::error::ErrorBody;

pub(super) use super::super::openai::error::{body, fault, not_an_answer, read};

/// A comment. An event of its own would be the better heartbeat for Codex, whose patience (five
/// minutes) only events renew, but OpenAI's SDK refuses any event before `response.created`.
pub(super) const PING: &[u8] = super::super::openai::error::PING;

/// The frames that end a stream with an error.
pub(super) fn frames(error: &ErrorBody) -> Vec<u8> {
    let mut out = b"event: error\ndata: ".to_vec();
    json::object(&mut out, |event| {
        event.text("type", "error").count("sequence_number", 0);
        event.text("code", &error.code).text("message", &error.message);
        match &error.param {
            Some(param) => event.text("param", param),
            None => event.raw("param", "null"),
        };
        let envelope = String::from_utf8(body(error)).unwrap_or_default();
        let inner = envelope.strip_prefix(r#"{"error":"#).and_then(|rest| rest.strip_suffix('}'));
        event.raw("error", inner.unwrap_or("{}"));
    });
    out.extend_from_slice(b"\n\nevent: response.failed\ndata: ");
    json::object(&mut out, |event| {
        event.text("type", "response.failed").count("sequence_number", 1);
        event.nest("response", |response| {
            response.text("id", &format!("resp_{}", error.request_id)).text("object", "response");
            response.count("created_at", 0).text("status", "failed");
            response.nest("error", |inner| {
                inner.text("code", code(error)).text("message", &error.message);
            });
            response.raw("incomplete_details", "null").text("model", "").raw("output", "[]");
            response.raw("parallel_tool_calls", "true").text("tool_choice", "auto");
            response.raw("tools", "[]").raw("usage", "null").raw("metadata", "{}");
        });
    });
    out.extend_from_slice(b"\n\n");
    out
}

/// Codes that mean something to a client: those of `ResponseError` in the SDK's types that a model's
/// answer can end with, and those by which Codex compacts or gives up.
const KNOWN: [&str; 6] = [
    "rate_limit_exceeded",
    "invalid_prompt",
    "image_content_policy_violation",
    "context_length_exceeded",
    "insufficient_quota",
    "server_is_overloaded",
];

/// The word that clients act on. Our own stands in the event before.
fn code(error: &ErrorBody) -> &str {
    match &*error.code {
        "rate_limited" | "upstream_rate_limited" => "rate_limit_exceeded",
        "budget_exceeded" | "wallet_empty" | "quota_exceeded" => "insufficient_quota",
        code if KNOWN.contains(&code) => code,
        _ => "server_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Source;

    fn error(code: &str) -> ErrorBody {
        ErrorBody {
            status: 502,
            code: code.to_owned(),
            message: "it \"broke\"".to_owned(),
            param: None,
            source: Source::Provider,
            provider_status: Some(500),
            provider_type: None,
            request_id: "req_1".to_owned(),
        }
    }

    #[test]
    fn a_stream_ends_with_an_error_that_every_client_notices() {
        let frames = String::from_utf8(frames(&error("upstream_error"))).unwrap();
        let expected = concat!(
            "event: error\n",
            r#"data: {"type":"error","sequence_number":0,"code":"upstream_error","message":"it \"broke\"","param":null,"error":{"message":"it \"broke\"","type":"server_error","param":null,"code":"upstream_error","source":"provider","provider_status":500,"request_id":"req_1"}}"#,
            "\n\nevent: response.failed\n",
            r#"data: {"type":"response.failed","sequence_number":1,"response":{"id":"resp_req_1","object":"response","created_at":0,"status":"failed","error":{"code":"server_error","message":"it \"broke\""},"incomplete_details":null,"model":"","output":[],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"usage":null,"metadata":{}}}"#,
            "\n\n",
        );
        assert_eq!(frames, expected);
    }

    #[test]
    fn codes_that_clients_act_on_are_theirs() {
        let said = |word: &str| code(&error(word)).to_owned();
        assert_eq!(said("upstream_rate_limited"), "rate_limit_exceeded");
        assert_eq!(said("wallet_empty"), "insufficient_quota");
        assert_eq!(said("context_length_exceeded"), "context_length_exceeded");
    }
}
