//! Events as this dialect's answer: a stream of chunks, or one body.
//!
//! What clients of the dialect were measured to need, beyond its reference: every chunk has a list
//! of choices and every choice a delta; one call after the other, each with its id, type and name
//! before its arguments; the finish in the last chunk with choices; usage in a chunk of its own, if
//! asked for; then `[DONE]`. Seals and other dialects' own parts have no field and are noted as
//! lost.

use wayleave_model::Usage;

use super::fold::Folded;
use super::lost;
use super::words::{call_words, finish_word, identify, image, unwrap, url_citation};
use crate::carry::Answer;
use crate::chat::cited::{self, Desk};
use crate::chat::json::{self, Object};
use crate::chat::lost::Lost;
use crate::chat::openai::usage;
use crate::chat::{ChatEvent, PartKind, WriteEvents};
use crate::raw::RawObject;

/// Calls beyond the first, where the client reads the older form, which has room for one.
const CALLS_BEYOND: &str = "answer.tool_calls";

/// Writes one answer.
#[derive(Debug)]
pub(in crate::chat::openai) struct Writer {
    answer: Answer,
    /// What every chunk begins with, up to its choices.
    head: Vec<u8>,
    usage: Option<Usage>,
    choices: Vec<Choice>,
    lost: Lost,
}

/// How far one of the answers has got.
#[derive(Debug, Default)]
struct Choice {
    index: u32,
    calls: u32,
    refused: bool,
    open: Option<Open>,
    /// Annotations so far.
    notes: u32,
    /// Pictures so far.
    images: u32,
    cited: Desk,
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
    /// A call in the older form, and whether nothing of its arguments came yet.
    Function {
        silent: bool,
    },
    /// A call for which the older form has no room.
    Beyond,
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
        Writer {
            answer: answer.clone(),
            head: Vec::new(),
            usage: None,
            choices: Vec::new(),
            lost: Lost::default(),
        }
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
            PartKind::Text => {
                self.choices[at].cited.begin();
                Open::Text
            }
            PartKind::Reasoning => Open::Reasoning,
            PartKind::Refusal => Open::Refusal,
            PartKind::Image { mime } => Open::Image { mime: mime.clone(), base64: String::new() },
            PartKind::Audio { id } => Open::Audio { id: id.clone() },
            PartKind::Vendor { kind } => Open::Vendor { kind: kind.clone(), json: String::new() },
            PartKind::ToolCall { name, .. } if self.answer.legacy_functions => {
                self.choices[at].calls += 1;
                if self.choices[at].calls > 1 {
                    self.lost.note(CALLS_BEYOND);
                    Open::Beyond
                } else {
                    self.function(index, Some(name), "", out);
                    Open::Function { silent: true }
                }
            }
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
            Some(Open::Text) => {
                self.choices[at].cited.say(text);
                "content"
            }
            Some(Open::Reasoning) => "reasoning_content",
            Some(Open::Refusal) => "refusal",
            Some(Open::Call { at, custom, silent }) => {
                *silent = false;
                let (at, custom) = (*at, *custom);
                return self.input(index, at, custom, text, out);
            }
            Some(Open::Function { silent }) => {
                *silent = false;
                return self.function(index, None, text, out);
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
            Some(Open::Beyond) | None => return,
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

    /// More of a call in the older form; its first delta has the name.
    fn function(&self, index: u32, name: Option<&str>, arguments: &str, out: &mut Vec<u8>) {
        self.chunk(index, None, out, |delta| {
            delta.nest("function_call", |call| {
                if let Some(name) = name {
                    call.text("name", name);
                }
                call.text("arguments", arguments);
            });
        });
    }

    fn close(&mut self, index: u32, out: &mut Vec<u8>) {
        let at = self.choice(index, out);
        let desk = &mut self.choices[at].cited;
        let placed = desk.settle();
        let notes: Vec<String> = placed.iter().map(|it| url_citation(desk, it)).collect();
        self.notes(index, &notes, out);
        match self.choices[at].open.take() {
            // A call without arguments: clients parse them, and nothing is no JSON.
            Some(Open::Call { at, custom: false, silent: true }) => {
                self.input(index, at, false, "{}", out);
            }
            Some(Open::Function { silent: true }) => self.function(index, None, "{}", out),
            Some(Open::Wrapped { at, arguments }) => {
                self.input(index, at, true, &unwrap(&arguments), out);
            }
            Some(Open::Image { mime, base64 }) => {
                let nth = self.choices[at].images;
                self.choices[at].images += 1;
                self.chunk(index, None, out, |delta| {
                    delta.list("images", [image(nth, &mime, &base64)]);
                });
            }
            Some(Open::Vendor { kind, json }) if kind == "audio" => {
                self.chunk(index, None, out, |delta| {
                    delta.raw("audio", &json);
                });
            }
            _ => (),
        }
    }

    /// Annotations of the text.
    fn notes(&mut self, index: u32, notes: &[String], out: &mut Vec<u8>) {
        let at = self.choice(index, out);
        for note in notes {
            let note = numbered(note, self.choices[at].notes);
            self.choices[at].notes += 1;
            self.chunk(index, None, out, |delta| {
                delta.list("annotations", [note]);
            });
        }
    }

    fn annotate(&mut self, index: u32, kind: &str, json: &str, out: &mut Vec<u8>) {
        let at = self.choice(index, out);
        match kind {
            "annotation" => self.notes(index, &[json.to_owned()], out),
            "citation" => self.choices[at].cited.cite(cited::read(kind, json)),
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
        lost::note(event, &mut self.lost);
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
                let refused = self.choices[at].refused;
                let reason = finish_word(*reason, refused, self.answer.legacy_functions);
                self.chunk(*choice, Some(reason), out, |_| ());
            }
            ChatEvent::Usage(usage) => self.usage = Some(*usage),
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
        events.iter().for_each(|event| lost::note(event, &mut self.lost));
        let folded = Folded::of(events);
        if self.answer.legacy_functions && folded.calls_several() {
            self.lost.note(CALLS_BEYOND);
        }
        folded.write(&self.answer)
    }

    fn losses(&self) -> &[&'static str] {
        self.lost.names()
    }
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

/// An annotation with its place: openai-python's `accumulate_delta` raises on the second one of a
/// list whose items have no `index`.
fn numbered(json: &str, nth: u32) -> String {
    let numbered = |note: RawObject<'_>| {
        let inside = json.trim_start().strip_prefix('{').filter(|_| !note.has("index"))?;
        let comma = if inside.trim_start().starts_with('}') { "" } else { "," };
        Some(format!(r#"{{"index":{nth}{comma}{inside}"#))
    };
    RawObject::read(json.as_bytes()).ok().and_then(numbered).unwrap_or_else(|| json.to_owned())
}
