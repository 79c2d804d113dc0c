//! OpenAI chat completions.

/// The grammar of `/v1/chat/completions`.
pub struct OpenAiChat;
