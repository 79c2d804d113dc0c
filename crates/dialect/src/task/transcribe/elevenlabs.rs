//! Transcripts by ElevenLabs: a form of its own, and words with their times
//! (<https://elevenlabs.io/docs/api-reference/speech-to-text/convert>).

use serde::Deserialize;

use super::spoken::{self, Heard};
use super::transcript::{Span, Transcript, segments};
use super::{Format, Transcribe};
use crate::error::Fault;
use crate::task::{Callee, FormWriter, Wire, Written, error};
use crate::{Losses, Malformed};

/// # Errors
/// A translation, or a form that cannot be made of its answer.
pub(super) fn write(
    asked: &Transcribe,
    to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    asked.check_language()?;
    asked.check_format()?;
    asked.note_losses(&["temperature"], losses);
    let mut form = FormWriter::unforeseen();
    form.field("model_id", to.model);
    if let Some(language) = &asked.language {
        form.field("language_code", language);
    }
    if let Some(heat) = asked.heat()? {
        form.field("temperature", &heat.to_string());
    }
    form.field("timestamps_granularity", "word");
    // Laughter and footsteps are no words, and OpenAI's models leave them out.
    form.field("tag_audio_events", "false");
    if asked.format == Format::Diarized {
        form.field("diarize", "true");
    }
    let (filename, _) = asked.filename();
    form.file("file", &filename, &asked.media_type(), asked.file.at.clone());
    let (content_type, body) = form.end();
    Ok(spoken::written(asked, Wire::new(content_type, body), hear))
}

#[derive(Deserialize)]
struct Answer {
    text: String,
    #[serde(default)]
    language_code: Option<String>,
    #[serde(default)]
    words: Vec<Word>,
    #[serde(default)]
    audio_duration_secs: Option<f64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Word {
    text: String,
    /// `word`, `spacing` or `audio_event`.
    r#type: String,
    start: Option<f64>,
    end: Option<f64>,
    speaker_id: Option<String>,
}

fn hear(body: &[u8]) -> Result<Heard, Fault> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| error::in_place_of_an_answer(body))?;
    let last = answer.words.iter().filter_map(|word| word.end).fold(0.0, f64::max);
    let seconds = answer.audio_duration_secs.or((last > 0.0).then_some(last));
    // What stands between words is theirs: some languages have no spaces.
    let mut spans: Vec<Span> = Vec::new();
    for word in answer.words {
        match (word.r#type.as_str(), spans.last_mut()) {
            ("spacing", Some(last)) => last.text.push_str(&word.text),
            ("spacing", None) => {}
            _ => spans.push(Span {
                start: word.start.unwrap_or_default(),
                end: word.end.or(word.start).unwrap_or_default(),
                text: word.text,
                speaker: word.speaker_id,
            }),
        }
    }
    let mut segments = segments(&spans, false);
    for span in segments.iter_mut().chain(&mut spans) {
        span.text.truncate(span.text.trim_end().len());
    }
    let transcript = Transcript {
        text: answer.text,
        language: answer.language_code,
        seconds,
        segments,
        words: spans,
    };
    Ok(Heard { usage: spoken::seconds(seconds), transcript })
}
