//! Makers of models, at their own addresses.

use wayleave_model::provider::ModelType;
use wayleave_model::target::{ReasoningBack, ReasoningField, SeedField, TokenLimit};

use crate::kinds::compatible::{BEARER, Compatible, PLAIN};
use crate::manifest::Manifest;
use crate::quirks::{Difference, Models, Quirk, Quirks};

/// <https://docs.mistral.ai/api>. Unknown fields are refused there (status 422); usage ends a stream unasked.
pub(in crate::kinds) static MISTRAL: Compatible = Compatible {
    manifest: &Manifest {
        id: "mistral",
        label: "Mistral AI",
        summary: "Mistral's own models, hosted in the EU.",
        docs_url: "https://docs.mistral.ai/api",
        default_base_url: Some("https://api.mistral.ai/v1"),
        model_types: &[
            ModelType::Llm,
            ModelType::Embedding,
            ModelType::Moderation,
            ModelType::SpeechToText,
        ],
        ..BEARER
    },
    quirks: &Quirks(&[
        Quirk::new(
            Difference::TokenLimit(TokenLimit::MaxTokens),
            "https://github.com/editor-code-assistant/eca/issues/231",
        ),
        Quirk::new(Difference::Seed(SeedField::RandomSeed), "https://docs.mistral.ai/api"),
        Quirk::new(Difference::NoDeveloper, "https://docs.mistral.ai/api"),
        Quirk::new(
            Difference::Refuses(&[
                "logit_bias",
                "prompt_cache_options",
                "prompt_cache_retention",
                "safety_identifier",
                "store",
                "user",
                "verbosity",
            ]),
            "https://docs.mistral.ai/api",
        ),
        Quirk::new(
            Difference::Refuses(&["stream_options"]),
            "https://github.com/dnakov/anon-kode/issues/53",
        ),
        Quirk::new(
            Difference::Refuses(&["messages[].name"]),
            "https://github.com/nomtek/mistralai_client_dart/issues/44",
        ),
        Quirk::new(
            Difference::Refuses(&["messages[].reasoning_content"]),
            "https://github.com/charmbracelet/crush/issues/1590",
        ),
    ]),
    ..PLAIN
};

/// <https://api-docs.deepseek.com/api/create-chat-completion>.
pub(in crate::kinds) static DEEPSEEK: Compatible = Compatible {
    manifest: &Manifest {
        id: "deepseek",
        label: "DeepSeek",
        summary: "DeepSeek's own models.",
        docs_url: "https://api-docs.deepseek.com/api/create-chat-completion",
        default_base_url: Some("https://api.deepseek.com/v1"),
        ..BEARER
    },
    quirks: &Quirks(&[
        Quirk::new(
            Difference::TokenLimit(TokenLimit::MaxTokens),
            "https://api-docs.deepseek.com/api/create-chat-completion",
        ),
        Quirk::new(
            Difference::Reasoning(ReasoningField::ThinkingAndEffort),
            "https://api-docs.deepseek.com/guides/thinking_mode",
        ),
        Quirk::new(
            Difference::ReasoningBack(ReasoningBack::ReasoningContent),
            "https://api-docs.deepseek.com/guides/thinking_mode",
        ),
        Quirk::new(Difference::NoJsonSchema, "https://api-docs.deepseek.com/guides/json_mode"),
        Quirk::new(Difference::NoDeveloper, "https://github.com/earendil-works/pi/issues/1048"),
    ]),
    ..PLAIN
};

/// <https://docs.x.ai/docs/api-reference>.
pub(in crate::kinds) static XAI: Compatible = Compatible {
    manifest: &Manifest {
        id: "xai",
        label: "xAI",
        summary: "xAI's Grok models.",
        docs_url: "https://docs.x.ai/docs/api-reference",
        default_base_url: Some("https://api.x.ai/v1"),
        model_types: &[ModelType::Llm, ModelType::Image],
        ..BEARER
    },
    quirks: &Quirks(&[
        Quirk {
            what: Difference::Refuses(&["frequency_penalty", "presence_penalty", "stop"]),
            models: Models::Named {
                prefixes: &["grok-3-mini", "grok-4", "grok-code"],
                without: "non-reasoning",
            },
            source: "https://docs.x.ai/docs/guides/reasoning",
        },
        Quirk::of(
            &["grok-4-0709"],
            Difference::Refuses(&["reasoning_effort"]),
            "https://docs.x.ai/docs/models",
        ),
    ]),
    ..PLAIN
};

/// <https://docs.perplexity.ai/api-reference/chat-completions-post>.
pub(in crate::kinds) static PERPLEXITY: Compatible = Compatible {
    manifest: &Manifest {
        id: "perplexity",
        label: "Perplexity",
        summary: "Perplexity's Sonar models, which search the web before they answer.",
        docs_url: "https://docs.perplexity.ai/api-reference/chat-completions-post",
        default_base_url: Some("https://api.perplexity.ai"),
        version_path: None,
        ..BEARER
    },
    quirks: &Quirks(&[Quirk::new(
        Difference::TokenLimit(TokenLimit::MaxTokens),
        "https://docs.perplexity.ai/api-reference/chat-completions-post",
    )]),
    ..PLAIN
};

/// <https://docs.ai21.com/reference/jamba-1-6-api-ref>.
pub(in crate::kinds) static AI21: Compatible = Compatible {
    manifest: &Manifest {
        id: "ai21",
        label: "AI21 Labs",
        summary: "AI21's Jamba models.",
        docs_url: "https://docs.ai21.com/reference/jamba-1-6-api-ref",
        default_base_url: Some("https://api.ai21.com/studio/v1"),
        ..BEARER
    },
    ..PLAIN
};

/// <https://developers.upstage.ai/docs/apis/chat>.
pub(in crate::kinds) static UPSTAGE: Compatible = Compatible {
    manifest: &Manifest {
        id: "upstage",
        label: "Upstage",
        summary: "Upstage's Solar models.",
        docs_url: "https://developers.upstage.ai/docs/apis/chat",
        default_base_url: Some("https://api.upstage.ai/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

/// <https://docs.inceptionlabs.ai>.
pub(in crate::kinds) static INCEPTION: Compatible = Compatible {
    manifest: &Manifest {
        id: "inception",
        label: "Inception",
        summary: "Inception's Mercury diffusion models.",
        docs_url: "https://docs.inceptionlabs.ai",
        default_base_url: Some("https://api.inceptionlabs.ai/v1"),
        ..BEARER
    },
    ..PLAIN
};
