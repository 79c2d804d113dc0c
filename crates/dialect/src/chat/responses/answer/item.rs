//! One item of the output on its way in: what its deltas add, and what its end still owes.

use serde_json::value::RawValue;

use super::citation;
use super::wire::{self, Item, Part};
use crate::chat::responses::names;
use crate::chat::{ChatEvent, PartKind, Seal, SealKind};

/// An item, and what it says that has not been passed on.
pub(super) struct Lane {
    /// Its place in the output.
    pub(super) wire: u64,
    /// Its id; empty where it has none.
    pub(super) id: String,
    kind: Kind,
    /// Events with no place yet: parts are numbered as they are passed on.
    pub(super) said: Vec<ChatEvent>,
    pub(super) done: bool,
    open: Option<Piece>,
    /// What brought something, so that its end need not.
    got: Vec<Piece>,
    /// What was begun as a part.
    begun: Vec<Piece>,
    /// Annotations of the open piece.
    notes: usize,
    logprobs: bool,
}

/// What an item is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    Reasoning,
    Call { custom: bool },
    Image,
    Vendor,
}

/// A piece of an item.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text of a message, by its place.
    Text(u64),
    /// A refusal, by its place.
    Refusal(u64),
    /// A summary of a thought, by its place.
    Summary(u64),
    /// Text of a thought, by its place.
    Thought(u64),
    /// What a call is given.
    Input,
}

impl Piece {
    const fn is_thought(self) -> bool {
        matches!(self, Piece::Summary(_) | Piece::Thought(_))
    }
}

impl Lane {
    /// An item that begins.
    pub(super) fn begin(wire: u64, item: &Item<'_>) -> Lane {
        let mut lane = Lane::of(wire, kind(&item.kind));
        lane.id = item.id.as_deref().unwrap_or_default().to_owned();
        if let Kind::Call { custom } = lane.kind {
            let id = item.call_id.as_ref().or(item.id.as_ref()).filter(|id| !id.is_empty());
            let id = id.map_or_else(|| format!("call_{wire}"), |id| id.clone().into_owned());
            let name = item.name.as_deref().unwrap_or_default();
            let name = names::flat(item.namespace.as_deref(), name);
            lane.open(Piece::Input, PartKind::ToolCall { id, name, custom });
        }
        lane
    }

    /// An item of which nothing but a delta came; `None` for a call, whose name is not known.
    pub(super) fn implied(wire: u64, piece: Piece) -> Option<Lane> {
        Some(match piece {
            Piece::Text(_) | Piece::Refusal(_) => Lane::of(wire, Kind::Message),
            Piece::Summary(_) | Piece::Thought(_) => Lane::of(wire, Kind::Reasoning),
            Piece::Input => return None,
        })
    }

    fn of(wire: u64, kind: Kind) -> Lane {
        Lane {
            wire,
            id: String::new(),
            kind,
            said: Vec::new(),
            done: false,
            open: None,
            got: Vec::new(),
            begun: Vec::new(),
            notes: 0,
            logprobs: false,
        }
    }

    /// Whether this is a call of a tool of the client's.
    pub(super) const fn is_call(&self) -> bool {
        matches!(self.kind, Kind::Call { .. })
    }

    /// Adds `text` to `piece`. What belongs to another kind of item is passed over.
    pub(super) fn add(&mut self, piece: Piece, text: String) {
        let part = match (piece, self.kind) {
            (Piece::Text(_), Kind::Message) => PartKind::Text,
            (Piece::Refusal(_), Kind::Message) => PartKind::Refusal,
            (Piece::Summary(_) | Piece::Thought(_), Kind::Reasoning) => PartKind::Reasoning,
            (Piece::Input, Kind::Call { .. }) => {
                return self.push(piece, text);
            }
            _ => return,
        };
        if text.is_empty() {
            return;
        }
        match self.open {
            Some(open) if open == piece => (),
            // The pieces of a thought are one part, with blank lines between them.
            Some(open) if open.is_thought() && piece.is_thought() => {
                self.open = Some(piece);
                if self.got.iter().any(|got| got.is_thought()) {
                    self.delta("\n\n".to_owned());
                }
            }
            _ => self.open(piece, part),
        }
        self.push(piece, text);
    }

    /// The whole of `piece`, for servers that send no deltas.
    pub(super) fn complete(&mut self, piece: Piece, text: Option<String>) {
        if let Some(text) = text.filter(|_| !self.got.contains(&piece)) {
            self.add(piece, text);
        }
    }

    /// Something said about the text at `piece`.
    pub(super) fn annotate(&mut self, piece: Piece, json: &str) {
        if self.kind == Kind::Message {
            if self.open != Some(piece) {
                self.open(piece, PartKind::Text);
            }
            self.notes += 1;
            let (kind, json) = citation::read(json);
            self.note(kind, json);
        }
    }

    /// Log probabilities of what was added last.
    pub(super) fn logprobs(&mut self, piece: Piece, list: &str) {
        if self.open == Some(piece) {
            self.logprobs = true;
            self.note("logprobs".to_owned(), format!(r#"{{"content":{list}}}"#));
        }
    }

    /// The item as it is at its end: what its deltas did not bring.
    pub(super) fn end(&mut self, item: &Item<'_>, json: &str) {
        match self.kind {
            Kind::Message => self.message(item),
            Kind::Reasoning => self.thought(item),
            Kind::Call { custom } => {
                let input = if custom { item.input } else { item.arguments };
                self.complete(Piece::Input, wire::arguments(input));
            }
            Kind::Image => {
                if let Some(base64) = wire::string(item.result).filter(|text| !text.is_empty()) {
                    let format = item.output_format.as_deref().unwrap_or("png");
                    let mime = format!("image/{format}");
                    self.whole(PartKind::Image { mime }, base64);
                    if let Some(prompt) = item.revised_prompt.filter(|it| it.get() != "null") {
                        self.note("revised_prompt".to_owned(), prompt.get().to_owned());
                    }
                } else {
                    // It failed, which only this dialect has a word for.
                    let kind = item.kind.clone().into_owned();
                    self.whole(PartKind::Vendor { kind }, json.to_owned());
                }
            }
            Kind::Vendor => {
                let kind = item.kind.clone().into_owned();
                self.whole(PartKind::Vendor { kind }, json.to_owned());
            }
        }
        self.finish();
    }

    /// Ends it with what came.
    pub(super) fn finish(&mut self) {
        self.close();
        self.done = true;
    }

    fn message(&mut self, item: &Item<'_>) {
        for (at, part) in (0..).zip(wire::list::<Part<'_>>(item.content)) {
            self.part(at, &part);
        }
    }

    /// A part of a message as it is at its end: what was not said of it yet.
    pub(super) fn part(&mut self, at: u64, part: &Part<'_>) {
        let piece = Piece::Text(at);
        if part.kind.as_deref() == Some("refusal") {
            return self.complete(Piece::Refusal(at), wire::string(part.refusal));
        }
        self.complete(piece, wire::string(part.text));
        let notes = wire::list::<&RawValue>(part.annotations);
        let list = wire::filled(part.logprobs);
        if self.open != Some(piece) {
            // An empty text about which something is said is a part too.
            if self.begun.contains(&piece) || notes.is_empty() && list.is_none() {
                return;
            }
            self.open(piece, PartKind::Text);
        }
        for note in notes.into_iter().skip(self.notes) {
            self.annotate(piece, note.get());
        }
        if let Some(list) = list.filter(|_| !self.logprobs) {
            self.logprobs(piece, list);
        }
    }

    fn thought(&mut self, item: &Item<'_>) {
        for (at, part) in (0..).zip(wire::list::<Part<'_>>(item.summary)) {
            self.complete(Piece::Summary(at), wire::string(part.text));
        }
        for (at, part) in (0..).zip(wire::list::<Part<'_>>(item.content)) {
            self.complete(Piece::Thought(at), wire::string(part.text));
        }
        let content = wire::string(item.encrypted_content).filter(|content| !content.is_empty());
        if let Some(content) = content {
            if self.open.is_none() {
                self.open(Piece::Thought(0), PartKind::Reasoning);
            }
            let id = item.id.as_deref().unwrap_or(&self.id);
            let seal = Seal { kind: SealKind::Encrypted, bytes: names::seal(id, &content) };
            self.said.push(ChatEvent::Seal { choice: 0, index: 0, seal });
        }
    }

    fn whole(&mut self, part: PartKind, text: String) {
        self.open(Piece::Input, part);
        self.delta(text);
    }

    fn open(&mut self, piece: Piece, part: PartKind) {
        self.close();
        self.begun.push(piece);
        (self.open, self.notes, self.logprobs) = (Some(piece), 0, false);
        self.said.push(ChatEvent::Open { choice: 0, index: 0, part });
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.said.push(ChatEvent::Close { choice: 0, index: 0 });
        }
    }

    fn push(&mut self, piece: Piece, text: String) {
        if !text.is_empty() {
            if !self.got.contains(&piece) {
                self.got.push(piece);
            }
            self.delta(text);
        }
    }

    fn delta(&mut self, text: String) {
        self.said.push(ChatEvent::Delta { choice: 0, index: 0, text });
    }

    fn note(&mut self, kind: String, json: String) {
        self.said.push(ChatEvent::Annotation { choice: 0, index: 0, kind, json });
    }
}

fn kind(word: &str) -> Kind {
    match word {
        "message" => Kind::Message,
        "reasoning" => Kind::Reasoning,
        "function_call" => Kind::Call { custom: false },
        "custom_tool_call" => Kind::Call { custom: true },
        "image_generation_call" => Kind::Image,
        _ => Kind::Vendor,
    }
}
