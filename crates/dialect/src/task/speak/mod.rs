//! Text to speech: what is asked in every grammar, and who writes it and carries what comes back.

mod carry;
mod cut;
mod deepgram;
mod elevenlabs;
mod gemini;
mod openai;
mod skeleton;
mod voiced;

use bytes::Bytes;
use wayleave_model::Usage;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use super::{Callee, Consumes, Given, Grammar, Question, Written};
use crate::raw::RawObject;
use crate::{Losses, Malformed, Severity};

/// What a client asks to have spoken.
#[derive(Clone, Debug)]
struct Speak {
    /// The client's own bytes.
    body: Bytes,
    model: String,
    input: String,
    voice: Option<String>,
    /// The voice is one of the caller's own, which no list has.
    own_voice: bool,
    format: Format,
    speed: Option<f64>,
    instructions: Option<String>,
    /// The sound within server-sent events.
    events: bool,
    end_user: Option<String>,
}

/// In which form sound is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Format {
    Mp3,
    Opus,
    Aac,
    Flac,
    Wav,
    /// 24,000 samples a second, 16 bits, one voice, the lower byte first.
    Pcm,
    /// One that only some provider knows.
    Other(String),
}

impl Format {
    fn of(word: &str) -> Format {
        match word {
            "mp3" => Format::Mp3,
            "opus" => Format::Opus,
            "aac" => Format::Aac,
            "flac" => Format::Flac,
            "wav" => Format::Wav,
            "pcm" => Format::Pcm,
            other => Format::Other(other.to_owned()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Format::Mp3 => "mp3",
            Format::Opus => "opus",
            Format::Aac => "aac",
            Format::Flac => "flac",
            Format::Wav => "wav",
            Format::Pcm => "pcm",
            Format::Other(word) => word,
        }
    }

    /// Its type. Opus stands in Ogg (RFC 7845, section 9); PCM has no registered type that says its
    /// rate, and is called as OpenAI calls it.
    fn media_type(&self) -> &'static str {
        match self {
            Format::Mp3 => "audio/mpeg",
            Format::Opus => "audio/ogg",
            Format::Aac => "audio/aac",
            Format::Flac => "audio/flac",
            Format::Wav => "audio/wav",
            Format::Pcm => "audio/pcm",
            Format::Other(_) => "application/octet-stream",
        }
    }

    /// Whether one file may follow another in one answer: MP3 and ADTS are frames, Ogg may be
    /// chained (RFC 3533, section 4), samples are samples.
    fn joins(&self) -> bool {
        matches!(self, Format::Mp3 | Format::Opus | Format::Aac | Format::Wav | Format::Pcm)
    }
}

/// Reads a request for speech
/// (<https://platform.openai.com/docs/api-reference/audio/createSpeech>).
///
/// # Errors
/// What is missing or of the wrong type.
pub fn read_openai(given: &Given<'_>) -> Result<Box<dyn Question>, Malformed> {
    Ok(Box::new(read(given)?))
}

fn read(given: &Given<'_>) -> Result<Speak, Malformed> {
    let body = given.json()?;
    let object = RawObject::read(body)?;
    let text = |key: &str| {
        let text = object.string(key).transpose()?.map(|it| it.into_owned());
        Ok::<_, Malformed>(text.filter(|it| !it.is_empty()))
    };
    let model = text("model")?;
    let model = model.ok_or_else(|| Malformed::at("model", "`model` is missing"))?;
    let missing = || Malformed::at("input", "`input` is missing: the text to speak");
    let input = text("input")?.ok_or_else(missing)?;
    if input.trim().is_empty() {
        return Err(Malformed::at("input", "`input` has nothing in it that can be spoken"));
    }
    let own_voice = object.raw("voice").is_some_and(|it| it.starts_with('{'));
    let voice = match object.raw("voice").map(str::as_bytes) {
        // One of the caller's own: {"id": "voice_1234"}.
        Some([b'{', ..]) => {
            Some(object.parse::<VoiceId>("voice").transpose()?.unwrap_or_default().id)
        }
        _ => text("voice")?,
    };
    let events = match text("stream_format")?.as_deref() {
        None | Some("audio") => false,
        Some("sse") => true,
        Some(_) => {
            return Err(Malformed::at("stream_format", "`stream_format` must be audio or sse"));
        }
    };
    Ok(Speak {
        format: text("response_format")?.map_or(Format::Mp3, |it| Format::of(&it)),
        speed: object.parse::<f64>("speed").transpose()?,
        instructions: text("instructions")?,
        end_user: text("user")?,
        body: body.clone(),
        model,
        input,
        voice: voice.filter(|it| !it.is_empty()),
        own_voice,
        events,
    })
}

#[derive(serde::Deserialize, Default)]
struct VoiceId {
    id: String,
}

impl Question for Speak {
    fn model(&self) -> &str {
        &self.model
    }

    fn asked(&self) -> Asked {
        let bytes = self.body.len() as u64;
        let estimated_input = (self.input.len() as u64).div_ceil(4);
        Asked { stream: self.events, bytes, estimated_input, ..Asked::default() }
    }

    fn end_user(&self) -> Option<&str> {
        self.end_user.as_deref()
    }

    fn consumes(&self, _facts: &ModelFacts) -> Consumes {
        let characters = self.input.chars().count() as u64;
        let words = self.instructions.as_deref().unwrap_or_default().len() + self.input.len();
        let words = words as u64;
        let sent = Usage { input: words.div_ceil(4), characters, ..Usage::default() };
        let seconds = characters.saturating_mul(SLOWEST).saturating_add(1);
        let sound = seconds.saturating_mul(MOST_TOKENS);
        let most = Usage {
            input: words,
            audio_seconds: seconds,
            output: sound,
            audio_output: sound,
            ..sent
        };
        Consumes { sent, most }
    }

    fn write(&self, to: &Callee<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
        self.check_voice(to.facts)?;
        match to.grammar {
            Grammar::OpenAi => openai::write(self, to),
            Grammar::ElevenLabs => elevenlabs::write(self, to, losses),
            Grammar::Deepgram => deepgram::write(self, to, losses),
            Grammar::Gemini | Grammar::Vertex => gemini::write(self, to, losses),
            _ => Err(Malformed::new("nothing is spoken in this grammar")),
        }
    }
}

/// Pieces of one text: hours of speech.
const MOST_PIECES: usize = 100;
/// Seconds in which a character is spoken at the slowest: a figure is a word of several syllables.
const SLOWEST: u64 = 1;
/// Tokens of a second of sound that is made: 25 with Gemini, fewer with OpenAI,
/// <https://ai.google.dev/gemini-api/docs/speech-generation>.
const MOST_TOKENS: u64 = 32;

impl Speak {
    /// # Errors
    /// The model is known to have other voices.
    fn check_voice(&self, facts: &ModelFacts) -> Result<(), Malformed> {
        let Some(voice) = &self.voice else { return Ok(()) };
        if self.own_voice || facts.voices.is_empty() || facts.voices.contains(voice) {
            return Ok(());
        }
        let voices = facts.voices.join(", ");
        let message = format!("`voice` {voice:?} is none of this model's: {voices}");
        Err(Malformed::at("voice", message))
    }

    /// The voice, for grammars that need one.
    fn needed_voice(&self, facts: &ModelFacts) -> Result<&str, Malformed> {
        self.voice.as_deref().ok_or_else(|| {
            let known = facts.voices.join(", ");
            let one = if known.is_empty() { String::new() } else { format!(": one of {known}") };
            Malformed::at("voice", format!("`voice` is missing{one}"))
        })
    }

    /// What of the text goes into each request: pieces of `usual` characters at most, unless the
    /// model takes others.
    ///
    /// # Errors
    /// Several, in a format in which their answers cannot be joined.
    fn pieces(&self, facts: &ModelFacts, usual: u64) -> Result<Vec<&str>, Malformed> {
        let most = facts.max_characters.unwrap_or(usual).max(1);
        let pieces = cut::cut(&self.input, usize::try_from(most).unwrap_or(usize::MAX));
        if pieces.len() > MOST_PIECES {
            let message = format!(
                "`input` is too long: this model takes {most} characters at a time, and a text is cut into {MOST_PIECES} pieces at most"
            );
            return Err(Malformed::incapable("input", message));
        }
        if pieces.len() > 1 && !self.format.joins() {
            let word = self.format.as_str();
            let message = format!(
                "`input` has more than the {most} characters that this model takes at a time, and pieces of {word:?} cannot be joined: ask for mp3, opus, aac, wav or pcm, or send less"
            );
            return Err(Malformed::incapable("input", message));
        }
        Ok(pieces)
    }

    /// # Errors
    /// A format that only others have.
    fn no_format(&self, known: &str) -> Malformed {
        let word = self.format.as_str();
        let message = format!("this model's provider does not make {word:?}: ask for {known}");
        Malformed::unsupported("response_format", message)
    }

    /// Whether the speed is not the usual one.
    fn is_paced(&self) -> bool {
        self.speed.is_some_and(|speed| (speed - 1.0).abs() > f64::EPSILON)
    }

    /// What a grammar of others cannot say: a client's field that is none of `said`.
    fn note_losses(&self, said: &[&str], losses: &mut Losses) -> Result<(), Malformed> {
        const CARRIED: &[&str] =
            &["model", "input", "voice", "response_format", "stream_format", "user"];
        let object = RawObject::read(&self.body)?;
        for key in object.keys() {
            let plain = key == "speed" && !self.is_paced();
            if plain || CARRIED.contains(&key) || said.contains(&key) || !object.has(key) {
                continue;
            }
            losses.note(key, "the provider has no such field", Severity::Meaning);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
