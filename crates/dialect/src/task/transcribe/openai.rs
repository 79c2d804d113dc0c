//! Transcripts by providers that speak OpenAI's grammar: the client's form goes up field by field,
//! and the answer comes back as it is.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::stream::Events;
use super::{Format, Transcribe, UNKNOWN_TYPE};
use crate::error::Fault;
use crate::raw::RawObject;
use crate::task::audio::Sound;
use crate::task::audio::length::Length;
use crate::task::{
    Broken, Callee, Context, FormWriter, ReadAnswer, Reader, Said, SaidHead, Spoken, StreamAnswer,
    Streaming, Wire, Written, error, splice,
};

/// The form again, with the model's own name and the file's true type.
pub(super) fn write(asked: &Transcribe, to: &Callee<'_>) -> Written {
    let mut form = FormWriter::unforeseen();
    let mut edits: Vec<Cow<'static, str>> = Vec::new();
    let mut named = false;
    for (name, value) in &asked.fields {
        if name != "model" {
            form.field(name, value);
        } else if !std::mem::replace(&mut named, true) {
            form.field("model", to.model);
        }
    }
    if asked.model != to.model {
        edits.push("model".into());
    }
    let (filename, renamed) = asked.filename();
    if renamed {
        edits.push("file.filename".into());
    }
    let content_type = match (Sound::of(&asked.file.head), asked.said_type()) {
        (Some(sound), Some(said)) if sound.is_called(said) => said,
        (Some(sound), _) => {
            edits.push("file.content_type".into());
            sound.media_type()
        }
        (None, said) => said.unwrap_or(UNKNOWN_TYPE),
    };
    form.file("file", &filename, content_type, asked.file.at.clone());
    for other in &asked.others {
        let name = other.filename.as_deref().unwrap_or("file");
        let kind = other.content_type.as_deref().unwrap_or(UNKNOWN_TYPE);
        form.file(&other.field, name, kind, other.at.clone());
    }
    let (content_type, body) = form.end();
    let (format, length) = (asked.format.clone(), asked.length);
    let reader = if asked.stream {
        Reader::Stream(Box::new(Streamed { format, length }))
    } else {
        Reader::Whole(Box::new(Whole { format, length, said: Said::default() }))
    };
    Written { wires: vec![Wire::new(content_type, body)], edits, reader }
}

/// The provider's answer, passed on.
struct Whole {
    format: Format,
    length: Length,
    said: Said,
}

impl ReadAnswer for Whole {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        self.said = said;
        Ok(())
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let is_text = matches!(self.format, Format::Text | Format::Srt | Format::Vtt);
        let body = &self.said.body;
        let told = match Told::read(body) {
            Ok(told) if !is_text => told,
            Err(fault) if !(is_text || matches!(self.format, Format::Other(_))) => {
                return Err(fault);
            }
            Err(fault) if is_refusal(body) => return Err(fault),
            _ => {
                let (usage, source) = by_length(self.length);
                let body = body.clone();
                return Ok(Spoken { content_type: TEXT, body, usage, source, ..Spoken::default() });
            }
        };
        let (usage, source) = told.consumed(self.length);
        // Most answers do not name the model, and nothing is added to them.
        let named = RawObject::read(body).is_ok_and(|it| it.has("model"));
        let body = if named { splice::answered(body, context) } else { body.clone() };
        Ok(Spoken { body, usage, source, ..Spoken::default() })
    }
}

/// Whatever a provider calls it: some call it a page.
const TEXT: Cow<'static, str> = Cow::Borrowed("text/plain; charset=utf-8");

/// Whether what should be a text is a provider's error or a web page.
fn is_refusal(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    let begins =
        |word: &[u8]| start.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
    begins(b"<!doctype")
        || begins(b"<html")
        || (start.starts_with(b"{") && error::read(start).is_some())
}

/// What is looked at of an answer in JSON.
#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) text: String,
    #[serde(default)]
    usage: Option<ToldUsage>,
    #[serde(default)]
    duration: Option<Value>,
}

/// `{"type":"tokens",…}` or `{"type":"duration","seconds"}`; Mistral's has tokens by the names that
/// chat has, and seconds beside them: <https://docs.mistral.ai/capabilities/audio>.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ToldUsage {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_token_details: Details,
    seconds: Option<Value>,
    prompt_audio_seconds: Option<Value>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    audio_tokens: Option<u64>,
}

impl Told {
    /// # Errors
    /// It is no transcript.
    pub(super) fn read(body: &[u8]) -> Result<Told, Fault> {
        serde_json::from_slice(body).map_err(|_| error::in_place_of_an_answer(body))
    }

    /// What was consumed, and who says so: the provider, else the file.
    pub(super) fn consumed(&self, length: Length) -> (Usage, UsageSource) {
        let told = self.usage.as_ref().and_then(ToldUsage::usage);
        let told = told.or_else(|| lasting(self.duration.as_ref()?));
        told.map_or_else(|| by_length(length), |usage| (usage, UsageSource::Provider))
    }
}

impl ToldUsage {
    pub(super) fn usage(&self) -> Option<Usage> {
        if let Some(input) = self.input_tokens {
            let audio = self.input_token_details.audio_tokens.unwrap_or_default();
            let output = self.output_tokens.unwrap_or_default();
            return Some(Usage {
                input,
                audio_input: audio.min(input),
                output,
                ..Usage::default()
            });
        }
        let seconds = self.seconds.as_ref().or(self.prompt_audio_seconds.as_ref());
        let lasting = seconds.and_then(lasting);
        let input = self.prompt_tokens.unwrap_or_default();
        let output = self.completion_tokens.unwrap_or_default();
        if lasting.is_none() && input + output == 0 {
            return None;
        }
        Some(Usage { input, output, ..lasting.unwrap_or_default() })
    }
}

/// Seconds as a number, or as a text, in which OpenAI wrote them once.
fn lasting(seconds: &Value) -> Option<Usage> {
    let seconds = seconds.as_f64().or_else(|| seconds.as_str()?.parse().ok())?;
    let whole = (0.0..1e9).contains(&seconds).then(|| seconds.ceil() as u64)?;
    Some(Usage { audio_seconds: whole, ..Usage::default() })
}

/// As long as the file plays.
pub(super) fn by_length(length: Length) -> (Usage, UsageSource) {
    let usage = Usage { audio_seconds: length.seconds, ..Usage::default() };
    let source = if length.exact { UsageSource::Counted } else { UsageSource::Estimated };
    (usage, source)
}

/// A stream, as the provider sends it.
struct Streamed {
    format: Format,
    length: Length,
}

impl StreamAnswer for Streamed {
    fn begin(self: Box<Self>, head: &SaidHead, _context: &Context) -> Result<Streaming, Fault> {
        let is_stream = head.content_type == "text/event-stream";
        // Models that cannot stream answer whole: <https://platform.openai.com/docs/guides/speech-to-text>.
        let is_text = matches!(self.format, Format::Text | Format::Srt | Format::Vtt);
        let events = Events::new(is_stream, is_text, self.length);
        Ok(Streaming {
            content_type: Cow::Borrowed("text/event-stream"),
            carry: Box::new(events),
            broken: Broken::Event,
            source: UsageSource::Provider,
        })
    }
}

/// The events of a whole answer: one delta, and the end with what was consumed.
pub(super) fn as_events(text: &str, segments: &[Value], usage: Option<&Value>) -> Bytes {
    let mut out = String::new();
    let mut event = |data: &Value| {
        out.push_str(&format!("data: {data}\n\n"));
    };
    segments.iter().for_each(&mut event);
    if segments.is_empty() && !text.is_empty() {
        event(&serde_json::json!({"type": "transcript.text.delta", "delta": text}));
    }
    let mut done = serde_json::json!({"type": "transcript.text.done", "text": text});
    if let Some(usage) = usage {
        done["usage"] = usage.clone();
    }
    event(&done);
    out.into()
}
