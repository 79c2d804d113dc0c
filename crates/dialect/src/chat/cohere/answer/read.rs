//! An upstream's answer, streamed or whole, read as events.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::parts::Parts;
use super::wire::{Block, Body, Call, Event, Message};
use crate::chat::cohere::usage;
use crate::chat::openai::error;
use crate::chat::{ChatEvent, Finish, ReadEvents, halves};
use crate::error::Fault;
use crate::frame::Frame;

/// The state between events.
pub(in super::super) struct Reader {
    /// What the answer is known by here: calls without an id get one made of it.
    answer: String,
    begun: bool,
    parts: Parts,
    finished: bool,
    done: bool,
}

impl ReadEvents for Reader {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let data = frame.data.trim_ascii();
        if self.done || data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let text = std::str::from_utf8(data).map_err(|_| error::not_an_answer(data))?;
        let mut mended = String::new();
        let Some(event) = halves::read::<Event<'_>>(text, &mut mended) else {
            return Err(error::not_an_answer(data));
        };
        let named = std::str::from_utf8(&frame.event).unwrap_or_default();
        let kind = event.kind.as_deref().unwrap_or(named);
        if kind == "error" || kind.is_empty() || event.error.is_some() {
            return Err(error::not_an_answer(data));
        }
        self.event(kind, &event, out)
    }

    fn done(&self) -> bool {
        self.done
    }

    fn end(&mut self, _: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if self.finished { Ok(()) } else { Err(Fault::cut()) }
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let no_answer = || error::not_an_answer(body);
        let text = std::str::from_utf8(body).map_err(|_| no_answer())?;
        let mut mended = String::new();
        let answer: Body<'_> = halves::read(text, &mut mended).ok_or_else(no_answer)?;
        // An error's `message` is a text.
        let message = answer.message.filter(|json| json.get().starts_with('{'));
        let Some(message) = message.filter(|_| answer.error.is_none()) else {
            return Err(no_answer());
        };
        let message: Message<'_> = serde_json::from_str(message.get()).map_err(|_| no_answer())?;
        self.begin(answer.id, out);
        self.message(&message, out)?;
        for item in answer.logprobs.into_iter().flatten() {
            self.parts.logprobs(item, out);
        }
        self.finish(answer.finish_reason.as_deref(), answer.usage, None, out)
    }
}

impl Reader {
    /// Nothing was read yet.
    pub(in super::super) fn new(answer: &str) -> Reader {
        Reader {
            answer: answer.to_owned(),
            begun: false,
            parts: Parts::default(),
            finished: false,
            done: false,
        }
    }

    fn event(
        &mut self,
        kind: &str,
        event: &Event<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        self.begin(event.id, out);
        let message = match event.delta.as_ref().and_then(|delta| delta.message) {
            Some(json) => inner::<Message<'_>>(json)?,
            None => None,
        };
        let at = event.index.unwrap_or_default();
        match (kind, message) {
            ("content-start" | "content-delta", Some(message)) => {
                if let Some(block) = message.content.map(inner::<Block<'_>>).transpose()?.flatten()
                {
                    self.block(&block, out);
                }
                if let Some(logprobs) = event.logprobs {
                    self.parts.logprobs(logprobs, out);
                }
            }
            ("tool-plan-delta", Some(message)) => self.plan(message.tool_plan, out),
            ("tool-call-start", Some(message)) => {
                let call = message.tool_calls.map(inner::<Call<'_>>).transpose()?.flatten();
                let Some(call) = call else {
                    return Err(Fault::unreadable("the provider began a call of nothing"));
                };
                self.call(at, call, out);
            }
            ("tool-call-delta", Some(message)) => {
                let call = message.tool_calls.map(inner::<Call<'_>>).transpose()?.flatten();
                let arguments = call.and_then(|call| call.function?.arguments);
                let arguments = arguments.unwrap_or_default();
                if !self.parts.arguments(at, &arguments, out) && !arguments.is_empty() {
                    return Err(Fault::unreadable("the provider added to a call it never began"));
                }
            }
            ("citation-start", Some(message)) => {
                if let Some(citation) = message.citations {
                    self.cite(citation, out);
                }
            }
            ("message-end", _) => {
                let delta = event.delta.as_ref();
                let reason = delta.and_then(|delta| delta.finish_reason.as_deref());
                let said = delta.and_then(|delta| delta.error);
                return self.finish(reason, delta.and_then(|delta| delta.usage), said, out);
            }
            // The ends of blocks, `debug`, and what the future brings.
            _ => (),
        }
        Ok(())
    }

    fn begin(&mut self, id: Option<&RawValue>, out: &mut Vec<ChatEvent>) {
        if !std::mem::replace(&mut self.begun, true) {
            let id = id.and_then(string).unwrap_or_default();
            // Cohere does not name its model.
            out.push(ChatEvent::Begin { id, model: String::new() });
        }
    }

    /// A whole message, in the order in which a stream says it.
    fn message(&mut self, message: &Message<'_>, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let blocks: Vec<Block<'_>> = match message.content {
            Some(text) if text.get().starts_with('"') => {
                vec![Block { text: string(text).map(Into::into), thinking: None }]
            }
            Some(list) => inner(list)?.unwrap_or_default(),
            None => Vec::new(),
        };
        blocks.iter().for_each(|block| {
            self.parts.thinking(block.thinking.as_deref().unwrap_or_default(), out);
        });
        self.plan(message.tool_plan, out);
        blocks.iter().for_each(|block| {
            self.parts.text(block.text.as_deref().unwrap_or_default(), out);
        });
        let citations: Option<Vec<&RawValue>> = message.citations.map(inner).transpose()?.flatten();
        citations.into_iter().flatten().for_each(|citation| self.cite(citation, out));
        let calls: Option<Vec<Call<'_>>> = message.tool_calls.map(inner).transpose()?.flatten();
        for (at, call) in (0..).zip(calls.into_iter().flatten()) {
            self.call(at, call, out);
        }
        Ok(())
    }

    fn block(&mut self, block: &Block<'_>, out: &mut Vec<ChatEvent>) {
        self.parts.thinking(block.thinking.as_deref().unwrap_or_default(), out);
        self.parts.text(block.text.as_deref().unwrap_or_default(), out);
    }

    fn plan(&mut self, plan: Option<&RawValue>, out: &mut Vec<ChatEvent>) {
        self.parts.plan(&plan.and_then(string).unwrap_or_default(), out);
    }

    fn cite(&mut self, citation: &RawValue, out: &mut Vec<ChatEvent>) {
        if citation.get() != "null" {
            self.parts.note("citation", citation.get(), out);
        }
    }

    fn call(&mut self, at: u64, call: Call<'_>, out: &mut Vec<ChatEvent>) {
        let id = call.id.filter(|id| !id.is_empty());
        let id = id.map_or_else(
            || format!("call_{}_{}", self.answer, self.parts.calls()),
            |id| id.into_owned(),
        );
        let function = call.function.unwrap_or_default();
        let name = function.name.unwrap_or_default().into_owned();
        self.parts.call(at, id, name, out);
        self.parts.arguments(at, &function.arguments.unwrap_or_default(), out);
    }

    fn finish(
        &mut self,
        reason: Option<&str>,
        report: Option<&RawValue>,
        said: Option<&RawValue>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        out.extend(report.and_then(usage::read).map(ChatEvent::Usage));
        let said = said.and_then(string).filter(|said| !said.is_empty());
        let called = self.parts.calls() > 0;
        let reason = match reason.unwrap_or_default() {
            word @ ("ERROR" | "ERROR_LIMIT" | "TIMEOUT") => return Err(failed(word, said)),
            "" if said.is_some() => return Err(failed("ERROR", said)),
            "STOP_SEQUENCE" => Finish::StopSequence,
            "MAX_TOKENS" => Finish::Length,
            "ERROR_TOXIC" => Finish::Refused,
            "TOOL_CALL" => Finish::ToolCalls,
            _ if called => Finish::ToolCalls,
            _ => Finish::Stop,
        };
        self.parts.close(out);
        self.finished = true;
        self.done = true;
        out.push(ChatEvent::Finish { choice: 0, reason, stop: None });
        Ok(())
    }
}

/// The fault of an answer that its provider gave up.
fn failed(word: &str, said: Option<String>) -> Fault {
    let message = said.unwrap_or_else(|| format!("the provider ended its answer with {word}"));
    Fault::reported(Some(word.to_owned()), message)
}

/// What stands at `json`; `None`: null.
fn inner<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Result<Option<T>, Fault> {
    serde_json::from_str(json.get())
        .map_err(|_| Fault::unreadable("the provider sent an event that cannot be read"))
}

fn string(json: &RawValue) -> Option<String> {
    serde_json::from_str(json.get()).ok()
}
