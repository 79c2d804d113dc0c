//! An upstream's answer, streamed or whole, as events.
//!
//! Items may unfold side by side; ours never overlap, so what a later one says is held until those
//! before it have ended.

use super::item::{Lane, Piece};
use super::wire::{self, Event, Item, Part, Response};
use crate::chat::responses::{error, usage};
use crate::chat::{ChatEvent, Finish, PartKind, ReadEvents, halves};
use crate::error::Fault;
use crate::frame::Frame;

/// Reads one answer.
#[derive(Default)]
pub(in crate::chat::responses) struct Reader {
    begun: bool,
    done: bool,
    /// Items that have begun and not been passed on to their end, in their order.
    lanes: Vec<Lane>,
    /// Every item so far, by its place and its id.
    seen: Vec<(u64, String)>,
    /// The next part's number.
    next: u32,
    called: bool,
    refused: bool,
}

impl ReadEvents for Reader {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let data = frame.data.trim_ascii();
        if self.done || data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let cannot = || Fault::unreadable("the provider sent a frame that cannot be read");
        let text = std::str::from_utf8(data).map_err(|_| cannot())?;
        let mut mended = String::new();
        let event: Event<'_> = halves::read(text, &mut mended).ok_or_else(cannot)?;
        // A server that keeps a silent stream open with an event of its own names it so.
        let name = std::str::from_utf8(&frame.event).ok().filter(|_| event.error.is_none());
        let kind = event.kind.as_deref().or(name).filter(|kind| !kind.is_empty());
        let Some(kind) = kind else { return Err(error::not_an_answer(data)) };
        if kind == "error" {
            return Err(error::fault(data));
        }
        self.event(kind, &event, out)
    }

    fn done(&self) -> bool {
        self.done
    }

    fn end(&mut self, _: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if self.done { Ok(()) } else { Err(Fault::cut()) }
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let no_answer = || error::not_an_answer(body);
        let text = std::str::from_utf8(body).map_err(|_| no_answer())?;
        let mut mended = String::new();
        let response: Response<'_> = halves::read(text, &mut mended).ok_or_else(no_answer)?;
        if response.failed() || response.output.is_none() {
            return Err(no_answer());
        }
        let status = wire::string(response.status);
        if matches!(status.as_deref(), Some("queued" | "in_progress")) {
            return Err(Fault::unreadable("the provider answers in the background"));
        }
        self.begin(&response, out);
        self.conclude(&response, out)
    }
}

impl Reader {
    fn event(
        &mut self,
        kind: &str,
        event: &Event<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        if let Some(stage) = stage(kind) {
            return self.stage(stage, event, out);
        }
        let at = |index: Option<u64>| index.unwrap_or(0);
        let (content, summary) = (at(event.content_index), at(event.summary_index));
        let piece = match kind {
            "response.output_item.added" => return self.added(event, out),
            "response.output_item.done" => return self.ended(event, out),
            "response.output_text.delta"
            | "response.output_text.done"
            | "response.output_text.annotation.added"
            | "response.content_part.done" => Piece::Text(content),
            "response.refusal.delta" | "response.refusal.done" => Piece::Refusal(content),
            "response.reasoning_summary_text.delta" | "response.reasoning_summary_text.done" => {
                Piece::Summary(summary)
            }
            "response.reasoning_text.delta" | "response.reasoning_text.done" => {
                Piece::Thought(content)
            }
            "response.function_call_arguments.delta"
            | "response.function_call_arguments.done"
            | "response.custom_tool_call_input.delta"
            | "response.custom_tool_call_input.done" => Piece::Input,
            // What else there is repeats what items and texts say when they are whole.
            _ => return Ok(()),
        };
        let Some(lane) = self.lane(event, piece)? else { return Ok(()) };
        if let Some(part) = event.part {
            if let Ok(part) = serde_json::from_str::<Part<'_>>(part.get()) {
                lane.part(content, &part);
            }
        } else if kind.ends_with(".delta") {
            lane.add(piece, wire::string(event.delta).unwrap_or_default());
        } else if kind.ends_with(".done") {
            let text = event.text.or(event.refusal).or(event.arguments).or(event.input);
            lane.complete(piece, wire::arguments(text));
        } else if let Some(note) = event.annotation {
            lane.annotate(piece, note.get());
        }
        if let Some(list) = wire::filled(event.logprobs).filter(|_| kind.ends_with(".delta")) {
            lane.logprobs(piece, list);
        }
        self.flush(out);
        Ok(())
    }

    fn stage(
        &mut self,
        stage: Stage,
        event: &Event<'_>,
        out: &mut Vec<ChatEvent>,
    ) -> Result<(), Fault> {
        let raw = event.response.map_or("{}", |raw| raw.get());
        let mut mended = String::new();
        let Some(response) = halves::read::<Response<'_>>(raw, &mut mended) else {
            return Err(Fault::unreadable("the provider sent a response that cannot be read"));
        };
        match stage {
            Stage::Failed => Err(error::fault(raw.as_bytes())),
            Stage::Begun => {
                self.begin(&response, out);
                Ok(())
            }
            Stage::Ended => {
                self.begin(&response, out);
                self.conclude(&response, out)
            }
        }
    }

    fn begin(&mut self, response: &Response<'_>, out: &mut Vec<ChatEvent>) {
        if !std::mem::replace(&mut self.begun, true) {
            let id = wire::string(response.id).unwrap_or_default();
            let model = wire::string(response.model).unwrap_or_default();
            out.push(ChatEvent::Begin { id, model });
        }
    }

    fn added(&mut self, event: &Event<'_>, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Some(json) = event.item else { return Ok(()) };
        let mut mended = String::new();
        let item = read_item(json.get(), &mut mended)?;
        let wire = self.place(event, item.id.as_deref());
        if !self.seen.iter().any(|(seen, _)| *seen == wire) {
            self.start(wire, &item);
        }
        self.flush(out);
        Ok(())
    }

    fn ended(&mut self, event: &Event<'_>, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let Some(json) = event.item else { return Ok(()) };
        let mut mended = String::new();
        let item = read_item(json.get(), &mut mended)?;
        let wire = self.place(event, item.id.as_deref());
        if !self.seen.iter().any(|(seen, _)| *seen == wire) {
            self.start(wire, &item);
        }
        if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.wire == wire && !lane.done) {
            lane.end(&item, json.get());
        }
        self.flush(out);
        Ok(())
    }

    /// The item that a delta belongs to. `None`: one that has ended.
    fn lane(&mut self, event: &Event<'_>, piece: Piece) -> Result<Option<&mut Lane>, Fault> {
        let id = event.item_id.as_deref().filter(|id| !id.is_empty());
        let wire = event.output_index.or_else(|| {
            let known = self.seen.iter().rev().find(|(_, seen)| Some(seen.as_str()) == id);
            known.or(self.seen.last()).map(|(wire, _)| *wire)
        });
        let wire = wire.unwrap_or(0);
        if !self.seen.iter().any(|(seen, _)| *seen == wire) {
            let Some(lane) = Lane::implied(wire, piece) else {
                return Err(Fault::unreadable("the provider added to a call it never began"));
            };
            self.seen.push((wire, id.unwrap_or_default().to_owned()));
            self.lanes.push(lane);
        }
        Ok(self.lanes.iter_mut().find(|lane| lane.wire == wire && !lane.done))
    }

    /// The place of an item: as said, else where one of its id stands, else the next.
    fn place(&self, event: &Event<'_>, id: Option<&str>) -> u64 {
        let id = id.filter(|id| !id.is_empty());
        let known = || self.seen.iter().find(|(_, seen)| Some(seen.as_str()) == id);
        let next = || self.seen.iter().map(|(wire, _)| wire + 1).max().unwrap_or(0);
        event.output_index.or_else(|| known().map(|(wire, _)| *wire)).unwrap_or_else(next)
    }

    fn start(&mut self, wire: u64, item: &Item<'_>) {
        let lane = Lane::begin(wire, item);
        self.called |= lane.is_call();
        self.seen.push((wire, lane.id.clone()));
        self.lanes.push(lane);
    }

    /// The last word: what the items still owe, why the answer ended, and what it cost.
    fn conclude(&mut self, response: &Response<'_>, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        for (wire, json) in (0..).zip(response.output.iter().flatten()) {
            let mut mended = String::new();
            let item = read_item(json.get(), &mut mended)?;
            let id = item.id.as_deref().filter(|id| !id.is_empty());
            let known = |(seen, name): &(u64, String)| *seen == wire || Some(name.as_str()) == id;
            match self.seen.iter().find(|seen| known(seen)).map(|(wire, _)| *wire) {
                None => self.start(wire, &item),
                Some(seen) if seen != wire => continue,
                Some(_) => (),
            }
            if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.wire == wire && !lane.done) {
                lane.end(&item, json.get());
            }
        }
        self.lanes.iter_mut().filter(|lane| !lane.done).for_each(Lane::finish);
        self.flush(out);
        self.done = true;
        let reason = self.reason(response)?;
        out.push(ChatEvent::Finish { choice: 0, reason, stop: None });
        if let Some(usage) = response.usage.and_then(|raw| usage::read(raw.get())) {
            out.push(ChatEvent::Usage(usage));
        }
        Ok(())
    }

    fn reason(&self, response: &Response<'_>) -> Result<Finish, Fault> {
        Ok(match response.why_incomplete().as_deref() {
            Some("content_filter") => Finish::Refused,
            Some(_) => Finish::Length,
            None => match wire::string(response.status).as_deref() {
                Some("incomplete") => Finish::Length,
                Some("failed" | "cancelled") => {
                    let message = "the provider ended its answer without completing it";
                    return Err(Fault::reported(None, message));
                }
                _ if self.called => Finish::ToolCalls,
                _ if self.refused => Finish::Refused,
                _ => Finish::Stop,
            },
        })
    }

    /// Passes on what the first item says, and the next where that has ended.
    fn flush(&mut self, out: &mut Vec<ChatEvent>) {
        while let Some(lane) = self.lanes.first_mut() {
            for mut event in lane.said.drain(..) {
                if let ChatEvent::Open { part, .. } = &event {
                    self.refused |= *part == PartKind::Refusal;
                    self.next += 1;
                }
                number(&mut event, self.next.saturating_sub(1));
                if !std::mem::replace(&mut self.begun, true) {
                    let (id, model) = (String::new(), String::new());
                    out.push(ChatEvent::Begin { id, model });
                }
                out.push(event);
            }
            if !lane.done {
                return;
            }
            self.lanes.remove(0);
        }
    }
}

fn number(event: &mut ChatEvent, part: u32) {
    if let ChatEvent::Open { index, .. }
    | ChatEvent::Delta { index, .. }
    | ChatEvent::Seal { index, .. }
    | ChatEvent::Annotation { index, .. }
    | ChatEvent::Close { index, .. } = event
    {
        *index = part;
    }
}

fn read_item<'a>(json: &'a str, mended: &'a mut String) -> Result<Item<'a>, Fault> {
    halves::read(json, mended)
        .ok_or_else(|| Fault::unreadable("the provider sent an item that cannot be read"))
}

/// What an event says of the answer as a whole.
#[derive(Clone, Copy)]
enum Stage {
    Begun,
    Ended,
    Failed,
}

fn stage(kind: &str) -> Option<Stage> {
    Some(match kind {
        "response.created" | "response.in_progress" | "response.queued" => Stage::Begun,
        "response.completed" | "response.incomplete" => Stage::Ended,
        "response.failed" | "response.cancelled" => Stage::Failed,
        _ => return None,
    })
}
