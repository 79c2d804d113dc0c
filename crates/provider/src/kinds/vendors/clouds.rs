//! Clouds that host open models.

use wayleave_model::provider::ModelType;
use wayleave_model::target::{ReasoningBack, ReasoningField, TokenLimit};

use crate::kinds::compatible::{BEARER, Compatible, PLAIN};
use crate::manifest::Manifest;
use crate::quirks::{Difference, Quirk, Quirks};

/// <https://console.groq.com/docs/api-reference>.
pub(in crate::kinds) static GROQ: Compatible = Compatible {
    manifest: &Manifest {
        id: "groq",
        label: "Groq",
        summary: "Open models on Groq's own hardware.",
        docs_url: "https://console.groq.com/docs/api-reference",
        default_base_url: Some("https://api.groq.com/openai/v1"),
        model_types: &[ModelType::Llm, ModelType::SpeechToText, ModelType::TextToSpeech],
        ..BEARER
    },
    quirks: &Quirks(&[
        Quirk::new(
            Difference::Refuses(&["logit_bias", "logprobs", "top_logprobs", "messages[].name"]),
            "https://console.groq.com/docs/openai",
        ),
        Quirk::new(
            Difference::Refuses(&["messages[].reasoning_content"]),
            "https://github.com/janhq/jan/issues/8136",
        ),
    ]),
    ..PLAIN
};

/// <https://docs.together.ai/reference/chat-completions-1>.
pub(in crate::kinds) static TOGETHER: Compatible = Compatible {
    manifest: &Manifest {
        id: "together",
        label: "Together AI",
        summary: "Open models hosted by Together.",
        docs_url: "https://docs.together.ai/reference/chat-completions-1",
        default_base_url: Some("https://api.together.xyz/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding, ModelType::Rerank, ModelType::Image],
        ..BEARER
    },
    quirks: &Quirks(&[Quirk::new(
        Difference::TokenLimit(TokenLimit::MaxTokens),
        "https://docs.together.ai/reference/chat-completions-1",
    )]),
    ..PLAIN
};

/// <https://fireworks.ai/docs/api-reference/post-chatcompletions>.
pub(in crate::kinds) static FIREWORKS: Compatible = Compatible {
    manifest: &Manifest {
        id: "fireworks",
        label: "Fireworks AI",
        summary: "Open models hosted by Fireworks.",
        docs_url: "https://fireworks.ai/docs/api-reference/post-chatcompletions",
        default_base_url: Some("https://api.fireworks.ai/inference/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

/// <https://inference-docs.cerebras.ai/api-reference/chat-completions>.
pub(in crate::kinds) static CEREBRAS: Compatible = Compatible {
    manifest: &Manifest {
        id: "cerebras",
        label: "Cerebras",
        summary: "Open models on Cerebras' own hardware.",
        docs_url: "https://inference-docs.cerebras.ai/api-reference/chat-completions",
        default_base_url: Some("https://api.cerebras.ai/v1"),
        ..BEARER
    },
    quirks: &Quirks(&[Quirk::new(
        Difference::ReasoningBack(ReasoningBack::Reasoning),
        "https://inference-docs.cerebras.ai/api-reference/chat-completions",
    )]),
    ..PLAIN
};

/// <https://docs.sambanova.ai/docs/en/models/sambacloud-models>.
pub(in crate::kinds) static SAMBANOVA: Compatible = Compatible {
    manifest: &Manifest {
        id: "sambanova",
        label: "SambaNova",
        summary: "Open models on SambaNova's own hardware.",
        docs_url: "https://docs.sambanova.ai/docs/en/models/sambacloud-models",
        default_base_url: Some("https://api.sambanova.ai/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding, ModelType::SpeechToText],
        ..BEARER
    },
    ..PLAIN
};

/// <https://docs.api.nvidia.com/nim/reference/llm-apis>.
pub(in crate::kinds) static NVIDIA_NIM: Compatible = Compatible {
    manifest: &Manifest {
        id: "nvidia-nim",
        label: "NVIDIA NIM",
        summary: "Models in NVIDIA's catalog, or a NIM container of your own.",
        docs_url: "https://docs.api.nvidia.com/nim/reference/llm-apis",
        default_base_url: Some("https://integrate.api.nvidia.com/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

/// <https://docs.hyperbolic.xyz/docs/inference-api>.
pub(in crate::kinds) static HYPERBOLIC: Compatible = Compatible {
    manifest: &Manifest {
        id: "hyperbolic",
        label: "Hyperbolic",
        summary: "Open models hosted by Hyperbolic.",
        docs_url: "https://docs.hyperbolic.xyz/docs/inference-api",
        default_base_url: Some("https://api.hyperbolic.xyz/v1"),
        ..BEARER
    },
    ..PLAIN
};

/// <https://novita.ai/docs/guides/llm-api>.
pub(in crate::kinds) static NOVITA: Compatible = Compatible {
    manifest: &Manifest {
        id: "novita",
        label: "Novita AI",
        summary: "Open models hosted by Novita.",
        docs_url: "https://novita.ai/docs/guides/llm-api",
        default_base_url: Some("https://api.novita.ai/openai/v1"),
        ..BEARER
    },
    ..PLAIN
};

/// <https://deepinfra.com/docs/openai_api>.
pub(in crate::kinds) static DEEPINFRA: Compatible = Compatible {
    manifest: &Manifest {
        id: "deepinfra",
        label: "DeepInfra",
        summary: "Open models hosted by DeepInfra.",
        docs_url: "https://deepinfra.com/docs/openai_api",
        default_base_url: Some("https://api.deepinfra.com/v1/openai"),
        version_path: None,
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

/// <https://docs.tokenfactory.nebius.com/>.
pub(in crate::kinds) static NEBIUS: Compatible = Compatible {
    manifest: &Manifest {
        id: "nebius",
        label: "Nebius Token Factory",
        summary: "Open models hosted by Nebius in Europe.",
        docs_url: "https://docs.tokenfactory.nebius.com/",
        default_base_url: Some("https://api.tokenfactory.nebius.com/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

/// <https://docs.baseten.co/development/model-apis/overview>.
pub(in crate::kinds) static BASETEN: Compatible = Compatible {
    manifest: &Manifest {
        id: "baseten",
        label: "Baseten",
        summary: "Open models hosted by Baseten.",
        docs_url: "https://docs.baseten.co/development/model-apis/overview",
        default_base_url: Some("https://inference.baseten.co/v1"),
        ..BEARER
    },
    ..PLAIN
};

/// <https://featherless.ai/docs/completions>.
pub(in crate::kinds) static FEATHERLESS: Compatible = Compatible {
    manifest: &Manifest {
        id: "featherless",
        label: "Featherless",
        summary: "Open models of Hugging Face, hosted without servers.",
        docs_url: "https://featherless.ai/docs/completions",
        default_base_url: Some("https://api.featherless.ai/v1"),
        ..BEARER
    },
    quirks: &Quirks(&[Quirk::new(
        Difference::Reasoning(ReasoningField::ChatTemplateKwargs),
        "https://featherless.ai/docs/chat-template-kwargs",
    )]),
    ..PLAIN
};

/// <https://friendli.ai/docs/guides/serverless_endpoints/introduction>.
pub(in crate::kinds) static FRIENDLI: Compatible = Compatible {
    manifest: &Manifest {
        id: "friendli",
        label: "FriendliAI",
        summary: "Open models hosted by Friendli.",
        docs_url: "https://friendli.ai/docs/guides/serverless_endpoints/introduction",
        default_base_url: Some("https://api.friendli.ai/serverless/v1"),
        ..BEARER
    },
    ..PLAIN
};

/// <https://chutes.ai/docs>.
pub(in crate::kinds) static CHUTES: Compatible = Compatible {
    manifest: &Manifest {
        id: "chutes",
        label: "Chutes",
        summary: "Open models on a distributed network.",
        docs_url: "https://chutes.ai/docs",
        default_base_url: Some("https://llm.chutes.ai/v1"),
        ..BEARER
    },
    ..PLAIN
};
