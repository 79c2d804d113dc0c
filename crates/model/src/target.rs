//! Models of a provider, and what is known of their limits and abilities.

use serde::{Deserialize, Serialize};

use crate::id::{ModelId, ProviderId};
use crate::price::PriceVersion;
use crate::provider::ModelType;
use crate::time::Timestamp;

/// A model: (provider, name, type), unique in the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Its id.
    pub id: ModelId,
    /// Whose it is.
    pub provider: ProviderId,
    /// The provider's own name for it.
    pub name: String,
    /// What it does.
    #[serde(rename = "type")]
    pub model_type: ModelType,
    /// Made by the workspace, not by the catalog.
    pub custom: bool,
    /// A disabled model serves nothing.
    pub enabled: bool,
    /// What it can do.
    pub facts: ModelFacts,
    /// The price version in force; `None`: no price, so the model is refused.
    pub price: Option<PriceVersion>,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
    /// Goes up with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a model takes and gives. Absent means unknown: then the client's wish goes up unchanged
/// and the provider judges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelFacts {
    /// Tokens of prompt and answer together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// Most tokens of one answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u64>,
    /// Fewest tokens an answer limit may be (some reasoning models refuse less than 16).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_output: Option<u64>,
    /// The field that carries the answer limit on the chat-completions dialect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_limit: Option<TokenLimit>,
    /// Top-level request fields the model refuses; taken out as a named edit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refuses: Vec<String>,
    /// Whether tools may be offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    /// Whether images may be in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vision: Option<bool>,
    /// Whether a JSON schema can be demanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_schema: Option<bool>,
    /// How reasoning is asked for, if it can be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<ReasoningControl>,
    /// The endpoint families the model is served at. Empty means unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<Family>,
    /// Whether one answer may call several tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tools: Option<bool>,
    /// Whether audio may be in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<bool>,
    /// Whether the answer can be audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<bool>,
    /// Whether files (PDF) may be in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<bool>,
    /// Whether parts of a prompt can be cached by the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_caching: Option<bool>,
}

/// A group of operations that share a path and a grammar at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// OpenAI Chat Completions.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// Anthropic Messages.
    Messages,
    /// OpenAI's legacy text completions.
    Completions,
    /// Gemini `generateContent`.
    Gemini,
    /// Bedrock Converse.
    Converse,
    /// Ollama's own chat.
    Ollama,
    /// Cohere's own chat, version 2.
    Cohere,
    /// Texts to vectors.
    Embeddings,
    /// Documents by relevance.
    Rerank,
    /// Images made or edited.
    Image,
    /// Text to speech.
    Speech,
    /// Speech to text.
    Transcription,
    /// Judgements of content.
    Moderation,
    /// Videos.
    Video,
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 15] = [
        Family::Chat,
        Family::Responses,
        Family::Messages,
        Family::Completions,
        Family::Gemini,
        Family::Converse,
        Family::Ollama,
        Family::Cohere,
        Family::Embeddings,
        Family::Rerank,
        Family::Image,
        Family::Speech,
        Family::Transcription,
        Family::Moderation,
        Family::Video,
    ];

    /// The word in JSON and in setup files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Family::Chat => "chat",
            Family::Responses => "responses",
            Family::Messages => "messages",
            Family::Completions => "completions",
            Family::Gemini => "gemini",
            Family::Converse => "converse",
            Family::Ollama => "ollama",
            Family::Cohere => "cohere",
            Family::Embeddings => "embeddings",
            Family::Rerank => "rerank",
            Family::Image => "image",
            Family::Speech => "speech",
            Family::Transcription => "transcription",
            Family::Moderation => "moderation",
            Family::Video => "video",
        }
    }
}

/// The name of the answer limit on the chat-completions dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenLimit {
    /// The older name.
    MaxTokens,
    /// The name reasoning models demand.
    MaxCompletionTokens,
}

impl TokenLimit {
    /// The field's name on the wire.
    pub const fn field(self) -> &'static str {
        match self {
            TokenLimit::MaxTokens => "max_tokens",
            TokenLimit::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

/// How a model is told how much to reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningControl {
    /// It cannot reason.
    None,
    /// A word: minimal, low, medium, high.
    Effort,
    /// A number of tokens.
    Budget,
    /// It decides; effort is a hint.
    Adaptive,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_one_word() {
        for family in Family::ALL {
            let word = serde_json::to_value(family).expect("a word");
            assert_eq!(word, family.as_str());
        }
    }
}
