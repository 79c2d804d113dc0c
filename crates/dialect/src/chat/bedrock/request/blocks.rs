//! Content blocks: text, calls, results, thoughts, and the points up to which the prompt is cached.

use serde_json::value::RawValue;

use super::family::Family;
use crate::chat::anthropic::request::arguments;
use crate::chat::json::{Object, object};
use crate::chat::{Seal, SealKind};
use crate::raw::RawObject;
use crate::{Losses, Severity};

/// What a thought begins with as a block.
const THOUGHT: &[u8] = br#"{"reasoningContent""#;

/// A text block. Bedrock refuses one that is blank.
pub(super) fn text(words: &str) -> Option<Vec<u8>> {
    if words.trim().is_empty() {
        return None;
    }
    Some(rendered(words.len(), |block| {
        block.text("text", words);
    }))
}

/// A call, under an id and a name that are legal here.
pub(super) fn call(
    id: &str,
    name: &str,
    input: &str,
    custom: bool,
    losses: &mut Losses,
) -> Vec<u8> {
    let object_input = (!custom).then(|| arguments(input)).flatten();
    if object_input.is_none() && !custom {
        let reason = "arguments that are no JSON object, carried as text";
        losses.note("messages[].tool_calls[].arguments", reason, Severity::Hint);
    }
    rendered(input.len(), |block| {
        block.nest("toolUse", |call| {
            call.text("toolUseId", id).text("name", name);
            match object_input {
                Some(json) => call.raw("input", json),
                None => call.nest("input", |inner| {
                    inner.text("input", input);
                }),
            };
        });
    })
}

/// A result for the call `id`, holding the blocks `inside`.
pub(super) fn result(
    id: &str,
    mut inside: Vec<Vec<u8>>,
    is_error: bool,
    family: Family,
    losses: &mut Losses,
) -> Vec<u8> {
    let failed = is_error && family.knows_failed_results();
    if is_error && !failed {
        let reason = "this model has no word for a tool that failed";
        losses.note("messages[].content[].is_error", reason, Severity::Hint);
    }
    // The result of a tool that failed may not be empty.
    if failed && inside.is_empty() {
        inside.extend(text("error"));
    }
    rendered(64, |block| {
        block.nest("toolResult", |result| {
            result.text("toolUseId", id).list("content", &inside);
            if failed {
                result.text("status", "error");
            }
        });
    })
}

/// A thought with its proof, as it was given out; `None` for one that Bedrock gave no proof of.
pub(super) fn thought(words: &str, seal: &Seal) -> Option<Vec<u8>> {
    let proof = std::str::from_utf8(&seal.bytes).ok().filter(|proof| !proof.is_empty())?;
    let write: &dyn Fn(&mut Object<'_>) = match seal.kind {
        SealKind::Signature => &|thought| {
            thought.nest("reasoningText", |inner| {
                inner.text("text", words).text("signature", proof);
            });
        },
        SealKind::Redacted => &|thought| {
            thought.text("redactedContent", proof);
        },
        SealKind::Encrypted => return None,
    };
    Some(rendered(words.len() + proof.len(), |block| {
        block.nest("reasoningContent", write);
    }))
}

/// Whether `block` is a thought.
pub(super) fn is_thought(block: &[u8]) -> bool {
    block.starts_with(THOUGHT)
}

/// Whether `block` holds words.
pub(super) fn is_text(block: &[u8]) -> bool {
    block.starts_with(br#"{"text""#)
}

/// Whether `block` is a document.
pub(super) fn is_document(block: &[u8]) -> bool {
    block.starts_with(br#"{"document""#)
}

/// The point that stands behind a block marked with `mark`; `None` where the model has no cache.
pub(super) fn cache_point(mark: &RawValue, family: Family, losses: &mut Losses) -> Option<Vec<u8>> {
    if !family.caches() {
        let reason = "the model has no prompt cache to mark";
        losses.note("messages[].content[].cache_control", reason, Severity::Hint);
        return None;
    }
    let ttl = RawObject::read(mark.get().as_bytes()).ok().and_then(|mark| mark.raw("ttl"));
    let long = ttl == Some(r#""1h""#);
    if long && !family.caches_tools_and_for_long() {
        let reason = "the model keeps its cache for five minutes";
        losses.note("messages[].content[].cache_control.ttl", reason, Severity::Hint);
    }
    Some(rendered(48, |block| {
        block.nest("cachePoint", |point| {
            point.text("type", "default");
            if long && family.caches_tools_and_for_long() {
                point.text("ttl", "1h");
            }
        });
    }))
}

fn rendered(room: usize, fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(room + 96);
    object(&mut out, fill);
    out
}
