//! Speech to text: what is asked in every grammar, and who writes it and reads what comes back.

mod deepgram;
mod elevenlabs;
mod form;
mod gemini;
mod openai;
mod spoken;
mod stream;
mod subtitles;
mod transcript;

use wayleave_model::Usage;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use super::audio::Sound;
use super::audio::length::{self, Length};
use super::{Callee, Consumes, FormFile, Grammar, Question, Written};
use crate::{Losses, Malformed, Severity};

pub use form::{read_transcription, read_translation};

/// What a client asks to have written down.
#[derive(Clone, Debug)]
struct Transcribe {
    /// In English, whatever is spoken.
    into_english: bool,
    model: String,
    /// Every field as it was sent, in order.
    fields: Vec<(String, String)>,
    /// The sound, and files beside it.
    file: FormFile,
    others: Vec<FormFile>,
    /// The code of the language spoken, as the client has it.
    language: Option<String>,
    prompt: Option<String>,
    temperature: Option<String>,
    format: Format,
    stream: bool,
    /// Times of words, and of segments.
    words: bool,
    segments: bool,
    length: Length,
}

/// In which form a transcript is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Text,
    Srt,
    Vtt,
    Verbose,
    Diarized,
    /// One that only some provider knows.
    Other(String),
}

impl Format {
    fn of(word: &str) -> Format {
        match word {
            "json" => Format::Json,
            "text" => Format::Text,
            "srt" => Format::Srt,
            "vtt" => Format::Vtt,
            "verbose_json" => Format::Verbose,
            "diarized_json" => Format::Diarized,
            other => Format::Other(other.to_owned()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Format::Json => "json",
            Format::Text => "text",
            Format::Srt => "srt",
            Format::Vtt => "vtt",
            Format::Verbose => "verbose_json",
            Format::Diarized => "diarized_json",
            Format::Other(word) => word,
        }
    }

    /// Whether it cannot be written without times.
    fn is_timed(&self) -> bool {
        matches!(self, Format::Srt | Format::Vtt | Format::Verbose | Format::Diarized)
    }
}

impl Question for Transcribe {
    fn model(&self) -> &str {
        &self.model
    }

    fn asked(&self) -> Asked {
        let fields: usize = self.fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        let bytes = self.file.len() + fields as u64;
        let estimated_input = self.length.seconds * USUAL_TOKENS;
        Asked { stream: self.stream, bytes, estimated_input, ..Asked::default() }
    }

    fn end_user(&self) -> Option<&str> {
        let user = self.fields.iter().find(|(name, _)| name == "user");
        user.map(|(_, user)| user.as_str()).filter(|user| !user.is_empty())
    }

    fn consumes(&self, facts: &ModelFacts) -> Consumes {
        let words = self.prompt.as_deref().unwrap_or_default().len() as u64;
        let sound = self.length.seconds.saturating_mul(USUAL_TOKENS);
        let sent = Usage {
            input: sound.saturating_add(words.div_ceil(4)),
            audio_input: sound,
            audio_seconds: self.length.seconds,
            ..Usage::default()
        };
        let seconds = length::most(&self.file).max(self.length.seconds);
        let sound = seconds.saturating_mul(MOST_TOKENS);
        let most = Usage {
            // What is asked for beside the sound, where a model has to be told in words.
            input: sound.saturating_add(words).saturating_add(1_024),
            audio_input: sound,
            audio_seconds: seconds,
            output: facts.max_output.unwrap_or(sound),
            ..Usage::default()
        };
        Consumes { sent, most }
    }

    fn write(&self, to: &Callee<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
        match to.grammar {
            Grammar::OpenAi => Ok(openai::write(self, to)),
            Grammar::Deepgram => deepgram::write(self, to, losses),
            Grammar::ElevenLabs => elevenlabs::write(self, to, losses),
            Grammar::Gemini | Grammar::Vertex => gemini::write(self, to, losses),
            _ => Err(Malformed::new("no speech is written down in this grammar")),
        }
    }
}

/// Tokens of a second of sound: one for 100 ms,
/// <https://platform.openai.com/docs/guides/realtime-costs>.
const USUAL_TOKENS: u64 = 10;
/// The most that any vendor counts: 32, <https://ai.google.dev/gemini-api/docs/audio>.
const MOST_TOKENS: u64 = 32;

/// Fields that every grammar carries in its own way, or answers by.
const CARRIED: &[&str] =
    &["model", "response_format", "stream", "timestamp_granularities", "user", "language"];

impl Transcribe {
    /// What a grammar of others cannot say: a client's field that is none of `said`.
    fn note_losses(&self, said: &[&str], losses: &mut Losses) {
        for (name, value) in &self.fields {
            let bare = name.strip_suffix("[]").unwrap_or(name);
            if value.is_empty() || CARRIED.contains(&bare) || said.contains(&bare) {
                continue;
            }
            let severity = match bare {
                "temperature" | "chunking_strategy" => Severity::Hint,
                _ => Severity::Meaning,
            };
            losses.note(bare, "the provider has no such field", severity);
        }
        for file in &self.others {
            losses.note(&file.field, "the provider takes one file", Severity::Meaning);
        }
    }

    /// For grammars whose answers are written anew here.
    ///
    /// # Errors
    /// In a form that nobody knows, or a stream of what is no stream.
    fn check_format(&self) -> Result<(), Malformed> {
        if let Format::Other(word) = &self.format {
            return Err(Malformed::unsupported(
                "response_format",
                format!("`response_format` {word:?} is not known to this model's provider"),
            ));
        }
        let streams = matches!(self.format, Format::Json | Format::Text | Format::Diarized);
        if self.stream && !streams {
            let word = self.format.as_str();
            return Err(Malformed::unsupported(
                "stream",
                format!("a transcript as {word:?} cannot be streamed: leave out `stream`"),
            ));
        }
        Ok(())
    }

    /// # Errors
    /// What is spoken is to be answered in English, by who does not translate.
    fn check_language(&self) -> Result<(), Malformed> {
        if self.into_english {
            let message = "this model's provider writes speech down, but does not translate it";
            return Err(Malformed::incapable("model", message));
        }
        Ok(())
    }

    /// The temperature as a number.
    fn heat(&self) -> Result<Option<f64>, Malformed> {
        let Some(text) = &self.temperature else { return Ok(None) };
        let heat = text.trim().parse::<f64>().ok().filter(|it| it.is_finite());
        let message = || format!("`temperature` must be a number, found {text:?}");
        heat.map(Some).ok_or_else(|| Malformed::at("temperature", message()))
    }

    /// What the sound is: what its bytes say, else what the client says.
    fn media_type(&self) -> String {
        match Sound::of(&self.file.head) {
            Some(sound) => sound.media_type().to_owned(),
            None => self.said_type().unwrap_or(UNKNOWN_TYPE).to_owned(),
        }
    }

    /// The type that the client named, if it can be one.
    fn said_type(&self) -> Option<&str> {
        let legal = |it: &&str| it.contains('/') && it.bytes().all(|b| matches!(b, 0x20..=0x7e));
        self.file.content_type.as_deref().filter(legal)
    }

    /// What the file is to be called upstream, and what its name was if that says something else.
    fn filename(&self) -> (String, bool) {
        let said = self.file.filename.as_deref().unwrap_or_default();
        let Some(sound) = Sound::of(&self.file.head) else {
            return if said.is_empty() {
                ("audio".to_owned(), true)
            } else {
                (said.to_owned(), false)
            };
        };
        let (stem, extension) = said.rsplit_once('.').unwrap_or((said, ""));
        if sound.extensions().contains(&extension.to_ascii_lowercase().as_str()) {
            return (said.to_owned(), false);
        }
        let stem = if stem.is_empty() { "audio" } else { stem };
        (format!("{stem}.{}", sound.extensions()[0]), true)
    }
}

const UNKNOWN_TYPE: &str = "application/octet-stream";

#[cfg(test)]
mod tests;
