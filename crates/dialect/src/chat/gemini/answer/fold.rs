//! A part of an answer on its way out: gathered until it can be written, then written.

use super::super::ids::mint;
use super::super::request::arguments;
use super::super::seal;
use crate::chat::json::{Object, object};
use crate::chat::{PartKind, Seal};

/// A part that is open.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) index: u32,
    kind: PartKind,
    text: String,
    seal: Option<Seal>,
}

/// Whether a part of this kind can be written.
pub(super) fn is_known(kind: &PartKind) -> bool {
    match kind {
        PartKind::Audio { .. } => false,
        PartKind::Vendor { kind } => is_ours(kind),
        _ => true,
    }
}

impl Part {
    /// It begins.
    pub(super) fn new(index: u32, kind: &PartKind) -> Part {
        Part { index, kind: kind.clone(), text: String::new(), seal: None }
    }

    /// Whether its text goes out as it comes. A call goes out whole: clients run it at sight.
    pub(super) fn is_words(&self) -> bool {
        matches!(self.kind, PartKind::Text | PartKind::Reasoning | PartKind::Refusal)
    }

    /// Whether it is a thought.
    pub(super) fn is_thought(&self) -> bool {
        matches!(self.kind, PartKind::Reasoning)
    }

    /// Whether it is a call of a tool.
    pub(super) fn is_call(&self) -> bool {
        matches!(self.kind, PartKind::ToolCall { .. })
    }

    /// Whether the proof of the thought before it belongs here: a call without its own.
    pub(super) fn wants_proof(&self) -> bool {
        self.is_call() && self.seal.is_none()
    }

    /// Whether it is what the answer says, which sources are cited for.
    pub(super) fn is_text(&self) -> bool {
        matches!(self.kind, PartKind::Text)
    }

    /// Whether it is a text that ends with its signature.
    pub(super) fn is_signed_text(&self) -> bool {
        self.is_text() && self.seal.is_some()
    }

    /// What it says so far.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Gathers more.
    pub(super) fn add(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Whether a proof of it can be written.
    pub(super) fn takes_seal(&self) -> bool {
        self.is_words() || matches!(self.kind, PartKind::ToolCall { .. } | PartKind::Image { .. })
    }

    /// Gathers its proof.
    pub(super) fn seal(&mut self, seal: &Seal) {
        self.seal = Some(seal.clone());
    }

    /// Its proof, which then stands elsewhere.
    pub(super) fn take_seal(&mut self) -> Option<Seal> {
        self.seal.take()
    }

    /// Some of its words, or their proof alone.
    pub(super) fn piece(&self, text: &str, seal: Option<&Seal>) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 48);
        object(&mut out, |part| {
            part.text("text", text);
            if matches!(self.kind, PartKind::Reasoning) {
                part.raw("thought", "true");
            }
            sign(part, seal);
        });
        out
    }

    /// The whole of it; `None` where this dialect has no word for it, or it says nothing.
    pub(super) fn whole(&self, answer: &str) -> Option<Vec<u8>> {
        if self.is_words() {
            let said = !self.text.is_empty() || self.seal.is_some();
            return said.then(|| self.piece(&self.text, self.seal.as_ref()));
        }
        let mut out = Vec::with_capacity(self.text.len() + 96);
        match &self.kind {
            PartKind::ToolCall { id, name, custom } => object(&mut out, |part| {
                part.nest("functionCall", |call| {
                    let minted = || mint(answer, self.index as usize);
                    let id = if id.is_empty() { minted() } else { id.clone() };
                    call.text("id", &id).text("name", name);
                    match arguments(&self.text).filter(|_| !custom) {
                        Some(json) => call.raw("args", json),
                        None => call.nest("args", |args| {
                            args.text("input", &self.text);
                        }),
                    };
                });
                sign(part, self.seal.as_ref());
            }),
            PartKind::Image { mime } => object(&mut out, |part| {
                part.nest("inlineData", |blob| {
                    blob.text("mimeType", mime).text("data", &self.text);
                });
                sign(part, self.seal.as_ref());
            }),
            PartKind::Vendor { kind } if is_ours(kind) && self.text.starts_with('{') => {
                out.extend_from_slice(self.text.as_bytes());
            }
            _ => return None,
        }
        Some(out)
    }
}

fn sign(part: &mut Object<'_>, seal: Option<&Seal>) {
    if let Some(seal) = seal {
        part.text("thoughtSignature", &seal::write(seal));
    }
}

/// Parts of Google's own, whose JSON is a whole part.
fn is_ours(kind: &str) -> bool {
    matches!(
        kind,
        "executableCode"
            | "codeExecutionResult"
            | "toolCall"
            | "toolResponse"
            | "fileData"
            | "inlineData"
    )
}
