//! Who makes videos, and where.

use wayleave_dialect::task::Grammar;

use crate::TaskOffer;

/// OpenAI's own.
pub(super) const OPENAI: &[TaskOffer] = &[TaskOffer { grammar: Grammar::OpenAi, path: "/videos" }];

/// <https://ai.google.dev/gemini-api/docs/video>: what is made has its own path below the version.
const GEMINI: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Gemini, path: "/v1beta" }];

/// <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/veo-video-generation>.
const VERTEX: &[TaskOffer] = &[TaskOffer {
    grammar: Grammar::Vertex,
    path: "/v1/projects/{project}/locations/{location}/{model}",
}];

/// <https://docs.dev.runwayml.com/api/>: what is made has its own path below the version.
const RUNWAY: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Runway, path: "/v1" }];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(kind: &str, _model: &str) -> Option<&'static [TaskOffer]> {
    match kind {
        "azure-openai" => Some(OPENAI),
        "gemini" => Some(GEMINI),
        "vertex" => Some(VERTEX),
        "runway" => Some(RUNWAY),
        _ => None,
    }
}
