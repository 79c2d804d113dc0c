//! The conversation, read: one message after the other, whatever their order.

use std::borrow::Cow;

use super::{Rest, parts};
use crate::Malformed;
use crate::chat::node::{Node, keep};
use crate::chat::{Part, Role, Turn};

/// The fields of a message that are looked at.
const KNOWN: [&str; 12] = [
    "role",
    "content",
    "name",
    "refusal",
    "reasoning_content",
    "reasoning",
    "audio",
    "images",
    "tool_calls",
    "function_call",
    "tool_call_id",
    "cache_control",
];

/// Reads `messages`. Tool results that follow each other share one turn, as the calls they answer
/// do. Fields without a common word go to `rest`, each once.
pub(super) fn read(node: &Node<'_>, rest: &mut Rest) -> Result<Vec<Turn>, Malformed> {
    let messages = node.list("messages")?.ok_or_else(|| node.missing("messages"))?;
    let mut turns: Vec<Turn> = Vec::with_capacity(messages.len());
    let mut legacy = Legacy::default();
    let mut after_result = false;
    for (at, json) in messages.into_iter().enumerate() {
        let message = Node::read(json, format!("messages[{at}]"))?;
        for (key, json) in message.others(&KNOWN) {
            let path = format!("messages[].{key}");
            if json.get() != "[]" && !rest.iter().any(|(kept, _)| *kept == path) {
                rest.push((path, json));
            }
        }
        let role = message.required("role")?;
        let is_result = matches!(&*role, "tool" | "function");
        let turn = match &*role {
            "system" => plain(Role::System, &message)?,
            "developer" => plain(Role::Developer, &message)?,
            "user" => plain(Role::User, &message)?,
            "assistant" => assistant(&message, at, &mut legacy)?,
            "tool" => result(&message, message.required("tool_call_id")?)?,
            "function" => result(&message, legacy.answered_by(&message)?)?,
            _ => return Err(message.wrong("role", "a role of this dialect")),
        };
        match turns.last_mut() {
            Some(last) if is_result && after_result => last.parts.extend(turn.parts),
            _ => turns.push(turn),
        }
        after_result = is_result;
    }
    Ok(turns)
}

/// Calls in the older form, which have no ids: each is given one, for its result to name.
#[derive(Default)]
struct Legacy(Vec<(String, String)>);

fn plain(role: Role, message: &Node<'_>) -> Result<Turn, Malformed> {
    Ok(Turn { role, name: name(message)?, parts: parts::content(message, "content")? })
}

fn assistant(message: &Node<'_>, at: usize, legacy: &mut Legacy) -> Result<Turn, Malformed> {
    let mut parts = Vec::new();
    let reasoning = match message.text("reasoning_content")? {
        Some(text) => Some(text),
        // Some vendors call it so; others put an object there.
        None => message.text("reasoning").ok().flatten(),
    };
    if let Some(text) = reasoning.filter(|text| !text.is_empty()) {
        parts.push(Part::Reasoning { text: text.into_owned(), seal: None });
    }
    parts.extend(parts::content(message, "content")?);
    parts.extend(parts::pictures(message, "images")?);
    if let Some(refusal) = message.text("refusal")? {
        parts.push(Part::Refusal(refusal.into_owned()));
    }
    if let Some(json) = message.json("audio") {
        parts.push(Part::Vendor { kind: "audio".to_owned(), json });
    }
    for (k, json) in message.list("tool_calls")?.unwrap_or_default().into_iter().enumerate() {
        let call = Node::read(json, message.path(&format!("tool_calls[{k}]")))?;
        parts.push(tool_call(&call, || format!("call_{at}_{k}"))?);
    }
    if let Some(call) = message.node("function_call")? {
        let id = format!("call_{at}");
        let name = call.required("name")?;
        legacy.0.push((name.clone(), id.clone()));
        let input = arguments(&call, "arguments")?;
        parts.push(Part::ToolCall { id, name, input, custom: false, seal: None, cache: None });
    }
    Ok(Turn { role: Role::Assistant, name: name(message)?, parts })
}

fn tool_call(call: &Node<'_>, invent: impl Fn() -> String) -> Result<Part, Malformed> {
    let id = call.text("id")?.filter(|id| !id.is_empty()).map_or_else(invent, Cow::into_owned);
    let cache = call.json("cache_control");
    if call.text("type")?.as_deref() == Some("custom") {
        let custom = call.node("custom")?.ok_or_else(|| call.missing("custom"))?;
        let input = custom.text("input")?.unwrap_or_default().into_owned();
        let name = custom.required("name")?;
        return Ok(Part::ToolCall { id, name, input, custom: true, seal: None, cache });
    }
    let function = call.node("function")?.ok_or_else(|| call.missing("function"))?;
    let input = arguments(&function, "arguments")?;
    let name = function.required("name")?;
    Ok(Part::ToolCall { id, name, input, custom: false, seal: None, cache })
}

/// Arguments as their JSON text, also where a client sends the object itself.
fn arguments(node: &Node<'_>, key: &str) -> Result<String, Malformed> {
    match node.raw(key) {
        None => Ok("{}".to_owned()),
        Some(raw) if raw.starts_with('{') => Ok(raw.to_owned()),
        Some(_) => node.required(key),
    }
}

impl Legacy {
    /// The call that a result in the older form answers. It names the function, or what a client
    /// took for the id of the call: then it answers the newest.
    fn answered_by(&mut self, message: &Node<'_>) -> Result<String, Malformed> {
        let called = name(message)?;
        let named = self.0.iter().rposition(|(name, _)| Some(name) == called.as_ref());
        match named.or(self.0.len().checked_sub(1)) {
            Some(at) => Ok(self.0.remove(at).1),
            None => called.ok_or_else(|| message.missing("name")),
        }
    }
}

fn result(message: &Node<'_>, id: String) -> Result<Turn, Malformed> {
    let parts = parts::content(message, "content")?;
    let cache = message.raw("cache_control").and_then(keep);
    let part = Part::ToolResult { id, name: name(message)?, parts, is_error: false, cache };
    Ok(Turn { role: Role::User, name: None, parts: vec![part] })
}

fn name(message: &Node<'_>) -> Result<Option<String>, Malformed> {
    Ok(message.text("name")?.filter(|name| !name.is_empty()).map(Cow::into_owned))
}
