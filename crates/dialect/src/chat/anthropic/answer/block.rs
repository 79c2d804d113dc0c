//! One content block on its way in: what it opens as, what its deltas add, what its end owes.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::request::JSON_TOOL;
use crate::chat::halves;
use crate::chat::json::object;
use crate::chat::{ChatEvent, PartKind, Seal, SealKind};
use crate::error::Fault;
use crate::raw::RawObject;

/// A block that is open.
pub(super) struct Block {
    /// Its index on the wire.
    pub(super) wire: u64,
    /// Ours.
    index: u32,
    kind: Kind,
}

enum Kind {
    /// Deltas go out as they come.
    Plain,
    /// A call's arguments: if no delta brings any, those it opened with.
    Arguments { opening: String, any: bool },
    /// Only this dialect's: whole at its end.
    Vendor { json: String, input: String },
}

/// What a block opens with; a whole body has all of it here.
#[derive(Deserialize)]
struct Opening<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    citations: Option<Vec<&'a RawValue>>,
}

/// What is added to a block.
#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    thinking: Option<String>,
    #[serde(default)]
    signature: Option<String>,
    #[serde(default)]
    partial_json: Option<String>,
    #[serde(borrow, default)]
    citation: Option<&'a RawValue>,
}

impl Block {
    /// Opens the block `json` as part `index`. The flag says whether a tool of the client's is
    /// called.
    pub(super) fn open(
        wire: u64,
        index: u32,
        json: &RawValue,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(Block, bool), Fault> {
        let mut mended = String::new();
        let Some(opening) = halves::read::<Opening<'_>>(json.get(), &mut mended) else {
            return Err(Fault::unreadable("the provider sent a content block without a type"));
        };
        let mut called = false;
        let (part, kind) = match &*opening.kind {
            "text" => (PartKind::Text, Kind::Plain),
            "thinking" | "redacted_thinking" => (PartKind::Reasoning, Kind::Plain),
            "tool_use" => {
                let any = false;
                let input = opening.input.map_or("{}", RawValue::get).to_owned();
                let name = opening.name.unwrap_or_default();
                let part = if name.starts_with(JSON_TOOL) {
                    PartKind::Text
                } else {
                    called = true;
                    let id = opening.id.filter(|id| !id.is_empty());
                    let id = id.unwrap_or_else(|| format!("toolu_{index}"));
                    PartKind::ToolCall { id, name, custom: false }
                };
                (part, Kind::Arguments { opening: input, any })
            }
            other => {
                let json = json.get().to_owned();
                let part = PartKind::Vendor { kind: other.to_owned() };
                (part, Kind::Vendor { json, input: String::new() })
            }
        };
        let vendor = matches!(kind, Kind::Vendor { .. });
        let block = Block { wire, index, kind };
        out.push(ChatEvent::Open { choice: 0, index, part });
        if !vendor {
            block.text(opening.text.or(opening.thinking), out);
            block.seal(opening.signature, SealKind::Signature, out);
            block.seal(opening.data, SealKind::Redacted, out);
            for citation in opening.citations.unwrap_or_default() {
                block.annotate("citation", citation, out);
            }
        }
        Ok((block, called))
    }

    /// A block that nobody opened: some servers begin with a delta.
    pub(super) fn implied(
        wire: u64,
        index: u32,
        delta: &RawValue,
        out: &mut Vec<ChatEvent>,
    ) -> Result<Block, Fault> {
        let part = match halves::read::<Delta<'_>>(delta.get(), &mut String::new()) {
            Some(delta) if delta.kind == "text_delta" => PartKind::Text,
            Some(delta) if delta.kind == "thinking_delta" => PartKind::Reasoning,
            _ => return Err(Fault::unreadable("the provider added to a part it never began")),
        };
        out.push(ChatEvent::Open { choice: 0, index, part });
        Ok(Block { wire, index, kind: Kind::Plain })
    }

    /// Adds `json`.
    pub(super) fn add(&mut self, json: &RawValue, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let mut mended = String::new();
        let Some(delta) = halves::read::<Delta<'_>>(json.get(), &mut mended) else {
            return Err(Fault::unreadable("the provider sent a delta without a type"));
        };
        match (&*delta.kind, &mut self.kind) {
            ("text_delta", _) => self.text(delta.text, out),
            ("thinking_delta", _) => self.text(delta.thinking, out),
            ("signature_delta", _) => self.seal(delta.signature, SealKind::Signature, out),
            ("input_json_delta", Kind::Vendor { input, .. }) => {
                input.push_str(&delta.partial_json.unwrap_or_default());
            }
            ("input_json_delta", Kind::Arguments { any, .. }) => {
                *any |= delta.partial_json.as_ref().is_some_and(|text| !text.is_empty());
                self.text(delta.partial_json, out);
            }
            ("citations_delta", _) => {
                if let Some(citation) = delta.citation {
                    self.annotate("citation", citation, out);
                }
            }
            (other, _) => self.annotate(other, json, out),
        }
        Ok(())
    }

    /// Ends it, with what it still owes.
    pub(super) fn close(self, out: &mut Vec<ChatEvent>) {
        let owed = match &self.kind {
            Kind::Plain | Kind::Arguments { any: true, .. } => None,
            Kind::Arguments { opening, .. } => Some(opening.clone()),
            Kind::Vendor { json, input } => Some(with_input(json, input)),
        };
        self.text(owed, out);
        out.push(ChatEvent::Close { choice: 0, index: self.index });
    }

    fn text(&self, text: Option<String>, out: &mut Vec<ChatEvent>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            out.push(ChatEvent::Delta { choice: 0, index: self.index, text });
        }
    }

    fn seal(&self, proof: Option<String>, kind: SealKind, out: &mut Vec<ChatEvent>) {
        if let Some(proof) = proof.filter(|proof| !proof.is_empty()) {
            let seal = Seal { kind, bytes: Bytes::from(proof) };
            out.push(ChatEvent::Seal { choice: 0, index: self.index, seal });
        }
    }

    fn annotate(&self, kind: &str, json: &RawValue, out: &mut Vec<ChatEvent>) {
        let (kind, json) = (kind.to_owned(), json.get().to_owned());
        out.push(ChatEvent::Annotation { choice: 0, index: self.index, kind, json });
    }
}

/// The block `json` with the `input` that its deltas brought.
fn with_input(json: &str, input: &str) -> String {
    let block = RawObject::of(json);
    let (Ok(block), Ok(_)) = (block, serde_json::from_str::<&RawValue>(input)) else {
        return json.to_owned();
    };
    let mut out = Vec::with_capacity(json.len() + input.len());
    object(&mut out, |object| {
        for key in block.keys().filter(|key| *key != "input") {
            object.raw(key, block.raw(key).unwrap_or("null"));
        }
        object.raw("input", input);
    });
    String::from_utf8(out).unwrap_or_else(|_| json.to_owned())
}
