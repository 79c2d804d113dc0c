//! The conversation, read: items become turns, in their order.
//!
//! What the model said stands in several items (reasoning, messages, calls); those that follow each
//! other are one turn. So are the results of tools.

use super::{Rest, parts};
use crate::Malformed;
use crate::chat::media;
use crate::chat::node::{Node, keep};
use crate::chat::responses::names;
use crate::chat::responses::request::kinds::{is_said_to_the_model, is_the_providers};
use crate::chat::{Media, Part, Role, Seal, SealKind, Turn};

/// Reads `instructions` and `input`.
pub(super) fn read(node: &Node<'_>, rest: &mut Rest) -> Result<Vec<Turn>, Malformed> {
    let mut turns = Turns::default();
    if let Some(text) = node.text("instructions")?.filter(|text| !text.is_empty()) {
        turns.push(Role::System, vec![Part::Text { text: text.into_owned(), cache: None }]);
    }
    if node.raw("input").is_some_and(|raw| raw.starts_with('"')) {
        let text = node.required("input")?;
        turns.push(Role::User, vec![Part::Text { text, cache: None }]);
        return Ok(turns.list);
    }
    let items = node.list("input")?.ok_or_else(|| node.missing("input"))?;
    for (at, json) in items.into_iter().enumerate() {
        item(&Node::read(json, format!("input[{at}]"))?, json, &mut turns, rest)?;
    }
    Ok(turns.list)
}

/// Turns in the making.
#[derive(Default)]
struct Turns {
    list: Vec<Turn>,
    /// The last turn can be added to by what is of its kind.
    open: Option<Kind>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What the model said.
    Said,
    /// What tools gave back.
    Results,
}

impl Turns {
    fn push(&mut self, role: Role, parts: Vec<Part>) {
        self.list.push(Turn { role, name: None, parts });
        self.open = (role == Role::Assistant).then_some(Kind::Said);
    }

    /// Whether the model's words are the last thing said.
    fn ends_in_text(&self) -> bool {
        let last = self.list.last().filter(|_| self.open == Some(Kind::Said));
        matches!(last.and_then(|turn| turn.parts.last()), Some(Part::Text { .. }))
    }

    fn add(&mut self, kind: Kind, parts: Vec<Part>) {
        match self.list.last_mut() {
            Some(last) if self.open == Some(kind) => last.parts.extend(parts),
            _ => {
                self.push(if kind == Kind::Said { Role::Assistant } else { Role::User }, parts);
                self.open = Some(kind);
            }
        }
    }
}

fn item(node: &Node<'_>, json: &str, turns: &mut Turns, rest: &mut Rest) -> Result<(), Malformed> {
    let kind = match node.text("type")? {
        Some(kind) => kind.into_owned(),
        None if node.raw("role").is_some() => "message".to_owned(),
        None if node.raw("id").is_some() => "item_reference".to_owned(),
        None => return Err(node.missing("type")),
    };
    match &*kind {
        "message" => message(node, turns, rest)?,
        "reasoning" => {
            let thought = reasoning(node)?;
            if thought.is_none() {
                // Nothing but the id of what a provider keeps.
                rest.keep("input[].reasoning", keep(json));
            }
            turns.add(Kind::Said, thought.into_iter().collect());
        }
        "image_generation_call" if node.text("result")?.is_some_and(|it| !it.is_empty()) => {
            turns.add(Kind::Said, vec![picture(node)?]);
        }
        "function_call" => turns.add(Kind::Said, vec![call(node, "arguments", false)?]),
        "custom_tool_call" => turns.add(Kind::Said, vec![call(node, "input", true)?]),
        "function_call_output" | "custom_tool_call_output" => {
            turns.add(Kind::Results, vec![result(node, rest)?]);
        }
        kind if is_the_providers(kind) => {
            let message = format!(
                "`{kind}` items stand for what another provider keeps: send the conversation itself instead"
            );
            return Err(Malformed::unsupported(node.path("type"), message));
        }
        kind => {
            let json = keep(json).ok_or_else(|| node.wrong("type", "a kind of item"))?;
            let side = if is_said_to_the_model(kind) { Kind::Results } else { Kind::Said };
            turns.add(side, vec![Part::Vendor { kind: kind.to_owned(), json }]);
        }
    }
    Ok(())
}

fn message(node: &Node<'_>, turns: &mut Turns, rest: &mut Rest) -> Result<(), Malformed> {
    let role = match &*node.required("role")? {
        "system" => Role::System,
        "developer" => Role::Developer,
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => return Err(node.wrong("role", "a role of this dialect")),
    };
    rest.others("input[]", node, &["type", "id", "status", "role", "content"]);
    let parts = parts::content(node, "content", rest)?;
    match role {
        // Messages that follow each other were said one after the other: as one turn, their words
        // would run together where a turn has one text.
        Role::Assistant if turns.ends_in_text() => turns.push(role, parts),
        Role::Assistant => turns.add(Kind::Said, parts),
        role => turns.push(role, parts),
    }
    Ok(())
}

/// The summary, the text and the seal of an earlier thought; `None`: it has none of them.
fn reasoning(node: &Node<'_>) -> Result<Option<Part>, Malformed> {
    let mut text = String::new();
    for key in ["summary", "content"] {
        for (at, json) in node.list(key)?.unwrap_or_default().into_iter().enumerate() {
            let part = Node::read(json, format!("{}[{at}]", node.path(key)))?;
            let said = part.text("text")?.unwrap_or_default();
            if !text.is_empty() && !said.is_empty() {
                text.push_str("\n\n");
            }
            text.push_str(&said);
        }
    }
    let id = node.text("id")?.unwrap_or_default();
    let content = node.text("encrypted_content")?.filter(|content| !content.is_empty());
    let seal = content
        .map(|content| Seal { kind: SealKind::Encrypted, bytes: names::seal(&id, &content) });
    Ok((!text.is_empty() || seal.is_some()).then_some(Part::Reasoning { text, seal }))
}

/// A picture that the model made.
fn picture(node: &Node<'_>) -> Result<Part, Malformed> {
    let format = node.text("output_format")?.unwrap_or("png".into());
    let mime = media::type_of("image", &format)
        .ok_or_else(|| node.wrong("output_format", "the name of a format, like `png`"))?;
    let media = Media::Inline { mime, base64: node.required("result")? };
    Ok(Part::Image { media, detail: None, cache: None })
}

fn call(node: &Node<'_>, input: &str, custom: bool) -> Result<Part, Malformed> {
    let name = node.required("name")?;
    let name = names::flat(node.text("namespace")?.as_deref(), &name);
    let input = match node.raw(input) {
        None if custom => String::new(),
        None => "{}".to_owned(),
        Some(raw) if raw.starts_with('{') => raw.to_owned(),
        Some(_) => node.required(input)?,
    };
    let id = node.required("call_id")?;
    Ok(Part::ToolCall { id, name, input, custom, seal: None, cache: None })
}

fn result(node: &Node<'_>, rest: &mut Rest) -> Result<Part, Malformed> {
    let name = node.text("name")?.filter(|name| !name.is_empty());
    let namespace = node.text("namespace")?;
    Ok(Part::ToolResult {
        id: node.required("call_id")?,
        name: name.map(|name| names::flat(namespace.as_deref(), &name)),
        parts: parts::content(node, "output", rest)?,
        is_error: false,
        cache: None,
    })
}
