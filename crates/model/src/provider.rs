//! Configured providers, and the kinds of model and operation there are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{CredentialId, ProviderId};
use crate::supply::Supplier;
use crate::time::Timestamp;

/// A configured use of a provider kind in a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// Its id.
    pub id: ProviderId,
    /// Unique in the workspace.
    pub name: String,
    /// The public id of its kind, like `openai-compatible`.
    pub kind: String,
    /// Where it is, normalised; `None` is the kind's own address.
    pub base_url: Option<String>,
    /// The other fields of the kind's form, as text.
    pub settings: BTreeMap<String, String>,
    /// The credential that serves unless a target or pool says otherwise.
    pub default_credential: Option<CredentialId>,
    /// Whose credentials shall serve; `None`: the workspace's own, once it has one.
    #[serde(default)]
    pub preference: Option<Supplier>,
    /// A disabled provider serves nothing.
    pub enabled: bool,
    /// Models that the catalog comes to know of its kind are enabled by themselves.
    #[serde(default)]
    pub new_models: bool,
    /// Who owns its declaration: `apply`'s file identity, or nobody in particular.
    pub managed_by: Option<String>,
    /// Goes up with each change: the entity tag of the API.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelType {
    /// Chat and text.
    Llm,
    /// Text to vector.
    Embedding,
    /// Orders documents by relevance.
    Rerank,
    /// Speech to text.
    SpeechToText,
    /// Text to speech.
    TextToSpeech,
    /// Makes images.
    Image,
    /// Judges content.
    Moderation,
    /// Makes video.
    Video,
}

impl ModelType {
    /// Every type.
    pub const ALL: [ModelType; 8] = [
        ModelType::Llm,
        ModelType::Embedding,
        ModelType::Rerank,
        ModelType::SpeechToText,
        ModelType::TextToSpeech,
        ModelType::Image,
        ModelType::Moderation,
        ModelType::Video,
    ];

    /// The word in SQL, in JSON and in setup files.
    pub const fn as_str(self) -> &'static str {
        match self {
            ModelType::Llm => "llm",
            ModelType::Embedding => "embedding",
            ModelType::Rerank => "rerank",
            ModelType::SpeechToText => "speech-to-text",
            ModelType::TextToSpeech => "text-to-speech",
            ModelType::Image => "image",
            ModelType::Moderation => "moderation",
            ModelType::Video => "video",
        }
    }

    /// The type of that name.
    pub fn parse(name: &str) -> Option<ModelType> {
        ModelType::ALL.into_iter().find(|it| it.as_str() == name)
    }

    /// What is done with a model of this type.
    pub const fn operations(self) -> &'static [Operation] {
        match self {
            ModelType::Llm => &[Operation::Chat],
            ModelType::Embedding => &[Operation::Embed],
            ModelType::Rerank => &[Operation::Rerank],
            ModelType::SpeechToText => &[Operation::Transcribe, Operation::Translate],
            ModelType::TextToSpeech => &[Operation::Speech],
            ModelType::Image => &[Operation::Image, Operation::ImageEdit],
            ModelType::Moderation => &[Operation::Moderate],
            ModelType::Video => &[Operation::Video],
        }
    }

    /// Every path, under a base URL, at which a model of this type is served.
    pub const fn endpoints(self) -> &'static [&'static str] {
        match self {
            ModelType::Llm => &[
                "/v1/chat/completions",
                "/v1/responses",
                "/v1/messages",
                "/v1/completions",
                "/v1beta/models/{model}:generateContent",
            ],
            ModelType::Embedding => &["/v1/embeddings", "/v1beta/models/{model}:embedContent"],
            ModelType::Rerank => &["/v1/rerank", "/v2/rerank"],
            ModelType::SpeechToText => &["/v1/audio/transcriptions", "/v1/audio/translations"],
            ModelType::TextToSpeech => &["/v1/audio/speech"],
            ModelType::Image => &["/v1/images/generations", "/v1/images/edits"],
            ModelType::Moderation => &["/v1/moderations"],
            ModelType::Video => &["/v1/videos", "/v1/video/generations"],
        }
    }

    /// The path, under a base URL, where a model of this type is served.
    pub const fn endpoint(self) -> &'static str {
        match self {
            ModelType::Llm => "/v1/chat/completions",
            ModelType::Embedding => "/v1/embeddings",
            ModelType::Rerank => "/v1/rerank",
            ModelType::SpeechToText => "/v1/audio/transcriptions",
            ModelType::TextToSpeech => "/v1/audio/speech",
            ModelType::Image => "/v1/images/generations",
            ModelType::Moderation => "/v1/moderations",
            ModelType::Video => "/v1/videos",
        }
    }
}

/// What a caller wants done, whichever dialect carried the wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A conversation's next turn.
    Chat,
    /// Vectors for texts.
    Embed,
    /// Documents by relevance.
    Rerank,
    /// An image.
    Image,
    /// An image from another.
    ImageEdit,
    /// Speech from text.
    Speech,
    /// Text from speech.
    Transcribe,
    /// English text from speech.
    Translate,
    /// A judgement of content.
    Moderate,
    /// A video.
    Video,
    /// How many tokens a conversation has.
    CountTokens,
    /// A response that its provider has stored: read, cancelled or deleted.
    StoredResponse,
}

impl Operation {
    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Operation::Chat => "chat",
            Operation::Embed => "embed",
            Operation::Rerank => "rerank",
            Operation::Image => "image",
            Operation::ImageEdit => "image_edit",
            Operation::Speech => "speech",
            Operation::Transcribe => "transcribe",
            Operation::Translate => "translate",
            Operation::Moderate => "moderate",
            Operation::Video => "video",
            Operation::CountTokens => "count_tokens",
            Operation::StoredResponse => "stored_response",
        }
    }
}
