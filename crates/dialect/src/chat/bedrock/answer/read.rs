//! An upstream's answer, read as events.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::{error, usage};
use super::block::Block;
use super::finish;
use super::wire::{Delta, Start};
use crate::chat::{ChatEvent, Finish, ReadEvents, halves};
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
    finished: bool,
    /// The answer is broken, by its own word; what it consumed is still to come.
    broken: Option<Fault>,
    done: bool,
}

/// The payload of any event: which fields it has depends on its name.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(default)]
    content_block_index: Option<u64>,
    #[serde(borrow, default)]
    start: Option<Start<'a>>,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(borrow, default)]
    additional_model_response_fields: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

/// A whole answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow, default)]
    output: Option<Output<'a>>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(borrow, default)]
    additional_model_response_fields: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<Vec<&'a RawValue>>,
}

/// What the model said beside its answer, because it was asked to.
#[derive(Deserialize)]
struct Additional {
    stop_sequence: Option<String>,
}

impl ReadEvents for Reader {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if self.done {
            return Ok(());
        }
        let name = String::from_utf8_lossy(&frame.event);
        if name.ends_with("Exception") || name.ends_with("Error") {
            return Err(error::exception(&name, &frame.data));
        }
        // What the future brings: clients pass over it.
        let known = [
            "messageStart",
            "contentBlockStart",
            "contentBlockDelta",
            "contentBlockStop",
            "messageStop",
            "metadata",
        ];
        // After its end an answer has nothing but figures.
        let ended = self.finished || self.broken.is_some();
        if !known.contains(&&*name) || ended && name != "metadata" {
            return Ok(());
        }
        let mut mended = String::new();
        let payload = std::str::from_utf8(&frame.data).ok();
        let Some(event) = payload.and_then(|json| halves::read::<Event<'_>>(json, &mut mended))
        else {
            return Err(Fault::unreadable("the provider sent an event that cannot be read"));
        };
        let wire = event.content_block_index.unwrap_or_default();
        match &*name {
            "messageStart" => self.begin(out),
            "contentBlockStart" => self.start(wire, event.start, out)?,
            "contentBlockDelta" => self.add(wire, event.delta, out)?,
            "contentBlockStop" => self.close(out),
            "messageStop" => {
                self.stop(event.stop_reason, event.additional_model_response_fields, out);
            }
            _ => {
                self.begin(out);
                report(event.usage, out);
                self.done = self.finished || self.broken.is_some();
                return self.broken.take().map_or(Ok(()), Err);
            }
        }
        Ok(())
    }

    fn done(&self) -> bool {
        self.done
    }

    fn end(&mut self, _out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        match self.broken.take() {
            Some(fault) => Err(fault),
            None if self.finished => Ok(()),
            None => Err(Fault::cut()),
        }
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Ok(answer) = serde_json::from_slice::<Answer<'_>>(body) else {
            return Err(error::not_an_answer(body));
        };
        let Some(message) = answer.output.and_then(|output| output.message) else {
            return Err(error::not_an_answer(body));
        };
        self.begin(out);
        for json in message.content.unwrap_or_default() {
            let index = self.next_part(out);
            self.called |= Block::whole(index, json, out)?;
        }
        report(answer.usage, out);
        // The answer is whole, but perhaps nothing says why it ended.
        let reason = answer.stop_reason.or_else(|| Some("tool_use".to_owned()));
        self.stop(reason, answer.additional_model_response_fields, out);
        self.done = true;
        self.broken.take().map_or(Ok(()), Err)
    }
}

impl Reader {
    /// Converse gives answers no id, and does not repeat the model's name.
    fn begin(&mut self, out: &mut Vec<ChatEvent>) {
        if !std::mem::replace(&mut self.begun, true) {
            out.push(ChatEvent::Begin { id: String::new(), model: String::new() });
        }
    }

    fn start(
        &mut self,
        wire: u64,
        start: Option<Start<'_>>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        let Some(start) = start else { return Ok(()) };
        self.begin(out);
        self.close(out);
        if let Some((block, called)) = Block::open(wire, self.next, start, out)? {
            self.next += 1;
            self.called |= called;
            self.open = Some(block);
        }
        Ok(())
    }

    fn add(
        &mut self,
        wire: u64,
        delta: Option<Delta<'_>>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        let Some(delta) = delta.filter(|delta| !delta.is_empty()) else { return Ok(()) };
        let fits = |block: &Block| block.wire == wire && block.takes(&delta);
        if !self.open.as_ref().is_some_and(fits) {
            let index = self.next_part(out);
            self.open = Some(Block::implied(wire, index, &delta, out)?);
        }
        if let Some(block) = &mut self.open {
            block.add(delta, out);
        }
        Ok(())
    }

    /// Parts do not overlap: one that was left open ends where the next begins.
    fn next_part(&mut self, out: &mut Vec<ChatEvent>) -> u32 {
        self.begin(out);
        self.close(out);
        self.next += 1;
        self.next - 1
    }

    fn close(&mut self, out: &mut Vec<ChatEvent>) {
        if let Some(block) = self.open.take() {
            block.close(out);
        }
    }

    fn stop(
        &mut self,
        reason: Option<String>,
        additional: Option<&RawValue>,
        out: &mut Vec<ChatEvent>,
    ) {
        let Some(reason) = reason.filter(|_| !self.finished && self.broken.is_none()) else {
            return;
        };
        self.begin(out);
        self.close(out);
        if reason.starts_with("malformed_") {
            let message = "the model's answer is broken: the provider could not read it";
            self.broken = Some(Fault::reported(Some(reason), message));
            return;
        }
        self.finished = true;
        let reason = finish(&reason, self.called);
        let stop = additional
            .filter(|_| reason == Finish::StopSequence)
            .and_then(|json| serde_json::from_str::<Additional>(json.get()).ok()?.stop_sequence);
        out.push(ChatEvent::Finish { choice: 0, reason, stop });
    }
}

fn report(usage: Option<&RawValue>, out: &mut Vec<ChatEvent>) {
    out.extend(usage.and_then(|json| usage::read(json.get())).map(ChatEvent::Usage));
}
