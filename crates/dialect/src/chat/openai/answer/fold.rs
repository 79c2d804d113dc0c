//! A whole answer, folded from its events.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use wayleave_model::Usage;

use super::words::{call_words, finish_word, identify, image, unwrap, url_citation};
use crate::carry::Answer;
use crate::chat::cited::{self, Desk, Found};
use crate::chat::json::{self, Object};
use crate::chat::openai::usage;
use crate::chat::{ChatEvent, Finish, PartKind};

/// What the events add up to.
#[derive(Default)]
pub(super) struct Folded {
    id: String,
    model: String,
    choices: Vec<Choice>,
    usage: Option<Usage>,
}

/// One of the answers.
#[derive(Default)]
struct Choice {
    index: u32,
    parts: Vec<Part>,
    annotations: Vec<String>,
    logprobs: Vec<String>,
    finish: Option<Finish>,
}

struct Part {
    index: u32,
    kind: PartKind,
    text: String,
    cited: Vec<Found>,
}

impl Folded {
    /// Folds `events`.
    pub(super) fn of(events: &[ChatEvent]) -> Folded {
        let mut folded = Folded::default();
        events.iter().for_each(|event| folded.take(event));
        folded.choices.sort_by_key(|choice| choice.index);
        folded
    }

    fn take(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Begin { id, model } => {
                id.clone_into(&mut self.id);
                model.clone_into(&mut self.model);
            }
            ChatEvent::Open { choice, index, part } => {
                let (index, kind) = (*index, part.clone());
                let (text, cited) = (String::new(), Vec::new());
                self.choice(*choice).parts.push(Part { index, kind, text, cited });
            }
            ChatEvent::Delta { choice, index, text } => {
                let parts = &mut self.choice(*choice).parts;
                if let Some(part) = parts.iter_mut().rev().find(|part| part.index == *index) {
                    part.text.push_str(text);
                }
            }
            ChatEvent::Annotation { choice, index, kind, json } => match kind.as_str() {
                "citation" => {
                    let parts = &mut self.choice(*choice).parts;
                    if let Some(part) = parts.iter_mut().rev().find(|part| part.index == *index) {
                        part.cited.push(cited::read(kind, json));
                    }
                }
                "annotation" => self.choice(*choice).annotations.push(json.clone()),
                "logprobs" => self.choice(*choice).logprobs.push(json.clone()),
                _ => (),
            },
            ChatEvent::Finish { choice, reason, .. } => self.choice(*choice).finish = Some(*reason),
            ChatEvent::Usage(usage) => self.usage = Some(*usage),
            ChatEvent::Close { .. } | ChatEvent::Seal { .. } => (),
        }
    }

    /// Whether one of the answers calls more than one tool.
    pub(super) fn calls_several(&self) -> bool {
        let is_call = |part: &&Part| matches!(part.kind, PartKind::ToolCall { .. });
        self.choices.iter().any(|choice| choice.parts.iter().filter(is_call).count() > 1)
    }

    fn choice(&mut self, index: u32) -> &mut Choice {
        let at = self.choices.iter().position(|choice| choice.index == index);
        let at = at.unwrap_or_else(|| {
            self.choices.push(Choice { index, ..Choice::default() });
            self.choices.len() - 1
        });
        &mut self.choices[at]
    }

    /// The body. Usage is in it when the events had any: every figure, all integers.
    pub(super) fn write(&self, answer: &Answer) -> Vec<u8> {
        let texts = self.choices.iter().flat_map(|choice| &choice.parts);
        let texts: usize = texts.map(|part| part.text.len()).sum();
        let mut out = Vec::with_capacity(1024 + texts);
        identify(&mut out, answer, &self.id, &self.model, "chat.completion");
        out.extend_from_slice(b",\"choices\":");
        json::each(&mut out, &self.choices, |out, choice| choice.write(answer, out));
        if let Some(usage) = &self.usage {
            out.extend_from_slice(b",\"usage\":");
            json::object(&mut out, |object| usage::write(usage, object));
        }
        out.push(b'}');
        out
    }
}

impl Choice {
    fn write(&self, answer: &Answer, out: &mut Vec<u8>) {
        json::object(out, |object| {
            object.count("index", self.index.into());
            object.nest("message", |message| self.message(answer, message));
            match self.logprobs.is_empty() {
                true => object.raw("logprobs", "null"),
                false => object.with("logprobs", |out| logprobs(&self.logprobs, out)),
            };
            let refused = self.text(&PartKind::Refusal).is_some();
            let finish = self.finish.unwrap_or(Finish::Stop);
            let word = finish_word(finish, refused, answer.legacy_functions);
            object.text("finish_reason", word);
        });
    }

    fn message(&self, answer: &Answer, message: &mut Object<'_>) {
        let text = self.text(&PartKind::Text);
        let refusal = self.text(&PartKind::Refusal);
        let calls: Vec<_> = self.parts.iter().filter_map(|part| call(part, answer)).collect();
        message.text("role", "assistant");
        match text {
            Some(text) => message.text("content", &text),
            None if refusal.is_none() && calls.is_empty() => message.text("content", ""),
            None => message.raw("content", "null"),
        };
        match refusal {
            Some(refusal) => message.text("refusal", &refusal),
            None => message.raw("refusal", "null"),
        };
        if let Some(reasoning) = self.text(&PartKind::Reasoning) {
            message.text("reasoning_content", &reasoning);
        }
        let notes: Vec<String> = self.annotations.iter().cloned().chain(self.sources()).collect();
        if !notes.is_empty() {
            message.list("annotations", &notes);
        }
        let images: Vec<_> = self.parts.iter().filter_map(picture).zip(0..).collect();
        if !images.is_empty() {
            let images = images.iter().map(|((mime, base64), nth)| image(*nth, mime, base64));
            message.list("images", images);
        }
        if let Some(audio) = self.parts.iter().find_map(audio) {
            message.raw("audio", &audio);
        }
        match calls.first() {
            Some(call) if answer.legacy_functions => {
                message.with("function_call", |out| out.extend_from_slice(call));
            }
            Some(_) => {
                message.list("tool_calls", calls);
            }
            None => (),
        }
    }

    /// What the texts cite, as annotations.
    fn sources(&self) -> Vec<String> {
        let (mut desk, mut notes) = (Desk::default(), Vec::new());
        for part in &self.parts {
            if part.kind == PartKind::Text {
                desk.begin();
                desk.say(&part.text);
            }
            part.cited.iter().for_each(|found| desk.cite(found.clone()));
            let placed = desk.settle();
            notes.extend(placed.iter().map(|it| url_citation(&desk, it)));
        }
        notes
    }

    /// The text of all parts of a kind.
    fn text(&self, kind: &PartKind) -> Option<Cow<'_, str>> {
        let mut texts = self.parts.iter().filter(|part| part.kind == *kind).map(|it| &*it.text);
        let mut all = Cow::Borrowed(texts.next()?);
        for text in texts {
            all.to_mut().push_str(text);
        }
        Some(all)
    }
}

fn call(part: &Part, answer: &Answer) -> Option<Vec<u8>> {
    let PartKind::ToolCall { id, name, custom } = &part.kind else { return None };
    let wrapped = !custom && answer.custom_tools.contains(name);
    let input = match part.text.as_str() {
        text if wrapped => unwrap(text),
        // Clients parse arguments, and nothing is no JSON.
        "" if !custom => "{}".to_owned(),
        text => text.to_owned(),
    };
    let (kind, field) = call_words(*custom || wrapped);
    let mut out = Vec::with_capacity(128 + input.len());
    if answer.legacy_functions {
        json::object(&mut out, |call| {
            call.text("name", name).text("arguments", &input);
        });
        return Some(out);
    }
    json::object(&mut out, |call| {
        call.text("id", id).text("type", kind);
        call.nest(kind, |inner| {
            inner.text("name", name).text(field, &input);
        });
    });
    Some(out)
}

/// A picture's type and its base64.
fn picture(part: &Part) -> Option<(&str, &str)> {
    match &part.kind {
        PartKind::Image { mime } => Some((mime, &part.text)),
        _ => None,
    }
}

fn audio(part: &Part) -> Option<String> {
    match &part.kind {
        PartKind::Vendor { kind } if kind == "audio" => Some(part.text.clone()),
        PartKind::Audio { id } => {
            let mut out = Vec::with_capacity(part.text.len() + 64);
            json::object(&mut out, |audio| {
                audio.text("id", id).text("data", &part.text);
            });
            String::from_utf8(out).ok()
        }
        _ => None,
    }
}

/// The reports of a stream as one: their lists joined.
fn logprobs(reports: &[String], out: &mut Vec<u8>) {
    #[derive(Deserialize)]
    struct Report<'a> {
        #[serde(borrow, default)]
        content: Option<Vec<&'a RawValue>>,
        #[serde(borrow, default)]
        refusal: Option<Vec<&'a RawValue>>,
    }
    if let [report] = reports {
        return out.extend_from_slice(report.as_bytes());
    }
    let reports: Vec<Report<'_>> =
        reports.iter().filter_map(|report| serde_json::from_str(report).ok()).collect();
    let write = |object: &mut Object<'_>, key, lists: Vec<&Vec<&RawValue>>| {
        match lists.is_empty() {
            true => object.raw(key, "null"),
            false => object.list(key, lists.into_iter().flatten().map(|raw| raw.get())),
        };
    };
    json::object(out, |object| {
        write(object, "content", reports.iter().filter_map(|r| r.content.as_ref()).collect());
        write(object, "refusal", reports.iter().filter_map(|r| r.refusal.as_ref()).collect());
    });
}
