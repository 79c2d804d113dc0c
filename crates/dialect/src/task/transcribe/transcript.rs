//! A transcript from whichever provider, and how each form of OpenAI's writes it.

use serde_json::{Value, json};
use wayleave_model::Usage;

use super::openai::as_events;
use super::subtitles;
use super::{Format, Transcribe};
use crate::error::Fault;

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Transcript {
    /// All of it.
    pub(super) text: String,
    /// The code of its language.
    pub(super) language: Option<String>,
    /// How long the sound is, in seconds.
    pub(super) seconds: Option<f64>,
    /// Its parts. Empty: the provider gave no times.
    pub(super) segments: Vec<Span>,
    /// Its words.
    pub(super) words: Vec<Span>,
}

/// A part or a word of it, and when it was said, in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Span {
    pub(super) start: f64,
    pub(super) end: f64,
    pub(super) text: String,
    /// Who spoke, as the provider names voices.
    pub(super) speaker: Option<String>,
}

/// An answer in the client's form.
pub(super) struct Written {
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
    pub(super) losses: Vec<&'static str>,
}

impl Transcript {
    /// # Errors
    /// Times were asked for, and there are none.
    pub(super) fn write(&self, asked: &Transcribe, usage: &Usage) -> Result<Written, Fault> {
        if asked.format.is_timed() && self.segments.is_empty() && !self.text.trim().is_empty() {
            return Err(Fault::unreadable("the provider's transcript has no times"));
        }
        let usage = told(usage);
        let mut losses = Vec::new();
        if asked.stream {
            let diarized = asked.format == Format::Diarized;
            let segments = if diarized { self.diarized() } else { Vec::new() };
            let body = as_events(&self.text, &segments, Some(&usage)).to_vec();
            return Ok(Written { content_type: "text/event-stream", body, losses });
        }
        let (content_type, body) = match &asked.format {
            Format::Json | Format::Other(_) => (JSON, json!({"text": self.text, "usage": usage})),
            Format::Verbose => {
                // Measures of Whisper's own: no other model has them, and clients expect figures.
                losses.push("answer.segments.scores");
                (JSON, self.verbose(asked, &usage))
            }
            Format::Diarized => (
                JSON,
                json!({
                    "task": "transcribe",
                    "duration": self.lasts(),
                    "text": self.text,
                    "segments": self.diarized(),
                    "usage": usage,
                }),
            ),
            Format::Text => return Ok(plain(format!("{}\n", self.text))),
            Format::Srt => return Ok(plain(subtitles::srt(&self.segments))),
            Format::Vtt => return Ok(plain(subtitles::vtt(&self.segments))),
        };
        Ok(Written { content_type, body: body.to_string().into_bytes(), losses })
    }

    /// <https://platform.openai.com/docs/api-reference/audio/verbose-json-object>.
    fn verbose(&self, asked: &Transcribe, usage: &Value) -> Value {
        let language = self.language.as_deref().or(asked.language.as_deref()).unwrap_or_default();
        let mut out = json!({
            "task": if asked.into_english { "translate" } else { "transcribe" },
            "language": language,
            "duration": self.lasts(),
            "text": self.text,
        });
        if asked.segments {
            let segment = |(id, it): (usize, &Span)| {
                json!({
                    "id": id, "seek": 0, "start": it.start, "end": it.end, "text": it.text,
                    "tokens": [], "temperature": 0.0, "avg_logprob": 0.0,
                    "compression_ratio": 0.0, "no_speech_prob": 0.0,
                })
            };
            out["segments"] = self.segments.iter().enumerate().map(segment).collect();
        }
        if asked.words {
            let word = |it: &Span| json!({"word": it.text, "start": it.start, "end": it.end});
            out["words"] = self.words.iter().map(word).collect();
        }
        out["usage"] = usage.clone();
        out
    }

    /// Segments with their speakers, who are called by letters in the order they speak in:
    /// <https://platform.openai.com/docs/api-reference/audio/diarized-json-object>.
    fn diarized(&self) -> Vec<Value> {
        let mut speakers: Vec<&str> = Vec::new();
        let mut out = Vec::with_capacity(self.segments.len());
        for (id, it) in self.segments.iter().enumerate() {
            let name = it.speaker.as_deref().unwrap_or_default();
            let at = speakers.iter().position(|speaker| *speaker == name).unwrap_or_else(|| {
                speakers.push(name);
                speakers.len() - 1
            });
            out.push(json!({
                "type": "transcript.text.segment",
                "id": format!("seg_{id}"),
                "start": it.start,
                "end": it.end,
                "speaker": letter(at),
                "text": it.text,
            }));
        }
        out
    }

    /// How long the sound is; what was said last ended then at the earliest.
    fn lasts(&self) -> f64 {
        let last = self.segments.iter().chain(&self.words).map(|it| it.end);
        self.seconds.unwrap_or_else(|| last.fold(0.0, f64::max))
    }
}

/// The name of the speaker who came at that place: `A` to `Z`, then numbers.
fn letter(at: usize) -> String {
    let letter = u8::try_from(at).ok().filter(|at| *at < 26).map(|at| char::from(b'A' + at));
    letter.map_or_else(|| (at + 1).to_string(), String::from)
}

const JSON: &str = "application/json";

fn plain(text: String) -> Written {
    let content_type = "text/plain; charset=utf-8";
    Written { content_type, body: text.into_bytes(), losses: Vec::new() }
}

/// `usage` as OpenAI writes it: tokens where there are any, else seconds.
fn told(usage: &Usage) -> Value {
    if usage.total() == 0 {
        return json!({"type": "duration", "seconds": usage.audio_seconds});
    }
    json!({
        "type": "tokens",
        "input_tokens": usage.input,
        "input_token_details": {
            "audio_tokens": usage.audio_input,
            "text_tokens": usage.input.saturating_sub(usage.audio_input),
        },
        "output_tokens": usage.output,
        "total_tokens": usage.total(),
    })
}

/// Words as segments: a new one where a sentence ends, a voice begins or nothing is said for a
/// while, and where it would be longer than subtitles are (two lines, seven seconds).
pub(super) fn segments(words: &[Span], spaced: bool) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for word in words {
        let new = out.last().is_none_or(|last| {
            let text = last.text.trim_end();
            text.ends_with(['.', '!', '?', '…', '。', '！', '？'])
                || last.speaker != word.speaker
                || word.start - last.end > PAUSE
                || word.end - last.start > LASTS
                || last.text.chars().count() + word.text.chars().count() > LETTERS
        });
        match out.last_mut() {
            Some(last) if !new => {
                if spaced {
                    last.text.push(' ');
                }
                last.text.push_str(&word.text);
                last.end = word.end.max(last.end);
            }
            _ => out.push(word.clone()),
        }
    }
    out
}

const PAUSE: f64 = 1.0;
const LASTS: f64 = 7.0;
const LETTERS: usize = 84;
