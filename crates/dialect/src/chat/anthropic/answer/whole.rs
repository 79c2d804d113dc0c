//! A whole answer, written from all its events.

use wayleave_model::Usage;

use super::super::request::{arguments, fit, is_ours};
use super::stop_reason;
use super::write::Head;
use crate::chat::json::{Object, list, object};
use crate::chat::{ChatEvent, Finish, PartKind, SealKind};
use crate::raw::RawObject;

/// A part, folded.
struct Folded<'e> {
    index: u32,
    kind: &'e PartKind,
    text: String,
    signature: Option<String>,
    redacted: Option<String>,
    citations: Vec<&'e str>,
}

/// Writes the body.
pub(super) fn write(head: &mut Head, events: &[ChatEvent]) -> Vec<u8> {
    let mut parts: Vec<Folded<'_>> = Vec::new();
    let mut usage = Usage::default();
    let mut finish = (Finish::Stop, None);
    for event in events {
        match event {
            ChatEvent::Begin { id, model } => head.begin(id, model),
            ChatEvent::Usage(report) => usage = *report,
            ChatEvent::Finish { choice: 0, reason, stop } => finish = (*reason, stop.clone()),
            ChatEvent::Open { choice: 0, index, part } => parts.push(Folded::new(*index, part)),
            other => fold(&mut parts, other),
        }
    }
    head.settle();
    let called = parts.iter().any(|part| matches!(part.kind, PartKind::ToolCall { .. }));
    let blocks: Vec<Vec<u8>> = parts.iter().filter_map(|part| part.block(&head.id)).collect();
    let mut out = Vec::with_capacity(512 + blocks.iter().map(Vec::len).sum::<usize>());
    object(&mut out, |message| {
        head.write(message, &usage, |message| {
            message.with("content", |out| list(out, &blocks));
            stop(message, stop_reason(finish.0, called), finish.1);
        });
    });
    out
}

/// Writes why an answer ended.
pub(super) fn stop(object: &mut Object<'_>, reason: &str, sequence: Option<String>) {
    object.text("stop_reason", reason);
    match sequence {
        Some(sequence) => object.text("stop_sequence", &sequence),
        None => object.raw("stop_sequence", "null"),
    };
}

/// The id of a call, legal here; one of its own for a call without.
pub(super) fn call_id(id: &str, answer: &str, part: u32) -> String {
    if id.is_empty() { fit(&format!("toolu_{answer}_{part}")) } else { fit(id) }
}

/// Whether this is a citation as Anthropic words them: other dialects annotate otherwise.
pub(super) fn is_citation(json: &str) -> bool {
    let kind = RawObject::of(json).ok().and_then(|object| object.raw("type"));
    kind.is_some_and(|kind| kind.ends_with("_location\""))
}

fn fold<'e>(parts: &mut [Folded<'e>], event: &'e ChatEvent) {
    let (ChatEvent::Delta { choice: 0, index, .. }
    | ChatEvent::Seal { choice: 0, index, .. }
    | ChatEvent::Annotation { choice: 0, index, .. }) = event
    else {
        return;
    };
    let Some(part) = parts.iter_mut().rev().find(|part| part.index == *index) else { return };
    match event {
        ChatEvent::Delta { text, .. } => part.text.push_str(text),
        ChatEvent::Seal { seal, .. } => {
            let proof = String::from_utf8_lossy(&seal.bytes).into_owned();
            match seal.kind {
                SealKind::Signature => part.signature = Some(proof),
                SealKind::Redacted => part.redacted = Some(proof),
                SealKind::Encrypted => (),
            }
        }
        ChatEvent::Annotation { json, .. } if is_citation(json) => part.citations.push(json),
        _ => (),
    }
}

impl<'e> Folded<'e> {
    fn new(index: u32, kind: &'e PartKind) -> Folded<'e> {
        let citations = Vec::new();
        Folded { index, kind, text: String::new(), signature: None, redacted: None, citations }
    }

    /// Its block; `None` where this dialect has none for it.
    fn block(&self, answer: &str) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(self.text.len() + 96);
        let text = &*self.text;
        match (self.kind, &self.redacted) {
            (PartKind::Text | PartKind::Refusal, _) => object(&mut out, |block| {
                block.text("type", "text").text("text", text);
                if !self.citations.is_empty() {
                    block.list("citations", &self.citations);
                }
            }),
            (PartKind::Reasoning, Some(data)) if text.is_empty() => object(&mut out, |block| {
                block.text("type", "redacted_thinking").text("data", data);
            }),
            (PartKind::Reasoning, _) if text.is_empty() && self.signature.is_none() => return None,
            (PartKind::Reasoning, _) => object(&mut out, |block| {
                block.text("type", "thinking").text("thinking", text);
                block.text("signature", self.signature.as_deref().unwrap_or_default());
            }),
            (PartKind::ToolCall { id, name, custom }, _) => object(&mut out, |block| {
                let id = call_id(id, answer, self.index);
                block.text("type", "tool_use").text("id", &id).text("name", name);
                match arguments(text).filter(|_| !custom) {
                    Some(json) => block.raw("input", json),
                    None => block.nest("input", |input| {
                        input.text("input", text);
                    }),
                };
            }),
            (PartKind::Vendor { kind }, _) if is_ours(kind) && text.starts_with('{') => {
                out.extend_from_slice(text.as_bytes());
            }
            (PartKind::Vendor { .. } | PartKind::Image { .. } | PartKind::Audio { .. }, _) => {
                return None;
            }
        }
        Some(out)
    }
}
