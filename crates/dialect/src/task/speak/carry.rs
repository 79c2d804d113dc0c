//! Carries sound from a provider to a client: bare bytes or what stands in Google's JSON, of one
//! request or of several, as bytes or as events.

use bytes::{Bytes, BytesMut};
use serde_json::json;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::skeleton::Skeleton;
use super::voiced::spoken;
use crate::base64;
use crate::carry::{Carried, Carry, Seen};
use crate::error::Fault;
use crate::task::audio::google::Answer;
use crate::task::audio::wav::{self, Header, Wav};
use crate::task::{SaidHead, error};

/// How the sound comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sounds {
    /// As the body itself.
    Bare,
    /// In Google's JSON: samples.
    Google,
}

/// What stands before the first sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    /// What the provider puts there.
    None,
    /// The header of a WAV file, made here.
    Wav,
}

/// How the client gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Out {
    Bytes,
    /// As `speech.audio.delta` and `speech.audio.done`.
    Events,
}

/// Samples a second of what is asked for, everywhere.
const RATE: u32 = 24_000;
/// The most bytes of a body that is looked at to know what it is.
const HELD: usize = 64 << 10;
/// An error is shorter than this; sound that happens to begin like JSON is not.
const LIKE_JSON: usize = 8 << 10;

/// Carries one answer: the state between chunks.
pub(super) struct Carrying {
    sounds: Sounds,
    lead: Lead,
    /// Each body is a WAV file.
    wavs: bool,
    out: Out,
    /// Characters of each request.
    characters: Vec<u64>,
    /// Which request's answer this is.
    part: usize,
    body: Body,
    /// The form of the samples, as the first body's header says.
    wav: Option<Wav>,
    usage: Usage,
    seen: Seen,
    ended: bool,
}

/// The state of one body.
#[derive(Default)]
struct Body {
    /// The head says that it is no sound.
    instead: bool,
    /// Its beginning, until it is known what it is.
    held: BytesMut,
    known: bool,
    /// Bytes of sound that still belong to it; `None`: all that come.
    left: Option<u64>,
    skeleton: Skeleton,
    /// Bytes of sound so far.
    sound: u64,
}

impl Carrying {
    pub(super) fn new(
        sounds: Sounds,
        lead: Lead,
        wavs: bool,
        out: Out,
        characters: Vec<u64>,
        head: &SaidHead,
    ) -> Carrying {
        Carrying {
            body: Body::of(sounds, head),
            sounds,
            lead,
            wavs,
            out,
            characters,
            part: 0,
            wav: None,
            usage: Usage::default(),
            seen: Seen::default(),
            ended: false,
        }
    }

    fn take(&mut self, chunk: Bytes, out: &mut Carried) -> Result<(), Fault> {
        if self.sounds == Sounds::Google {
            let mut sound = Vec::new();
            self.body.skeleton.push(&chunk, &mut sound)?;
            if !sound.is_empty() && self.body.sound == 0 {
                self.check_rate()?;
            }
            self.emit(sound.into(), out);
            return Ok(());
        }
        if self.body.known {
            self.emit(chunk, out);
            return Ok(());
        }
        let room = HELD.saturating_sub(self.body.held.len());
        if self.body.instead {
            self.body.held.extend_from_slice(&chunk[..chunk.len().min(room)]);
            return Ok(());
        }
        self.body.held.extend_from_slice(&chunk);
        self.decide(false, out)
    }

    /// Whether what is held is sound; what is no longer in doubt goes out.
    fn decide(&mut self, whole: bool, out: &mut Carried) -> Result<(), Fault> {
        let held = &self.body.held[..];
        if self.body.instead || (whole && held.starts_with(b"{") && is_json(held)) {
            return Err(error::in_place_of_an_answer(held));
        }
        let page = [&b"<!doctype"[..], b"<html"];
        let like = |word: &&[u8]| {
            held.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if page.iter().any(like) {
            return Err(error::in_place_of_an_answer(held));
        }
        let undecided = (held.starts_with(b"<") && held.len() < page[0].len())
            || (held.starts_with(b"{") && held.len() < LIKE_JSON);
        if held.is_empty() || (undecided && !whole) {
            return Ok(());
        }
        let mut skipped = 0;
        if self.wavs {
            match Wav::read(held) {
                Header::More if !whole && held.len() < HELD => return Ok(()),
                Header::Whole(wav) => skipped = self.join(wav, out)?,
                // Cut within its header.
                Header::More if whole => return Ok(()),
                Header::More | Header::No if self.part == 0 && self.characters.len() == 1 => {}
                Header::More | Header::No => {
                    return Err(Fault::unreadable(
                        "the provider's sound is no WAV, so its pieces cannot be joined",
                    ));
                }
            }
        }
        self.body.known = true;
        let rest = self.body.held.split().freeze().slice(skipped..);
        self.emit(rest, out);
        Ok(())
    }

    /// Puts the first header before the samples, and no other. How many bytes are no samples.
    fn join(&mut self, wav: Wav, out: &mut Carried) -> Result<usize, Fault> {
        if self.characters.len() == 1 {
            let header = Bytes::copy_from_slice(&self.body.held[..wav.data]);
            self.write(header, out);
            return Ok(wav.data);
        }
        match &self.wav {
            None => {
                let header = wav::without_end(&self.body.held, &wav);
                self.write(header.into(), out);
                self.wav = Some(wav);
            }
            Some(first) if first.is_like(&wav) => {}
            Some(_) => {
                let message = "the provider's pieces of sound differ in their form";
                return Err(Fault::unreadable(message));
            }
        }
        self.body.left = wav.length;
        Ok(wav.data)
    }

    /// The samples in Google's JSON have the rate that is named beside them.
    fn check_rate(&self) -> Result<(), Fault> {
        let Some(kind) = self.body.skeleton.media_type() else { return Ok(()) };
        let kind = kind.to_ascii_lowercase();
        let samples = kind.starts_with("audio/l16") || kind.starts_with("audio/pcm");
        let rate = kind.split(';').find_map(|it| it.trim().strip_prefix("rate=")?.parse().ok());
        if samples && rate.unwrap_or(RATE) == RATE {
            return Ok(());
        }
        Err(Fault::unreadable(format!(
            "the provider's sound is {kind}, not 16-bit samples at 24 kHz"
        )))
    }

    fn emit(&mut self, mut sound: Bytes, out: &mut Carried) {
        if let Some(left) = &mut self.body.left {
            let length = sound.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
            sound.truncate(length);
            *left -= length as u64;
        }
        if sound.is_empty() {
            return;
        }
        if !self.seen.semantic && self.lead == Lead::Wav {
            self.write(Bytes::copy_from_slice(&wav::header(RATE)), out);
        }
        if self.body.sound == 0 && self.sounds == Sounds::Bare {
            let more = self.characters.get(self.part).copied().unwrap_or_default();
            self.usage.characters += more;
            self.seen.usage = Some(self.usage);
        }
        self.seen.semantic = true;
        self.body.sound += sound.len() as u64;
        self.write(sound, out);
    }

    fn write(&self, bytes: Bytes, out: &mut Carried) {
        match self.out {
            Out::Bytes => out.bytes.push(bytes),
            Out::Events => {
                let audio = base64::encode(&bytes);
                out.bytes.push(event(&json!({"type": "speech.audio.delta", "audio": audio})));
            }
        }
    }

    /// A body ended: whether it was an answer.
    fn finish(&mut self, out: &mut Carried) -> Result<(), Fault> {
        match self.sounds {
            Sounds::Bare if !self.body.known => self.decide(true, out)?,
            Sounds::Bare => {}
            Sounds::Google => {
                let rest = self.body.skeleton.end();
                let answer = Answer::read(&rest)?;
                answer.finished()?;
                self.report(answer.usage());
            }
        }
        if self.body.sound == 0 {
            return Err(Fault::unreadable("the provider answered without any sound"));
        }
        Ok(())
    }

    fn report(&mut self, usage: Option<Usage>) {
        let usage = usage.unwrap_or_else(|| {
            self.seen.source = Some(UsageSource::Counted);
            spoken(self.characters.get(self.part).copied().unwrap_or_default())
        });
        let all = &mut self.usage;
        all.characters += usage.characters;
        all.input += usage.input;
        all.cached += usage.cached;
        all.output += usage.output;
        all.reasoning += usage.reasoning;
        all.audio_output += usage.audio_output;
        self.seen.usage = Some(*all);
    }

    fn stop(&mut self, fault: Fault, out: &mut Carried) {
        self.ended = true;
        out.end = Some(Err(fault));
    }
}

impl Body {
    fn of(sounds: Sounds, head: &SaidHead) -> Body {
        let kind = head.content_type.as_str();
        let words = kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("xml");
        Body { instead: words && sounds == Sounds::Bare, ..Body::default() }
    }
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

fn event(data: &serde_json::Value) -> Bytes {
    format!("data: {data}\n\n").into()
}

/// The last event, with the tokens that were consumed, where those were counted.
pub(super) fn done(usage: &Usage, seen: &mut Seen) -> Bytes {
    let mut done = json!({"type": "speech.audio.done"});
    if usage.total() > 0 {
        done["usage"] = json!({
            "input_tokens": usage.input,
            "output_tokens": usage.output,
            "total_tokens": usage.total(),
        });
    } else if !seen.losses.contains(&"answer.usage") {
        seen.losses.push("answer.usage");
    }
    event(&done)
}

impl Carry for Carrying {
    fn push(&mut self, chunk: Bytes, out: &mut Carried) {
        if self.ended {
            return;
        }
        if let Err(fault) = self.take(chunk, out) {
            self.stop(fault, out);
        }
    }

    fn part(&mut self, head: &SaidHead, out: &mut Carried) {
        if self.ended {
            return;
        }
        if let Err(fault) = self.finish(out) {
            return self.stop(fault, out);
        }
        self.part += 1;
        self.body = Body::of(self.sounds, head);
    }

    fn end(&mut self, out: &mut Carried) {
        if self.ended {
            return;
        }
        self.ended = true;
        let finished = self.finish(out);
        if finished.is_ok() && self.out == Out::Events {
            out.bytes.push(done(&self.usage, &mut self.seen));
        }
        out.end = Some(finished);
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}
