//! Events as this dialect's answer: a stream of chunks, or one body.
//!
//! What clients of the dialect were measured to need, beyond its reference: every chunk has a list
//! of choices and every choice a delta; one call after the other, each with its id, type and name
//! before its arguments; the finish in the last chunk with choices; usage in a chunk of its own, if
//! asked for; then `[DONE]`. Seals and other dialects' own parts have no field and are left out.

use wayleave_model::Usage;

use super::fold::Folded;
use crate::carry::Answer;
use crate::chat::json::{self, Object};
use crate::chat::openai::usage;
use crate::chat::{ChatEvent, Finish, PartKind, WriteEvents};

/// Writes one answer.
#[derive(Debug)]
pub(in crate::chat::openai) struct Writer {
    answer: Answer,
    /// What every chunk begins with, up to its choices.
    head: Vec<u8>,
    usage: Option<Usage>,
    choices: Vec<Choice>,
}

/// How far one of the answers has got.
#[derive(Debug, Default)]
struct Choice {
    index: u32,
    calls: u32,
    refused: bool,
    open: Option<Open>,
}

/// The part that is open.
#[derive(Debug)]
enum Open {
    Text,
    Reasoning,
    Refusal,
    /// A call, and whether nothing of its input came yet.
    Call {
        at: u32,
        custom: bool,
        silent: bool,
    },
    /// A call of a tool that the client declared as custom, made through a function: its text is
    /// inside the arguments, which must be whole to be read.
    Wrapped {
        at: u32,
        arguments: String,
    },
    Image {
        mime: String,
        base64: String,
    },
    Audio {
        id: String,
    },
    Vendor {
        kind: String,
        json: String,
    },
}

impl Writer {
    /// Begins an answer.
    pub(in crate::chat::openai) fn new(answer: &Answer) -> Writer {
        Writer { answer: answer.clone(), head: Vec::new(), usage: None, choices: Vec::new() }
    }

    fn begin(&mut self, id: &str, model: &str) {
        self.head.extend_from_slice(b"data: ");
        identify(&mut self.head, &self.answer, id, model, "chat.completion.chunk");
    }

    /// The place of a choice in the list; its first chunk, which names the role, goes out now.
    fn choice(&mut self, index: u32, out: &mut Vec<u8>) -> usize {
        if self.head.is_empty() {
            self.begin("", "");
        }
        if let Some(at) = self.choices.iter().position(|choice| choice.index == index) {
            return at;
        }
        self.choices.push(Choice { index, ..Choice::default() });
        self.chunk(index, None, out, |delta| {
            delta.text("role", "assistant").text("content", "");
        });
        self.choices.len() - 1
    }

    fn chunk(
        &self,
        index: u32,
        finish: Option<&str>,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b",\"choices\":[");
        json::object(out, |choice| {
            choice.count("index", index.into());
            choice.nest("delta", fill);
            match finish {
                Some(reason) => choice.text("finish_reason", reason),
                None => choice.raw("finish_reason", "null"),
            };
        });
        out.extend_from_slice(b"]}\n\n");
    }

    fn open(&mut self, index: u32, part: &PartKind, out: &mut Vec<u8>) {
        let at = self.choice(index, out);
        self.choices[at].refused |= *part == PartKind::Refusal;
        let open = match part {
            PartKind::Text => Open::Text,
            PartKind::Reasoning => Open::Reasoning,
            PartKind::Refusal => Open::Refusal,
            PartKind::Image { mime } => Open::Image { mime: mime.clone(), base64: String::new() },
            PartKind::Audio { id } => Open::Audio { id: id.clone() },
            PartKind::Vendor { kind } => Open::Vendor { kind: kind.clone(), json: String::new() },
            PartKind::ToolCall { id, name, custom } => {
                let call = self.choices[at].calls;
                self.choices[at].calls += 1;
                let wrapped = !custom && self.answer.custom_tools.contains(name);
                self.announce(index, call, id, name, *custom || wrapped, out);
                match wrapped {
                    true => Open::Wrapped { at: call, arguments: String::new() },
                    false => Open::Call { at: call, custom: *custom, silent: true },
                }
            }
        };
        self.choices[at].open = Some(open);
    }

    /// The first delta of a call, before any of its arguments.
    fn announce(&self, index: u32, at: u32, id: &str, name: &str, custom: bool, out: &mut Vec<u8>) {
        self.chunk(index, None, out, |delta| {
            call_delta(delta, at, |call| {
                let (kind, field) = call_words(custom);
                call.text("id", id).text("type", kind);
                call.nest(kind, |inner| {
                    inner.text("name", name).text(field, "");
                });
            });
        });
    }

    fn delta(&mut self, index: u32, text: &str, out: &mut Vec<u8>) {
        let at = self.choice(index, out);
        let field = match &mut self.choices[at].open {
            Some(Open::Text) => "content",
            Some(Open::Reasoning) => "reasoning_content",
            Some(Open::Refusal) => "refusal",
            Some(Open::Call { at, custom, silent }) => {
                *silent = false;
                let (at, custom) = (*at, *custom);
                return self.input(index, at, custom, text, out);
            }
            Some(Open::Audio { id }) => {
                let id = id.clone();
                return self.chunk(index, None, out, |delta| {
                    delta.nest("audio", |audio| {
                        audio.text("id", &id).text("data", text);
                    });
                });
            }
            Some(
                Open::Wrapped { arguments: held, .. }
                | Open::Image { base64: held, .. }
                | Open::Vendor { json: held, .. },
            ) => return held.push_str(text),
            None => return,
        };
        self.chunk(index, None, out, |delta| {
            delta.text(field, text);
        });
    }

    fn input(&self, index: u32, at: u32, custom: bool, text: &str, out: &mut Vec<u8>) {
        self.chunk(index, None, out, |delta| {
            call_delta(delta, at, |call| {
                let (kind, field) = call_words(custom);
                call.nest(kind, |inner| {
                    inner.text(field, text);
                });
            });
        });
    }

    fn close(&mut self, index: u32, out: &mut Vec<u8>) {
        let at = self.choice(index, out);
        match self.choices[at].open.take() {
            // A call without arguments: clients parse them, and nothing is no JSON.
            Some(Open::Call { at, custom: false, silent: true }) => {
                self.input(index, at, false, "{}", out);
            }
            Some(Open::Wrapped { at, arguments }) => {
                self.input(index, at, true, &unwrap(&arguments), out);
            }
            Some(Open::Image { mime, base64 }) => self.chunk(index, None, out, |delta| {
                delta.list("images", [image(&mime, &base64)]);
            }),
            Some(Open::Vendor { kind, json }) if kind == "audio" => {
                self.chunk(index, None, out, |delta| {
                    delta.raw("audio", &json);
                });
            }
            _ => (),
        }
    }

    fn annotate(&mut self, index: u32, kind: &str, json: &str, out: &mut Vec<u8>) {
        self.choice(index, out);
        match kind {
            "annotation" => self.chunk(index, None, out, |delta| {
                delta.list("annotations", [json]);
            }),
            "logprobs" => {
                out.extend_from_slice(&self.head);
                out.extend_from_slice(b",\"choices\":[");
                json::object(out, |choice| {
                    choice.count("index", index.into()).raw("delta", "{}");
                    choice.raw("logprobs", json).raw("finish_reason", "null");
                });
                out.extend_from_slice(b"]}\n\n");
            }
            _ => (),
        }
    }
}

impl WriteEvents for Writer {
    fn event(&mut self, event: &ChatEvent, out: &mut Vec<u8>) {
        match event {
            ChatEvent::Begin { id, model } => {
                if self.head.is_empty() {
                    self.begin(id, model);
                    self.choice(0, out);
                }
            }
            ChatEvent::Open { choice, part, .. } => self.open(*choice, part, out),
            ChatEvent::Delta { choice, text, .. } if text.is_empty() => {
                self.choice(*choice, out);
            }
            ChatEvent::Delta { choice, text, .. } => self.delta(*choice, text, out),
            ChatEvent::Annotation { choice, kind, json, .. } => {
                self.annotate(*choice, kind, json, out);
            }
            ChatEvent::Close { choice, .. } => self.close(*choice, out),
            ChatEvent::Finish { choice, reason, .. } => {
                let at = self.choice(*choice, out);
                let reason = finish_word(*reason, self.choices[at].refused);
                self.chunk(*choice, Some(reason), out, |_| ());
            }
            ChatEvent::Usage(usage) => self.usage = Some(*usage),
            // A proof for another provider's next turn, which the dialect cannot hold.
            ChatEvent::Seal { .. } => (),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if let Some(usage) = self.usage.filter(|_| self.answer.include_usage) {
            if self.head.is_empty() {
                self.begin("", "");
            }
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b",\"choices\":[],\"usage\":");
            json::object(out, |object| usage::write(&usage, object));
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn whole(&mut self, events: &[ChatEvent]) -> Vec<u8> {
        Folded::of(events).write(&self.answer)
    }
}

/// Appends `{"id":…,"object":…,"created":…,"model":…` without its end.
pub(super) fn identify(out: &mut Vec<u8>, answer: &Answer, id: &str, model: &str, object: &str) {
    const PREFIX: &str = "chatcmpl-";
    let id = if id.is_empty() { &answer.id } else { id };
    let id = match id.starts_with(PREFIX) {
        true => id.to_owned(),
        false => format!("{PREFIX}{id}"),
    };
    let mut head = Object::open(out);
    head.text("id", &id).text("object", object);
    head.raw("created", &answer.created.to_string());
    head.text("model", answer.model.as_deref().unwrap_or(model));
}

/// Why the answer ended, in this dialect's words.
pub(super) fn finish_word(reason: Finish, refused: bool) -> &'static str {
    match reason {
        Finish::Stop | Finish::StopSequence | Finish::Pause => "stop",
        Finish::Length | Finish::ContextLength => "length",
        Finish::ToolCalls => "tool_calls",
        // A refusal in words is an answer that ended; without words it was cut by a filter.
        Finish::Refused if refused => "stop",
        Finish::Refused => "content_filter",
    }
}

/// The type of a call, and the field of its input.
pub(super) const fn call_words(custom: bool) -> (&'static str, &'static str) {
    if custom { ("custom", "input") } else { ("function", "arguments") }
}

/// The text that a function standing for a custom tool was given: `{"input":"…"}`.
pub(super) fn unwrap(arguments: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Wrapped {
        input: String,
    }
    match serde_json::from_str::<Wrapped>(arguments) {
        Ok(wrapped) => wrapped.input,
        Err(_) => arguments.to_owned(),
    }
}

/// A picture among the answer.
pub(super) fn image(mime: &str, base64: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(base64.len() + 96);
    json::object(&mut out, |image| {
        image.text("type", "image_url");
        image.nest("image_url", |link| {
            link.text("url", &format!("data:{mime};base64,{base64}"));
        });
    });
    out
}

fn call_delta(delta: &mut Object<'_>, at: u32, fill: impl FnOnce(&mut Object<'_>)) {
    delta.with("tool_calls", |out| {
        out.push(b'[');
        json::object(out, |call| {
            call.count("index", at.into());
            fill(call);
        });
        out.push(b']');
    });
}
