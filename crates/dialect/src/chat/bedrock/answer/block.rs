//! One content block on its way in: what it opens as, what its deltas add, what its end owes.
//!
//! Only calls, results and pictures are announced; text and thoughts begin with their first delta.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::wire::{Call, Content, Delta, Start, Thought, arguments, call};
use crate::chat::halves;
use crate::chat::json::object;
use crate::chat::{ChatEvent, PartKind, Seal, SealKind};
use crate::error::Fault;

/// A block that is open.
pub(super) struct Block {
    /// Its index on the wire.
    pub(super) wire: u64,
    /// Ours.
    index: u32,
    kind: Kind,
}

enum Kind {
    Text,
    Reasoning,
    /// A call of the client's tool; `any`: arguments have come.
    Call {
        any: bool,
    },
    Image,
    /// Only this dialect's: whole at its end.
    Vendor(Vendor),
}

/// A block of a tool that the provider runs itself.
struct Vendor {
    /// Its field in a content block: `toolUse`, `toolResult`.
    field: &'static str,
    /// What it began with.
    start: String,
    /// A call's arguments.
    input: String,
    /// A result's pieces.
    content: Vec<String>,
}

impl Block {
    /// Opens a block that is announced. `None`: of a kind that begins with its first delta. The
    /// flag says whether a tool of the client's is called.
    pub(super) fn open(
        wire: u64,
        index: u32,
        start: Start<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<Option<(Block, bool)>, Fault> {
        let (part, kind) = match start {
            Start { tool_use: Some(json), .. } => {
                let call = call(json)?;
                let called = call.kind.is_none();
                let opened = Block::call(wire, index, &call, json, out);
                return Ok(Some((opened, called)));
            }
            Start { tool_result: Some(json), .. } => {
                (vendor_part("toolResult"), Kind::Vendor(Vendor::new("toolResult", json)))
            }
            Start { image: Some(image), .. } => (image.part(), Kind::Image),
            Start { .. } => return Ok(None),
        };
        Ok(Some((Block::begin(wire, index, part, kind, out), false)))
    }

    /// Opens what `delta` adds to although nobody announced it.
    pub(super) fn implied(
        wire: u64,
        index: u32,
        delta: &Delta<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<Block, Fault> {
        let (part, kind) = match delta {
            Delta { reasoning_content: Some(_), .. } => (PartKind::Reasoning, Kind::Reasoning),
            Delta { text: Some(_), .. } | Delta { citation: Some(_), .. } => {
                (PartKind::Text, Kind::Text)
            }
            Delta { image: Some(image), .. } => (image.part(), Kind::Image),
            _ => return Err(Fault::unreadable("the provider added to a part it never began")),
        };
        Ok(Block::begin(wire, index, part, kind, out))
    }

    /// Reads a whole block: opens it, adds all of it, closes it. The flag says whether a tool of
    /// the client's is called.
    pub(super) fn whole(
        index: u32,
        json: &RawValue,
        out: &mut Vec<ChatEvent>,
    ) -> Result<bool, Fault> {
        let mut mended = String::new();
        let Some(content) = halves::read::<Content<'_>>(json.get(), &mut mended) else {
            return Err(Fault::unreadable("the provider sent a content block that cannot be read"));
        };
        let wire = u64::from(index);
        let begin =
            |part, kind, out: &mut Vec<ChatEvent>| Block::begin(wire, index, part, kind, out);
        let mut called = false;
        let block = match content {
            Content { text: Some(words), .. } => {
                let block = begin(PartKind::Text, Kind::Text, out);
                block.text(Some(words), out);
                block
            }
            Content { tool_use: Some(json), .. } => {
                let call = call(json)?;
                called = call.kind.is_none();
                if !called {
                    return Block::foreign("toolUse", json.get(), index, out).map(|()| false);
                }
                let mut block = Block::call(wire, index, &call, json, out);
                block.input(call.input.map(arguments), out);
                block
            }
            Content { reasoning_content: Some(thought), .. } => {
                let block = begin(PartKind::Reasoning, Kind::Reasoning, out);
                let text = thought.reasoning_text.unwrap_or_default();
                block.thought(text, out);
                block.seal(thought.redacted_content, SealKind::Redacted, out);
                block
            }
            Content { citations_content: Some(cited), .. } => {
                let block = begin(PartKind::Text, Kind::Text, out);
                cited.content.into_iter().for_each(|words| block.text(words.text, out));
                cited.citations.into_iter().for_each(|citation| block.cite(citation, out));
                block
            }
            Content { image: Some(image), .. } => {
                let block = begin(image.part(), Kind::Image, out);
                block.text(image.source.and_then(|source| source.bytes), out);
                block
            }
            Content { .. } => {
                return Block::foreign("", json.get(), index, out).map(|()| false);
            }
        };
        block.close(out);
        Ok(called)
    }

    /// Whether `delta` is of this block's kind.
    pub(super) fn takes(&self, delta: &Delta<'_>) -> bool {
        match self.kind {
            Kind::Text => delta.text.is_some() || delta.citation.is_some(),
            Kind::Reasoning => delta.reasoning_content.is_some(),
            Kind::Call { .. } => delta.tool_use.is_some(),
            Kind::Image => delta.image.is_some(),
            Kind::Vendor(_) => delta.tool_use.is_some() || delta.tool_result.is_some(),
        }
    }

    /// Adds what of `delta` is of this block's kind.
    pub(super) fn add(&mut self, delta: Delta<'_>, out: &mut Vec<ChatEvent>) {
        match &mut self.kind {
            Kind::Text => {
                self.text(delta.text, out);
                if let Some(citation) = delta.citation {
                    self.cite(citation, out);
                }
            }
            Kind::Reasoning => self.thought(delta.reasoning_content.unwrap_or_default(), out),
            Kind::Image => self.text(delta.image.and_then(|image| image.source?.bytes), out),
            Kind::Call { .. } => self.input(delta.tool_use.map(|call| call.input), out),
            Kind::Vendor(vendor) => {
                vendor.input.push_str(&delta.tool_use.map(|call| call.input).unwrap_or_default());
                let pieces = delta.tool_result.unwrap_or_default();
                vendor.content.extend(pieces.into_iter().map(|piece| piece.get().to_owned()));
            }
        }
    }

    /// Ends it, with what it still owes.
    pub(super) fn close(self, out: &mut Vec<ChatEvent>) {
        match &self.kind {
            Kind::Call { any: false } => self.text(Some("{}".to_owned()), out),
            Kind::Vendor(vendor) => self.text(Some(vendor.whole()), out),
            _ => (),
        }
        out.push(ChatEvent::Close { choice: 0, index: self.index });
    }

    fn begin(wire: u64, index: u32, part: PartKind, kind: Kind, out: &mut Vec<ChatEvent>) -> Block {
        out.push(ChatEvent::Open { choice: 0, index, part });
        Block { wire, index, kind }
    }

    /// A call: the client's, or (with a type) one that the provider runs itself.
    fn call(
        wire: u64,
        index: u32,
        call: &Call<'_>,
        json: &RawValue,
        out: &mut Vec<ChatEvent>,
    ) -> Block {
        let (part, kind) = if call.kind.is_some() {
            (vendor_part("toolUse"), Kind::Vendor(Vendor::new("toolUse", json)))
        } else {
            let id = match call.tool_use_id.is_empty() {
                true => format!("tooluse_{index}"),
                false => call.tool_use_id.clone(),
            };
            let part = PartKind::ToolCall { id, name: call.name.clone(), custom: false };
            (part, Kind::Call { any: false })
        };
        Block::begin(wire, index, part, kind, out)
    }

    /// A whole block that only this dialect knows. `field`: what it stands in, unless `json` says.
    fn foreign(
        field: &'static str,
        json: &str,
        index: u32,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        let (kind, text) = match field {
            "" => (first_key(json)?, json.to_owned()),
            field => (field.to_owned(), wrapped(field, json)),
        };
        out.push(ChatEvent::Open { choice: 0, index, part: PartKind::Vendor { kind } });
        out.push(ChatEvent::Delta { choice: 0, index, text });
        out.push(ChatEvent::Close { choice: 0, index });
        Ok(())
    }

    fn input(&mut self, input: Option<String>, out: &mut Vec<ChatEvent>) {
        if let Kind::Call { any } = &mut self.kind {
            *any |= input.as_ref().is_some_and(|text| !text.is_empty());
        }
        self.text(input, out);
    }

    fn thought(&self, thought: Thought, out: &mut Vec<ChatEvent>) {
        self.text(thought.text, out);
        self.seal(thought.signature, SealKind::Signature, out);
        self.seal(thought.redacted_content, SealKind::Redacted, out);
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

    fn cite(&self, citation: &RawValue, out: &mut Vec<ChatEvent>) {
        let (kind, json) = ("citation".to_owned(), citation.get().to_owned());
        out.push(ChatEvent::Annotation { choice: 0, index: self.index, kind, json });
    }
}

impl Vendor {
    fn new(field: &'static str, start: &RawValue) -> Vendor {
        let start = start.get().to_owned();
        Vendor { field, start, input: String::new(), content: Vec::new() }
    }

    /// The content block that its pieces make.
    fn whole(&self) -> String {
        let inside = self.start.trim_end().strip_suffix('}').unwrap_or("{");
        let comma = if inside.trim_end().ends_with('{') { "" } else { "," };
        let is_json = serde_json::from_str::<&RawValue>(&self.input).is_ok();
        let rest = match self.field {
            "toolUse" if is_json => format!(r#""input":{}"#, self.input),
            "toolUse" => r#""input":{}"#.to_owned(),
            _ => format!(r#""content":[{}]"#, self.content.join(",")),
        };
        wrapped(self.field, &format!("{inside}{comma}{rest}}}"))
    }
}

fn vendor_part(field: &str) -> PartKind {
    PartKind::Vendor { kind: field.to_owned() }
}

fn wrapped(field: &str, json: &str) -> String {
    let mut out = Vec::with_capacity(json.len() + field.len() + 8);
    object(&mut out, |block| {
        block.raw(field, json);
    });
    String::from_utf8(out).unwrap_or_default()
}

/// What a block of an unknown kind calls itself.
fn first_key(json: &str) -> Result<String, Fault> {
    let object = crate::raw::RawObject::read(json.as_bytes()).ok();
    let key = object.as_ref().and_then(|object| object.keys().next().map(str::to_owned));
    key.ok_or_else(|| Fault::unreadable("the provider sent an empty content block"))
}
