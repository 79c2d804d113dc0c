//! Parts to content blocks.

use super::media;
use crate::chat::json::{Object, object};
use crate::chat::{Media, Part, Role, Seal, SealKind};
use crate::{Losses, Malformed, Severity};
use serde_json::value::RawValue;

/// A part as a block; `None` when nothing of it goes up, which is noted where it is a loss. Calls
/// and results are written by [`call`] and [`result`], which need an id.
pub(super) fn block(
    part: &Part,
    role: Role,
    losses: &mut Losses,
) -> Result<Option<Vec<u8>>, Malformed> {
    let assistant = role == Role::Assistant;
    Ok(match part {
        Part::Text { text: words, cache } => text(words, cache.as_deref()),
        Part::Refusal(words) => {
            losses.note("messages[].refusal", "carried as text", Severity::Hint);
            text(words, None)
        }
        Part::Image { .. } | Part::File { .. } if assistant => {
            lose(losses, "messages[].content", "the model's own turns hold no media");
            None
        }
        Part::Image { media, detail, cache } => {
            if detail.as_ref().is_some_and(|detail| detail != "auto") {
                losses.note("messages[].content[].detail", "no such field", Severity::Hint);
            }
            Some(sourced("image", &media::picture(media)?, None, cache.as_deref()))
        }
        Part::File { media, name, cache } => {
            file(media, name.as_deref(), cache.as_deref(), losses)?
        }
        Part::Audio { .. } => {
            lose(losses, "messages[].content[].input_audio", "Claude takes no sound");
            None
        }
        Part::Video { .. } => {
            lose(losses, "messages[].content[].video", "Claude takes no film");
            None
        }
        Part::Reasoning { text, seal } => {
            let block = seal.as_ref().filter(|_| assistant).and_then(|seal| thought(text, seal));
            if block.is_none() {
                let reason = "reasoning that Claude did not sign is refused";
                losses.note("messages[].reasoning", reason, Severity::Hint);
            }
            block
        }
        Part::Vendor { kind, json } if is_ours(kind) => Some(json.get().as_bytes().to_vec()),
        Part::Vendor { kind, .. } => {
            lose(losses, &format!("messages[].content[].{kind}"), "no such content block");
            None
        }
        Part::ToolCall { .. } | Part::ToolResult { .. } => {
            lose(losses, "messages[].content", "a tool call stands where none can");
            None
        }
    })
}

/// A text block. Anthropic refuses one that is blank.
pub(super) fn text(words: &str, cache: Option<&RawValue>) -> Option<Vec<u8>> {
    if words.trim().is_empty() {
        return None;
    }
    Some(rendered(words.len(), |block| {
        block.text("type", "text").text("text", words);
        mark(block, cache);
    }))
}

/// A call, under the id that `ids` gave it.
pub(super) fn call(
    id: &str,
    name: &str,
    input: &str,
    custom: bool,
    cache: Option<&RawValue>,
    losses: &mut Losses,
) -> Vec<u8> {
    let object_input = (!custom).then(|| arguments(input)).flatten();
    if object_input.is_none() && !custom {
        let reason = "arguments that are no JSON object, carried as text";
        losses.note("messages[].tool_calls[].arguments", reason, Severity::Hint);
    }
    rendered(input.len(), |block| {
        block.text("type", "tool_use").text("id", id).text("name", name);
        match object_input {
            Some(json) => block.raw("input", json),
            None => block.nest("input", |inner| {
                inner.text("input", input);
            }),
        };
        mark(block, cache);
    })
}

/// A result, for the call `id`.
pub(super) fn result(
    id: &str,
    parts: &[Part],
    is_error: bool,
    cache: Option<&RawValue>,
    losses: &mut Losses,
) -> Result<Vec<u8>, Malformed> {
    let mut inside: Vec<Vec<u8>> = Vec::with_capacity(parts.len());
    for part in parts {
        if !attach(&mut inside, part) {
            inside.extend(block(part, Role::User, losses)?);
        }
    }
    Ok(rendered(64, |block| {
        block.text("type", "tool_result").text("tool_use_id", id);
        if !inside.is_empty() {
            block.list("content", &inside);
        }
        if is_error {
            block.raw("is_error", "true");
        }
        mark(block, cache);
    }))
}

/// Gives back to the last block a field of its own that was carried behind it (`text.citations`).
/// False when `part` is no such field.
pub(super) fn attach(blocks: &mut [Vec<u8>], part: &Part) -> bool {
    let Part::Vendor { kind, json } = part else { return false };
    let Some((block, field)) = kind.split_once('.') else { return false };
    let opening = format!(r#"{{"type":"{block}","#);
    let Some(last) = blocks.last_mut().filter(|last| last.starts_with(opening.as_bytes())) else {
        return false;
    };
    last.pop();
    last.push(b',');
    let mut rest = Vec::new();
    object(&mut rest, |object| {
        object.raw(field, json.get());
    });
    last.extend_from_slice(&rest[1..]);
    true
}

fn file(
    media: &Media,
    name: Option<&str>,
    cache: Option<&RawValue>,
    losses: &mut Losses,
) -> Result<Option<Vec<u8>>, Malformed> {
    let Some(source) = media::document(media)? else {
        lose(losses, "messages[].content[].file", "only PDF and text documents are taken");
        return Ok(None);
    };
    Ok(Some(sourced("document", &source, name, cache)))
}

fn sourced(kind: &str, source: &[u8], title: Option<&str>, cache: Option<&RawValue>) -> Vec<u8> {
    rendered(source.len(), |block| {
        block.text("type", kind).with("source", |out| out.extend_from_slice(source));
        if let Some(title) = title.filter(|title| !title.is_empty()) {
            block.text("title", title);
        }
        mark(block, cache);
    })
}

/// A thought with its proof, exactly as it was given out.
fn thought(text: &str, seal: &Seal) -> Option<Vec<u8>> {
    let proof = std::str::from_utf8(&seal.bytes).ok().filter(|proof| !proof.is_empty())?;
    match seal.kind {
        SealKind::Signature => Some(rendered(text.len() + proof.len(), |block| {
            block.text("type", "thinking").text("thinking", text).text("signature", proof);
        })),
        SealKind::Redacted => Some(rendered(proof.len(), |block| {
            block.text("type", "redacted_thinking").text("data", proof);
        })),
        SealKind::Encrypted => None,
    }
}

/// Arguments as Anthropic takes them: a JSON object. None at all is an empty one.
pub(in crate::chat) fn arguments(input: &str) -> Option<&str> {
    let input = input.trim();
    if input.is_empty() {
        return Some("{}");
    }
    serde_json::from_str::<&RawValue>(input).ok().filter(|_| input.starts_with('{'))?;
    Some(input)
}

/// Blocks of hosted tools, which only Anthropic sends and only Anthropic takes back.
pub(in super::super) fn is_ours(kind: &str) -> bool {
    kind.ends_with("_tool_result")
        || matches!(
            kind,
            "server_tool_use"
                | "mcp_tool_use"
                | "container_upload"
                | "search_result"
                | "tool_reference"
                | "compaction"
        )
}

fn rendered(room: usize, fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(room + 96);
    object(&mut out, fill);
    out
}

fn mark(block: &mut Object<'_>, cache: Option<&RawValue>) {
    if let Some(cache) = cache {
        block.raw("cache_control", cache.get());
    }
}

fn lose(losses: &mut Losses, path: &str, reason: &'static str) {
    losses.note(path, reason, Severity::Meaning);
}
