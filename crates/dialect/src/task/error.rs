//! Reads what providers say when they refuse: every shape that a vendor of these operations has.

use serde_json::Value;

use crate::error::Fault;

/// The type or code of an error, and its message. `None`: the body is no error that is known.
///
/// Shapes: OpenAI's and Google's `{"error":{"message","type","code","status"}}`, Cohere's and
/// Amazon's `{"message"}`, ElevenLabs' `{"detail":{"status","message"}}`, FastAPI's
/// `{"detail":"…"}` and `{"detail":[{"msg","loc"}]}`, Deepgram's `{"err_code","err_msg"}`,
/// Stability's `{"name","errors":["…"]}`, TEI's `{"error":"…","error_type"}`, Jina's and Voyage's
/// `{"detail":"…"}`.
pub fn read(body: &[u8]) -> Option<(Option<String>, String)> {
    let body: Value = serde_json::from_slice(body).ok()?;
    // Google's lists of one.
    let body = match &body {
        Value::Array(items) => items.first()?,
        other => other,
    };
    let text = |value: &Value| value.as_str().filter(|it| !it.is_empty()).map(str::to_owned);
    let of = |value: &Value, names: &[&str]| names.iter().find_map(|name| text(value.get(name)?));
    let codes = ["code", "type", "status", "error_type", "err_code", "name", "__type", "category"];
    let messages = ["message", "err_msg", "error_message", "msg", "Message"];
    for inner in ["error", "detail"] {
        match body.get(inner) {
            Some(Value::Object(error)) => {
                let error = Value::Object(error.clone());
                return Some((of(&error, &codes), of(&error, &messages)?));
            }
            Some(Value::String(message)) => return Some((of(body, &codes), message.clone())),
            Some(Value::Array(items)) => {
                let each = items.iter().filter_map(|it| of(it, &messages));
                return Some((None, each.collect::<Vec<_>>().join("; ")));
            }
            _ => {}
        }
    }
    if let Some(errors) = body.get("errors").and_then(Value::as_array) {
        let each = errors.iter().filter_map(|it| text(it).or_else(|| of(it, &messages)));
        return Some((of(body, &codes), each.collect::<Vec<_>>().join("; ")));
    }
    Some((of(body, &codes), of(body, &messages)?))
}

/// The fault of a body that came with a status of success and is no answer: a provider's error, a web
/// page, something else.
pub(super) fn in_place_of_an_answer(body: &[u8]) -> Fault {
    let start = body.trim_ascii_start();
    match (start.first(), read(start)) {
        (_, Some((code, message))) => Fault::reported(code, message),
        (None, _) => Fault::unreadable("the provider sent an empty body"),
        (Some(b'<'), _) => Fault::unreadable("the provider sent a web page in place of an answer"),
        _ => Fault::unreadable("the provider sent something that is not an answer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vendors_shape_gives_its_words() {
        for (body, code, message) in [
            (r#"{"error":{"message":"m","type":"t","code":null}}"#, Some("t"), "m"),
            (
                r#"{"error":{"code":404,"message":"m","status":"NOT_FOUND"}}"#,
                Some("NOT_FOUND"),
                "m",
            ),
            (r#"{"message":"m"}"#, None, "m"),
            (
                r#"{"detail":{"status":"invalid_api_key","message":"m"}}"#,
                Some("invalid_api_key"),
                "m",
            ),
            (r#"{"detail":"m"}"#, None, "m"),
            (r#"{"detail":[{"loc":["body","x"],"msg":"a"},{"msg":"b"}]}"#, None, "a; b"),
            (r#"{"err_code":"INVALID_AUTH","err_msg":"m"}"#, Some("INVALID_AUTH"), "m"),
            (r#"{"id":"1","name":"bad_request","errors":["m"]}"#, Some("bad_request"), "m"),
            (r#"{"error":"m","error_type":"Validation"}"#, Some("Validation"), "m"),
        ] {
            let read = read(body.as_bytes()).expect("an error");
            assert_eq!((read.0.as_deref(), read.1.as_str()), (code, message), "{body}");
        }
        assert_eq!(read(br#"{"data":[]}"#), None);
        assert_eq!(read(b"<html>"), None);
    }
}
