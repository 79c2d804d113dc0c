//! What a provider sends in place of an answer: an error in its own words, a web page, neither.

use serde_json::value::RawValue;

use crate::error::Fault;

/// The fault of a body that is no answer. One that begins with a byte of `openings` may be an error
/// that `read` knows; else it is `json`.
pub(super) fn not_an_answer(
    body: &[u8],
    openings: &[u8],
    json: &str,
    read: impl FnOnce(&[u8]) -> Option<(Option<String>, String)>,
) -> Fault {
    match body.trim_ascii_start().first() {
        None => Fault::unreadable("the provider sent an empty body"),
        Some(b'<') => Fault::unreadable("the provider sent a web page in place of an answer"),
        Some(first) if openings.contains(first) => match read(body) {
            Some((code, message)) => Fault::reported(code, message),
            None => Fault::unreadable(format!("the provider sent {json}")),
        },
        Some(_) => Fault::unreadable("the provider sent something that is not an answer"),
    }
}

/// A string that is not empty.
pub(super) fn text(json: Option<&RawValue>) -> Option<String> {
    serde_json::from_str::<String>(json?.get()).ok().filter(|text| !text.is_empty())
}
