//! The words in which a model's facts are stated.

use serde::{Deserialize, Serialize};

/// An endpoint family: requests and answers of one shape, at one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's messages.
    Messages,
    /// OpenAI's older text completions.
    Completions,
    /// Google's `generateContent`.
    Gemini,
    /// Amazon Bedrock's Converse.
    Converse,
    /// Ollama's own chat.
    Ollama,
    /// Cohere's chat, version 2.
    Cohere,
    /// Vectors for texts.
    Embeddings,
    /// Documents by relevance.
    Rerank,
    /// Images.
    Image,
    /// Speech from text.
    Speech,
    /// Text from speech.
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

/// The name of the seed on the chat-completions dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedField {
    /// OpenAI's.
    Seed,
    /// Mistral's.
    RandomSeed,
}

impl SeedField {
    /// The field's name on the wire.
    pub const fn field(self) -> &'static str {
        match self {
            SeedField::Seed => "seed",
            SeedField::RandomSeed => "random_seed",
        }
    }
}

/// The word in `tool_choice` for "some tool must be called".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequiredWord {
    /// OpenAI's.
    Required,
    /// Of servers that know the older word alone.
    Any,
}

impl RequiredWord {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            RequiredWord::Required => "required",
            RequiredWord::Any => "any",
        }
    }
}

/// How the chat-completions dialect of a model is told whether, and how much, to reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningField {
    /// `reasoning_effort`: a word.
    ReasoningEffort,
    /// `thinking: {"type": "enabled" | "disabled"}`: a switch, without an amount.
    Thinking,
    /// The same switch to turn it off, and a word in `reasoning_effort` for how much.
    ThinkingAndEffort,
    /// `enable_thinking`: a switch; `thinking_budget`: tokens.
    EnableThinking,
    /// `chat_template_kwargs: {"enable_thinking", "thinking"}`: a switch that the model's own
    /// template reads; a word stays in `reasoning_effort`.
    ChatTemplateKwargs,
    /// `reasoning: {"effort" | "max_tokens" | "enabled"}`.
    Reasoning,
}

/// Where reasoning is handed back to the model that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningBack {
    /// Most vendors' name.
    ReasoningContent,
    /// Routers' and newer servers' name.
    Reasoning,
}

impl ReasoningBack {
    /// The field's name on the wire.
    pub const fn field(self) -> &'static str {
        match self {
            ReasoningBack::ReasoningContent => "reasoning_content",
            ReasoningBack::Reasoning => "reasoning",
        }
    }
}
