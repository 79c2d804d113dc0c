//! The item that is being written: its frames as it grows, and its JSON when it is whole.

use super::citation::{self, Cited};
use super::frames::Frames;
use super::said::Said;
use crate::chat::json::{Object, object};
use crate::chat::{Seal, SealKind};

/// An item that has begun, its id and its place.
pub(super) struct Open {
    pub(super) id: String,
    pub(super) at: u64,
    pub(super) kind: Kind,
}

/// What it is, and what came of it.
pub(super) enum Kind {
    /// A message: its parts that are whole, and the one that is not.
    Message { parts: Vec<Vec<u8>>, open: Option<Said> },
    /// A thought: its summary and what it is sealed with.
    Reasoning { text: String, seal: Option<String> },
    /// A call of a tool.
    Call(Call),
    /// A picture: its type and its base64.
    Image { format: String, base64: String },
    /// An item of this dialect, whole at its end.
    Vendor(String),
}

/// A call of a tool.
pub(super) struct Call {
    pub(super) call_id: String,
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    /// It is answered as a call with free text.
    pub(super) custom: bool,
    /// A function stands for the custom tool: its input is within its arguments.
    pub(super) wrapped: bool,
    pub(super) input: String,
}

impl Open {
    /// Appends what announces the item.
    pub(super) fn begin(&self, frames: &mut Frames, out: &mut Vec<u8>) {
        let mut item = Vec::with_capacity(128);
        match &self.kind {
            Kind::Message { .. } => self.message(&mut item, "in_progress", &[]),
            Kind::Reasoning { .. } => object(&mut item, |o| {
                o.text("id", &self.id).text("type", "reasoning").raw("summary", "[]");
            }),
            Kind::Call(call) => self.call(&mut item, call, "in_progress", ""),
            Kind::Image { .. } => object(&mut item, |o| {
                o.text("id", &self.id).text("type", "image_generation_call");
                o.text("status", "in_progress").raw("result", "null");
            }),
            Kind::Vendor(json) => item.extend_from_slice(json.as_bytes()),
        }
        frames.put(out, "response.output_item.added", |data| {
            data.count("output_index", self.at).bytes("item", &item);
        });
    }

    /// Adds text: of a message, a refusal, a thought, or to what a call is given.
    pub(super) fn add(
        &mut self,
        refusal: bool,
        text: &str,
        frames: &mut Frames,
        out: &mut Vec<u8>,
    ) {
        match &self.kind {
            Kind::Message { .. } => self.say(refusal, frames, out),
            Kind::Reasoning { text, .. } if text.is_empty() => {
                self.summary(frames, out, "response.reasoning_summary_part.added", |data| {
                    data.bytes("part", &summary(""));
                });
            }
            _ => (),
        }
        match &mut self.kind {
            Kind::Message { open: Some(said), .. } => said.text.push_str(text),
            Kind::Reasoning { text: summary, .. } => summary.push_str(text),
            Kind::Call(call) => {
                call.input.push_str(text);
                if call.wrapped {
                    return;
                }
            }
            Kind::Image { base64: whole, .. } | Kind::Vendor(whole) => return whole.push_str(text),
            Kind::Message { open: None, .. } => return,
        }
        self.delta(text, frames, out);
    }

    fn delta(&self, text: &str, frames: &mut Frames, out: &mut Vec<u8>) {
        match &self.kind {
            Kind::Message { parts, open } => {
                let refusal = open.as_ref().is_some_and(|said| said.refusal);
                let kind =
                    if refusal { "response.refusal.delta" } else { "response.output_text.delta" };
                self.put(frames, out, kind, |data| {
                    data.count("content_index", parts.len() as u64).text("delta", text);
                    if !refusal {
                        data.raw("logprobs", "[]");
                    }
                });
            }
            Kind::Reasoning { .. } => {
                self.summary(frames, out, "response.reasoning_summary_text.delta", |data| {
                    data.text("delta", text);
                });
            }
            Kind::Call(call) => {
                let kind = if call.custom {
                    "response.custom_tool_call_input.delta"
                } else {
                    "response.function_call_arguments.delta"
                };
                self.put(frames, out, kind, |data| {
                    data.text("delta", text);
                });
            }
            Kind::Image { .. } | Kind::Vendor(_) => (),
        }
    }

    /// Sees to it that a part of that kind is open.
    fn say(&mut self, refusal: bool, frames: &mut Frames, out: &mut Vec<u8>) {
        let Kind::Message { parts, open } = &mut self.kind else { return };
        if open.as_ref().is_some_and(|said| said.refusal == refusal) {
            return;
        }
        let at = parts.len() as u64;
        *open = Some(Said { refusal, ..Said::default() });
        let mut part = Vec::new();
        Said { refusal, ..Said::default() }.write(&mut part);
        self.put(frames, out, "response.content_part.added", |data| {
            data.count("content_index", at).bytes("part", &part);
        });
    }

    /// Something said about the text of a message.
    pub(super) fn annotate(
        &mut self,
        kind: &str,
        json: &str,
        frames: &mut Frames,
        out: &mut Vec<u8>,
    ) {
        if !matches!(self.kind, Kind::Message { .. }) {
            return;
        }
        let cited = if kind == "logprobs" { None } else { citation::write(kind, json) };
        if cited.is_none() && kind != "logprobs" {
            return;
        }
        self.say(false, frames, out);
        let Kind::Message { open: Some(said), .. } = &mut self.kind else { return };
        match cited {
            Some(Cited::Now(note)) => self.note(&note, frames, out),
            Some(Cited::Later(found)) => said.sources.extend(found.cited),
            None => said.logprobs.push(json.to_owned()),
        }
    }

    fn note(&mut self, note: &[u8], frames: &mut Frames, out: &mut Vec<u8>) {
        let Kind::Message { parts, open: Some(said) } = &mut self.kind else { return };
        let (at, nth) = (parts.len() as u64, said.notes.len() as u64);
        said.notes.push(note.to_owned());
        self.put(frames, out, "response.output_text.annotation.added", |data| {
            data.count("content_index", at).count("annotation_index", nth);
            data.bytes("annotation", note);
        });
    }

    /// What a thought is sealed with.
    pub(super) fn seal(&mut self, seal: &Seal) {
        if let (Kind::Reasoning { seal: sealed, .. }, SealKind::Encrypted) =
            (&mut self.kind, seal.kind)
        {
            *sealed = Some(String::from_utf8_lossy(&seal.bytes).into_owned());
        }
    }

    /// Ends the part of a message that is open; the message goes on.
    pub(super) fn end_part(&mut self, frames: &mut Frames, out: &mut Vec<u8>) {
        let Kind::Message { open: Some(said), .. } = &mut self.kind else { return };
        let sources = std::mem::take(&mut said.sources);
        let notes: Vec<_> = sources.iter().map(|it| citation::of(it, &said.text)).collect();
        notes.iter().for_each(|note| self.note(note, frames, out));
        let Kind::Message { parts, open } = &mut self.kind else { return };
        let Some(said) = open.take() else { return };
        let at = parts.len() as u64;
        let mut part = Vec::with_capacity(said.text.len() + 64);
        said.write(&mut part);
        parts.push(part.clone());
        let kind = if said.refusal { "response.refusal.done" } else { "response.output_text.done" };
        self.put(frames, out, kind, |data| {
            data.count("content_index", at);
            if said.refusal {
                data.text("refusal", &said.text);
            } else {
                data.text("text", &said.text).with("logprobs", |out| said.probabilities(out));
            }
        });
        self.put(frames, out, "response.content_part.done", |data| {
            data.count("content_index", at).bytes("part", &part);
        });
    }

    /// Ends the item, and gives its JSON.
    pub(super) fn end(mut self, status: &str, frames: &mut Frames, out: &mut Vec<u8>) -> Vec<u8> {
        self.end_part(frames, out);
        self.end_input(frames, out);
        let mut item = Vec::with_capacity(256);
        match &self.kind {
            Kind::Message { parts, .. } => self.message(&mut item, status, parts),
            Kind::Reasoning { text, seal } => {
                self.end_thought(text, frames, out);
                object(&mut item, |o| {
                    o.text("id", &self.id).text("type", "reasoning");
                    o.list("summary", Some(summary(text)).filter(|_| !text.is_empty()));
                    if let Some(seal) = seal {
                        o.text("encrypted_content", seal);
                    }
                });
            }
            Kind::Call(call) => self.call(&mut item, call, status, &call.input),
            Kind::Image { format, base64 } => {
                self.put(frames, out, "response.image_generation_call.completed", |_| ());
                object(&mut item, |o| {
                    o.text("id", &self.id).text("type", "image_generation_call");
                    o.text("status", "completed").text("output_format", format);
                    o.text("result", base64);
                });
            }
            Kind::Vendor(json) => item.extend_from_slice(json.as_bytes()),
        }
        frames.put(out, "response.output_item.done", |data| {
            data.count("output_index", self.at).bytes("item", &item);
        });
        item
    }

    fn end_input(&mut self, frames: &mut Frames, out: &mut Vec<u8>) {
        let Kind::Call(call) = &mut self.kind else { return };
        if call.wrapped {
            call.input = unwrap(&call.input);
        }
        // Clients parse arguments, and nothing is no JSON.
        let owed = call.wrapped || call.input.is_empty() && !call.custom;
        if call.input.is_empty() && !call.custom {
            "{}".clone_into(&mut call.input);
        }
        let (input, custom) = (call.input.clone(), call.custom);
        if owed && !input.is_empty() {
            self.delta(&input, frames, out);
        }
        if custom {
            self.put(frames, out, "response.custom_tool_call_input.done", |data| {
                data.text("input", &input);
            });
        } else {
            self.put(frames, out, "response.function_call_arguments.done", |data| {
                data.text("arguments", &input);
            });
        }
    }

    /// Ends the summary. A thought that only its provider can read has none.
    fn end_thought(&self, text: &str, frames: &mut Frames, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        self.summary(frames, out, "response.reasoning_summary_text.done", |data| {
            data.text("text", text);
        });
        self.summary(frames, out, "response.reasoning_summary_part.done", |data| {
            data.bytes("part", &summary(text));
        });
    }

    fn put(
        &self,
        frames: &mut Frames,
        out: &mut Vec<u8>,
        kind: &str,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        frames.put(out, kind, |data| {
            data.text("item_id", &self.id).count("output_index", self.at);
            fill(data);
        });
    }

    fn summary(
        &self,
        frames: &mut Frames,
        out: &mut Vec<u8>,
        kind: &str,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        self.put(frames, out, kind, |data| {
            data.count("summary_index", 0);
            fill(data);
        });
    }

    fn message(&self, out: &mut Vec<u8>, status: &str, parts: &[Vec<u8>]) {
        object(out, |o| {
            o.text("id", &self.id).text("type", "message").text("status", status);
            o.list("content", parts).text("role", "assistant");
        });
    }

    fn call(&self, out: &mut Vec<u8>, call: &Call, status: &str, input: &str) {
        let (kind, field) = if call.custom {
            ("custom_tool_call", "input")
        } else {
            ("function_call", "arguments")
        };
        object(out, |o| {
            o.text("id", &self.id).text("type", kind).text("status", status);
            o.text(field, input).text("call_id", &call.call_id).text("name", &call.name);
            if let Some(namespace) = &call.namespace {
                o.text("namespace", namespace);
            }
        });
    }
}

fn summary(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 40);
    object(&mut out, |part| {
        part.text("type", "summary_text").text("text", text);
    });
    out
}

/// The text that a function standing for a custom tool was given: `{"input":"…"}`.
fn unwrap(arguments: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Wrapped {
        input: String,
    }
    match serde_json::from_str::<Wrapped>(arguments) {
        Ok(wrapped) => wrapped.input,
        Err(_) => arguments.to_owned(),
    }
}
