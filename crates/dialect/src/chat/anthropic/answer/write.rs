//! The client's answer, written from events as they come.
//!
//! The grammar: `message_start`; for each block `content_block_start`, deltas,
//! `content_block_stop`, indexes without gaps; one `message_delta` with the reason and the full
//! cumulative usage; `message_stop`. Every frame has its `event:` line: SDKs skip those without.

use wayleave_model::Usage;

use super::super::request::is_ours;
use super::super::usage;
use super::lost::Watch;
use super::{stop_reason, whole};
use crate::carry::Answer;
use crate::chat::json::{Object, object};
use crate::chat::{ChatEvent, Finish, PartKind, Seal, SealKind, WriteEvents};

/// The state between events.
pub(in super::super) struct Writer {
    head: Head,
    /// `message_start` is out.
    begun: bool,
    usage: Usage,
    open: Option<Open>,
    /// The next block's index.
    next: u64,
    called: bool,
    finish: Option<(Finish, Option<String>)>,
    watch: Watch,
}

/// What an answer is called.
#[derive(Clone)]
pub(super) struct Head {
    /// The id for an answer that brings none.
    fallback: String,
    /// Its id.
    pub(super) id: String,
    /// What `model` must say, if not the provider's own name.
    wanted: Option<String>,
    /// What it says.
    pub(super) model: String,
}

/// A part that is open.
struct Open {
    part: u32,
    state: State,
}

enum State {
    /// Reasoning of which nothing came yet: by its seal it is a thought or a redacted one.
    Unborn,
    Text,
    Thinking {
        /// Its signature came.
        signed: bool,
    },
    Redacted,
    Arguments,
    /// Free text, which goes out as the one string of an object.
    FreeText {
        begun: bool,
    },
    /// This dialect's own: goes out when its JSON is whole.
    Vendor(String),
    /// Of a kind that this dialect has no block for.
    Unknown,
}

impl Writer {
    /// A writer of the answer that `answer` names.
    pub(in super::super) fn new(answer: &Answer) -> Writer {
        Writer {
            head: Head {
                fallback: answer.id.clone(),
                id: String::new(),
                wanted: answer.model.clone(),
                model: String::new(),
            },
            begun: false,
            usage: Usage::default(),
            open: None,
            next: 0,
            called: false,
            finish: None,
            watch: Watch::default(),
        }
    }

    /// `message_start` waits for the first event that is more than a report, so that it can say
    /// what the prompt cost where that is known. Its output is 0: clients add the later figure.
    fn start(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        self.head.settle();
        let usage = Usage { output: 0, reasoning: 0, ..self.usage };
        frame(out, "message_start", |data| {
            data.nest("message", |message| {
                self.head.write(message, &usage, |message| {
                    message.raw("content", "[]");
                    message.raw("stop_reason", "null").raw("stop_sequence", "null");
                });
            });
        });
    }

    fn open(&mut self, part: u32, kind: &PartKind, out: &mut Vec<u8>) {
        self.close(out);
        let state = match kind {
            PartKind::Text | PartKind::Refusal => {
                self.block(out, |block| {
                    block.text("type", "text").text("text", "");
                });
                State::Text
            }
            PartKind::Reasoning => State::Unborn,
            PartKind::ToolCall { id, name, custom } => {
                self.called = true;
                let id = whole::call_id(id, &self.head.id, part);
                self.block(out, |block| {
                    block.text("type", "tool_use").text("id", &id).text("name", name);
                    block.raw("input", "{}");
                });
                if *custom { State::FreeText { begun: false } } else { State::Arguments }
            }
            PartKind::Vendor { kind } if is_ours(kind) => State::Vendor(String::new()),
            PartKind::Vendor { .. } | PartKind::Image { .. } | PartKind::Audio { .. } => {
                State::Unknown
            }
        };
        self.open = Some(Open { part, state });
    }

    fn add(&mut self, part: u32, text: &str, out: &mut Vec<u8>) {
        let Some(mut open) = self.open.take_if(|open| open.part == part) else { return };
        match &mut open.state {
            State::Unborn => {
                self.thinking(out);
                self.delta(out, "thinking_delta", "thinking", text);
                open.state = State::Thinking { signed: false };
            }
            State::Text => self.delta(out, "text_delta", "text", text),
            State::Thinking { .. } => self.delta(out, "thinking_delta", "thinking", text),
            State::Arguments => self.delta(out, "input_json_delta", "partial_json", text),
            State::FreeText { begun } => {
                // Pieces escaped one by one join up to the whole escaped.
                let quoted = serde_json::Value::from(text).to_string();
                let start = if *begun { "" } else { r#"{"input":""# };
                *begun = true;
                let piece = format!("{start}{}", &quoted[1..quoted.len() - 1]);
                self.delta(out, "input_json_delta", "partial_json", &piece);
            }
            State::Vendor(json) => json.push_str(text),
            State::Redacted | State::Unknown => (),
        }
        self.open = Some(open);
    }

    fn seal(&mut self, part: u32, seal: &Seal, out: &mut Vec<u8>) {
        let Some(mut open) = self.open.take_if(|open| open.part == part) else { return };
        let proof = String::from_utf8_lossy(&seal.bytes);
        match (&open.state, seal.kind) {
            (State::Unborn, SealKind::Redacted) => {
                self.block(out, |block| {
                    block.text("type", "redacted_thinking").text("data", &proof);
                });
                open.state = State::Redacted;
            }
            (State::Unborn, SealKind::Signature) => {
                self.thinking(out);
                self.delta(out, "signature_delta", "signature", &proof);
                open.state = State::Thinking { signed: true };
            }
            (State::Thinking { .. }, SealKind::Signature) => {
                self.delta(out, "signature_delta", "signature", &proof);
                open.state = State::Thinking { signed: true };
            }
            _ => (),
        }
        self.open = Some(open);
    }

    fn annotate(&mut self, part: u32, json: &str, out: &mut Vec<u8>) {
        let text = |open: &Open| open.part == part && matches!(open.state, State::Text);
        if self.open.as_ref().is_some_and(text) && whole::is_citation(json) {
            let index = self.next - 1;
            frame(out, "content_block_delta", |data| {
                data.count("index", index).nest("delta", |delta| {
                    delta.text("type", "citations_delta").raw("citation", json);
                });
            });
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(open) = self.open.take() else { return };
        match open.state {
            State::Unborn | State::Unknown => return,
            State::FreeText { begun } => {
                let rest = if begun { r#""}"# } else { r#"{"input":""}"# };
                self.delta(out, "input_json_delta", "partial_json", rest);
            }
            State::Vendor(json) => {
                if !json.starts_with('{') {
                    return;
                }
                self.next += 1;
                frame(out, "content_block_start", |data| {
                    data.count("index", self.next - 1).raw("content_block", &json);
                });
            }
            // A thought of another provider has none, which is said too, as in a whole answer:
            // Vercel's AI SDK does not send back a thought whose signature never came.
            State::Thinking { signed: false } => {
                self.delta(out, "signature_delta", "signature", "");
            }
            State::Thinking { .. } | State::Text | State::Redacted | State::Arguments => (),
        }
        frame(out, "content_block_stop", |data| {
            data.count("index", self.next - 1);
        });
    }

    fn thinking(&mut self, out: &mut Vec<u8>) {
        self.block(out, |block| {
            block.text("type", "thinking").text("thinking", "").text("signature", "");
        });
    }

    fn block(&mut self, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        self.next += 1;
        frame(out, "content_block_start", |data| {
            data.count("index", self.next - 1).nest("content_block", fill);
        });
    }

    fn delta(&self, out: &mut Vec<u8>, kind: &str, field: &str, text: &str) {
        frame(out, "content_block_delta", |data| {
            data.count("index", self.next - 1).nest("delta", |delta| {
                delta.text("type", kind).text(field, text);
            });
        });
    }
}

impl WriteEvents for Writer {
    fn event(&mut self, event: &ChatEvent, out: &mut Vec<u8>) {
        self.watch.event(event);
        match event {
            ChatEvent::Begin { id, model } => self.head.begin(id, model),
            ChatEvent::Usage(usage) => self.usage = *usage,
            ChatEvent::Open { choice: 0, index, part } => {
                self.start(out);
                self.open(*index, part, out);
            }
            ChatEvent::Delta { choice: 0, index, text } => self.add(*index, text, out),
            ChatEvent::Seal { choice: 0, index, seal } => self.seal(*index, seal, out),
            ChatEvent::Annotation { choice: 0, index, json, .. } => {
                self.annotate(*index, json, out);
            }
            ChatEvent::Close { choice: 0, index }
                if self.open.as_ref().is_some_and(|open| open.part == *index) =>
            {
                self.close(out);
            }
            ChatEvent::Finish { choice: 0, reason, stop } => {
                self.start(out);
                self.close(out);
                // Held until the end: usage comes before it or after.
                self.finish = Some((*reason, stop.clone()));
            }
            // One answer is all there can be.
            _ => (),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        self.close(out);
        let (finish, stop) = self.finish.take().unwrap_or((Finish::Stop, None));
        frame(out, "message_delta", |data| {
            data.nest("delta", |delta| whole::stop(delta, stop_reason(finish, self.called), stop));
            data.nest("usage", |usage| usage::write(usage, &self.usage));
        });
        frame(out, "message_stop", |_| ());
    }

    fn whole(&mut self, events: &[ChatEvent]) -> Vec<u8> {
        events.iter().for_each(|event| self.watch.event(event));
        whole::write(&mut self.head, events)
    }

    fn losses(&self) -> &[&'static str] {
        self.watch.names()
    }
}

impl Head {
    /// The provider's own id and name.
    pub(super) fn begin(&mut self, id: &str, model: &str) {
        self.id = id.to_owned();
        self.model = model.to_owned();
    }

    /// Fills in what the provider did not say. Ids begin with `msg_`, whoever made them.
    pub(super) fn settle(&mut self) {
        if self.id.is_empty() {
            self.id.clone_from(&self.fallback);
        }
        if !self.id.starts_with("msg_") {
            self.id.insert_str(0, "msg_");
        }
        if let Some(model) = self.wanted.take() {
            self.model = model;
        }
    }

    /// Writes the message around what `fill` writes.
    pub(super) fn write(
        &self,
        message: &mut Object<'_>,
        usage: &Usage,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        message.text("id", &self.id).text("type", "message").text("role", "assistant");
        message.text("model", &self.model);
        fill(message);
        message.nest("usage", |figures| usage::write(figures, usage));
    }
}

fn frame(out: &mut Vec<u8>, event: &str, fill: impl FnOnce(&mut Object<'_>)) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(event.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    object(out, |data| {
        data.text("type", event);
        fill(data);
    });
    out.extend_from_slice(b"\n\n");
}
