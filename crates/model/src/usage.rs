//! What one exchange consumed, in one convention whichever vendor reported it.

use serde::{Deserialize, Serialize};

use crate::variant::Variant;

/// What one exchange consumed: tokens, and for what is not counted in tokens its own unit.
///
/// `input` is the whole prompt: `cached`, `cache_write` and `audio_input` are parts of it, never
/// additions. `output` is the whole answer: `reasoning` and `audio_output` are parts of it.
/// Readers convert from vendors that report it the other way round (Anthropic's `input_tokens`
/// excludes cache traffic; Gemini's `candidatesTokenCount` excludes thoughts).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Tokens of the whole prompt.
    pub input: u64,
    /// Of the prompt: read from the provider's cache.
    pub cached: u64,
    /// Of the prompt: written to the provider's cache for its usual time (5 minutes).
    pub cache_write: u64,
    /// Of the prompt: written to the provider's cache for an hour.
    pub cache_write_1h: u64,
    /// Of the prompt: audio.
    pub audio_input: u64,
    /// Tokens of the whole answer.
    pub output: u64,
    /// Of the answer: reasoning.
    pub reasoning: u64,
    /// Of the answer: audio.
    pub audio_output: u64,
    /// Of the prompt: images.
    #[serde(skip_serializing_if = "is_zero")]
    pub image_input: u64,
    /// Of the answer: images.
    #[serde(skip_serializing_if = "is_zero")]
    pub image_output: u64,
    /// Images made. Where their tokens are told as well, they are charged once
    /// ([`crate::price::PriceVersion::lines`]).
    #[serde(skip_serializing_if = "is_zero")]
    pub images: u64,
    /// Characters spoken (Unicode scalar values of the text).
    #[serde(skip_serializing_if = "is_zero")]
    pub characters: u64,
    /// Seconds of audio heard or made, rounded up.
    #[serde(skip_serializing_if = "is_zero")]
    pub audio_seconds: u64,
    /// Seconds of video made, rounded up.
    #[serde(skip_serializing_if = "is_zero")]
    pub video_seconds: u64,
    /// Searches, as vendors of rerankers count them.
    #[serde(skip_serializing_if = "is_zero")]
    pub searches: u64,
    /// Which images or videos: their size and quality decide their price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<Variant>,
}

fn is_zero(figure: &u64) -> bool {
    *figure == 0
}

impl Usage {
    /// Prompt and answer together.
    pub const fn total(&self) -> u64 {
        self.input.saturating_add(self.output)
    }

    /// Whether nothing at all was reported.
    pub fn is_zero(&self) -> bool {
        *self == Usage::default()
    }
}

/// Where the figures of a usage row come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The provider reported them.
    Provider,
    /// Counted here from what was sent or came back, exactly: characters, seconds, images.
    Counted,
    /// Counted from what passed by, because the provider's report never came.
    Estimated,
    /// Nothing was consumed.
    #[default]
    None,
}

impl UsageSource {
    /// The word in SQL, in JSON and in exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            UsageSource::Provider => "provider",
            UsageSource::Counted => "counted",
            UsageSource::Estimated => "estimated",
            UsageSource::None => "none",
        }
    }
}
