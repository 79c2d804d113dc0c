//! Events, written as an answer of this dialect: the text of each choice; what is no text is lost.

use wayleave_model::Usage;

use crate::carry::Answer;
use crate::chat::json::{self, Object};
use crate::chat::lost::Lost;
use crate::chat::openai::usage;
use crate::chat::{ChatEvent, Finish, PartKind, WriteEvents};

/// Writes one answer.
pub(super) struct Writer {
    answer: Answer,
    id: String,
    model: String,
    /// The parts that are text: choice and index.
    texts: Vec<(u32, u32)>,
    usage: Option<Usage>,
    lost: Lost,
}

impl WriteEvents for Writer {
    fn event(&mut self, event: &ChatEvent, out: &mut Vec<u8>) {
        if let Some((choice, text, finish)) = self.take(event) {
            self.chunk(Some((choice, text, finish)), None, out);
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if let Some(usage) = self.usage.filter(|_| self.answer.include_usage) {
            self.chunk(None, Some(&usage), out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    fn whole(&mut self, events: &[ChatEvent]) -> Vec<u8> {
        let mut choices: Vec<(u32, String, Option<Finish>)> = Vec::new();
        for event in events {
            let Some((choice, text, finish)) = self.take(event) else { continue };
            match choices.iter_mut().find(|(known, ..)| *known == choice) {
                Some((_, words, end)) => {
                    words.push_str(text);
                    *end = end.or(finish);
                }
                None => choices.push((choice, text.to_owned(), finish)),
            }
        }
        choices.sort_by_key(|(choice, ..)| *choice);
        let mut out = Vec::with_capacity(512);
        json::object(&mut out, |body| {
            self.identify(body);
            let choices = choices.iter().map(|(choice, text, finish)| {
                one(*choice, text, Some(finish.unwrap_or(Finish::Stop)))
            });
            body.list("choices", choices);
            if let Some(usage) = &self.usage {
                body.nest("usage", |report| usage::write(usage, report));
            }
        });
        out
    }

    fn losses(&self) -> &[&'static str] {
        self.lost.names()
    }
}

impl Writer {
    /// Nothing is written yet.
    pub(super) fn new(answer: &Answer) -> Writer {
        Writer {
            answer: answer.clone(),
            id: String::new(),
            model: String::new(),
            texts: Vec::new(),
            usage: None,
            lost: Lost::default(),
        }
    }

    /// What an event says of which choice, if it says anything here.
    fn take<'e>(&mut self, event: &'e ChatEvent) -> Option<(u32, &'e str, Option<Finish>)> {
        match event {
            ChatEvent::Begin { id, model } => {
                id.clone_into(&mut self.id);
                model.clone_into(&mut self.model);
            }
            ChatEvent::Open { choice, index, part } => match part {
                PartKind::Text | PartKind::Refusal => self.texts.push((*choice, *index)),
                PartKind::Reasoning => self.lost.note("answer.reasoning"),
                PartKind::ToolCall { .. } => self.lost.note("answer.tool_calls"),
                PartKind::Image { .. } => self.lost.note("answer.images"),
                PartKind::Audio { .. } => self.lost.note("answer.audio"),
                PartKind::Vendor { .. } => self.lost.note("answer.vendor_parts"),
            },
            ChatEvent::Delta { choice, index, text } => {
                return self.texts.contains(&(*choice, *index)).then_some((*choice, text, None));
            }
            ChatEvent::Seal { seal, .. } => self.lost.seal(seal.kind),
            ChatEvent::Annotation { kind, .. } => self.lost.annotation(kind),
            ChatEvent::Finish { choice, reason, stop } => {
                if stop.is_some() {
                    self.lost.note("answer.stop_sequence");
                }
                return Some((*choice, "", Some(*reason)));
            }
            ChatEvent::Usage(usage) => self.usage = Some(*usage),
            ChatEvent::Close { .. } => (),
        }
        None
    }

    fn chunk(
        &self,
        said: Option<(u32, &str, Option<Finish>)>,
        usage: Option<&Usage>,
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(b"data: ");
        json::object(out, |chunk| {
            self.identify(chunk);
            chunk.list("choices", said.map(|(choice, text, finish)| one(choice, text, finish)));
            if let Some(usage) = usage {
                chunk.nest("usage", |report| usage::write(usage, report));
            }
        });
        out.extend_from_slice(b"\n\n");
    }

    fn identify(&self, body: &mut Object<'_>) {
        let id = if self.id.is_empty() { &self.answer.id } else { &self.id };
        let prefix = if id.starts_with("cmpl-") { "" } else { "cmpl-" };
        body.text("id", &format!("{prefix}{id}")).text("object", "text_completion");
        body.raw("created", &self.answer.created.to_string());
        body.text("model", self.answer.model.as_deref().unwrap_or(&self.model));
    }
}

fn one(choice: u32, text: &str, finish: Option<Finish>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + text.len());
    json::object(&mut out, |body| {
        body.text("text", text).count("index", choice.into()).raw("logprobs", "null");
        match finish {
            None => body.raw("finish_reason", "null"),
            Some(Finish::Length | Finish::ContextLength) => body.text("finish_reason", "length"),
            Some(Finish::Refused) => body.text("finish_reason", "content_filter"),
            Some(_) => body.text("finish_reason", "stop"),
        };
    });
    out
}
