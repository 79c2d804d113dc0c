//! The whole request, read for a target that speaks another dialect.

use serde_json::value::RawValue;

use super::super::ask::bare;
use super::super::ids::Calls;
use super::super::proto::Message;
use super::{config, parts, tools};
use crate::Malformed;
use crate::chat::node::refuse_depth;
use crate::chat::{ChatRequest, Head, Part, Role, SealKind, Turn};

/// Top-level fields with a common word. What is not among them goes to `rest`.
const KNOWN: [&str; 9] = [
    "model",
    "contents",
    "systemInstruction",
    "tools",
    "toolConfig",
    "generationConfig",
    "labels",
    "serviceTier",
    "cachedContent",
];

/// Reads everything.
pub(in super::super) fn read(head: &Head<'_>, body: &[u8]) -> Result<ChatRequest, Malformed> {
    refuse_depth(body)?;
    let body = std::str::from_utf8(body)
        .map_err(|error| Malformed::new(format!("the body is not UTF-8: {error}")))?;
    let message = Message::read(body, String::new())?;
    let model = match (head.model, message.text("model")?) {
        (Some(model), _) => bare(model).to_owned(),
        (None, Some(model)) => bare(&model).to_owned(),
        (None, None) => return Err(Malformed::at("model", "the path names no model")),
    };
    if message.raw("cachedContent")?.is_some() {
        let why = "a prompt cached at Google is not known to this model's provider";
        return Err(Malformed::unsupported("cachedContent", why));
    }
    let tier = message.text("serviceTier")?.map(|tier| tier.to_ascii_lowercase());
    let mut request = ChatRequest {
        model,
        stream: head.stream.unwrap_or(false),
        metadata: message.json("labels")?,
        service_tier: tier.filter(|tier| tier != "unspecified"),
        rest: message.others(&KNOWN),
        ..ChatRequest::default()
    };
    turns(&message, &mut request)?;
    tools::read(&message, &mut request)?;
    config::read(&message, &mut request)?;
    Ok(request)
}

/// The system instruction, which stands first, then the contents.
fn turns(message: &Message<'_>, request: &mut ChatRequest) -> Result<(), Malformed> {
    let mut calls = Calls::default();
    if let Some(system) = message.message("systemInstruction")? {
        let parts = parts::read(&system, &mut calls)?;
        if !parts.is_empty() {
            request.turns.push(Turn { role: Role::System, name: None, parts });
        }
        keep_rest("systemInstruction", system.others(&["role", "parts"]), request);
    }
    if message.raw("contents")?.is_none() {
        return Err(message.missing("contents"));
    }
    for (at, json) in message.list("contents")?.into_iter().enumerate() {
        let content = Message::read(json, format!("contents[{at}]"))?;
        let role = match content.text("role")?.as_deref() {
            None | Some("" | "user" | "function" | "tool") => Role::User,
            Some("model") => Role::Assistant,
            Some("system") => Role::System,
            Some(_) => return Err(content.wrong("role", "user or model")),
        };
        keep_rest("contents[]", content.others(&["role", "parts"]), request);
        let parts = parts::read(&content, &mut calls)?;
        match request.turns.last_mut() {
            Some(last) if role == Role::Assistant && last.role == role => {
                parts.into_iter().for_each(|part| join(&mut last.parts, part));
            }
            _ => {
                let mut joined = Vec::with_capacity(parts.len());
                parts.into_iter().for_each(|part| match role {
                    Role::Assistant => join(&mut joined, part),
                    _ => joined.push(part),
                });
                request.turns.push(Turn { role, name: None, parts: joined });
            }
        }
    }
    Ok(())
}

/// Adds a part to what the model said before it. The SDKs keep an answer in the pieces it came in,
/// each a content of its own; a signature holds for the whole of the words it was made for.
fn join(parts: &mut Vec<Part>, part: Part) {
    match (parts.last_mut(), part) {
        (
            Some(Part::Reasoning { text, seal: open @ None }),
            Part::Reasoning { text: more, seal },
        ) if !seal.as_ref().is_some_and(|seal| seal.kind == SealKind::Redacted) => {
            text.push_str(&more);
            *open = seal;
        }
        (Some(Part::Text { text, cache: None }), Part::Text { text: more, cache: None }) => {
            text.push_str(&more);
        }
        (_, Part::Text { text, .. }) if text.is_empty() => (),
        (_, part) => parts.push(part),
    }
}

/// Fields of an inner object without a common word, under their path, each once.
pub(super) fn keep_rest(
    path: &str,
    fields: Vec<(String, Box<RawValue>)>,
    request: &mut ChatRequest,
) {
    for (field, json) in fields {
        let name = format!("{path}.{field}");
        if !request.rest.iter().any(|(known, _)| *known == name) {
            request.rest.push((name, json));
        }
    }
}
