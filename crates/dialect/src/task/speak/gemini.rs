//! Speech by Gemini: an answer whose modality is sound, which comes as samples
//! (<https://ai.google.dev/gemini-api/docs/speech-generation>).

use serde_json::json;

use super::carry::{Lead, Sounds};
use super::voiced::Voiced;
use super::{Format, Speak};
use crate::task::{Callee, Piece, Wire, Written};
use crate::{Losses, Malformed};

/// Characters at a time. Its window holds more, but voices drift after a few minutes, as its page on
/// limits says.
const MOST: u64 = 4_000;

/// # Errors
/// A format that would have to be coded.
pub(super) fn write(
    asked: &Speak,
    to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    let lead = match asked.format {
        Format::Pcm => Lead::None,
        Format::Wav => Lead::Wav,
        _ => return Err(asked.no_format("wav or pcm")),
    };
    let pieces = asked.pieces(to.facts, MOST)?;
    asked.note_losses(&["instructions"], losses)?;
    let mut speech = json!({});
    if let Some(voice) = &asked.voice {
        speech["voiceConfig"] = json!({"prebuiltVoiceConfig": {"voiceName": voice}});
    }
    let wire = |text: &&str| {
        // The style is asked for in words before the text, as its page shows.
        let text = match &asked.instructions {
            Some(style) => format!("{}:\n{text}", style.trim_end_matches([':', '.', ' '])),
            None => (*text).to_owned(),
        };
        let body = json!({
            "contents": [{"role": "user", "parts": [{"text": text}]}],
            "generationConfig": {"responseModalities": ["AUDIO"], "speechConfig": speech},
        });
        let body = vec![Piece::Bytes(body.to_string().into())];
        Wire::new("application/json", body).at(":generateContent")
    };
    let wires = pieces.iter().map(wire).collect();
    let reader = Voiced::reader(asked, &pieces, Sounds::Google, lead);
    Ok(Written { wires, edits: Vec::new(), reader })
}
