//! Who orders documents by relevance, and where.

use wayleave_dialect::task::Grammar;

use crate::TaskOffer;

/// The form that Jina, Cohere's first version and most servers share.
pub(super) const JINA: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Jina, path: "/rerank" }];

/// <https://docs.cohere.com/reference/rerank>.
const COHERE: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Cohere, path: "/v2/rerank" }];

/// <https://docs.voyageai.com/reference/reranker-api>.
const VOYAGE: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Voyage, path: "/rerank" }];

/// <https://huggingface.github.io/text-embeddings-inference/>.
const TEI: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Tei, path: "/rerank" }];

/// <https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-supported.html>.
const BEDROCK: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::Bedrock, path: "/model/{model}/invoke" }];

/// <https://cloud.google.com/generative-ai-app-builder/docs/reference/rest/v1/projects.locations.rankingConfigs/rank>;
/// at a host of its own.
const VERTEX: &[TaskOffer] = &[TaskOffer {
    grammar: Grammar::VertexRanking,
    path: "/v1/projects/{project}/locations/global/rankingConfigs/default_ranking_config:rank",
}];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(kind: &str, _model: &str) -> Option<&'static [TaskOffer]> {
    match kind {
        "cohere" => Some(COHERE),
        "voyage" => Some(VOYAGE),
        "tei" => Some(TEI),
        "bedrock" => Some(BEDROCK),
        "vertex" => Some(VERTEX),
        // Its own servers have no such operation.
        "ollama" | "openai" => Some(&[]),
        _ => None,
    }
}
