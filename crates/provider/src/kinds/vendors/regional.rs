//! Vendors in China, several of them with a second address for the rest of the world.

use wayleave_model::provider::ModelType;
use wayleave_model::target::{ReasoningBack, ReasoningField, TokenLimit};

use super::{REGION, REGION_FIELD, TYPED_FIELD};
use crate::kinds::compatible::{BASE_URL_FIELD, BEARER, Compatible, PLAIN};
use crate::kinds::place::Place;
use crate::manifest::{Choice, Control, Field, Manifest};
use crate::quirks::{Difference, Quirk, Quirks};

/// <https://platform.moonshot.ai/docs/api/chat>.
pub(in crate::kinds) static MOONSHOT: Compatible = Compatible {
    manifest: &Manifest {
        id: "moonshot",
        label: "Moonshot AI (Kimi)",
        summary: "Moonshot's Kimi models.",
        docs_url: "https://platform.moonshot.ai/docs/api/chat",
        provider_form: &[
            Field {
                control: Control::Select {
                    options: &[
                        Choice { value: "intl", label: "International" },
                        Choice { value: "cn", label: "China" },
                    ],
                },
                default: Some("intl"),
                ..REGION_FIELD
            },
            TYPED_FIELD,
        ],
        ..BEARER
    },
    place: Place::Chosen {
        field: REGION,
        addresses: &[("intl", "https://api.moonshot.ai/v1"), ("cn", "https://api.moonshot.cn/v1")],
    },
    quirks: &Quirks(&[
        Quirk::of(
            &["kimi-k"],
            Difference::Refuses(&["frequency_penalty", "presence_penalty", "temperature", "top_p"]),
            "https://platform.moonshot.ai/docs/guide/kimi-k2-5-quickstart",
        ),
        Quirk::new(
            Difference::Reasoning(ReasoningField::ThinkingAndEffort),
            "https://platform.moonshot.ai/docs/guide/kimi-k2-5-quickstart",
        ),
        Quirk::new(
            Difference::ReasoningBack(ReasoningBack::ReasoningContent),
            "https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model",
        ),
    ]),
    ..PLAIN
};

/// <https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope>.
pub(in crate::kinds) static QWEN: Compatible = Compatible {
    manifest: &Manifest {
        id: "qwen",
        label: "Alibaba Cloud Model Studio (Qwen)",
        summary: "Qwen and other models on Alibaba Cloud, also known as DashScope.",
        docs_url: "https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope",
        provider_form: &[
            Field {
                control: Control::Select {
                    options: &[
                        Choice { value: "intl", label: "Singapore" },
                        Choice { value: "cn", label: "Beijing" },
                        Choice { value: "us", label: "Virginia" },
                        Choice { value: "hk", label: "Hong Kong" },
                    ],
                },
                default: Some("intl"),
                ..REGION_FIELD
            },
            Field { help: Some("Only for an address of the workspace's own."), ..BASE_URL_FIELD },
        ],
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    place: Place::Chosen {
        field: REGION,
        addresses: &[
            ("intl", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"),
            ("cn", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
            ("us", "https://dashscope-us.aliyuncs.com/compatible-mode/v1"),
            ("hk", "https://cn-hongkong.dashscope.aliyuncs.com/compatible-mode/v1"),
        ],
    },
    quirks: &Quirks(&[
        Quirk::new(
            Difference::Reasoning(ReasoningField::EnableThinking),
            "https://www.alibabacloud.com/help/en/model-studio/deep-thinking",
        ),
        Quirk::of(&["text-embedding-v3", "text-embedding-v4"], Difference::MaxBatch(10), VECTORS),
        Quirk::of(&["text-embedding-v1", "text-embedding-v2"], Difference::MaxBatch(25), VECTORS),
        // Only floats are given, whatever is asked for.
        Quirk::of(&["text-embedding"], Difference::Refuses(&["encoding_format"]), VECTORS),
    ]),
    ..PLAIN
};

/// Its page on vectors.
const VECTORS: &str = "https://help.aliyun.com/en/model-studio/text-embedding-synchronous-api";

/// <https://docs.z.ai/api-reference/llm/chat-completion>.
pub(in crate::kinds) static ZHIPU: Compatible = Compatible {
    manifest: &Manifest {
        id: "zhipu",
        label: "Z.ai (Zhipu GLM)",
        summary: "Zhipu's GLM models.",
        docs_url: "https://docs.z.ai/api-reference/llm/chat-completion",
        version_path: None,
        provider_form: &[
            Field {
                control: Control::Select {
                    options: &[
                        Choice { value: "intl", label: "International" },
                        Choice { value: "cn", label: "China" },
                    ],
                },
                default: Some("intl"),
                ..REGION_FIELD
            },
            TYPED_FIELD,
        ],
        model_types: &[ModelType::Llm, ModelType::Embedding, ModelType::Rerank, ModelType::Image],
        ..BEARER
    },
    place: Place::Chosen {
        field: REGION,
        addresses: &[
            ("intl", "https://api.z.ai/api/paas/v4"),
            ("cn", "https://open.bigmodel.cn/api/paas/v4"),
        ],
    },
    quirks: &Quirks(&[
        Quirk::new(
            Difference::TokenLimit(TokenLimit::MaxTokens),
            "https://docs.z.ai/guides/overview/concept-param",
        ),
        Quirk::of(
            &["glm-5.2", "glm-5.3"],
            Difference::Reasoning(ReasoningField::ThinkingAndEffort),
            "https://docs.z.ai/api-reference/llm/chat-completion",
        ),
        Quirk::new(
            Difference::Reasoning(ReasoningField::Thinking),
            "https://docs.z.ai/guides/capabilities/thinking-mode",
        ),
        Quirk::new(
            Difference::ReasoningBack(ReasoningBack::ReasoningContent),
            "https://docs.z.ai/guides/capabilities/thinking-mode",
        ),
    ]),
    ..PLAIN
};

/// <https://platform.minimax.io/docs/api-reference/text-openai-api>.
pub(in crate::kinds) static MINIMAX: Compatible = Compatible {
    manifest: &Manifest {
        id: "minimax",
        label: "MiniMax",
        summary: "MiniMax's language models.",
        docs_url: "https://platform.minimax.io/docs/api-reference/text-openai-api",
        provider_form: &[
            Field {
                control: Control::Select {
                    options: &[
                        Choice { value: "intl", label: "International" },
                        Choice { value: "cn", label: "China" },
                    ],
                },
                default: Some("intl"),
                ..REGION_FIELD
            },
            TYPED_FIELD,
        ],
        ..BEARER
    },
    place: Place::Chosen {
        field: REGION,
        addresses: &[("intl", "https://api.minimax.io/v1"), ("cn", "https://api.minimaxi.com/v1")],
    },
    ..PLAIN
};

/// <https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions>.
pub(in crate::kinds) static SILICONFLOW: Compatible = Compatible {
    manifest: &Manifest {
        id: "siliconflow",
        label: "SiliconFlow",
        summary: "Open models hosted by SiliconFlow.",
        docs_url: "https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions",
        provider_form: &[
            Field {
                control: Control::Select {
                    options: &[
                        Choice { value: "intl", label: "International" },
                        Choice { value: "cn", label: "China" },
                    ],
                },
                default: Some("intl"),
                ..REGION_FIELD
            },
            TYPED_FIELD,
        ],
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
    place: Place::Chosen {
        field: REGION,
        addresses: &[
            ("intl", "https://api.siliconflow.com/v1"),
            ("cn", "https://api.siliconflow.cn/v1"),
        ],
    },
    quirks: &Quirks(&[
        Quirk::new(
            Difference::Reasoning(ReasoningField::EnableThinking),
            "https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions",
        ),
        Quirk::new(
            Difference::TokenLimit(TokenLimit::MaxTokens),
            "https://docs.siliconflow.com/en/api-reference/chat-completions/chat-completions",
        ),
    ]),
    ..PLAIN
};

/// <https://www.volcengine.com/docs/82379/1494384>.
pub(in crate::kinds) static VOLCENGINE: Compatible = Compatible {
    manifest: &Manifest {
        id: "volcengine",
        label: "Volcengine Ark (Doubao)",
        summary: "Doubao and other models on ByteDance's Ark.",
        docs_url: "https://www.volcengine.com/docs/82379/1494384",
        version_path: None,
        provider_form: &[
            Field {
                control: Control::Select {
                    options: &[
                        Choice { value: "cn", label: "China (Volcengine)" },
                        Choice { value: "intl", label: "International (BytePlus)" },
                    ],
                },
                default: Some("cn"),
                ..REGION_FIELD
            },
            TYPED_FIELD,
        ],
        model_types: &[ModelType::Llm, ModelType::Embedding, ModelType::Image],
        ..BEARER
    },
    place: Place::Chosen {
        field: REGION,
        addresses: &[
            ("cn", "https://ark.cn-beijing.volces.com/api/v3"),
            ("intl", "https://ark.ap-southeast.bytepluses.com/api/v3"),
        ],
    },
    quirks: &Quirks(&[Quirk::new(
        Difference::Reasoning(ReasoningField::ThinkingAndEffort),
        "https://www.volcengine.com/docs/82379/1494384",
    )]),
    ..PLAIN
};

/// <https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb>.
pub(in crate::kinds) static QIANFAN: Compatible = Compatible {
    manifest: &Manifest {
        id: "qianfan",
        label: "Baidu Qianfan",
        summary: "ERNIE and other models on Baidu AI Cloud.",
        docs_url: "https://cloud.baidu.com/doc/qianfan-api/s/3m7of64lb",
        default_base_url: Some("https://qianfan.baidubce.com/v2"),
        version_path: None,
        model_types: &[ModelType::Llm, ModelType::Embedding, ModelType::Rerank],
        ..BEARER
    },
    ..PLAIN
};

/// <https://cloud.tencent.com/document/product/1729/111007>.
pub(in crate::kinds) static HUNYUAN: Compatible = Compatible {
    manifest: &Manifest {
        id: "hunyuan",
        label: "Tencent Hunyuan",
        summary: "Tencent's Hunyuan models.",
        docs_url: "https://cloud.tencent.com/document/product/1729/111007",
        provider_form: &[
            Field {
                control: Control::Select {
                    options: &[
                        Choice { value: "hunyuan", label: "Hunyuan" },
                        Choice { value: "tokenhub", label: "TokenHub" },
                    ],
                },
                default: Some("hunyuan"),
                ..REGION_FIELD
            },
            TYPED_FIELD,
        ],
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    place: Place::Chosen {
        field: REGION,
        addresses: &[
            ("hunyuan", "https://api.hunyuan.cloud.tencent.com/v1"),
            ("tokenhub", "https://tokenhub.tencentmaas.com/v1"),
        ],
    },
    ..PLAIN
};

/// <https://platform.stepfun.com/docs/zh/overview/concept>.
pub(in crate::kinds) static STEPFUN: Compatible = Compatible {
    manifest: &Manifest {
        id: "stepfun",
        label: "StepFun",
        summary: "StepFun's Step models.",
        docs_url: "https://platform.stepfun.com/docs/zh/overview/concept",
        provider_form: &[
            Field {
                control: Control::Select {
                    options: &[
                        Choice { value: "intl", label: "International" },
                        Choice { value: "cn", label: "China" },
                    ],
                },
                default: Some("intl"),
                ..REGION_FIELD
            },
            TYPED_FIELD,
        ],
        ..BEARER
    },
    place: Place::Chosen {
        field: REGION,
        addresses: &[("intl", "https://api.stepfun.ai/v1"), ("cn", "https://api.stepfun.com/v1")],
    },
    ..PLAIN
};

/// <https://platform.lingyiwanwu.com/docs/api-reference>.
pub(in crate::kinds) static YI: Compatible = Compatible {
    manifest: &Manifest {
        id: "yi",
        label: "01.AI (Yi)",
        summary: "01.AI's Yi models.",
        docs_url: "https://platform.lingyiwanwu.com/docs/api-reference",
        default_base_url: Some("https://api.lingyiwanwu.com/v1"),
        ..BEARER
    },
    ..PLAIN
};

/// <https://platform.baichuan-ai.com/docs/api>.
pub(in crate::kinds) static BAICHUAN: Compatible = Compatible {
    manifest: &Manifest {
        id: "baichuan",
        label: "Baichuan",
        summary: "Baichuan's models.",
        docs_url: "https://platform.baichuan-ai.com/docs/api",
        default_base_url: Some("https://api.baichuan-ai.com/v1"),
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    ..PLAIN
};
