//! An upstream's answer, read as events.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::error;
use super::super::usage::Tally;
use super::block::Block;
use super::finish;
use crate::chat::{ChatEvent, Finish, ReadEvents};
use crate::error::Fault;
use crate::frame::Frame;

/// The state between events.
#[derive(Default)]
pub(in super::super) struct Reader {
    begun: bool,
    open: Option<Block>,
    /// The next part's index.
    next: u32,
    /// A tool of the client's is called.
    called: bool,
    tally: Tally,
    finished: bool,
    done: bool,
}

/// One event of a stream. Events are told by the type in their data: not every server names them.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// A message: whole, or as a stream begins.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    #[serde(borrow, default)]
    content: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    stop_sequence: Option<String>,
}

/// Why it ended.
#[derive(Deserialize)]
struct Stop {
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    stop_sequence: Option<String>,
}

impl Stop {
    /// The answer is whole, but nothing says why it ended: it is a call, if it calls something.
    fn unsaid() -> Stop {
        Stop { stop_reason: Some("tool_use".to_owned()), stop_sequence: None }
    }
}

impl ReadEvents for Reader {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let data = frame.data.trim_ascii();
        if self.done || data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let Ok(event) = serde_json::from_slice::<Event<'_>>(data) else {
            return Err(error::not_an_answer(data));
        };
        match &*event.kind {
            "error" => return Err(error::fault(data)),
            "" if event.error.is_some() => return Err(error::fault(data)),
            "message_start" => {
                let message = event.message.map(|json| serde_json::from_str(json.get()));
                let Some(Ok(message)) = message else {
                    return Err(Fault::unreadable(
                        "the provider's stream begins without a message",
                    ));
                };
                self.begin(message, out);
                self.report(out);
            }
            "content_block_start" => {
                let Some(json) = event.content_block else {
                    return Err(Fault::unreadable(
                        "the provider began a part without saying which",
                    ));
                };
                self.start(event.index.unwrap_or_default(), json, out)?;
            }
            "content_block_delta" => {
                if let Some(json) = event.delta {
                    self.add(event.index.unwrap_or_default(), json, out)?;
                }
            }
            "content_block_stop" => self.close(out),
            "message_delta" => {
                if event.usage.is_some_and(|usage| self.tally.add_json(usage.get())) {
                    self.report(out);
                }
                if let Some(Ok(stop)) = event.delta.map(|json| serde_json::from_str(json.get())) {
                    self.stop(stop, out);
                }
            }
            "message_stop" => {
                self.done = true;
                self.stop(Stop::unsaid(), out);
            }
            // `ping`, and what the future brings: the reference asks clients to pass over it.
            _ => (),
        }
        Ok(())
    }

    fn done(&self) -> bool {
        self.done
    }

    fn end(&mut self, _out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if self.finished { Ok(()) } else { Err(Fault::cut()) }
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let message = serde_json::from_slice::<Message<'_>>(body);
        let Ok(mut message) = message else { return Err(error::not_an_answer(body)) };
        let is_message = message.kind.as_deref() == Some("message");
        let content = message.content.take();
        if content.is_none() && !is_message || message.kind.as_deref() == Some("error") {
            return Err(error::not_an_answer(body));
        }
        let last = match message.stop_reason.take() {
            None => Stop::unsaid(),
            reason => Stop { stop_reason: reason, stop_sequence: message.stop_sequence.take() },
        };
        self.begin(message, out);
        for (wire, json) in (0..).zip(content.unwrap_or_default()) {
            self.start(wire, json, out)?;
            self.close(out);
        }
        self.report(out);
        self.stop(last, out);
        self.done = true;
        Ok(())
    }
}

impl Reader {
    fn begin(&mut self, message: Message<'_>, out: &mut Vec<ChatEvent>) {
        if let Some(usage) = message.usage {
            self.tally.add_json(usage.get());
        }
        if !std::mem::replace(&mut self.begun, true) {
            let id = message.id.unwrap_or_default();
            out.push(ChatEvent::Begin { id, model: message.model.unwrap_or_default() });
        }
    }

    fn start(&mut self, wire: u64, json: &RawValue, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let index = self.next_part(out);
        let (block, called) = Block::open(wire, index, json, out)?;
        self.called |= called;
        self.open = Some(block);
        Ok(())
    }

    fn add(&mut self, wire: u64, json: &RawValue, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if self.open.as_ref().is_none_or(|block| block.wire != wire) {
            let index = self.next_part(out);
            self.open = Some(Block::implied(wire, index, json, out)?);
        }
        match &mut self.open {
            Some(block) => block.add(json, out),
            None => Ok(()),
        }
    }

    /// Parts do not overlap: one that was left open ends where the next begins.
    fn next_part(&mut self, out: &mut Vec<ChatEvent>) -> u32 {
        if !std::mem::replace(&mut self.begun, true) {
            out.push(ChatEvent::Begin { id: String::new(), model: String::new() });
        }
        self.close(out);
        self.next += 1;
        self.next - 1
    }

    fn close(&mut self, out: &mut Vec<ChatEvent>) {
        if let Some(block) = self.open.take() {
            block.close(out);
        }
    }

    fn report(&self, out: &mut Vec<ChatEvent>) {
        out.extend(self.tally.usage().map(ChatEvent::Usage));
    }

    fn stop(&mut self, stop: Stop, out: &mut Vec<ChatEvent>) {
        let Some(reason) = stop.stop_reason.filter(|_| !self.finished) else { return };
        self.finished = true;
        self.close(out);
        let reason = finish(&reason, self.called);
        let stop = stop.stop_sequence.filter(|_| reason == Finish::StopSequence);
        out.push(ChatEvent::Finish { choice: 0, reason, stop });
    }
}
