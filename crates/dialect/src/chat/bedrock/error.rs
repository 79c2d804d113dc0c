//! Errors as Bedrock words them, in a body and in a stream.
//!
//! A body is `{"message": "…"}`; what kind of error it is stands in the header `x-amzn-errortype`.
//! Other AWS services, and the signature check before Bedrock, put it into `__type`
//! (<https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>).

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::instead::{self, text};
use crate::error::Fault;

/// An error in any of AWS's spellings.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, rename = "__type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    code: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "Message")]
    capital: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "originalMessage")]
    original: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "Output")]
    output: Option<&'a RawValue>,
}

/// Reads an error's body: its type, where the body has it, and its message. `None` when it is not
/// an error of any shape we know.
pub(super) fn read(body: &[u8]) -> Option<(Option<String>, String)> {
    let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
    if let Some(output) = envelope.output {
        return read(output.get().as_bytes());
    }
    let code = text(envelope.kind).or_else(|| text(envelope.code)).map(|kind| bare(&kind));
    let message = text(envelope.message)
        .or_else(|| text(envelope.capital))
        .or_else(|| text(envelope.original))
        .or_else(|| code.clone())?;
    Some((code, message))
}

/// The fault that a stream's exception `name` is.
pub(super) fn exception(name: &str, payload: &[u8]) -> Fault {
    let (code, message) = read(payload).unwrap_or((None, "the provider gave no reason".to_owned()));
    let code = Some(code.unwrap_or_else(|| name.to_owned()));
    Fault::reported(code, message)
}

/// The fault of a body that is no answer of this dialect.
pub(super) fn not_an_answer(body: &[u8]) -> Fault {
    instead::not_an_answer(body, b"{", "JSON that is not a Converse answer", read)
}

/// An error's name without the namespace before it and the address after it:
/// `com.amazon.coral.service#UnknownOperationException`, `ThrottlingException:http://…`.
fn bare(kind: &str) -> String {
    let name = kind.rsplit_once('#').map_or(kind, |(_, name)| name);
    name.split(':').next().unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FaultKind;

    #[test]
    fn every_spelling_of_an_error_is_read() {
        let known = [
            (r#"{"message":"Too many tokens."}"#, None, "Too many tokens."),
            (
                r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#,
                Some("AccessDeniedException"),
                "no",
            ),
            (
                r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#,
                Some("UnknownOperationException"),
                "UnknownOperationException",
            ),
            (
                r#"{"code":"ThrottlingException:http://internal.amazon.com/","message":"slow"}"#,
                Some("ThrottlingException"),
                "slow",
            ),
        ];
        for (body, code, message) in known {
            let read = read(body.as_bytes()).expect(body);
            assert_eq!((read.0.as_deref(), &*read.1), (code, message), "{body}");
        }
        assert_eq!(read(br#"{"output":{}}"#), None);
        assert_eq!(read(b"<html>"), None);
    }

    #[test]
    fn an_exception_of_a_stream_keeps_its_name() {
        let fault = exception("modelStreamErrorException", br#"{"originalMessage":"boom"}"#);
        assert_eq!(fault.kind, FaultKind::Reported);
        assert_eq!(fault.code.as_deref(), Some("modelStreamErrorException"));
        assert_eq!(fault.message, "boom");
        assert_eq!(exception("throttlingException", b"?").message, "the provider gave no reason");
    }
}
