//! An upstream's answer, read as events. A line of a stream and a whole body have the same form:
//! a whole body is a stream of one line.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use wayleave_model::Usage;

use crate::chat::openai::error;
use crate::chat::{ChatEvent, Finish, PartKind, ReadEvents, halves, json};
use crate::error::Fault;
use crate::frame::Frame;

/// The state between lines.
pub(in super::super) struct Reader {
    /// What the answer is known by here: calls have no ids on the wire, so theirs are made of it.
    answer: String,
    begun: bool,
    open: Option<(u32, Words)>,
    next: u32,
    calls: u32,
    done: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Text,
    Thinking,
}

/// One line. Every field may be missing or null.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(default)]
    done: Option<bool>,
    #[serde(borrow, default)]
    done_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    prompt_eval_count: Option<u64>,
    #[serde(default)]
    eval_count: Option<u64>,
    #[serde(borrow, default)]
    logprobs: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    thinking: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<Call<'a>>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    /// Newer servers have one.
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
}

#[derive(Default, Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

/// The probability of a token, and of others that could have stood there.
#[derive(Deserialize)]
struct Logprob<'a> {
    #[serde(borrow)]
    token: Cow<'a, str>,
    #[serde(borrow)]
    logprob: &'a RawValue,
    #[serde(borrow, default)]
    top_logprobs: Option<Vec<Logprob<'a>>>,
}

impl ReadEvents for Reader {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let data = frame.data.trim_ascii();
        if self.done || data.is_empty() {
            return Ok(());
        }
        self.line(data, out)
    }

    fn done(&self) -> bool {
        self.done
    }

    fn end(&mut self, _: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if self.done { Ok(()) } else { Err(Fault::cut()) }
    }

    /// A server that streams all the same sends several lines.
    fn whole(&mut self, body: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if serde_json::from_slice::<&RawValue>(body).is_ok() {
            self.line(body, out)?;
        } else {
            for line in body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
                if !line.is_empty() && !self.done {
                    self.line(line, out)?;
                }
            }
        }
        self.end(out)
    }
}

impl Reader {
    /// Nothing was read yet.
    pub(in super::super) fn new(answer: &str) -> Reader {
        Reader {
            answer: answer.to_owned(),
            begun: false,
            open: None,
            next: 0,
            calls: 0,
            done: false,
        }
    }

    fn line(&mut self, data: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let no_answer = || error::not_an_answer(data);
        let text = std::str::from_utf8(data).map_err(|_| no_answer())?;
        let mut mended = String::new();
        let line: Line<'_> = halves::read(text, &mut mended).ok_or_else(no_answer)?;
        if line.error.is_some() {
            return Err(error::fault(data));
        }
        let done = line.done.unwrap_or(false);
        if line.message.is_none() && !done {
            return Err(no_answer());
        }
        if !std::mem::replace(&mut self.begun, true) {
            let model = line.model.unwrap_or_default().into_owned();
            out.push(ChatEvent::Begin { id: String::new(), model });
        }
        let message = line.message.unwrap_or_default();
        self.words(Words::Thinking, message.thinking.as_deref(), out);
        self.words(Words::Text, message.content.as_deref(), out);
        self.logprobs(line.logprobs.as_deref().unwrap_or_default(), out);
        for call in message.tool_calls.unwrap_or_default() {
            self.call(call, out);
        }
        if done {
            self.finish(
                line.done_reason.as_deref(),
                (line.prompt_eval_count, line.eval_count),
                out,
            );
        }
        Ok(())
    }

    fn words(&mut self, words: Words, text: Option<&str>, out: &mut Vec<ChatEvent>) {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return };
        let index = match self.open {
            Some((index, open)) if open == words => index,
            _ => self.open(words, out),
        };
        out.push(ChatEvent::Delta { choice: 0, index, text: text.to_owned() });
    }

    fn open(&mut self, words: Words, out: &mut Vec<ChatEvent>) -> u32 {
        self.close(out);
        let index = self.next;
        self.next += 1;
        self.open = Some((index, words));
        let part = match words {
            Words::Text => PartKind::Text,
            Words::Thinking => PartKind::Reasoning,
        };
        out.push(ChatEvent::Open { choice: 0, index, part });
        index
    }

    /// A call is whole when it comes.
    fn call(&mut self, call: Call<'_>, out: &mut Vec<ChatEvent>) {
        self.close(out);
        let index = self.next;
        self.next += 1;
        let id = call.id.filter(|id| !id.is_empty());
        let id =
            id.map_or_else(|| format!("call_{}_{}", self.answer, self.calls), |id| id.into_owned());
        self.calls += 1;
        let function = call.function.unwrap_or_default();
        let name = function.name.unwrap_or_default().into_owned();
        let part = PartKind::ToolCall { id, name, custom: false };
        out.push(ChatEvent::Open { choice: 0, index, part });
        let text = arguments(function.arguments);
        out.push(ChatEvent::Delta { choice: 0, index, text });
        out.push(ChatEvent::Close { choice: 0, index });
    }

    /// In the words that most grammars have for them.
    fn logprobs(&mut self, entries: &[&RawValue], out: &mut Vec<ChatEvent>) {
        if entries.is_empty() {
            return;
        }
        let index = match self.open {
            Some((index, _)) => index,
            None => self.open(Words::Text, out),
        };
        let read: Result<Vec<Logprob<'_>>, _> =
            entries.iter().map(|json| serde_json::from_str(json.get())).collect();
        let (kind, json) = match read {
            Ok(entries) => {
                let mut report = Vec::with_capacity(entries.len() * 96);
                json::object(&mut report, |report| {
                    report.list("content", entries.iter().map(|entry| entry.json(true)));
                    report.raw("refusal", "null");
                });
                ("logprobs", String::from_utf8_lossy(&report).into_owned())
            }
            Err(_) => ("ollama.logprobs", "[]".to_owned()),
        };
        out.push(ChatEvent::Annotation { choice: 0, index, kind: kind.to_owned(), json });
    }

    fn close(&mut self, out: &mut Vec<ChatEvent>) {
        if let Some((index, _)) = self.open.take() {
            out.push(ChatEvent::Close { choice: 0, index });
        }
    }

    /// Counts that are zero are left out of the wire: a prompt that was cached whole has none.
    fn finish(
        &mut self,
        reason: Option<&str>,
        counts: (Option<u64>, Option<u64>),
        out: &mut Vec<ChatEvent>,
    ) {
        self.close(out);
        if let (input, output) = counts
            && (input.is_some() || output.is_some())
        {
            let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
            out.push(ChatEvent::Usage(Usage { input, output, ..Usage::default() }));
        }
        // It says `stop` after calls too; `load` and `unload` answer a request that asked nothing.
        let reason = match reason {
            Some("length") => Finish::Length,
            _ if self.calls > 0 => Finish::ToolCalls,
            _ => Finish::Stop,
        };
        self.done = true;
        out.push(ChatEvent::Finish { choice: 0, reason, stop: None });
    }
}

impl Logprob<'_> {
    /// As OpenAI's dialect has it: of a token that was drawn, or of one that could have been.
    fn json(&self, drawn: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        json::object(&mut out, |entry| {
            entry.text("token", &self.token).raw("logprob", self.logprob.get());
            entry.list("bytes", self.token.bytes().map(|byte| byte.to_string()));
            if drawn {
                let others = self.top_logprobs.as_deref().unwrap_or_default();
                entry.list("top_logprobs", others.iter().map(|other| other.json(false)));
            }
        });
        out
    }
}

/// Arguments as JSON text; some servers send the text itself.
fn arguments(raw: Option<&RawValue>) -> String {
    match raw.map(RawValue::get) {
        None | Some("null") => "{}".to_owned(),
        Some(text) if text.starts_with('"') => {
            serde_json::from_str(text).unwrap_or_else(|_| text.to_owned())
        }
        Some(json) => json.to_owned(),
    }
}
