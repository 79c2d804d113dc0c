//! Transcripts by Gemini: the sound stands in the request, and words ask for what is said in it
//! (<https://ai.google.dev/gemini-api/docs/audio>).

use bytes::Bytes;
use serde_json::{Value, json};

use super::spoken::{self, Heard};
use super::transcript::Transcript;
use super::{Format, Transcribe};
use crate::error::Fault;
use crate::task::audio::Sound;
use crate::task::audio::google::Answer;
use crate::task::{Callee, Piece, Wire, Written};
use crate::{Losses, Malformed};

/// The most bytes of a request that holds its sound itself:
/// <https://ai.google.dev/gemini-api/docs/audio#inline-audio>.
const LARGEST: u64 = 20_000_000;

/// # Errors
/// Times, or more sound than a request holds.
pub(super) fn write(
    asked: &Transcribe,
    _to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    if asked.format.is_timed() || asked.words {
        let word = asked.format.as_str();
        let message = format!(
            "this model writes down what is said but not when: {word:?} needs times; ask for \"json\" or \"text\""
        );
        return Err(Malformed::incapable("response_format", message));
    }
    if asked.format != Format::Json && asked.format != Format::Text {
        asked.check_format()?;
    }
    asked.note_losses(&["temperature", "prompt"], losses);
    let mut request = json!({
        "contents": [{"role": "user", "parts": [
            {"inlineData": {"mimeType": media_type(asked), "data": SOUND}},
            {"text": instruction(asked)},
        ]}],
    });
    if let Some(heat) = asked.heat()? {
        request["generationConfig"] = json!({"temperature": heat});
    }
    let body = around(&request, asked)?;
    let size: u64 = body.iter().map(Piece::len).sum();
    if size > LARGEST {
        let message = format!(
            "`file` has {} bytes: with this model a request holds at most {LARGEST} bytes, and sound takes four for three there",
            asked.file.len()
        );
        return Err(Malformed::incapable("file", message));
    }
    let wire = Wire::new("application/json", body).at(":generateContent");
    Ok(spoken::written(asked, wire, hear))
}

/// Stands for the sound while the rest is written.
const SOUND: &str = "\u{1}";

/// The request with the sound's bytes in their place.
fn around(request: &Value, asked: &Transcribe) -> Result<Vec<Piece>, Malformed> {
    let text = request.to_string();
    // What a client said cannot be it: its quotes are escaped.
    let marked = Value::from(SOUND).to_string();
    let parts = text.split_once(&format!("\"data\":{marked}"));
    let (before, after) = parts.ok_or_else(|| Malformed::new("the sound has no place"))?;
    let bytes = |text: String| Piece::Bytes(Bytes::from(text));
    Ok(vec![
        bytes(format!("{before}\"data\":\"")),
        Piece::Base64(asked.file.at.clone()),
        bytes(format!("\"{after}")),
    ])
}

fn instruction(asked: &Transcribe) -> String {
    let mut out = if asked.into_english {
        "Translate everything that is said in this recording into English.".to_owned()
    } else {
        "Write down everything that is said in this recording, word for word, in the language it is \
         said in."
            .to_owned()
    };
    out.push_str(
        " Answer with that text alone: no title, no times, no names of speakers, no remarks. If \
         nothing is said, answer with nothing.",
    );
    if let (Some(language), false) = (&asked.language, asked.into_english) {
        out.push_str(&format!(" The language is {language:?}."));
    }
    if let Some(prompt) = &asked.prompt {
        out.push_str(&format!(
            " Context that may help to spell names, not to be answered: {prompt:?}"
        ));
    }
    out
}

/// The vendor's own words for types of sound.
fn media_type(asked: &Transcribe) -> String {
    match Sound::of(&asked.file.head) {
        Some(Sound::Mp3) => "audio/mp3".to_owned(),
        _ => asked.media_type(),
    }
}

fn hear(body: &[u8]) -> Result<Heard, Fault> {
    let answer = Answer::read(body)?;
    answer.finished()?;
    if answer.candidates.is_empty() {
        return Err(Fault::unreadable("the provider's answer has no candidate"));
    }
    let text = answer.text().unwrap_or_default().trim().to_owned();
    Ok(Heard { usage: answer.usage(), transcript: Transcript { text, ..Transcript::default() } })
}
