//! The conversation, written: each turn becomes the items it is made of, in their order.

use std::collections::{HashMap, HashSet};

use super::super::kinds::is_item;
use super::parts;
use crate::chat::json::object;
use crate::chat::responses::names;
use crate::chat::{ChatRequest, Part, Role, Seal, SealKind, Turn};
use crate::{Losses, Severity};

/// The items of a request.
#[derive(Default)]
pub(super) struct Input {
    /// What the first turn instructs.
    pub(super) instructions: Option<String>,
    /// The items, each as JSON.
    pub(super) items: Vec<Vec<u8>>,
    /// Calls by their id, and whether they are of a custom tool.
    calls: HashMap<String, bool>,
    answered: HashSet<String>,
}

impl Input {
    /// Arranges the turns of `request`.
    pub(super) fn of(request: &ChatRequest, losses: &mut Losses) -> Input {
        let mut input = Input::default();
        let mut turns = &request.turns[..];
        // One that says nothing but text is what `instructions` is for. Later ones keep their place.
        if let [first, rest @ ..] = turns
            && first.role == Role::System
            && let Some(text) = parts::only_text(&first.parts, losses)
        {
            note_name(first, losses);
            (input.instructions, turns) = (Some(text), rest);
        }
        for turn in turns {
            note_name(turn, losses);
            match turn.role {
                Role::System => input.message("system", &turn.parts, losses),
                Role::Developer => input.message("developer", &turn.parts, losses),
                Role::User => input.user(turn, losses),
                Role::Assistant => input.assistant(turn, losses),
            }
        }
        input
    }

    fn push(&mut self, fill: impl FnOnce(&mut crate::chat::json::Object<'_>)) {
        let mut out = Vec::with_capacity(256);
        object(&mut out, fill);
        self.items.push(out);
    }

    fn message(&mut self, role: &str, said: &[Part], losses: &mut Losses) {
        if let Some(content) = parts::content(said, losses) {
            self.push(|item| {
                item.text("type", "message").text("role", role);
                item.with("content", |out| out.extend_from_slice(&content));
            });
        }
    }

    /// Results stand before what the person says in the same turn, as they answer what was before.
    fn user(&mut self, turn: &Turn, losses: &mut Losses) {
        for part in &turn.parts {
            match part {
                Part::ToolResult { id, parts, is_error, cache, .. } => {
                    parts::note_cache(cache.is_some(), losses);
                    self.result(id, parts, *is_error, losses);
                }
                Part::Vendor { kind, json } if is_item(kind) => {
                    self.items.push(json.get().as_bytes().to_vec());
                }
                _ => (),
            }
        }
        self.message("user", &turn.parts, losses);
    }

    fn result(&mut self, id: &str, parts: &[Part], is_error: bool, losses: &mut Losses) {
        let output = parts::content(parts, losses);
        let empty = if is_error { br#""error""#.to_vec() } else { br#""""#.to_vec() };
        if is_error {
            losses.note("messages[].content[].is_error", "no field", Severity::Hint);
        }
        if !self.answered.insert(id.to_owned()) {
            losses.note("messages[].tool_call_id", "a call was answered twice", Severity::Hint);
            return;
        }
        let custom = self.calls.get(id).copied().unwrap_or(false);
        let kind = if custom { "custom_tool_call_output" } else { "function_call_output" };
        self.push(|item| {
            item.text("type", kind).text("call_id", &names::call_id(id));
            item.with("output", |out| out.extend_from_slice(output.as_ref().unwrap_or(&empty)));
        });
    }

    fn assistant(&mut self, turn: &Turn, losses: &mut Losses) {
        let mut said = String::new();
        for part in &turn.parts {
            match part {
                Part::Text { text, cache } => {
                    parts::note_cache(cache.is_some(), losses);
                    said.push_str(text);
                    continue;
                }
                // Only a message with the provider's own id may hold one (`ResponseOutputMessage`).
                Part::Refusal(words) => {
                    losses.note("messages[].refusal", "carried as text", Severity::Hint);
                    said.push_str(words);
                    continue;
                }
                _ => (),
            }
            self.said(&mut said);
            self.part(part, losses);
        }
        self.said(&mut said);
    }

    /// What was said between other items: texts that follow each other are one message.
    fn said(&mut self, said: &mut String) {
        if !said.is_empty() {
            self.push(|item| {
                item.text("type", "message").text("role", "assistant").text("content", said);
            });
            said.clear();
        }
    }

    fn part(&mut self, part: &Part, losses: &mut Losses) {
        match part {
            Part::Reasoning { text, seal } => self.reasoning(text, seal.as_ref(), losses),
            Part::ToolCall { id, name, input, custom, seal, cache } => {
                parts::note_cache(cache.is_some(), losses);
                if seal.is_some() {
                    losses.note("messages[].tool_calls[].signature", "no field", Severity::Hint);
                }
                // A new call may go by an id that was answered before.
                self.answered.remove(id);
                self.calls.insert(id.clone(), *custom);
                self.push(|item| call(item, id, name, input, *custom));
            }
            Part::Vendor { kind, json } if is_item(kind) => {
                self.items.push(json.get().as_bytes().to_vec());
            }
            Part::Vendor { kind, .. } => {
                let path = format!("messages[].content[].{kind}");
                losses.note(path, "no such item", Severity::Meaning);
            }
            Part::ToolResult { id, parts, is_error, .. } => {
                self.result(id, parts, *is_error, losses);
            }
            Part::Image { .. } | Part::Audio { .. } | Part::File { .. } | Part::Video { .. } => {
                losses.note("messages[].content", "an answer holds only text", Severity::Meaning);
            }
            Part::Text { .. } | Part::Refusal(_) => (),
        }
    }

    /// Only what a provider of this dialect sealed: it refuses thoughts that it cannot tell for its
    /// own.
    fn reasoning(&mut self, text: &str, seal: Option<&Seal>, losses: &mut Losses) {
        let sealed = seal.filter(|seal| seal.kind == SealKind::Encrypted);
        let Some(sealed) = sealed.and_then(|seal| std::str::from_utf8(&seal.bytes).ok()) else {
            losses.note("messages[].reasoning", "another provider's", Severity::Hint);
            return;
        };
        let (id, content) = names::unseal(sealed);
        self.push(|item| {
            item.text("type", "reasoning");
            if let Some(id) = id {
                item.text("id", id);
            }
            let mut summary = Vec::new();
            if !text.is_empty() {
                object(&mut summary, |part| {
                    part.text("type", "summary_text").text("text", text);
                });
            }
            item.list("summary", Some(summary).filter(|part| !part.is_empty()));
            item.text("encrypted_content", content);
        });
    }
}

fn call(item: &mut crate::chat::json::Object<'_>, id: &str, name: &str, input: &str, custom: bool) {
    let (kind, field) =
        if custom { ("custom_tool_call", "input") } else { ("function_call", "arguments") };
    let input = if input.is_empty() && !custom { "{}" } else { input };
    item.text("type", kind).text("call_id", &names::call_id(id));
    item.text("name", name).text(field, input);
}

fn note_name(turn: &Turn, losses: &mut Losses) {
    if turn.name.is_some() {
        losses.note("messages[].name", "no field", Severity::Hint);
    }
}
