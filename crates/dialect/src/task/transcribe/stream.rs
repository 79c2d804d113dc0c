//! Streamed transcripts of providers that speak OpenAI's grammar, passed on frame by frame; a whole
//! answer where a stream was asked for becomes one.

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde_json::Value;

use super::openai::{Told, ToldUsage, as_events, by_length};
use crate::carry::{Carried, Carry, Seen};
use crate::error::Fault;
use crate::frame::split::{self, Splitter};
use crate::frame::{FrameTooLong, LONGEST};
use crate::task::audio::length::Length;
use crate::task::error;

/// Carries one transcript.
pub(super) struct Events {
    form: Form,
    length: Length,
    seen: Seen,
    /// The last event went by.
    done: bool,
    ended: bool,
}

enum Form {
    Frames(Splitter),
    /// Whole: JSON, or the bare text.
    Whole {
        body: BytesMut,
        is_text: bool,
    },
}

/// What is looked at of an event.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Event {
    r#type: String,
    delta: Option<String>,
    usage: Option<ToldUsage>,
    /// vLLM's chunks: <https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html>.
    choices: Option<Vec<Value>>,
}

impl Events {
    /// `is_stream`: the provider says it is one. `is_text`: a whole answer is no JSON.
    pub(super) fn new(is_stream: bool, is_text: bool, length: Length) -> Events {
        let form = if is_stream {
            Form::Frames(Splitter::default())
        } else {
            Form::Whole { body: BytesMut::new(), is_text }
        };
        Events { form, length, seen: Seen::default(), done: false, ended: false }
    }

    fn take(&mut self, chunk: Bytes, out: &mut Carried) -> Result<(), Fault> {
        match &mut self.form {
            Form::Whole { body, .. } => {
                if body.len() + chunk.len() > LONGEST {
                    return Err(FrameTooLong.into());
                }
                body.extend_from_slice(&chunk);
                Ok(())
            }
            Form::Frames(splitter) => {
                let runs: Vec<Bytes> = splitter.push(chunk)?.collect();
                if splitter.normalised() {
                    self.seen.repaired("crlf");
                }
                runs.into_iter().try_for_each(|run| self.run(run, out))
            }
        }
    }

    fn run(&mut self, run: Bytes, out: &mut Carried) -> Result<(), Fault> {
        for frame in split::frames(&run) {
            if let Some(frame) = split::read(&frame) {
                self.look(&frame.event, &frame.data)?;
            }
        }
        out.bytes.push(run);
        Ok(())
    }

    fn look(&mut self, name: &[u8], data: &[u8]) -> Result<(), Fault> {
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        let event: Event = serde_json::from_slice(data).unwrap_or_default();
        match event.r#type.as_str() {
            "transcript.text.delta" | "transcript.text.segment" => self.seen.semantic = true,
            "transcript.text.done" => {
                self.seen.semantic = true;
                self.done = true;
            }
            "error" => return Err(error::in_place_of_an_answer(data)),
            _ if name == b"error" || is_error(data) => {
                return Err(error::in_place_of_an_answer(data));
            }
            _ => self.seen.semantic |= event.choices.is_some(),
        }
        self.seen.content_bytes += event.delta.map_or(0, |it| it.len() as u64);
        if let Some(usage) = event.usage.as_ref().and_then(ToldUsage::usage) {
            self.seen.usage = Some(usage);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Carried) -> Result<(), Fault> {
        match &mut self.form {
            Form::Whole { body, is_text } => {
                let (body, is_text) = (body.split().freeze(), *is_text);
                self.whole(&body, is_text, out)?;
            }
            Form::Frames(splitter) => {
                if let Some(tail) = splitter.finish() {
                    self.seen.repaired("frame_break");
                    self.run(tail, out)?;
                }
                if !self.done {
                    return Err(Fault::cut());
                }
            }
        }
        if self.seen.usage.is_none() {
            let (usage, source) = by_length(self.length);
            self.seen.usage = Some(usage);
            self.seen.source = Some(source);
        }
        Ok(())
    }

    fn whole(&mut self, body: &Bytes, is_text: bool, out: &mut Carried) -> Result<(), Fault> {
        let value: Option<Value> = serde_json::from_slice(body).ok();
        let (text, usage) = match Told::read(body) {
            Ok(told) => {
                let (usage, source) = told.consumed(self.length);
                self.seen.usage = Some(usage);
                self.seen.source = Some(source);
                (told.text, value.as_ref().and_then(|it| it.get("usage")))
            }
            Err(fault) => match std::str::from_utf8(body) {
                Ok(text) if is_text && value.is_none() => (text.trim_end().to_owned(), None),
                _ => return Err(fault),
            },
        };
        self.seen.semantic = true;
        self.seen.repaired("not_streamed");
        out.bytes.push(as_events(&text, &[], usage));
        Ok(())
    }
}

/// Whether this is an error's envelope, which begins no event of a transcript.
fn is_error(data: &[u8]) -> bool {
    serde_json::from_slice::<Value>(data)
        .is_ok_and(|it| it.get("error").is_some_and(|e| !e.is_null()))
}

impl Carry for Events {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        if self.ended {
            return;
        }
        if let Err(fault) = self.take(chunk, out) {
            self.ended = true;
            out.end = Some(Err(fault));
        }
    }

    fn end(&mut self, out: &mut Carried) {
        if !self.ended {
            self.ended = true;
            out.end = Some(self.finish(out));
        }
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}
