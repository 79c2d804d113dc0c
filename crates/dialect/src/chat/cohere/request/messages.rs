//! The conversation, written: turns become messages, results stand right behind their calls.

use wayleave_model::target::{ModelFacts, ReasoningControl};

use super::content::{Content, block, note_cache};
use crate::chat::follow::Follow;
use crate::chat::functions;
use crate::chat::json::{self, Object};
use crate::chat::{Part, Role, Turn};
use crate::{Losses, Malformed, Severity};

/// Writes the list of messages.
pub(super) fn write(
    turns: &[Turn],
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Vec<u8>, Malformed> {
    let mut messages = Follow::default();
    for turn in turns {
        if turn.name.is_some() {
            losses.note("messages[].name", "no field", Severity::Hint);
        }
        match turn.role {
            Role::System | Role::Developer => instruct(turn, &mut messages, losses)?,
            Role::User => user(turn, &mut messages, losses)?,
            Role::Assistant => assistant(turn, facts, &mut messages, losses)?,
        }
    }
    let mut out = Vec::with_capacity(1024);
    messages.write(&mut out, |shown| {
        message("user", |object| {
            object.list("content", shown);
        })
    });
    Ok(out)
}

fn instruct(turn: &Turn, messages: &mut Follow, losses: &mut Losses) -> Result<(), Malformed> {
    let content = Content::of(&turn.parts, losses)?;
    let text = content.text("\n\n");
    if !content.into_pictures().is_empty() {
        losses.note("messages[].content", "only text instructs", Severity::Meaning);
    }
    if !text.is_empty() {
        messages.push(message("system", |object| {
            object.text("content", &text);
        }));
    }
    Ok(())
}

fn user(turn: &Turn, messages: &mut Follow, losses: &mut Losses) -> Result<(), Malformed> {
    let mut results = false;
    for part in &turn.parts {
        if let Part::ToolResult { id, parts, is_error, cache, .. } = part {
            results = true;
            note_cache(cache.is_some(), losses);
            result(id, parts, *is_error, messages, losses)?;
        }
    }
    let content = Content::of(&turn.parts, losses)?;
    // What is blank stays: the provider says what it thinks of it.
    if !content.is_empty() || !results {
        messages.push(message("user", |object| content.write(object)));
    }
    Ok(())
}

fn result(
    id: &str,
    parts: &[Part],
    is_error: bool,
    messages: &mut Follow,
    losses: &mut Losses,
) -> Result<(), Malformed> {
    let content = Content::of(parts, losses)?;
    let mut text = content.text("\n\n");
    if is_error {
        losses.note("messages[].content[].is_error", "no field", Severity::Hint);
        if text.is_empty() {
            "error".clone_into(&mut text);
        }
    }
    let mut shown = content.into_pictures();
    if !shown.is_empty() {
        let reason = "a picture in a tool result follows it as a user's message";
        losses.note("messages[].content[].content", reason, Severity::Hint);
        shown.insert(0, block("text", &format!("What the tool call {id} returned:")));
    }
    let Some(place) = messages.place(id, losses) else { return Ok(()) };
    let json = message("tool", |object| {
        object.text("tool_call_id", id).text("content", &text);
    });
    messages.answer(&place, json, shown);
    Ok(())
}

/// An answer is content, or calls and the plan that led to them: words beside calls are that plan.
fn assistant(
    turn: &Turn,
    facts: &ModelFacts,
    messages: &mut Follow,
    losses: &mut Losses,
) -> Result<(), Malformed> {
    let content = Content::of(&turn.parts, losses)?;
    let mut words = content.text("");
    if !content.into_pictures().is_empty() {
        losses.note("messages[].content", "an answer holds only text", Severity::Meaning);
    }
    let (calls, named) = calls(&turn.parts, losses);
    let thinks = facts.reasoning.is_some_and(|control| control != ReasoningControl::None);
    let mut thought = thought(&turn.parts, thinks || !calls.is_empty(), losses);
    if calls.is_empty() && words.is_empty() && thought.is_empty() {
        losses.note("messages[].content", "an answer of nothing is left out", Severity::Hint);
        return Ok(());
    }
    if !calls.is_empty() {
        if !words.is_empty() {
            let reason = "what is said beside tool calls, carried as their plan";
            losses.note("messages[].content", reason, Severity::Hint);
        }
        if !thinks {
            // What is thought came first.
            let gap = if words.is_empty() || thought.is_empty() { "" } else { "\n\n" };
            words = format!("{thought}{gap}{words}");
            thought.clear();
        }
    }
    let json = message("assistant", |object| {
        let said = if calls.is_empty() { words.as_str() } else { "" };
        match (thought.as_str(), said) {
            ("", "") => (),
            ("", said) => {
                object.text("content", said);
            }
            (thought, said) => {
                let blocks = [("thinking", thought), ("text", said)];
                let blocks = blocks.iter().filter(|(_, words)| !words.is_empty());
                object.list("content", blocks.map(|(kind, words)| block(kind, words)));
            }
        }
        if !calls.is_empty() {
            if !words.is_empty() {
                object.text("tool_plan", &words);
            }
            object.list("tool_calls", &calls);
        }
    });
    messages.push_calls(json, named);
    Ok(())
}

/// The calls as JSON, and the id and name of each.
fn calls(parts: &[Part], losses: &mut Losses) -> (Vec<Vec<u8>>, Vec<(String, String)>) {
    let (mut calls, mut named) = (Vec::new(), Vec::new());
    for part in parts {
        let Part::ToolCall { id, name, input, custom, seal, cache } = part else { continue };
        note_cache(cache.is_some(), losses);
        if seal.is_some() {
            losses.note("messages[].tool_calls[].signature", "no field", Severity::Hint);
        }
        let arguments = functions::arguments(input, *custom, losses);
        let mut out = Vec::with_capacity(128 + arguments.len());
        json::object(&mut out, |call| {
            call.text("id", id).text("type", "function");
            call.nest("function", |function| {
                function.text("name", name).text("arguments", &arguments);
            });
        });
        calls.push(out);
        named.push((id.clone(), name.clone()));
    }
    (calls, named)
}

/// What was thought and can be given back. Sealed reasoning is another provider's.
fn thought(parts: &[Part], wanted: bool, losses: &mut Losses) -> String {
    let mut kept = String::new();
    for part in parts {
        match part {
            Part::Reasoning { text, seal: None } if wanted => kept.push_str(text),
            Part::Reasoning { .. } => {
                losses.note("messages[].reasoning", "no field", Severity::Hint);
            }
            _ => (),
        }
    }
    kept
}

fn message(role: &str, fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    json::object(&mut out, |object| {
        object.text("role", role);
        fill(object);
    });
    out
}
