//! Wire grammars: bytes to values and back. No I/O, no async, no clock.
//!
//! A *dialect* is a codec in both directions. A surface reads requests and writes answers in one;
//! a provider is written to and read from in one. N surfaces and M providers need N + M codecs.
//! Where both sides speak the same dialect, the client's bytes are spliced, not translated
//! ([`raw`]), and the answer is carried, not re-written ([`carry`]).

mod base64;
pub mod carry;
pub mod chat;
pub mod error;
pub mod frame;
mod json;
mod node;
pub mod raw;
pub mod task;

use serde::{Deserialize, Serialize};

use chat::{ChatDialect, ChatSurface};

/// The grammars we speak. When a surface and a provider's offer name the same, bytes pass through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Dialect {
    /// OpenAI chat completions, as most vendors speak it.
    #[serde(rename = "openai-chat")]
    OpenAiChat,
    /// OpenAI Responses.
    #[serde(rename = "openai-responses")]
    OpenAiResponses,
    /// OpenAI's older completions: a prompt and what follows it.
    #[serde(rename = "openai-completions")]
    OpenAiCompletions,
    /// Anthropic messages.
    #[serde(rename = "anthropic-messages")]
    AnthropicMessages,
    /// Google's Gemini, in AI Studio and in Vertex AI.
    #[serde(rename = "gemini")]
    Gemini,
    /// Cohere's chat, version 2.
    #[serde(rename = "cohere")]
    Cohere,
    /// Amazon Bedrock's Converse and ConverseStream.
    #[serde(rename = "bedrock-converse")]
    Bedrock,
    /// Ollama's own chat.
    #[serde(rename = "ollama")]
    Ollama,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Dialect; 8] = [
        Dialect::OpenAiChat,
        Dialect::OpenAiResponses,
        Dialect::OpenAiCompletions,
        Dialect::AnthropicMessages,
        Dialect::Gemini,
        Dialect::Cohere,
        Dialect::Bedrock,
        Dialect::Ollama,
    ];

    /// The word in the catalog, in rows and in headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Dialect::OpenAiChat => "openai-chat",
            Dialect::OpenAiResponses => "openai-responses",
            Dialect::OpenAiCompletions => "openai-completions",
            Dialect::AnthropicMessages => "anthropic-messages",
            Dialect::Gemini => "gemini",
            Dialect::Cohere => "cohere",
            Dialect::Bedrock => "bedrock-converse",
            Dialect::Ollama => "ollama",
        }
    }

    /// Its grammar for conversations with a provider.
    pub fn chat(self) -> &'static dyn ChatDialect {
        match self {
            Dialect::OpenAiChat => &chat::openai::OpenAiChat,
            Dialect::OpenAiResponses => &chat::responses::OpenAiResponses,
            Dialect::OpenAiCompletions => &chat::completions::OpenAiCompletions,
            Dialect::AnthropicMessages => &chat::anthropic::AnthropicMessages,
            Dialect::Gemini => &chat::gemini::Gemini,
            Dialect::Cohere => &chat::cohere::Cohere,
            Dialect::Bedrock => &chat::bedrock::Bedrock,
            Dialect::Ollama => &chat::ollama::Ollama,
        }
    }
}

/// The dialects that clients speak to us. Some providers' dialects have no clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientDialect {
    /// OpenAI chat completions, as most vendors speak it.
    OpenAiChat,
    /// OpenAI Responses.
    OpenAiResponses,
    /// OpenAI's older completions: a prompt and what follows it.
    OpenAiCompletions,
    /// Anthropic messages.
    AnthropicMessages,
    /// Google's Gemini, in AI Studio and in Vertex AI.
    Gemini,
}

impl ClientDialect {
    /// Every dialect that clients speak.
    pub const ALL: [ClientDialect; 5] = [
        ClientDialect::OpenAiChat,
        ClientDialect::OpenAiResponses,
        ClientDialect::OpenAiCompletions,
        ClientDialect::AnthropicMessages,
        ClientDialect::Gemini,
    ];

    /// The same grammar, as providers speak it.
    pub const fn dialect(self) -> Dialect {
        match self {
            ClientDialect::OpenAiChat => Dialect::OpenAiChat,
            ClientDialect::OpenAiResponses => Dialect::OpenAiResponses,
            ClientDialect::OpenAiCompletions => Dialect::OpenAiCompletions,
            ClientDialect::AnthropicMessages => Dialect::AnthropicMessages,
            ClientDialect::Gemini => Dialect::Gemini,
        }
    }

    /// Its grammar for conversations with a client.
    pub fn chat(self) -> &'static dyn ChatSurface {
        match self {
            ClientDialect::OpenAiChat => &chat::openai::OpenAiChat,
            ClientDialect::OpenAiResponses => &chat::responses::OpenAiResponses,
            ClientDialect::OpenAiCompletions => &chat::completions::OpenAiCompletions,
            ClientDialect::AnthropicMessages => &chat::anthropic::AnthropicMessages,
            ClientDialect::Gemini => &chat::gemini::Gemini,
        }
    }
}

/// A provider and a client may speak the same.
impl PartialEq<ClientDialect> for Dialect {
    fn eq(&self, client: &ClientDialect) -> bool {
        *self == client.dialect()
    }
}

/// A body that is not what its grammar demands. The caller's mistake (400) when it is a request,
/// the provider's (502) when it is an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Malformed {
    /// The field, as a path like `messages[2].content`, if one is to blame.
    pub param: Option<String>,
    /// One line: what was found, what was expected.
    pub message: String,
    /// The code of the error taxonomy, where it is a narrower one than `invalid_request`.
    pub code: Option<&'static str>,
}

impl Malformed {
    /// About the whole body.
    pub fn new(message: impl Into<String>) -> Malformed {
        Malformed { param: None, message: message.into(), code: None }
    }

    /// About one field.
    pub fn at(param: impl Into<String>, message: impl Into<String>) -> Malformed {
        Malformed { param: Some(param.into()), message: message.into(), code: None }
    }

    /// About a field that is fine, but that the target's dialect does not have and the answer
    /// depends on.
    pub fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Malformed {
        Malformed { code: Some("unsupported_parameter"), ..Malformed::at(param, message) }
    }

    /// About a field that asks for what the target cannot do.
    pub fn incapable(param: impl Into<String>, message: impl Into<String>) -> Malformed {
        Malformed { code: Some("capability_not_supported"), ..Malformed::at(param, message) }
    }
}

/// What a translation could not carry. Reported to the caller, in a header and in the usage row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses(Vec<Loss>);

/// One thing that a dialect has no word for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Where it stood in the client's request, like `logprobs` or `messages[].name`.
    pub path: String,
    /// Why it could not be carried, in a few words.
    pub reason: &'static str,
    /// Whether the answer can be worth less without it.
    pub severity: Severity,
}

/// How much a loss matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A hint that the answer does not depend on.
    Hint,
    /// The answer may differ from what was asked for.
    Meaning,
}

impl Losses {
    /// Notes a loss once.
    pub fn note(&mut self, path: impl Into<String>, reason: &'static str, severity: Severity) {
        let path = path.into();
        if !self.0.iter().any(|loss| loss.path == path) {
            self.0.push(Loss { path, reason, severity });
        }
    }

    /// Takes a loss back: what stood at `path` was carried in another way.
    pub fn take_back(&mut self, path: &str) {
        self.0.retain(|loss| loss.path != path);
    }

    /// Every loss, in the order noted.
    pub fn iter(&self) -> impl Iterator<Item = &Loss> {
        self.0.iter()
    }

    /// Whether everything was carried.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
