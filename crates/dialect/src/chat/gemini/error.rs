//! Errors as Google's clients expect them: in a body, in a stream, and read from a provider.
//!
//! The envelope is `google.rpc.Status` (<https://cloud.google.com/apis/design/errors>). The Python
//! SDK notices an error in a stream only when `error` is its first key, the JavaScript SDK only
//! when `code` is a number from 400 to 599.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::instead::{self, text};
use crate::chat::json::{self, list, object};
use crate::error::{ErrorBody, Fault, Source};

/// Blank lines: the Python SDK takes any other line that is not `data: ` for a piece of JSON, a
/// comment too. White space is nothing in a JSON list either.
pub(super) const SILENCE: &[u8] = b"\n\n";

/// The body of an error, before the head.
pub(super) fn body(error: &ErrorBody) -> Vec<u8> {
    let mut out = Vec::with_capacity(384 + error.message.len());
    object(&mut out, |envelope| {
        envelope.nest("error", |inner| {
            inner.count("code", u64::from(error.status));
            inner.text("message", &error.message);
            inner.text("status", status(error));
            inner.with("details", |out| list(out, details(error)));
        });
    });
    out
}

/// The frame that ends a stream with an error.
pub(super) fn frames(error: &ErrorBody) -> Vec<u8> {
    let mut out = b"data: ".to_vec();
    out.extend_from_slice(&body(error));
    out.extend_from_slice(b"\r\n\r\n");
    out
}

/// The last item of a stream that is one JSON list, and the list's end. `begun`: an item is out.
pub(super) fn items(error: &ErrorBody, begun: bool) -> Vec<u8> {
    let mut out = if begun { b",\r\n".to_vec() } else { b"[".to_vec() };
    out.extend_from_slice(&body(error));
    out.extend_from_slice(b"]");
    out
}

/// Where machines look: our code as the reason, the field to blame, the id of the request.
fn details(error: &ErrorBody) -> Vec<Vec<u8>> {
    let typed = |kind: &str, fill: &dyn Fn(&mut json::Object<'_>)| {
        let mut out = Vec::new();
        object(&mut out, |detail| {
            detail.text("@type", &format!("type.googleapis.com/google.rpc.{kind}"));
            fill(detail);
        });
        out
    };
    let mut all = vec![typed("ErrorInfo", &|info| {
        info.text("reason", &error.code).text("domain", "wayleave");
        info.nest("metadata", |metadata| {
            let provider = error.source == Source::Provider;
            metadata.text("source", if provider { "provider" } else { "gateway" });
            if let Some(status) = error.provider_status {
                metadata.text("provider_status", &status.to_string());
            }
        });
    })];
    if let Some(param) = &error.param {
        let mut violation = Vec::new();
        object(&mut violation, |it| {
            it.text("field", param).text("description", &error.message);
        });
        all.push(typed("BadRequest", &|detail| {
            detail.list("fieldViolations", [&violation]);
        }));
    }
    all.push(typed("RequestInfo", &|detail| {
        detail.text("requestId", &error.request_id);
    }));
    all
}

/// Google's words for statuses.
const STATUSES: [&str; 14] = [
    "INVALID_ARGUMENT",
    "FAILED_PRECONDITION",
    "OUT_OF_RANGE",
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "NOT_FOUND",
    "ABORTED",
    "ALREADY_EXISTS",
    "RESOURCE_EXHAUSTED",
    "CANCELLED",
    "INTERNAL",
    "UNIMPLEMENTED",
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
];

/// The provider's own word if it is one of Google's, else by the status.
fn status(error: &ErrorBody) -> &str {
    match &error.provider_type {
        Some(kind) if error.source == Source::Provider && STATUSES.contains(&&**kind) => kind,
        _ => match error.status {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            409 => "ABORTED",
            402 | 429 => "RESOURCE_EXHAUSTED",
            499 => "CANCELLED",
            501 => "UNIMPLEMENTED",
            503 | 529 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            500..=599 => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        },
    }
}

/// An error as providers word it.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    error: &'a RawValue,
}

#[derive(Deserialize)]
struct Inner<'a> {
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    details: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Detail<'a> {
    #[serde(borrow, default)]
    reason: Option<&'a RawValue>,
}

/// Reads a provider's own error body: its reason, status or code, and its message. Google puts it
/// into a list where a list was asked for. `None` when it is not an error of any shape we know.
pub(super) fn read(body: &[u8]) -> Option<(Option<String>, String)> {
    if body.trim_ascii_start().first() == Some(&b'[') {
        let items: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
        return items.iter().find_map(|item| read(item.get().as_bytes()));
    }
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    if let Some(message) = text(Some(envelope.error)) {
        return Some((None, message));
    }
    let inner: Inner<'_> = serde_json::from_str(envelope.error.get()).ok()?;
    let code = reason(inner.details)
        .or_else(|| text(inner.status))
        .or_else(|| text(inner.code))
        .or_else(|| inner.code.map(|code| code.get().to_owned()));
    let message = text(inner.message).or_else(|| code.clone())?;
    Some((code, message))
}

/// `ErrorInfo.reason`, where it says more than the status does (`API_KEY_INVALID`).
fn reason(details: Option<&RawValue>) -> Option<String> {
    let details: Vec<Detail<'_>> = serde_json::from_str(details?.get()).ok()?;
    let reasons = details.into_iter().filter_map(|detail| text(detail.reason));
    reasons.into_iter().find(|reason| reason == "API_KEY_INVALID")
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
    instead::not_an_answer(body, b"{[", "JSON that is not a Gemini answer", read)
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
    fn a_body_has_googles_envelope_and_our_facts() {
        let expected = r#"{"error":{"code":404,"message":"no model \"x\"","status":"NOT_FOUND","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"model_not_found","domain":"wayleave","metadata":{"source":"gateway"}},{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"model","description":"no model \"x\""}]},{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"req_1"}]}}"#;
        let body = String::from_utf8(body(&refusal(404, "model_not_found"))).unwrap();
        assert_eq!(body, expected);
    }

    #[test]
    fn a_stream_ends_with_an_error_in_either_form() {
        let mut error = refusal(502, "upstream_error");
        error.source = Source::Provider;
        error.provider_status = Some(503);
        error.provider_type = Some("UNAVAILABLE".to_owned());
        let frames = String::from_utf8(frames(&error)).unwrap();
        assert!(frames.starts_with(r#"data: {"error":{"code":502,"#), "{frames}");
        assert!(frames.contains(r#""status":"UNAVAILABLE""#), "{frames}");
        assert!(frames.ends_with("}}\r\n\r\n"));
        for (before, begun) in [("", false), (r#"[{"candidates":[]}"#, true)] {
            let rest = String::from_utf8(items(&error, begun)).unwrap();
            let list: Vec<serde_json::Value> =
                serde_json::from_str(&format!("{before}{rest}")).unwrap();
            assert_eq!(list.last().unwrap()["error"]["code"], 502);
        }
    }

    #[test]
    fn every_status_has_its_word() {
        let words = [
            (400, "INVALID_ARGUMENT"),
            (401, "UNAUTHENTICATED"),
            (402, "RESOURCE_EXHAUSTED"),
            (403, "PERMISSION_DENIED"),
            (404, "NOT_FOUND"),
            (405, "INVALID_ARGUMENT"),
            (413, "INVALID_ARGUMENT"),
            (422, "INVALID_ARGUMENT"),
            (429, "RESOURCE_EXHAUSTED"),
            (500, "INTERNAL"),
            (502, "INTERNAL"),
            (503, "UNAVAILABLE"),
            (504, "DEADLINE_EXCEEDED"),
        ];
        for (status, expected) in words {
            assert_eq!(super::status(&refusal(status, "x")), expected, "{status}");
        }
    }

    #[test]
    fn reads_the_shapes_that_google_sends() {
        let read = |body: &str| read(body.as_bytes());
        let known = |code: &str, message: &str| Some((Some(code.to_owned()), message.to_owned()));
        let quota = r#"{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}"#;
        assert_eq!(read(quota), known("RESOURCE_EXHAUSTED", "Quota exceeded"));
        let key = r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}]"#;
        assert_eq!(read(key), known("API_KEY_INVALID", "API key not valid."));
        assert_eq!(read(r#"{"error":{"code":503,"message":"Busy"}}"#), known("503", "Busy"));
        assert_eq!(read(r#"{"error":"quota"}"#), Some((None, "quota".to_owned())));
        assert_eq!(read(r#"{"candidates":[]}"#), None);
        assert_eq!(read("<html>"), None);
    }
}
