//! The conversation, written: turns become messages. Calls have no ids here: results stand behind
//! their calls, in the order of the calls, with the tool's name.

use super::content::{Content, note_cache};
use crate::chat::follow::Follow;
use crate::chat::functions;
use crate::chat::json::{self, Object};
use crate::chat::{Part, Role, Turn};
use crate::{Losses, Malformed, Severity};

/// Writes the list of messages.
pub(super) fn write(turns: &[Turn], losses: &mut Losses) -> Result<Vec<u8>, Malformed> {
    let mut messages = Follow::default();
    for turn in turns {
        if turn.name.is_some() {
            losses.note("messages[].name", "no field", Severity::Hint);
        }
        match turn.role {
            Role::System | Role::Developer => instruct(turn, &mut messages, losses)?,
            Role::User => user(turn, &mut messages, losses)?,
            Role::Assistant => assistant(turn, &mut messages, losses)?,
        }
    }
    let mut out = Vec::with_capacity(1024);
    messages.write(&mut out, <[Vec<u8>]>::concat);
    Ok(out)
}

fn instruct(turn: &Turn, messages: &mut Follow, losses: &mut Losses) -> Result<(), Malformed> {
    let mut content = Content::of(&turn.parts, "\n\n", losses)?;
    if content.drop_pictures() {
        losses.note("messages[].content", "only text instructs", Severity::Meaning);
    }
    if !content.is_empty() {
        messages.push(message("system", |object| content.write(object)));
    }
    Ok(())
}

fn user(turn: &Turn, messages: &mut Follow, losses: &mut Losses) -> Result<(), Malformed> {
    let mut results = false;
    for part in &turn.parts {
        if let Part::ToolResult { cache, .. } = part {
            results = true;
            note_cache(cache.is_some(), losses);
            result(part, messages, losses)?;
        }
    }
    let content = Content::of(&turn.parts, "\n\n", losses)?;
    if !content.is_empty() || !results {
        messages.push(message("user", |object| content.write(object)));
    }
    Ok(())
}

fn result(part: &Part, messages: &mut Follow, losses: &mut Losses) -> Result<(), Malformed> {
    let Part::ToolResult { id, name, parts, is_error, .. } = part else { return Ok(()) };
    let mut content = Content::of(parts, "\n\n", losses)?;
    if *is_error {
        losses.note("messages[].content[].is_error", "no field", Severity::Hint);
        if content.text().is_empty() {
            content.text().push_str("error");
        }
    }
    let Some(place) = messages.place(id, losses) else { return Ok(()) };
    let name = place.name.as_ref().or(name.as_ref());
    if name.is_none() {
        let reason = "no call has this id, and only a tool's name could take its place";
        losses.note("messages[].tool_call_id", reason, Severity::Hint);
    }
    let json = message("tool", |object| {
        if let Some(name) = name {
            object.text("tool_name", name);
        }
        content.write(object);
    });
    messages.answer(&place, json, Vec::new());
    Ok(())
}

fn assistant(turn: &Turn, messages: &mut Follow, losses: &mut Losses) -> Result<(), Malformed> {
    let mut content = Content::of(&turn.parts, "", losses)?;
    if content.drop_pictures() {
        losses.note("messages[].content", "an answer holds only text", Severity::Meaning);
    }
    let (mut thought, mut calls, mut named) = (String::new(), Vec::new(), Vec::new());
    for part in &turn.parts {
        match part {
            Part::Reasoning { text, seal: None } => thought.push_str(text),
            // It is another provider's.
            Part::Reasoning { .. } => {
                losses.note("messages[].reasoning", "no field for its seal", Severity::Hint);
            }
            Part::ToolCall { id, name, input, custom, seal, cache } => {
                note_cache(cache.is_some(), losses);
                if seal.is_some() {
                    let path = "messages[].tool_calls[].signature";
                    losses.note(path, "no field", Severity::Hint);
                }
                calls.push(call(name, &functions::arguments(input, *custom, losses)));
                named.push((id.clone(), name.clone()));
            }
            _ => (),
        }
    }
    let json = message("assistant", |object| {
        content.write(object);
        if !thought.is_empty() {
            object.text("thinking", &thought);
        }
        if !calls.is_empty() {
            object.list("tool_calls", &calls);
        }
    });
    messages.push_calls(json, named);
    Ok(())
}

/// A call, its arguments as an object.
fn call(name: &str, arguments: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + arguments.len());
    json::object(&mut out, |call| {
        call.nest("function", |function| {
            function.text("name", name).raw("arguments", arguments);
        });
    });
    out
}

fn message(role: &str, fill: impl FnOnce(&mut Object<'_>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    json::object(&mut out, |object| {
        object.text("role", role);
        fill(object);
    });
    out
}
