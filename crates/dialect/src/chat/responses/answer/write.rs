//! The client's answer, written from events as they come.
//!
//! The grammar: `response.created`, `response.in_progress`; for each item `output_item.added`, what
//! it is made of, `output_item.done`; `response.completed` or `response.incomplete` with all of it.
//! Texts that follow each other are parts of one message. An item ends when the next begins or the
//! answer ends, so that it can say whether it was cut.

use wayleave_model::Usage;

use super::super::names;
use super::super::request::is_item;
use super::frames::Frames;
use super::lost::Watch;
use super::object::{Head, Stage, why_incomplete};
use super::open::{Call, Kind, Open};
use crate::carry::Answer;
use crate::chat::json::object;
use crate::chat::{ChatEvent, Finish, PartKind, SealKind, WriteEvents};

/// The state between events.
pub(in super::super) struct Writer {
    head: Head,
    /// What the ids of items are made of.
    stem: String,
    custom_tools: Vec<String>,
    frames: Frames,
    begun: bool,
    /// The part that deltas belong to, and what it is.
    part: Option<(u32, PartKind)>,
    item: Option<Open>,
    /// The items that are whole.
    items: Vec<Vec<u8>>,
    /// Ids of calls: clients refuse an answer in which two are the same.
    calls: Vec<String>,
    refused: bool,
    finish: Finish,
    usage: Usage,
    watch: Watch,
}

impl Writer {
    /// A writer of the answer that `answer` names.
    pub(in super::super) fn new(answer: &Answer) -> Writer {
        Writer {
            head: Head::new(answer),
            stem: names::stem(&answer.id),
            custom_tools: answer.custom_tools.clone(),
            frames: Frames::default(),
            begun: false,
            part: None,
            item: None,
            items: Vec::new(),
            calls: Vec::new(),
            refused: false,
            finish: Finish::Stop,
            usage: Usage::default(),
            watch: Watch::default(),
        }
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        for kind in ["response.created", "response.in_progress"] {
            let head = &self.head;
            self.frames.put(out, kind, |data| {
                data.nest("response", |response| head.write(response, &Stage::Begun));
            });
        }
    }

    /// A part begins. Calls are announced at once; of the others only what says something is.
    fn open(&mut self, index: u32, part: &PartKind, out: &mut Vec<u8>) {
        self.end_part(out);
        let says = matches!(part, PartKind::Text | PartKind::Refusal);
        if !says || !matches!(self.item, Some(Open { kind: Kind::Message { .. }, .. })) {
            self.end_item("completed", out);
        }
        self.part = Some((index, part.clone()));
        if matches!(part, PartKind::ToolCall { .. }) {
            self.item(out);
        }
    }

    /// The item that the open part belongs to, begun if it is not; `None`: this dialect has none.
    fn item(&mut self, out: &mut Vec<u8>) -> Option<&mut Open> {
        if self.item.is_some() {
            return self.item.as_mut();
        }
        let (_, part) = self.part.as_ref()?;
        let (prefix, kind) = match part.clone() {
            PartKind::Text | PartKind::Refusal => {
                ("msg", Kind::Message { parts: Vec::new(), open: None })
            }
            PartKind::Reasoning => ("rs", Kind::Reasoning { text: String::new(), seal: None }),
            PartKind::Image { mime } => {
                let format = mime.strip_prefix("image/").unwrap_or("png").to_owned();
                ("ig", Kind::Image { format, base64: String::new() })
            }
            PartKind::Vendor { kind } if is_item(&kind) => ("", Kind::Vendor(String::new())),
            PartKind::Vendor { .. } | PartKind::Audio { .. } => return None,
            PartKind::ToolCall { id, name, custom } => {
                let call = self.call(id, &name, custom);
                (if call.custom { "ctc" } else { "fc" }, Kind::Call(call))
            }
        };
        let at = self.items.len() as u64;
        let open = Open { id: format!("{prefix}_{}_{at}", self.stem), at, kind };
        if !matches!(open.kind, Kind::Vendor(_)) {
            open.begin(&mut self.frames, out);
        }
        Some(self.item.insert(open))
    }

    fn call(&mut self, id: String, name: &str, custom: bool) -> Call {
        let call_id = match id {
            id if id.is_empty() || self.calls.contains(&id) => {
                format!("call_{}_{}", self.stem, self.calls.len())
            }
            id => id,
        };
        self.calls.push(call_id.clone());
        let wrapped = !custom && self.custom_tools.iter().any(|tool| tool == name);
        let (namespace, name) = names::unflat(name);
        Call {
            call_id,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
            custom: custom || wrapped,
            wrapped,
            input: String::new(),
        }
    }

    fn end_part(&mut self, out: &mut Vec<u8>) {
        let Some((_, part)) = self.part.take() else { return };
        if let Some(item) = &mut self.item {
            item.end_part(&mut self.frames, out);
        }
        if !matches!(part, PartKind::Text | PartKind::Refusal | PartKind::ToolCall { .. }) {
            self.end_item("completed", out);
        }
    }

    fn end_item(&mut self, status: &str, out: &mut Vec<u8>) {
        let Some(item) = self.item.take() else { return };
        if let Kind::Vendor(json) = &item.kind {
            if !json.starts_with('{')
                || serde_json::from_str::<serde::de::IgnoredAny>(json).is_err()
            {
                return;
            }
            item.begin(&mut self.frames, out);
        }
        self.items.push(item.end(status, &mut self.frames, out));
    }

    fn is_open(&self, index: u32) -> bool {
        self.part.as_ref().is_some_and(|(open, _)| *open == index)
    }

    /// What the whole answer ends with, as its reason.
    fn ended(&self) -> Finish {
        match self.finish {
            // A refusal in words is an answer that was completed.
            Finish::Refused if self.refused => Finish::Stop,
            finish => finish,
        }
    }
}

impl WriteEvents for Writer {
    fn event(&mut self, event: &ChatEvent, out: &mut Vec<u8>) {
        self.watch.event(event);
        match event {
            ChatEvent::Begin { id, model } if !self.begun => {
                self.head.begin(id, model);
                self.start(out);
            }
            ChatEvent::Usage(usage) => self.usage = *usage,
            ChatEvent::Open { choice: 0, index, part } => {
                self.start(out);
                self.open(*index, part, out);
            }
            ChatEvent::Delta { choice: 0, index, text } if self.is_open(*index) => {
                let refusal = matches!(self.part, Some((_, PartKind::Refusal)));
                self.refused |= refusal;
                if !text.is_empty()
                    && self.item(out).is_some()
                    && let Some(item) = &mut self.item
                {
                    item.add(refusal, text, &mut self.frames, out);
                }
            }
            ChatEvent::Seal { choice: 0, index, seal } if self.is_open(*index) => {
                let is_thought = matches!(self.part, Some((_, PartKind::Reasoning)));
                if is_thought
                    && seal.kind == SealKind::Encrypted
                    && let Some(item) = self.item(out)
                {
                    item.seal(seal);
                }
            }
            ChatEvent::Annotation { choice: 0, index, kind, json } if self.is_open(*index) => {
                if matches!(self.part, Some((_, PartKind::Text)))
                    && self.item(out).is_some()
                    && let Some(item) = &mut self.item
                {
                    item.annotate(kind, json, &mut self.frames, out);
                }
            }
            ChatEvent::Close { choice: 0, index } if self.is_open(*index) => self.end_part(out),
            ChatEvent::Finish { choice: 0, reason, .. } => {
                self.start(out);
                self.finish = *reason;
                let cut = why_incomplete(self.ended()).is_some();
                self.end_part(out);
                self.end_item(if cut { "incomplete" } else { "completed" }, out);
            }
            // One answer is all there can be.
            _ => (),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        self.end_part(out);
        self.end_item("completed", out);
        let finish = self.ended();
        let kind = match why_incomplete(finish) {
            None => "response.completed",
            Some(_) => "response.incomplete",
        };
        let stage = Stage::Ended(finish, &self.items, &self.usage);
        let head = &self.head;
        self.frames.put(out, kind, |data| {
            data.nest("response", |response| head.write(response, &stage));
        });
    }

    fn whole(&mut self, events: &[ChatEvent]) -> Vec<u8> {
        self.frames.silent = true;
        let mut out = Vec::new();
        for event in events {
            self.event(event, &mut out);
        }
        self.end(&mut out);
        let stage = Stage::Ended(self.ended(), &self.items, &self.usage);
        object(&mut out, |response| self.head.write(response, &stage));
        out
    }

    fn losses(&self) -> &[&'static str] {
        self.watch.names()
    }
}
