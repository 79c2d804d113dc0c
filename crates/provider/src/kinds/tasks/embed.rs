//! Who makes vectors, and where.

use wayleave_dialect::task::Grammar;

use crate::TaskOffer;

/// OpenAI's own.
pub(super) const OPENAI: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::OpenAi, path: "/embeddings" }];

/// <https://docs.cohere.com/reference/embed>.
const COHERE: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Cohere, path: "/v2/embed" }];

/// <https://ai.google.dev/api/embeddings>; the method follows.
const GEMINI: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::Gemini, path: "/v1beta/models/{model}" }];

/// <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>; the
/// method follows.
const VERTEX: &[TaskOffer] = &[TaskOffer {
    grammar: Grammar::Vertex,
    path: "/v1/projects/{project}/locations/{location}/{model}",
}];

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html>.
const BEDROCK: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::Bedrock, path: "/model/{model}/invoke" }];

/// <https://docs.ollama.com/api/embed>. Its route of OpenAI's form cannot say what is cut.
const OLLAMA: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Ollama, path: "/api/embed" }];

/// <https://docs.voyageai.com/reference/embeddings-api>: models that see have a path of their own,
/// so that it follows from the model.
const VOYAGE: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Voyage, path: "" }];

/// <https://api.jina.ai/redoc>.
const JINA: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Jina, path: "/embeddings" }];

/// <https://docs.mistral.ai/api/#tag/embeddings>.
const MISTRAL: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Mistral, path: "/embeddings" }];

/// <https://huggingface.github.io/text-embeddings-inference/>.
const TEI: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Tei, path: "/embed" }];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(kind: &str, _model: &str) -> Option<&'static [TaskOffer]> {
    match kind {
        "azure-openai" => Some(OPENAI),
        "cohere" => Some(COHERE),
        "gemini" => Some(GEMINI),
        "vertex" => Some(VERTEX),
        "bedrock" => Some(BEDROCK),
        "ollama" => Some(OLLAMA),
        "voyage" => Some(VOYAGE),
        "jina" => Some(JINA),
        "mistral" => Some(MISTRAL),
        "tei" => Some(TEI),
        _ => None,
    }
}
