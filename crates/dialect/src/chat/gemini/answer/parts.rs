//! The parts of one candidate on their way in: what opens, what is added, what closes.

use super::super::base64;
use super::super::ids::mint;
use super::wire::{Blob, Call, Part};
use crate::chat::halves;
use crate::chat::{ChatEvent, Finish, PartKind, Seal, SealKind};
use crate::error::Fault;
use crate::raw::RawObject;

/// One candidate.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) choice: u32,
    /// Why it ended, once it is known. Some servers say so more than once.
    pub(super) finish: Option<Finish>,
    /// A tool is called.
    pub(super) called: bool,
    open: Option<Open>,
    next: u32,
    calls: usize,
}

/// Words that may go on in the next chunk.
#[derive(Debug)]
struct Open {
    index: u32,
    thought: bool,
    sealed: bool,
}

impl Lane {
    /// The candidate number `choice`.
    pub(super) fn new(choice: u32) -> Lane {
        Lane { choice, ..Lane::default() }
    }

    /// Reads one part. `answer` tells apart the ids of calls that have none.
    pub(super) fn part(
        &mut self,
        json: &str,
        answer: &str,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        let mut mended = String::new();
        let Some(part) = halves::read::<Part<'_>>(json, &mut mended) else {
            return Err(Fault::unreadable("the provider sent a part that cannot be read"));
        };
        let seal = part.thought_signature.filter(|text| !text.is_empty());
        let seal = seal.map(|text| Seal { kind: SealKind::Signature, bytes: text.into() });
        if let Some(call) = part.function_call {
            self.call(&call, seal, answer, out);
        } else if let Some(blob) = part.inline_data {
            // A draft that the model made while it thought is not the picture that it answers with.
            if part.thought == Some(true) {
                let kind = "inlineData".to_owned();
                self.whole(PartKind::Vendor { kind }, json.to_owned(), None, out);
            } else {
                self.blob(blob, seal, answer, json, out);
            }
        } else if let Some(text) = part.text {
            self.words(text, part.thought == Some(true), seal, out);
        } else if let Some(kind) = vendor(json) {
            self.whole(PartKind::Vendor { kind }, json.to_owned(), None, out);
        } else if seal.is_some() {
            self.words(String::new(), part.thought == Some(true), seal, out);
        }
        Ok(())
    }

    /// Says something about the text that is open, or about an empty one.
    pub(super) fn note(&mut self, kind: &str, json: String, out: &mut Vec<ChatEvent>) {
        let index = match &self.open {
            Some(open) if !open.thought => open.index,
            _ => self.begin(false, out),
        };
        let (choice, kind) = (self.choice, kind.to_owned());
        out.push(ChatEvent::Annotation { choice, index, kind, json });
    }

    /// Ends the open part.
    pub(super) fn close(&mut self, out: &mut Vec<ChatEvent>) {
        if let Some(open) = self.open.take() {
            out.push(ChatEvent::Close { choice: self.choice, index: open.index });
        }
    }

    /// Text or a thought. Chunks of one part follow each other. A signature is a thought's end, and
    /// often comes alone. In a text it marks the piece that it ends: Gemini 2.5 signs the first
    /// chunk of a text, which goes on
    /// (<https://ai.google.dev/gemini-api/docs/thought-signatures#model-behavior>).
    fn words(&mut self, text: String, thought: bool, seal: Option<Seal>, out: &mut Vec<ChatEvent>) {
        if text.is_empty() && seal.is_none() {
            return;
        }
        let goes_on = |open: &&Open| open.thought == thought && !(thought && open.sealed);
        let goes_on = self.open.as_ref().filter(goes_on);
        let index = match goes_on {
            Some(open) => open.index,
            None => self.begin(thought, out),
        };
        let choice = self.choice;
        if !text.is_empty() {
            out.push(ChatEvent::Delta { choice, index, text });
        }
        if let (Some(seal), Some(open)) = (seal, &mut self.open) {
            open.sealed = true;
            out.push(ChatEvent::Seal { choice, index, seal });
        }
    }

    fn begin(&mut self, thought: bool, out: &mut Vec<ChatEvent>) -> u32 {
        let part = if thought { PartKind::Reasoning } else { PartKind::Text };
        let index = self.open(part, out);
        self.open = Some(Open { index, thought, sealed: false });
        index
    }

    fn call(
        &mut self,
        call: &Call<'_>,
        seal: Option<Seal>,
        answer: &str,
        out: &mut Vec<ChatEvent>,
    ) {
        let own = call.id.clone().filter(|id| !id.is_empty());
        let id = own.unwrap_or_else(|| mint(&format!("{answer}_{}", self.choice), self.calls));
        self.calls += 1;
        self.called = true;
        let name = call.name.clone().unwrap_or_default();
        let args = call.args.map(|args| args.get()).filter(|args| args.starts_with('{'));
        let part = PartKind::ToolCall { id, name, custom: false };
        self.whole(part, args.unwrap_or("{}").to_owned(), seal, out);
    }

    fn blob(
        &mut self,
        blob: Blob,
        seal: Option<Seal>,
        answer: &str,
        json: &str,
        out: &mut Vec<ChatEvent>,
    ) {
        let mime = blob.mime_type.unwrap_or_default();
        let data = base64::standard(&blob.data.unwrap_or_default());
        match mime.split('/').next() {
            Some("image") => self.whole(PartKind::Image { mime }, data, seal, out),
            Some("audio") => {
                let id = mint(answer, self.next as usize).replacen("call_", "audio_", 1);
                self.whole(PartKind::Audio { id }, data, seal, out);
            }
            _ => {
                let kind = "inlineData".to_owned();
                self.whole(PartKind::Vendor { kind }, json.to_owned(), None, out);
            }
        }
    }

    /// A part that is complete as it stands.
    fn whole(
        &mut self,
        part: PartKind,
        text: String,
        seal: Option<Seal>,
        out: &mut Vec<ChatEvent>,
    ) {
        let index = self.open(part, out);
        let choice = self.choice;
        if !text.is_empty() {
            out.push(ChatEvent::Delta { choice, index, text });
        }
        out.extend(seal.map(|seal| ChatEvent::Seal { choice, index, seal }));
        out.push(ChatEvent::Close { choice, index });
    }

    fn open(&mut self, part: PartKind, out: &mut Vec<ChatEvent>) -> u32 {
        self.close(out);
        let index = self.next;
        self.next += 1;
        out.push(ChatEvent::Open { choice: self.choice, index, part });
        index
    }
}

/// What a part is that only this dialect has; `None` for one that says nothing.
fn vendor(json: &str) -> Option<String> {
    let part = RawObject::read(json.as_bytes()).ok()?;
    let said = |key: &&str| !matches!(*key, "thought" | "thoughtSignature" | "partMetadata");
    let kind = part.keys().find(said).filter(|kind| part.has(kind));
    kind.map(str::to_owned)
}
