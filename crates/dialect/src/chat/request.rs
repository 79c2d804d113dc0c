//! A conversation and what is wanted of its next turn, whichever dialect said it.

use bytes::Bytes;
use serde_json::value::RawValue;

/// A conversation and what is wanted of its next turn.
#[derive(Debug, Default)]
pub struct ChatRequest {
    /// The public name asked for.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Everything said so far, in order. System and developer turns stand where they stood.
    pub turns: Vec<Turn>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Whether it must, may or may not.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    pub parallel_tools: Option<bool>,
    /// The tools were declared in OpenAI's older form (`functions`), so their calls must be
    /// answered in it.
    pub legacy_functions: bool,
    /// The shape of the answer.
    pub output: OutputFormat,
    /// Most tokens of the answer, under whichever name.
    pub max_output: Option<u64>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// How much to reason, and what to show of it.
    pub reasoning: Option<Reasoning>,
    /// How many answers; 0 and 1 both mean one.
    pub choices: u32,
    /// Whether token probabilities are wanted, and how many alternatives of each.
    pub logprobs: Option<u32>,
    /// The client's name for its end user.
    pub end_user: Option<String>,
    /// The provider's latency class (`auto`, `default`, `flex`, `priority` …), as sent.
    pub service_tier: Option<String>,
    /// A key that groups requests for the provider's prompt cache.
    pub cache_key: Option<String>,
    /// Labels the provider is to store with the call.
    pub metadata: Option<Box<RawValue>>,
    /// Top-level fields without a common word: name and value. Each is a loss across dialects.
    pub rest: Vec<(String, Box<RawValue>)>,
}

impl ChatRequest {
    /// The names of the tools that are called with free text.
    pub fn custom_tools(&self) -> Vec<String> {
        let custom = self.tools.iter().filter(|it| matches!(it.kind, ToolKind::Custom { .. }));
        custom.map(|tool| tool.name.clone()).collect()
    }
}

/// How tokens are drawn. Absent: the provider's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2 (OpenAI, Gemini) or 0 to 1 (Anthropic, Cohere): see each writer.
    pub temperature: Option<f64>,
    /// Nucleus.
    pub top_p: Option<f64>,
    /// Candidates.
    pub top_k: Option<u64>,
    /// Less of what was said, by count.
    pub frequency_penalty: Option<f64>,
    /// Less of what was said, at all.
    pub presence_penalty: Option<f64>,
    /// For answers that can be repeated.
    pub seed: Option<i64>,
}

/// One turn of the conversation.
#[derive(Debug)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// A participant's name, where the dialect has one.
    pub name: Option<String>,
    /// What is said, in order. Never regrouped: signatures hold at their position.
    pub parts: Vec<Part>,
}

/// Who speaks. Results of tools are parts of a user's turn ([`Part::ToolResult`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The operator of the application.
    System,
    /// The same, in OpenAI's newer word.
    Developer,
    /// The person, or the program that calls.
    User,
    /// The model.
    Assistant,
}

/// A piece of a turn.
#[derive(Debug)]
pub enum Part {
    /// Text, with the prompt-cache mark that stands on it (Anthropic's `cache_control`).
    Text {
        /// The text.
        text: String,
        /// The mark's own JSON.
        cache: Option<Box<RawValue>>,
    },
    /// A picture.
    Image {
        /// Where it is.
        media: Media,
        /// OpenAI's `detail`: low, high, auto.
        detail: Option<String>,
        /// A prompt-cache mark.
        cache: Option<Box<RawValue>>,
    },
    /// Sound.
    Audio {
        /// Where it is.
        media: Media,
    },
    /// A document.
    File {
        /// Where it is.
        media: Media,
        /// What it is called.
        name: Option<String>,
        /// A prompt-cache mark.
        cache: Option<Box<RawValue>>,
    },
    /// A film.
    Video {
        /// Where it is.
        media: Media,
    },
    /// What the model thought, with the seal that its provider demands back unchanged.
    Reasoning {
        /// The visible text; empty for a redacted block.
        text: String,
        /// Signature, encrypted or redacted content.
        seal: Option<Seal>,
    },
    /// The model refused to answer, in these words.
    Refusal(String),
    /// The model calls a tool.
    ToolCall {
        /// Pairs the call with its result.
        id: String,
        /// Which tool.
        name: String,
        /// The arguments: JSON text, or free text for a custom tool. Byte for byte.
        input: String,
        /// Whether `input` is free text.
        custom: bool,
        /// A signature on the call (Gemini's `thoughtSignature`).
        seal: Option<Seal>,
        /// A prompt-cache mark.
        cache: Option<Box<RawValue>>,
    },
    /// What a tool gave back.
    ToolResult {
        /// The call it answers.
        id: String,
        /// The tool's name, where the dialect repeats it.
        name: Option<String>,
        /// Text and pictures.
        parts: Vec<Part>,
        /// The tool failed.
        is_error: bool,
        /// A prompt-cache mark.
        cache: Option<Box<RawValue>>,
    },
    /// A piece only one dialect knows (hosted tools and their results, citations …), as sent.
    Vendor {
        /// Its `type`.
        kind: String,
        /// Its JSON.
        json: Box<RawValue>,
    },
}

/// Opaque proof that a provider made a piece of reasoning: kept in place, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// What kind of proof.
    pub kind: SealKind,
    /// The proof.
    pub bytes: Bytes,
}

/// What a seal proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealKind {
    /// Signs the text beside it (Anthropic `signature`, Gemini `thoughtSignature`).
    Signature,
    /// Stands for reasoning that may not be seen (Anthropic `redacted_thinking`).
    Redacted,
    /// Holds the reasoning itself, encrypted (OpenAI `encrypted_content`).
    Encrypted,
}

/// Where a picture, sound, film or document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// In the request: its type and its base64 text, as sent.
    Inline {
        /// Like `image/png`; empty where the client did not say.
        mime: String,
        /// Standard base64.
        base64: String,
    },
    /// At an address.
    Url(String),
    /// In the provider's own store.
    FileId(String),
}

/// Something the model may call.
#[derive(Debug)]
pub struct Tool {
    /// What it is called by.
    pub name: String,
    /// When to call it.
    pub description: Option<String>,
    /// How it is called.
    pub kind: ToolKind,
    /// A prompt-cache mark.
    pub cache: Option<Box<RawValue>>,
}

/// How a tool is called.
#[derive(Debug)]
pub enum ToolKind {
    /// With JSON arguments.
    Function {
        /// The caller's JSON Schema, byte for byte.
        schema: Option<Box<RawValue>>,
        /// Whether the arguments must fit it.
        strict: Option<bool>,
    },
    /// With free text.
    Custom {
        /// OpenAI's `format` (a grammar), as sent.
        format: Option<Box<RawValue>>,
    },
    /// Run by the provider (web search, code execution …).
    Hosted {
        /// Its `type`.
        kind: String,
        /// Its JSON.
        json: Box<RawValue>,
    },
}

/// Whether the model must, may or may not call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// It may.
    Auto,
    /// It may not.
    None,
    /// It must call something.
    Required,
    /// It must call this.
    Tool(String),
}

/// The shape of the answer.
#[derive(Debug, Default)]
pub enum OutputFormat {
    /// Free text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// What the schema is called.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The schema, byte for byte.
        schema: Box<RawValue>,
        /// Whether the answer must fit it.
        strict: Option<bool>,
    },
}

/// How much to reason, and what to show of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// Off, a budget, an effort, or the model's own judgement.
    pub amount: ReasoningAmount,
    /// Whether a summary or the text is to be shown (OpenAI's `summary`, Gemini's
    /// `includeThoughts`), as sent.
    pub show: Option<String>,
}

/// How much to reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReasoningAmount {
    /// Not at all.
    Off,
    /// As the model judges.
    #[default]
    Adaptive,
    /// As the model does by itself, if it does: the client only says what is to be shown of it
    /// (OpenAI's `reasoning.summary` alone).
    Unsaid,
    /// A word: none, minimal, low, medium, high, xhigh, max.
    Effort(String),
    /// At most so many tokens.
    Budget(u64),
}
