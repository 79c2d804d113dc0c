//! Speech by Deepgram: the model is the voice
//! (<https://developers.deepgram.com/reference/text-to-speech/speak-request>).

use serde_json::json;

use super::carry::{Lead, Sounds};
use super::voiced::Voiced;
use super::{Format, Speak};
use crate::task::{Callee, Piece, Wire, Written};
use crate::{Losses, Malformed, Severity};

/// Characters that it takes at a time: <https://developers.deepgram.com/docs/text-to-speech>.
const MOST: u64 = 2_000;

/// # Errors
/// A format that it does not have.
pub(super) fn write(
    asked: &Speak,
    to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    // <https://developers.deepgram.com/docs/tts-media-output-settings>.
    let format: &[(&str, &str)] = match asked.format {
        Format::Mp3 => &[("encoding", "mp3")],
        Format::Opus => &[("encoding", "opus"), ("container", "ogg")],
        Format::Aac => &[("encoding", "aac")],
        Format::Flac => &[("encoding", "flac")],
        Format::Wav => &[("encoding", "linear16"), ("container", "wav"), RATE],
        Format::Pcm => &[("encoding", "linear16"), ("container", "none"), RATE],
        Format::Other(_) => return Err(asked.no_format("mp3, opus, aac, flac, wav or pcm")),
    };
    let pieces = asked.pieces(to.facts, MOST)?;
    asked.note_losses(&["speed"], losses)?;
    let speed = asked.speed.filter(|_| asked.is_paced()).map(|speed| speed.to_string());
    let mut query = vec![("model", voice(asked, to.model, losses))];
    query.extend_from_slice(format);
    query.extend(speed.as_deref().map(|speed| ("speed", speed)));
    let wire = |text: &&str| {
        let body = vec![Piece::Bytes(json!({"text": text}).to_string().into())];
        Wire::new("application/json", body).asking(&query)
    };
    let wires = pieces.iter().map(wire).collect();
    let reader = Voiced::reader(asked, &pieces, Sounds::Bare, Lead::None);
    Ok(Written { wires, edits: Vec::new(), reader })
}

const RATE: (&str, &str) = ("sample_rate", "24000");

/// The client's voice, where it is one of the same family as the model (`aura-2-thalia-en`): voices
/// of a family cost the same.
fn voice<'a>(asked: &'a Speak, model: &'a str, losses: &mut Losses) -> &'a str {
    match asked.voice.as_deref() {
        None => model,
        Some(voice) if voice == model => model,
        Some(voice) if family(voice).is_some() && family(voice) == family(model) => voice,
        Some(_) => {
            losses.note("voice", "the model is a voice itself", Severity::Meaning);
            model
        }
    }
}

fn family(model: &str) -> Option<&str> {
    let rest = model.strip_prefix("aura-")?;
    let version = rest.bytes().take_while(u8::is_ascii_digit).count();
    Some(&model[..model.len() - rest.len() + version])
}
