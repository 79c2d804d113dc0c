//! Who speaks, and where.

use wayleave_dialect::task::Grammar;

use super::transcribe::{GEMINI, VERTEX};
use crate::TaskOffer;

/// OpenAI's own.
pub(super) const OPENAI: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::OpenAi, path: "/audio/speech" }];

/// <https://developers.deepgram.com/reference/text-to-speech/speak-request>.
const DEEPGRAM: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Deepgram, path: "/v1/speak" }];

/// <https://elevenlabs.io/docs/api-reference/text-to-speech/stream>: the voice follows the path.
const ELEVENLABS: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::ElevenLabs, path: "/v1/text-to-speech" }];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(kind: &str, _model: &str) -> Option<&'static [TaskOffer]> {
    match kind {
        "azure-openai" => Some(OPENAI),
        // <https://ai.google.dev/gemini-api/docs/speech-generation>: the same method as all else.
        "gemini" => Some(GEMINI),
        "vertex" => Some(VERTEX),
        "deepgram" => Some(DEEPGRAM),
        "elevenlabs" => Some(ELEVENLABS),
        "whisper-cpp" => Some(&[]),
        _ => None,
    }
}
