//! Servers that people run themselves; their addresses are those of this computer.

use wayleave_model::provider::ModelType;
use wayleave_model::target::{ReasoningBack, ReasoningField};

use crate::kinds::compatible::{BEARER, Compatible, OPTIONAL_KEY_FIELD, OVERRIDE_FIELD, PLAIN};
use crate::manifest::Manifest;
use crate::quirks::{Difference, Quirk, Quirks};

/// <https://docs.vllm.ai/en/stable/serving/openai_compatible_server>.
pub(in crate::kinds) static VLLM: Compatible = Compatible {
    manifest: &Manifest {
        id: "vllm",
        label: "vLLM",
        summary: "A vLLM server of your own.",
        docs_url: "https://docs.vllm.ai/en/stable/serving/openai_compatible_server",
        default_base_url: Some("http://127.0.0.1:8000/v1"),
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[
            ModelType::Llm,
            ModelType::Embedding,
            ModelType::Rerank,
            ModelType::SpeechToText,
        ],
        ..BEARER
    },
    quirks: &Quirks(&[
        Quirk::new(
            Difference::Reasoning(ReasoningField::ChatTemplateKwargs),
            "https://docs.vllm.ai/en/stable/features/reasoning_outputs/",
        ),
        Quirk::new(
            Difference::ReasoningBack(ReasoningBack::Reasoning),
            "https://docs.vllm.ai/en/latest/features/interleaved_thinking/",
        ),
    ]),
    ..PLAIN
};

/// <https://docs.sglang.io/docs/basic_usage/openai_api_completions>.
pub(in crate::kinds) static SGLANG: Compatible = Compatible {
    manifest: &Manifest {
        id: "sglang",
        label: "SGLang",
        summary: "An SGLang server of your own.",
        docs_url: "https://docs.sglang.io/docs/basic_usage/openai_api_completions",
        default_base_url: Some("http://127.0.0.1:30000/v1"),
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[ModelType::Llm, ModelType::Embedding, ModelType::Rerank],
        ..BEARER
    },
    quirks: &Quirks(&[Quirk::new(
        Difference::Reasoning(ReasoningField::ChatTemplateKwargs),
        "https://docs.sglang.io/docs/advanced_features/separate_reasoning",
    )]),
    ..PLAIN
};

/// <https://lmstudio.ai/docs/developer/openai-compat>.
pub(in crate::kinds) static LM_STUDIO: Compatible = Compatible {
    manifest: &Manifest {
        id: "lm-studio",
        label: "LM Studio",
        summary: "Models in LM Studio on a desktop.",
        docs_url: "https://lmstudio.ai/docs/developer/openai-compat",
        default_base_url: Some("http://127.0.0.1:1234/v1"),
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

/// <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>.
pub(in crate::kinds) static LLAMA_CPP: Compatible = Compatible {
    manifest: &Manifest {
        id: "llama-cpp",
        label: "llama.cpp",
        summary: "A llama.cpp server of your own.",
        docs_url: "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
        default_base_url: Some("http://127.0.0.1:8080/v1"),
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[ModelType::Llm, ModelType::Embedding, ModelType::Rerank],
        ..BEARER
    },
    quirks: &Quirks(&[Quirk::new(
        Difference::Reasoning(ReasoningField::ChatTemplateKwargs),
        "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
    )]),
    ..PLAIN
};

/// <https://localai.io/features/>.
pub(in crate::kinds) static LOCALAI: Compatible = Compatible {
    manifest: &Manifest {
        id: "localai",
        label: "LocalAI",
        summary: "A LocalAI server of your own.",
        docs_url: "https://localai.io/features/",
        default_base_url: Some("http://127.0.0.1:8080/v1"),
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[
            ModelType::Llm,
            ModelType::Embedding,
            ModelType::Rerank,
            ModelType::Image,
            ModelType::SpeechToText,
            ModelType::TextToSpeech,
        ],
        ..BEARER
    },
    ..PLAIN
};

/// <https://inference.readthedocs.io/en/latest/>.
pub(in crate::kinds) static XINFERENCE: Compatible = Compatible {
    manifest: &Manifest {
        id: "xinference",
        label: "Xinference",
        summary: "An Xorbits Inference cluster of your own.",
        docs_url: "https://inference.readthedocs.io/en/latest/",
        default_base_url: Some("http://127.0.0.1:9997/v1"),
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[
            ModelType::Llm,
            ModelType::Embedding,
            ModelType::Rerank,
            ModelType::Image,
            ModelType::SpeechToText,
            ModelType::TextToSpeech,
        ],
        ..BEARER
    },
    ..PLAIN
};

/// <https://huggingface.co/docs/text-generation-inference/messages_api>.
pub(in crate::kinds) static TGI: Compatible = Compatible {
    manifest: &Manifest {
        id: "tgi",
        label: "Text Generation Inference",
        summary: "A Hugging Face TGI server of your own.",
        docs_url: "https://huggingface.co/docs/text-generation-inference/messages_api",
        default_base_url: Some("http://127.0.0.1:8080/v1"),
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        ..BEARER
    },
    ..PLAIN
};

/// <https://jan.ai/docs/api-server>.
pub(in crate::kinds) static JAN: Compatible = Compatible {
    manifest: &Manifest {
        id: "jan",
        label: "Jan",
        summary: "Models in Jan on a desktop.",
        docs_url: "https://jan.ai/docs/api-server",
        default_base_url: Some("http://127.0.0.1:1337/v1"),
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        ..BEARER
    },
    ..PLAIN
};

/// <https://docs.docker.com/ai/model-runner/api-reference/>.
pub(in crate::kinds) static DOCKER_MODEL_RUNNER: Compatible = Compatible {
    manifest: &Manifest {
        id: "docker-model-runner",
        label: "Docker Model Runner",
        summary: "Models that Docker runs.",
        docs_url: "https://docs.docker.com/ai/model-runner/api-reference/",
        default_base_url: Some("http://127.0.0.1:12434/engines/v1"),
        version_path: None,
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};

/// <https://docs.gpustack.ai/latest/>.
pub(in crate::kinds) static GPUSTACK: Compatible = Compatible {
    manifest: &Manifest {
        id: "gpustack",
        label: "GPUStack",
        summary: "A GPUStack cluster of your own.",
        docs_url: "https://docs.gpustack.ai/latest/",
        default_base_url: Some("http://127.0.0.1/v1"),
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[
            ModelType::Llm,
            ModelType::Embedding,
            ModelType::Rerank,
            ModelType::Image,
            ModelType::SpeechToText,
            ModelType::TextToSpeech,
        ],
        ..BEARER
    },
    ..PLAIN
};

/// <https://huggingface.co/docs/text-embeddings-inference>.
pub(in crate::kinds) static TEI: Compatible = Compatible {
    manifest: &Manifest {
        id: "tei",
        label: "Text Embeddings Inference",
        summary: "A Hugging Face TEI server of your own: vectors and ranking, no chat.",
        docs_url: "https://huggingface.co/docs/text-embeddings-inference",
        default_base_url: Some("http://127.0.0.1:8080"),
        version_path: None,
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[ModelType::Embedding, ModelType::Rerank],
        ..BEARER
    },
    operations: &[],
    ..PLAIN
};

/// <https://michaelfeil.eu/infinity/>.
pub(in crate::kinds) static INFINITY: Compatible = Compatible {
    manifest: &Manifest {
        id: "infinity",
        label: "Infinity",
        summary: "An Infinity server of your own: vectors and ranking, no chat.",
        docs_url: "https://michaelfeil.eu/infinity/",
        default_base_url: Some("http://127.0.0.1:7997"),
        version_path: None,
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[ModelType::Embedding, ModelType::Rerank],
        ..BEARER
    },
    operations: &[],
    ..PLAIN
};

/// <https://github.com/ggml-org/whisper.cpp/tree/master/examples/server>. Its path is `/inference`
/// unless it was started with another.
pub(in crate::kinds) static WHISPER_CPP: Compatible = Compatible {
    manifest: &Manifest {
        id: "whisper-cpp",
        label: "whisper.cpp",
        summary: "A whisper.cpp server of your own: speech to text, no chat.",
        docs_url: "https://github.com/ggml-org/whisper.cpp/tree/master/examples/server",
        default_base_url: Some("http://127.0.0.1:8080"),
        version_path: None,
        credential_form: &[OPTIONAL_KEY_FIELD, OVERRIDE_FIELD],
        model_types: &[ModelType::SpeechToText],
        ..BEARER
    },
    operations: &[],
    tails: &["/inference"],
    ..PLAIN
};
