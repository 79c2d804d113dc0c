//! Our parts to Google's.

use serde_json::value::RawValue;

use super::super::seal;
use super::media;
use super::parts::{FIELD, PROOF};
use crate::chat::json::{Object, object};
use crate::chat::{Part, Role, Seal};
use crate::raw::RawObject;
use crate::{Losses, Malformed, Severity};

/// A part; `None` when nothing of it goes up, which is noted where it is a loss. Calls and results
/// are written by [`call`] and [`result`], which need an id.
pub(super) fn block(
    part: &Part,
    role: Role,
    losses: &mut Losses,
) -> Result<Option<Vec<u8>>, Malformed> {
    note_mark(part, losses);
    Ok(match part {
        Part::Text { text: words, .. } => text(words),
        Part::Refusal(words) => {
            losses.note("messages[].refusal", "carried as text", Severity::Hint);
            text(words)
        }
        Part::Image { media, detail, .. } => {
            if detail.as_ref().is_some_and(|detail| detail != "auto") {
                losses.note("messages[].content[].detail", "no such field", Severity::Hint);
            }
            Some(media::part(media, "image")?)
        }
        Part::Audio { media } => Some(media::part(media, "audio")?),
        Part::Video { media } => Some(media::part(media, "video")?),
        Part::File { media, name, .. } => {
            if name.as_ref().is_some_and(|name| !name.is_empty()) {
                losses.note("messages[].content[].filename", "no such field", Severity::Hint);
            }
            Some(media::part(media, "file")?)
        }
        Part::Reasoning { text, seal } if role == Role::Assistant => {
            thought(text, seal.as_ref(), losses)
        }
        Part::Reasoning { .. } => {
            lose(losses, "messages[].reasoning", "only the model thinks");
            None
        }
        Part::Vendor { kind, json } if is_ours(kind) => Some(json.get().as_bytes().to_vec()),
        Part::Vendor { kind, .. } => {
            lose(losses, &format!("messages[].content[].{kind}"), "no such part");
            None
        }
        Part::ToolCall { .. } | Part::ToolResult { .. } => {
            lose(losses, "messages[].content", "a tool call stands where none can");
            None
        }
    })
}

/// A text part. Google refuses an empty one.
pub(super) fn text(words: &str) -> Option<Vec<u8>> {
    (!words.is_empty()).then(|| {
        rendered(words.len(), |part| {
            part.text("text", words);
        })
    })
}

/// An empty text that stands only for its signature, which is `next`: Google sends such parts and
/// takes them back.
pub(super) fn signed_blank(part: &Part, next: Option<&Part>) -> Option<Vec<u8>> {
    let (Part::Text { text, .. }, Some(Part::Vendor { kind, .. })) = (part, next) else {
        return None;
    };
    (text.is_empty() && kind == PROOF).then(|| br#"{"text":""}"#.to_vec())
}

/// A call and whether it is signed.
pub(super) fn call(
    id: &str,
    name: &str,
    input: &str,
    custom: bool,
    seal: Option<&Seal>,
    losses: &mut Losses,
) -> (Vec<u8>, bool) {
    let arguments = (!custom).then(|| arguments(input)).flatten();
    if arguments.is_none() && !custom {
        let reason = "arguments that are no JSON object, carried as text";
        losses.note("messages[].tool_calls[].arguments", reason, Severity::Hint);
    }
    let signature = seal.and_then(seal::for_google);
    let part = rendered(input.len(), |part| {
        part.nest("functionCall", |call| {
            call.text("id", id).text("name", name);
            match arguments {
                Some(json) => call.raw("args", json),
                None => call.nest("args", |args| {
                    args.text("input", input);
                }),
            };
        });
        if let Some(signature) = signature {
            part.text("thoughtSignature", signature);
        }
    });
    (part, signature.is_some())
}

/// A result, for the call `id` of `name`, and the media that must stand beside it. `within`: they
/// may stand in it (<https://ai.google.dev/gemini-api/docs/function-calling>, from Gemini 3 on).
pub(super) fn result(
    id: &str,
    name: &str,
    parts: &[Part],
    is_error: bool,
    within: bool,
    losses: &mut Losses,
) -> Result<(Vec<u8>, Vec<Vec<u8>>), Malformed> {
    let (mut words, mut media) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text { text, .. } => {
                note_mark(part, losses);
                words.push(&**text);
            }
            Part::Image { .. } | Part::Audio { .. } | Part::Video { .. } | Part::File { .. } => {
                media.extend(block(part, Role::User, losses)?);
            }
            _ => lose(losses, "messages[].content[].tool_result", "text and media only"),
        }
    }
    let words = words.join("\n");
    let part = rendered(words.len(), |part| {
        part.nest("functionResponse", |response| {
            response.text("id", id).text("name", name);
            response.with("response", |out| outcome(out, &words, is_error));
            if within && !media.is_empty() {
                response.list("parts", &media);
            }
        });
    });
    Ok((part, if within { Vec::new() } else { media }))
}

/// What a function gave back, as the object that Google demands: an object as it is, else under
/// `result`; a failure under `error`.
fn outcome(out: &mut Vec<u8>, words: &str, is_error: bool) {
    let json = serde_json::from_str::<&RawValue>(words.trim()).ok().map(RawValue::get);
    let is_object = json.is_some_and(|json| RawObject::read(json.as_bytes()).is_ok());
    match json {
        Some(json) if is_object && !is_error => out.extend_from_slice(json.as_bytes()),
        json => object(out, |outcome| {
            let key = if is_error { "error" } else { "result" };
            match json.filter(|json| is_object || json.starts_with('[')) {
                Some(json) => outcome.raw(key, json),
                None => outcome.text(key, words),
            };
        }),
    }
}

/// Gives back to the last part a field of its own that was carried behind it. False when `part`
/// is no such field. One that the last part has already stands in an empty text of its own.
pub(super) fn attach(parts: &mut Vec<Vec<u8>>, part: &Part) -> bool {
    let Part::Vendor { kind, json } = part else { return false };
    let (Some(field), Some(last)) = (kind.strip_prefix(FIELD), parts.last_mut()) else {
        return false;
    };
    if RawObject::read(last).is_ok_and(|last| last.has(field)) {
        parts.push(br#"{"text":""}"#.to_vec());
        return attach(parts, part);
    }
    add(last, field, json.get());
    true
}

/// Adds a field to a part that is written.
pub(super) fn add(part: &mut Vec<u8>, field: &str, json: &str) {
    let mut rest = Vec::new();
    object(&mut rest, |object| {
        object.raw(field, json);
    });
    part.pop();
    part.push(b',');
    part.extend_from_slice(&rest[1..]);
}

/// A thought that Google signed. What it did not sign it does not look at.
fn thought(text: &str, seal: Option<&Seal>, losses: &mut Losses) -> Option<Vec<u8>> {
    let Some(signature) = seal.and_then(seal::for_google) else {
        let reason = "reasoning that Google did not sign stays behind";
        losses.note("messages[].reasoning", reason, Severity::Hint);
        return None;
    };
    Some(rendered(text.len() + signature.len(), |part| {
        part.text("text", text).raw("thought", "true").text("thoughtSignature", signature);
    }))
}

/// Arguments as Google takes them: a JSON object. None at all is an empty one.
pub(in super::super) fn arguments(input: &str) -> Option<&str> {
    let input = input.trim();
    if input.is_empty() {
        return Some("{}");
    }
    serde_json::from_str::<&RawValue>(input).ok().filter(|_| input.starts_with('{'))?;
    Some(input)
}

/// Parts that only Google sends and only Google takes back.
fn is_ours(kind: &str) -> bool {
    matches!(kind, "executableCode" | "codeExecutionResult" | "toolCall" | "toolResponse")
}

/// Google caches by itself: there is no mark.
pub(super) fn note_mark(part: &Part, losses: &mut Losses) {
    let (Part::Text { cache, .. }
    | Part::Image { cache, .. }
    | Part::File { cache, .. }
    | Part::ToolCall { cache, .. }
    | Part::ToolResult { cache, .. }) = part
    else {
        return;
    };
    if cache.is_some() {
        losses.note("messages[].cache_control", "Google caches by itself", Severity::Hint);
    }
}

fn rendered(room: usize, fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(room + 96);
    object(&mut out, fill);
    out
}

fn lose(losses: &mut Losses, path: &str, reason: &'static str) {
    losses.note(path, reason, Severity::Meaning);
}
