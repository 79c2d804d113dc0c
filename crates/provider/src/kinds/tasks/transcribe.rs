//! Who writes down speech, and where.

use wayleave_dialect::task::Grammar;
use wayleave_model::provider::Operation;

use crate::TaskOffer;

/// OpenAI's own.
pub(super) const OPENAI: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::OpenAi, path: "/audio/transcriptions" }];

/// OpenAI's own, into English.
pub(super) const OPENAI_TO_ENGLISH: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::OpenAi, path: "/audio/translations" }];

/// <https://developers.deepgram.com/reference/speech-to-text/listen-pre-recorded>.
const DEEPGRAM: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Deepgram, path: "/v1/listen" }];

/// <https://elevenlabs.io/docs/api-reference/speech-to-text/convert>.
const ELEVENLABS: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::ElevenLabs, path: "/v1/speech-to-text" }];

/// <https://ai.google.dev/gemini-api/docs/audio>: the method follows the path.
pub(super) const GEMINI: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::Gemini, path: "/v1beta/models/{model}" }];

/// <https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/audio-understanding>.
pub(super) const VERTEX: &[TaskOffer] = &[TaskOffer {
    grammar: Grammar::Vertex,
    path: "/v1/projects/{project}/locations/{location}/{model}",
}];

/// <https://github.com/ggml-org/whisper.cpp/tree/master/examples/server>.
const WHISPER_CPP: &[TaskOffer] = &[TaskOffer { grammar: Grammar::OpenAi, path: "/inference" }];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(kind: &str, operation: Operation) -> Option<&'static [TaskOffer]> {
    let into_english = operation == Operation::Translate;
    match kind {
        "azure-openai" if into_english => Some(OPENAI_TO_ENGLISH),
        "azure-openai" => Some(OPENAI),
        "gemini" => Some(GEMINI),
        "vertex" => Some(VERTEX),
        "deepgram" | "elevenlabs" | "whisper-cpp" if into_english => Some(&[]),
        "deepgram" => Some(DEEPGRAM),
        "elevenlabs" => Some(ELEVENLABS),
        "whisper-cpp" => Some(WHISPER_CPP),
        _ => None,
    }
}
