//! Transcripts by Deepgram: the bare sound in the body, everything else in the query
//! (<https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded>).

use serde::Deserialize;

use super::spoken::{self, Heard};
use super::transcript::{Span, Transcript, segments};
use super::{Format, Transcribe};
use crate::error::Fault;
use crate::task::{Callee, Piece, Wire, Written, error};
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
    asked.note_losses(&[], losses);
    // Punctuation and figures as OpenAI's models write them, who have no switch for it.
    let mut query = vec![("model", to.model), ("smart_format", "true")];
    match &asked.language {
        Some(language) => query.push(("language", language)),
        // Else it takes everything for English.
        None => query.push(("detect_language", "true")),
    }
    if asked.format.is_timed() {
        query.push(("utterances", "true"));
    }
    if asked.format == Format::Diarized {
        query.push(("diarize_model", "latest"));
    }
    let body = vec![Piece::File(asked.file.at.clone())];
    let wire = Wire::new(asked.media_type(), body).asking(&query);
    Ok(spoken::written(asked, wire, hear))
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    metadata: Metadata,
    results: Results,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    duration: Option<f64>,
}

#[derive(Deserialize)]
struct Results {
    channels: Vec<Channel>,
    #[serde(default)]
    utterances: Vec<Utterance>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Channel {
    alternatives: Vec<Alternative>,
    detected_language: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Alternative {
    transcript: String,
    words: Vec<Word>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Word {
    word: String,
    punctuated_word: Option<String>,
    start: f64,
    end: f64,
    speaker: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Utterance {
    start: f64,
    end: f64,
    transcript: String,
    speaker: Option<u64>,
}

fn hear(body: &[u8]) -> Result<Heard, Fault> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|_| error::in_place_of_an_answer(body))?;
    let channel = answer.results.channels.into_iter().next().unwrap_or_default();
    let heard = channel.alternatives.into_iter().next().unwrap_or_default();
    let words: Vec<Span> = heard.words.into_iter().map(span).collect();
    let utterances: Vec<Span> = answer.results.utterances.into_iter().map(said).collect();
    let segments = if utterances.is_empty() { segments(&words, true) } else { utterances };
    let transcript = Transcript {
        text: heard.transcript,
        language: channel.detected_language,
        seconds: answer.metadata.duration,
        segments,
        words,
    };
    Ok(Heard { usage: spoken::seconds(transcript.seconds), transcript })
}

fn span(word: Word) -> Span {
    Span {
        start: word.start,
        end: word.end,
        text: word.punctuated_word.unwrap_or(word.word),
        speaker: word.speaker.map(|it| it.to_string()),
    }
}

fn said(it: Utterance) -> Span {
    let speaker = it.speaker.map(|it| it.to_string());
    Span { start: it.start, end: it.end, text: it.transcript, speaker }
}
