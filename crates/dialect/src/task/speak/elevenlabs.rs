//! Speech by ElevenLabs: the voice stands in the path and the format in the query
//! (<https://elevenlabs.io/docs/api-reference/text-to-speech/stream>).

use serde_json::json;

use super::carry::{Lead, Sounds};
use super::voiced::Voiced;
use super::{Format, Speak};
use crate::task::wire::encoded;
use crate::task::{Callee, Piece, Wire, Written};
use crate::{Losses, Malformed};

/// # Errors
/// No voice, a format or a speed that it does not have.
pub(super) fn write(
    asked: &Speak,
    to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    let (format, lead) = match asked.format {
        Format::Mp3 => ("mp3_44100_128", Lead::None),
        Format::Opus => ("opus_48000_64", Lead::None),
        Format::Pcm => ("pcm_24000", Lead::None),
        Format::Wav => ("pcm_24000", Lead::Wav),
        Format::Aac | Format::Flac | Format::Other(_) => {
            return Err(asked.no_format("mp3, opus, wav or pcm"));
        }
    };
    let voice = asked.needed_voice(to.facts)?;
    if asked.speed.is_some_and(|speed| !(0.7..=1.2).contains(&speed)) {
        let message = "`speed` with this model's provider is from 0.7 to 1.2";
        return Err(Malformed::unsupported("speed", message));
    }
    let pieces = asked.pieces(to.facts, most(to.model))?;
    asked.note_losses(&["speed"], losses)?;
    let wire = |text: &&str| {
        let mut body = json!({"text": text, "model_id": to.model});
        if let Some(speed) = asked.speed.filter(|_| asked.is_paced()) {
            body["voice_settings"] = json!({"speed": speed});
        }
        let body = vec![Piece::Bytes(body.to_string().into())];
        Wire::new("application/json", body)
            .at(format!("/{}/stream", encoded(voice)))
            .asking(&[("output_format", format)])
    };
    let wires = pieces.iter().map(wire).collect();
    let reader = Voiced::reader(asked, &pieces, Sounds::Bare, lead);
    Ok(Written { wires, edits: Vec::new(), reader })
}

/// Characters that a model takes at a time: <https://elevenlabs.io/docs/models#character-limits>.
fn most(model: &str) -> u64 {
    match model {
        "eleven_flash_v2_5" | "eleven_turbo_v2_5" => 40_000,
        "eleven_flash_v2" | "eleven_turbo_v2" => 30_000,
        "eleven_multilingual_v2" | "eleven_multilingual_v1" | "eleven_monolingual_v1" => 10_000,
        _ => 5_000,
    }
}
