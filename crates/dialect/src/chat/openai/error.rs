//! Errors as clients of this dialect expect them: in a body, in a stream, and read from a provider.
//!
//! The envelope and its types: <https://platform.openai.com/docs/guides/error-codes>. A stream
//! that fails after its head carries the same envelope as a `data` line without `choices`: the
//! one form on which the official SDKs raise.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::instead::{self, text};
use crate::chat::json;
use crate::error::{ErrorBody, Fault, Source};

/// A comment, which every reader of server-sent events passes over.
pub(in crate::chat) const PING: &[u8] = b": ping\n\n";

/// The body of an error, before the head.
pub(in crate::chat) fn body(error: &ErrorBody) -> Vec<u8> {
    let mut out = Vec::with_capacity(256 + error.message.len());
    json::object(&mut out, |envelope| {
        envelope.nest("error", |inner| {
            inner.text("message", &error.message);
            inner.text("type", kind(error));
            match &error.param {
                Some(param) => inner.text("param", param),
                None => inner.raw("param", "null"),
            };
            inner.text("code", &error.code);
            inner.text(
                "source",
                match error.source {
                    Source::Gateway => "gateway",
                    Source::Provider => "provider",
                },
            );
            if let Some(status) = error.provider_status {
                inner.count("provider_status", u64::from(status));
            }
            inner.text("request_id", &error.request_id);
        });
    });
    out
}

/// The frame that ends a stream with an error. Nothing follows it, not even `[DONE]`, which would
/// make the answer look whole.
pub(in crate::chat) fn frames(error: &ErrorBody) -> Vec<u8> {
    let mut out = b"data: ".to_vec();
    out.extend_from_slice(&body(error));
    out.extend_from_slice(b"\n\n");
    out
}

/// The type: the provider's own where it said one, else by the status.
pub(in crate::chat) fn kind(error: &ErrorBody) -> &str {
    if let (Some(kind), Source::Provider) = (&error.provider_type, error.source) {
        return kind;
    }
    match error.status {
        401 => "authentication_error",
        402 => "insufficient_quota",
        403 => "permission_error",
        429 => "rate_limit_error",
        503 | 529 => "service_unavailable_error",
        500..=599 => "server_error",
        // An unknown model or address is an invalid request to OpenAI, with status 404.
        _ => "invalid_request_error",
    }
}

/// An error as providers word it: the dialect's envelope, and what is found in its place.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    msg: Option<&'a RawValue>,
    #[serde(borrow, default)]
    detail: Option<&'a RawValue>,
}

/// Reads a provider's own error: its code (or, where that is no word, its type), and its message.
/// `None` when it is not an error of any shape we know.
pub(in crate::chat) fn read(body: &[u8]) -> Option<(Option<String>, String)> {
    let envelope: Envelope<'_> = match body.trim_ascii_start().first() {
        // Some wrap the envelope in a list.
        Some(b'[') => {
            let list: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
            serde_json::from_str(list.first()?.get()).ok()?
        }
        _ => serde_json::from_slice(body).ok()?,
    };
    match envelope.error {
        Some(error) => match text(Some(error)) {
            Some(message) => Some((envelope.word(), message)),
            None => serde_json::from_str::<Envelope<'_>>(error.get()).ok()?.said(),
        },
        None => envelope.said(),
    }
}

impl Envelope<'_> {
    fn word(&self) -> Option<String> {
        text(self.code).or_else(|| text(self.kind))
    }

    fn said(&self) -> Option<(Option<String>, String)> {
        let message = text(self.message).or_else(|| text(self.msg)).or_else(|| text(self.detail));
        // A validator's list says what is wrong, if not in a sentence.
        let message = message.or_else(|| self.detail.map(|detail| detail.get().to_owned()));
        let word = self.word();
        let message = message.or_else(|| word.clone())?;
        Some((word, message))
    }
}

/// The fault of an answer in whose place, or in the middle of which, an error came.
pub(in crate::chat) fn fault(body: &[u8]) -> Fault {
    match read(body) {
        Some((code, message)) => Fault::reported(code, message),
        None => Fault::reported(None, "the provider sent an error without saying which"),
    }
}

/// The fault of a body that is no answer of this dialect: an error, a web page, something else.
pub(in crate::chat) fn not_an_answer(body: &[u8]) -> Fault {
    instead::not_an_answer(body, b"{[", "something that is not an answer", read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FaultKind;

    fn error(status: u16) -> ErrorBody {
        ErrorBody {
            status,
            code: "rate_limited".to_owned(),
            message: "too \"many\"".to_owned(),
            param: None,
            source: Source::Gateway,
            provider_status: None,
            provider_type: None,
            request_id: "req_1".to_owned(),
        }
    }

    #[test]
    fn an_error_has_the_envelope_that_sdks_read() {
        let body = String::from_utf8(body(&error(429))).unwrap();
        assert_eq!(
            body,
            r#"{"error":{"message":"too \"many\"","type":"rate_limit_error","param":null,"code":"rate_limited","source":"gateway","request_id":"req_1"}}"#
        );
    }

    #[test]
    fn a_providers_error_keeps_its_type_and_status() {
        let error = ErrorBody {
            source: Source::Provider,
            provider_type: Some("tokens".to_owned()),
            provider_status: Some(429),
            param: Some("messages[0]".to_owned()),
            ..error(429)
        };
        let body = String::from_utf8(body(&error)).unwrap();
        assert_eq!(
            body,
            r#"{"error":{"message":"too \"many\"","type":"tokens","param":"messages[0]","code":"rate_limited","source":"provider","provider_status":429,"request_id":"req_1"}}"#
        );
    }

    #[test]
    fn types_follow_the_status() {
        let kinds = [400, 401, 402, 403, 404, 413, 429, 500, 502, 503, 504].map(|status| {
            let error = error(status);
            kind(&error).to_owned()
        });
        let expected = [
            "invalid_request_error",
            "authentication_error",
            "insufficient_quota",
            "permission_error",
            "invalid_request_error",
            "invalid_request_error",
            "rate_limit_error",
            "server_error",
            "server_error",
            "service_unavailable_error",
            "server_error",
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn a_stream_ends_with_an_error_and_without_done() {
        let frames = String::from_utf8(frames(&error(502))).unwrap();
        assert!(frames.starts_with(r#"data: {"error":{"message":"#));
        assert!(frames.ends_with("}}\n\n"));
        assert!(!frames.contains("[DONE]") && !frames.contains("choices"));
    }

    #[test]
    fn reads_the_errors_that_providers_send() {
        let cases = [
            (
                r#"{"error":{"message":"m","type":"invalid_request_error","code":"context_length_exceeded"}}"#,
                Some("context_length_exceeded"),
                "m",
            ),
            (r#"{"error":{"message":"m","type":"t","code":400}}"#, Some("t"), "m"),
            (r#"{"error":{"message":"m","type":"t","code":null,"param":null}}"#, Some("t"), "m"),
            (r#"{"error":"m"}"#, None, "m"),
            (r#"[{"error":{"message":"m","status":"X"}}]"#, None, "m"),
            (r#"{"object":"error","message":"m","type":"t","code":404}"#, Some("t"), "m"),
            (r#"{"detail":"m"}"#, None, "m"),
            (r#"{"detail":[{"msg":"x"}]}"#, None, r#"[{"msg":"x"}]"#),
            (r#"{"code":"c","msg":"m"}"#, Some("c"), "m"),
        ];
        for (body, code, message) in cases {
            let expected = Some((code.map(str::to_owned), message.to_owned()));
            assert_eq!(read(body.as_bytes()), expected, "{body}");
        }
        for body in ["", "<html>", "{}", "[]", "7"] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_web_page_is_no_answer() {
        assert_eq!(not_an_answer(b"\n<!DOCTYPE html>").kind, FaultKind::Unreadable);
        assert_eq!(not_an_answer(b"{\"error\":\"x\"}").kind, FaultKind::Reported);
    }
}
