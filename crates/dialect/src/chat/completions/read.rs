//! An answer of this dialect, streamed or whole, read as events: each choice is one text.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::carry::Choice;
use crate::chat::openai::error;
use crate::chat::openai::usage::Report;
use crate::chat::{ChatEvent, Finish, PartKind, ReadEvents, halves};
use crate::error::Fault;
use crate::frame::Frame;

/// Reads one answer.
#[derive(Default)]
pub(super) struct Reader {
    begun: bool,
    done: bool,
    choices: Vec<Text>,
}

/// One of the texts.
struct Text {
    choice: u32,
    open: bool,
    finished: bool,
}

/// A chunk or a whole answer.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl ReadEvents for Reader {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let data = frame.data.trim_ascii();
        if self.done || data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.done = true;
            self.choices.iter_mut().for_each(|text| text.finish(Finish::Stop, out));
            return Ok(());
        }
        self.chunk(data, out).map(|_| ())
    }

    fn done(&self) -> bool {
        self.done
    }

    fn end(&mut self, _: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let whole = !self.choices.is_empty() && self.choices.iter().all(|text| text.finished);
        if whole { Ok(()) } else { Err(Fault::cut()) }
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        if self.chunk(body, out)? == 0 {
            return Err(error::not_an_answer(body));
        }
        self.done = true;
        self.choices.iter_mut().for_each(|text| text.finish(Finish::Stop, out));
        Ok(())
    }
}

impl Reader {
    /// Reads a chunk; how many choices it had.
    fn chunk(&mut self, data: &[u8], out: &mut Vec<ChatEvent>) -> Result<usize, Fault> {
        let no_answer = || error::not_an_answer(data);
        let text = std::str::from_utf8(data).map_err(|_| no_answer())?;
        let mut mended = String::new();
        let chunk: Chunk<'_> = halves::read(text, &mut mended).ok_or_else(no_answer)?;
        if chunk.error.is_some() {
            return Err(error::fault(data));
        }
        let choices = chunk.choices.ok_or_else(no_answer)?;
        if !self.begun && !choices.is_empty() {
            self.begun = true;
            let id = chunk.id.unwrap_or_default().into_owned();
            out.push(ChatEvent::Begin { id, model: chunk.model.unwrap_or_default().into_owned() });
        }
        for (at, choice) in (0..).zip(&choices) {
            self.choice(choice.index.unwrap_or(at), choice, out);
        }
        let report = chunk.usage.and_then(|raw| Report::read(raw.get().as_bytes())?.usage());
        out.extend(report.map(ChatEvent::Usage));
        Ok(choices.len())
    }

    fn choice(&mut self, index: u32, choice: &Choice<'_>, out: &mut Vec<ChatEvent>) {
        let at = self.choices.iter().position(|text| text.choice == index);
        let at = at.unwrap_or_else(|| {
            self.choices.push(Text { choice: index, open: false, finished: false });
            self.choices.len() - 1
        });
        let text = &mut self.choices[at];
        if text.finished {
            return;
        }
        if let Some(words) = choice.text.as_deref().filter(|words| !words.is_empty()) {
            text.open(out);
            out.push(ChatEvent::Delta { choice: index, index: 0, text: words.to_owned() });
        }
        if let Some(logprobs) = choice.logprobs.filter(|logprobs| logprobs.get() != "null") {
            text.open(out);
            // Not of the form that conversations have theirs in.
            let (kind, json) = ("completions.logprobs".to_owned(), logprobs.get().to_owned());
            out.push(ChatEvent::Annotation { choice: index, index: 0, kind, json });
        }
        match choice.finish() {
            None => (),
            Some("length") => text.finish(Finish::Length, out),
            Some("content_filter") => text.finish(Finish::Refused, out),
            Some(_) => text.finish(Finish::Stop, out),
        }
    }
}

impl Text {
    fn open(&mut self, out: &mut Vec<ChatEvent>) {
        if !std::mem::replace(&mut self.open, true) {
            out.push(ChatEvent::Open { choice: self.choice, index: 0, part: PartKind::Text });
        }
    }

    fn finish(&mut self, reason: Finish, out: &mut Vec<ChatEvent>) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        if self.open {
            out.push(ChatEvent::Close { choice: self.choice, index: 0 });
        }
        out.push(ChatEvent::Finish { choice: self.choice, reason, stop: None });
    }
}
