//! Who makes images, and where.

use wayleave_dialect::task::Grammar;
use wayleave_model::provider::Operation;

use crate::TaskOffer;

const fn at(grammar: Grammar, path: &'static str) -> TaskOffer {
    TaskOffer { grammar, path }
}

/// OpenAI's own.
pub(super) const OPENAI: &[TaskOffer] = &[at(Grammar::OpenAi, "/images/generations")];

/// OpenAI's own, from another image.
pub(super) const OPENAI_EDIT: &[TaskOffer] = &[at(Grammar::OpenAi, "/images/edits")];

/// <https://ai.google.dev/gemini-api/docs/image-generation>; the method follows.
const GEMINI: &[TaskOffer] = &[at(Grammar::Gemini, "/v1beta/models/{model}")];

/// <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api>; the
/// method follows.
const VERTEX: &[TaskOffer] =
    &[at(Grammar::Vertex, "/v1/projects/{project}/locations/{location}/{model}")];

/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html>.
const BEDROCK: &[TaskOffer] = &[at(Grammar::Bedrock, "/model/{model}/invoke")];

/// <https://docs.together.ai/docs/images-overview>: pictures are changed where they are made.
const TOGETHER: &[TaskOffer] = &[at(Grammar::Together, "/images/generations")];

/// <https://docs.siliconflow.cn/cn/api-reference/images/images-generations>: as Together.
const SILICONFLOW: &[TaskOffer] = &[at(Grammar::SiliconFlow, "/images/generations")];

/// <https://docs.x.ai/developers/model-capabilities/images/generation>.
const XAI: &[TaskOffer] = &[at(Grammar::Xai, "/images/generations")];
const XAI_EDIT: &[TaskOffer] = &[at(Grammar::Xai, "/images/edits")];

/// <https://platform.stability.ai/docs/api-reference#tag/Generate>: each model has a path.
const STABLE_CORE: &[TaskOffer] = &[at(Grammar::Stability, "/v2beta/stable-image/generate/core")];
const STABLE_ULTRA: &[TaskOffer] = &[at(Grammar::Stability, "/v2beta/stable-image/generate/ultra")];
const STABLE_DIFFUSION: &[TaskOffer] =
    &[at(Grammar::Stability, "/v2beta/stable-image/generate/sd3")];
const STABLE_INPAINT: &[TaskOffer] = &[at(Grammar::Stability, "/v2beta/stable-image/edit/inpaint")];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(
    kind: &str,
    operation: Operation,
    model: &str,
) -> Option<&'static [TaskOffer]> {
    let edit = operation == Operation::ImageEdit;
    Some(match kind {
        "azure-openai" if edit => OPENAI_EDIT,
        "azure-openai" => OPENAI,
        "gemini" => GEMINI,
        "vertex" => VERTEX,
        "bedrock" => BEDROCK,
        "together" => TOGETHER,
        "siliconflow" => SILICONFLOW,
        "xai" if edit => XAI_EDIT,
        "xai" => XAI,
        // Neither has a path for changing pictures.
        "zhipu" | "volcengine" if edit => &[],
        "stability" => match model {
            _ if model.contains("inpaint") => STABLE_INPAINT,
            _ if model.contains("ultra") => STABLE_ULTRA,
            _ if model.starts_with("sd3") => STABLE_DIFFUSION,
            _ => STABLE_CORE,
        },
        _ => return None,
    })
}
