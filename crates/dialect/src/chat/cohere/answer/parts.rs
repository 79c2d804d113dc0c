//! The parts of an answer as they unfold: one is open at a time, and a part opens with its first
//! words. Cohere says where its blocks end, but it cites them after that too, so a part stays open
//! until another begins.

use serde_json::value::RawValue;

use super::wire::Logprobs;
use crate::chat::json;
use crate::chat::{ChatEvent, PartKind};

/// Which parts there were, and which one is open.
#[derive(Default)]
pub(super) struct Parts {
    open: Option<(u32, Kind)>,
    next: u32,
    calls: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Plan,
    /// By its index on the wire.
    Call(u64),
}

impl Parts {
    /// Text of the answer.
    pub(super) fn text(&mut self, text: &str, out: &mut Vec<ChatEvent>) {
        self.words(Kind::Text, text, out);
    }

    /// What the model thinks.
    pub(super) fn thinking(&mut self, text: &str, out: &mut Vec<ChatEvent>) {
        self.words(Kind::Thinking, text, out);
    }

    /// What it plans to do with its tools.
    pub(super) fn plan(&mut self, text: &str, out: &mut Vec<ChatEvent>) {
        self.words(Kind::Plan, text, out);
    }

    /// A call begins.
    pub(super) fn call(&mut self, wire: u64, id: String, name: String, out: &mut Vec<ChatEvent>) {
        self.calls += 1;
        self.open(Kind::Call(wire), PartKind::ToolCall { id, name, custom: false }, out);
    }

    /// More of a call's arguments; `false`: no such call is open.
    pub(super) fn arguments(&mut self, wire: u64, text: &str, out: &mut Vec<ChatEvent>) -> bool {
        match self.open {
            Some((index, Kind::Call(open))) if open == wire => {
                delta(index, text, out);
                true
            }
            _ => false,
        }
    }

    /// What is said about the text, or whatever is open.
    pub(super) fn note(&mut self, kind: &str, json: &str, out: &mut Vec<ChatEvent>) {
        if self.open.is_none() {
            self.open(Kind::Text, PartKind::Text, out);
        }
        let Some((index, _)) = self.open else { return };
        let (kind, json) = (kind.to_owned(), json.to_owned());
        out.push(ChatEvent::Annotation { choice: 0, index, kind, json });
    }

    /// Probabilities, in the words that most grammars have for them. Where several tokens share a
    /// text nobody can tell which is which, so they stay Cohere's own.
    pub(super) fn logprobs(&mut self, json: &RawValue, out: &mut Vec<ChatEvent>) {
        if json.get() == "null" {
            return;
        }
        let item: Option<Logprobs<'_>> = serde_json::from_str(json.get()).ok();
        let single = item.as_ref().and_then(|item| match item.logprobs.as_deref() {
            Some([one]) if one.get().parse::<f64>().is_ok() => {
                Some((item.text.as_deref()?, one.get()))
            }
            _ => None,
        });
        let Some((token, logprob)) = single else {
            return self.note("cohere.logprobs", json.get(), out);
        };
        let mut report = Vec::with_capacity(token.len() + 128);
        json::object(&mut report, |report| {
            report.with("content", |list| {
                list.push(b'[');
                json::object(list, |entry| {
                    entry.text("token", token).raw("logprob", logprob);
                    entry.list("bytes", token.bytes().map(|byte| byte.to_string()));
                    entry.raw("top_logprobs", "[]");
                });
                list.push(b']');
            });
            report.raw("refusal", "null");
        });
        self.note("logprobs", &String::from_utf8_lossy(&report), out);
    }

    /// How many calls began.
    pub(super) const fn calls(&self) -> u32 {
        self.calls
    }

    /// The open part ends.
    pub(super) fn close(&mut self, out: &mut Vec<ChatEvent>) {
        if let Some((index, _)) = self.open.take() {
            out.push(ChatEvent::Close { choice: 0, index });
        }
    }

    fn words(&mut self, kind: Kind, text: &str, out: &mut Vec<ChatEvent>) {
        if text.is_empty() {
            return;
        }
        let index = match self.open {
            Some((index, open)) if open == kind => index,
            _ => {
                let part = if kind == Kind::Text { PartKind::Text } else { PartKind::Reasoning };
                self.open(kind, part, out)
            }
        };
        delta(index, text, out);
    }

    fn open(&mut self, kind: Kind, part: PartKind, out: &mut Vec<ChatEvent>) -> u32 {
        self.close(out);
        let index = self.next;
        self.next += 1;
        self.open = Some((index, kind));
        out.push(ChatEvent::Open { choice: 0, index, part });
        index
    }
}

fn delta(index: u32, text: &str, out: &mut Vec<ChatEvent>) {
    if !text.is_empty() {
        out.push(ChatEvent::Delta { choice: 0, index, text: text.to_owned() });
    }
}
