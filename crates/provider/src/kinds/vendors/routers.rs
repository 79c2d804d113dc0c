//! Gateways to many vendors.

use wayleave_model::provider::ModelType;
use wayleave_model::target::{ReasoningBack, ReasoningField};

use crate::kinds::compatible::{
    API_KEY_FIELD, BASE_URL_FIELD, BEARER, Compatible, OPTIONAL_KEY_FIELD, OVERRIDE_FIELD, PLAIN,
};
use crate::manifest::{Field, Manifest};
use crate::quirks::{Difference, Quirk, Quirks};

/// <https://openrouter.ai/docs/api-reference/overview>.
pub(in crate::kinds) static OPENROUTER: Compatible = Compatible {
    manifest: &Manifest {
        id: "openrouter",
        label: "OpenRouter",
        summary: "Models of many vendors behind one key.",
        docs_url: "https://openrouter.ai/docs/api-reference/overview",
        default_base_url: Some("https://openrouter.ai/api/v1"),
        provider_form: &[
            BASE_URL_FIELD,
            Field {
                id: "site_url",
                label: "Site URL",
                placeholder: Some("https://…"),
                help: Some("Shown as the caller in the router's own statistics."),
                ..BASE_URL_FIELD
            },
            Field {
                id: "site_name",
                label: "Site name",
                placeholder: Some("Wayleave"),
                help: Some("Shown as the caller in the router's own statistics."),
                ..BASE_URL_FIELD
            },
        ],
        model_types: &[ModelType::Llm, ModelType::Embedding, ModelType::Rerank],
        ..BEARER
    },
    header_fields: &[("site_url", "http-referer"), ("site_name", "x-title")],
    quirks: &Quirks(&[
        Quirk::new(
            Difference::Reasoning(ReasoningField::Reasoning),
            "https://openrouter.ai/docs/use-cases/reasoning-tokens",
        ),
        Quirk::new(
            Difference::ReasoningBack(ReasoningBack::Reasoning),
            "https://openrouter.ai/docs/use-cases/reasoning-tokens",
        ),
    ]),
    ..PLAIN
};

/// <https://huggingface.co/docs/inference-providers>.
pub(in crate::kinds) static HUGGINGFACE: Compatible = Compatible {
    manifest: &Manifest {
        id: "huggingface",
        label: "Hugging Face Inference Providers",
        summary: "Models of the hub, routed to whoever hosts them.",
        docs_url: "https://huggingface.co/docs/inference-providers",
        default_base_url: Some("https://router.huggingface.co/v1"),
        provider_form: &[
            BASE_URL_FIELD,
            Field {
                id: "bill_to",
                label: "Bill to",
                placeholder: Some("my-organization"),
                help: Some("The organization that pays, where it is not the key's owner."),
                ..BASE_URL_FIELD
            },
        ],
        credential_form: &[Field { placeholder: Some("hf_…"), ..API_KEY_FIELD }, OVERRIDE_FIELD],
        ..BEARER
    },
    header_fields: &[("bill_to", "x-hf-bill-to")],
    ..PLAIN
};

/// <https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions>.
pub(in crate::kinds) static VERCEL: Compatible = Compatible {
    manifest: &Manifest {
        id: "vercel",
        label: "Vercel AI Gateway",
        summary: "Models of many vendors behind a Vercel key.",
        docs_url: "https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions",
        default_base_url: Some("https://ai-gateway.vercel.sh/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    quirks: &Quirks(&[Quirk::new(
        Difference::Reasoning(ReasoningField::Reasoning),
        "https://vercel.com/docs/ai-gateway/sdks-and-apis/openai-chat-completions/reasoning",
    )]),
    ..PLAIN
};

/// <https://docs.requesty.ai/>.
pub(in crate::kinds) static REQUESTY: Compatible = Compatible {
    manifest: &Manifest {
        id: "requesty",
        label: "Requesty",
        summary: "Models of many vendors behind one key.",
        docs_url: "https://docs.requesty.ai/",
        default_base_url: Some("https://router.requesty.ai/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

/// <https://docs.litellm.ai/docs/simple_proxy>.
pub(in crate::kinds) static LITELLM: Compatible = Compatible {
    manifest: &Manifest {
        id: "litellm",
        label: "LiteLLM proxy",
        summary: "A LiteLLM proxy of your own.",
        docs_url: "https://docs.litellm.ai/docs/simple_proxy",
        default_base_url: Some("http://127.0.0.1:4000/v1"),
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[
            ModelType::Llm,
            ModelType::Embedding,
            ModelType::Rerank,
            ModelType::Image,
            ModelType::SpeechToText,
            ModelType::TextToSpeech,
            ModelType::Moderation,
        ],
        ..BEARER
    },
    ..PLAIN
};
