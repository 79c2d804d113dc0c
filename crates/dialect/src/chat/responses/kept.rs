//! Responses that are kept here, because their provider keeps none: what is kept of a request, how
//! it is put before the next one, and what the answer says of it.
//!
//! Shapes: `Response`, `ResponseInputItem` and `ResponseItem` in `openai/types/responses` of
//! OpenAI's Python SDK.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;

use super::names;
use crate::Malformed;
use crate::chat::json;
use crate::chat::node::{Node, keep, list};
use crate::raw::{Edits, RawObject};

/// Fields of a request that its answer repeats.
const ECHOED: [&str; 13] = [
    "instructions",
    "max_output_tokens",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "reasoning",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_p",
    "truncation",
    "user",
];

/// What an answer that is kept says of itself beyond others.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// The id that clients come back with.
    pub id: String,
    echo: Vec<(&'static str, Box<RawValue>)>,
}

impl Stored {
    /// Of the answer to `request`, which clients will know by `id`.
    pub fn new(id: String, request: &RawObject<'_>) -> Stored {
        let said = |name: &'static str| {
            let json = request.raw(name).filter(|json| *json != "null")?;
            Some((name, keep(json)?))
        };
        Stored { id, echo: ECHOED.into_iter().filter_map(said).collect() }
    }

    /// What the request said in the field `name`, as JSON.
    pub(super) fn echo(&self, name: &str) -> Option<&str> {
        self.echo.iter().find(|(known, _)| *known == name).map(|(_, json)| json.get())
    }
}

/// Whether the client would have the answer stored: so it is unless it says otherwise.
pub fn is_to_be_stored(request: &RawObject<'_>) -> bool {
    request.raw("store") != Some("false")
}

/// An item of a conversation.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is known by.
    pub id: String,
    /// It only names an item that was said before.
    pub is_reference: bool,
    /// Its JSON.
    pub json: Box<RawValue>,
}

/// The items of a request's own input, in the form in which they are listed: each with an id, a
/// message with its parts. `answer`: the id of the response that they are the input of.
///
/// # Errors
/// An input that is neither a text nor a list of objects.
pub fn input(request: &RawObject<'_>, answer: &str) -> Result<Vec<Item>, Malformed> {
    let stem = names::stem(answer);
    match request.raw("input") {
        None | Some("null") => Ok(Vec::new()),
        Some(text) if text.starts_with('"') => {
            let message = format!(r#"{{"role":"user","content":{text}}}"#);
            item(&message, 0, &stem).map(|item| vec![item])
        }
        Some(items) => {
            let items = list(items, "input")?.into_iter().enumerate();
            items.map(|(at, json)| item(json, at, &stem)).collect()
        }
    }
}

fn item(text: &str, at: usize, stem: &str) -> Result<Item, Malformed> {
    let node = Node::read(text, format!("input[{at}]"))?;
    let kind = node.text("type")?;
    let is_message = kind.as_deref().map_or(node.raw("role").is_some(), |it| it == "message");
    let named = node.text("id")?.filter(|id| !id.is_empty());
    let is_reference = match &kind {
        Some(kind) => kind == "item_reference",
        None => !is_message && named.is_some(),
    };
    let mut edits = Edits::default();
    let id = match named {
        Some(id) => id.into_owned(),
        None => {
            let id = format!("{}_{stem}_i{at}", prefix(kind.as_deref().unwrap_or("message")));
            edits.set("id", format!("\"{id}\""), "id");
            id
        }
    };
    if is_message {
        if kind.is_none() {
            edits.set("type", r#""message""#.to_owned(), "type");
        }
        if node.raw("status").is_none() {
            edits.set("status", r#""completed""#.to_owned(), "status");
        }
        if let Some(said) = node.raw("content").filter(|json| json.starts_with('"')) {
            let role = node.text("role")?.unwrap_or_default();
            edits.set("content", parts(said, &role), "content");
        }
    }
    let json = edited(text.as_bytes(), &edits).and_then(|text| keep(&text));
    let json = json.ok_or_else(|| node.wrong("type", "an item"))?;
    Ok(Item { id, is_reference, json })
}

/// The parts of a message that is one text.
fn parts(text: &str, role: &str) -> String {
    match role {
        _ if text == "\"\"" => "[]".to_owned(),
        "assistant" => format!(r#"[{{"type":"output_text","text":{text},"annotations":[]}}]"#),
        _ => format!(r#"[{{"type":"input_text","text":{text}}}]"#),
    }
}

/// What ids of such items begin with.
fn prefix(kind: &str) -> &'static str {
    match kind {
        "message" => "msg",
        "reasoning" => "rs",
        "function_call" => "fc",
        "function_call_output" => "fco",
        "custom_tool_call" => "ctc",
        "custom_tool_call_output" => "ctco",
        _ => "item",
    }
}

/// The items of an answer's output, each with its id; an empty one where it has none.
pub fn output<'r>(response: &RawObject<'r>) -> Vec<(String, &'r str)> {
    let items = response.raw("output").and_then(|json| list(json, "output").ok());
    let named = |json: &str| {
        let item = RawObject::read(json.as_bytes()).ok()?;
        item.string("id")?.ok().map(Cow::into_owned)
    };
    let items = items.unwrap_or_default().into_iter();
    items.map(|json| (named(json).unwrap_or_default(), json)).collect()
}

/// The request with `items` for its whole input: it goes on from nothing any more.
pub fn with_input<'i>(
    request: &RawObject<'_>,
    body: &Bytes,
    items: impl IntoIterator<Item = &'i str>,
) -> Bytes {
    let mut input = Vec::new();
    json::list(&mut input, items);
    let mut edits = Edits::default();
    // Made of texts alone.
    edits.set("input", String::from_utf8(input).unwrap_or_default(), "input");
    edits.remove("previous_response_id", "previous_response_id");
    edits.apply(request, body).concat().into()
}

/// The response that a stream ends with, where `last` is the last that was written of it.
pub fn ended(last: &[u8]) -> Option<&str> {
    let (data, _) = last_data(last)?;
    RawObject::read(data).ok()?.raw("response")
}

/// The last that was written of a stream, with a response that says that it is not stored.
pub fn stream_unstored(last: &Bytes) -> Bytes {
    let changed = || {
        let (data, at) = last_data(last)?;
        let event = RawObject::read(data).ok()?;
        let mut edits = Edits::default();
        edits.set("response", unstored(event.raw("response")?)?, "response");
        let data = edited(data, &edits)?;
        Some([&last[..at], data.as_bytes(), b"\n\n"].concat().into())
    };
    changed().unwrap_or_else(|| last.clone())
}

/// A whole response that says that it is not stored.
pub fn whole_unstored(body: &Bytes) -> Bytes {
    let text = std::str::from_utf8(body).ok().and_then(unstored);
    text.map_or_else(|| body.clone(), Bytes::from)
}

fn unstored(response: &str) -> Option<String> {
    let mut edits = Edits::default();
    edits.set("store", "false".to_owned(), "store");
    edited(response.as_bytes(), &edits)
}

/// The data of the last frame, and where it begins.
fn last_data(frames: &[u8]) -> Option<(&[u8], usize)> {
    const DATA: &[u8] = b"\ndata: ";
    let at = memchr::memmem::rfind(frames, DATA)? + DATA.len();
    Some((frames.get(at..)?.trim_ascii_end(), at))
}

fn edited(object: &[u8], edits: &Edits) -> Option<String> {
    let bytes = Bytes::copy_from_slice(object);
    let read = RawObject::read(&bytes).ok()?;
    String::from_utf8(edits.apply(&read, &bytes).concat()).ok()
}

#[cfg(test)]
mod tests;
