//! One row: a vendor's model, what it takes and gives, what it costs, and who says so.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use wayleave_model::provider::ModelType;
use wayleave_model::target::{Family, ModelFacts, ReasoningControl, TokenLimit};

use super::price::{CatalogPrice, RateDraft, drafted};

/// A model of the catalog. What is absent is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogModel {
    /// The public id of the provider kind that serves it.
    pub provider: String,
    /// The vendor's own name for it, as requests spell it.
    pub model: String,
    /// What it does.
    #[serde(rename = "type")]
    pub model_type: ModelType,
    /// The endpoint families it is served at.
    pub families: Vec<Family>,
    /// Tokens of prompt and answer together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// Most tokens of one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u64>,
    /// Fewest tokens an answer limit may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_output: Option<u64>,
    /// The field that carries the answer limit on the chat-completions dialect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_limit: Option<TokenLimit>,
    /// Top-level request fields that it refuses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refuses: Vec<String>,
    /// What may be in a prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input: Vec<Modality>,
    /// What an answer can be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<Modality>,
    /// What it can do beyond text for text.
    #[serde(default, skip_serializing_if = "Abilities::is_unknown")]
    pub abilities: Abilities,
    /// The vendor says it costs nothing. Then it has no prices.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub free: bool,
    /// What it costs, as published. No price has been found when this is empty and it is not free.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<CatalogPrice>,
    /// The day from which the vendor no longer serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Date>,
    /// Who says so: a page's address, or a registry with its version.
    pub source: String,
    /// The day on which the source was read.
    pub as_of: Date,
    /// How the row was checked.
    pub verified: Verified,
}

/// What a prompt or an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Modality {
    /// Text.
    Text,
    /// Pictures.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Documents, PDF above all.
    File,
    /// A vector of numbers.
    Vector,
    /// A score or a judgement.
    Score,
}

/// What a model can do. Absent means unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Abilities {
    /// Tools may be offered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    /// One answer may call several tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tools: Option<bool>,
    /// A JSON schema can be demanded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_schema: Option<bool>,
    /// Images may be in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vision: Option<bool>,
    /// Audio may be in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<bool>,
    /// The answer can be audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<bool>,
    /// Files may be in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<bool>,
    /// The provider can cache parts of a prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_caching: Option<bool>,
    /// It can reason before it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
    /// How reasoning is asked for, where the vendor says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_control: Option<ReasoningControl>,
}

impl Abilities {
    fn is_unknown(&self) -> bool {
        *self == Abilities::default()
    }
}

/// How a row was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verified {
    /// The vendor's own page was read, and named as the source.
    VendorDoc,
    /// A public registry says so.
    Registry,
    /// Somebody says so.
    Unverified,
}

impl CatalogModel {
    /// Whether its vendor no longer serves it on `today`, a day as RFC 3339 writes it.
    pub fn is_past(&self, today: &str) -> bool {
        self.deprecated.is_some_and(|day| day.to_string().as_str() <= today)
    }

    /// What a target of this model needs to know.
    pub fn facts(&self) -> ModelFacts {
        let can = &self.abilities;
        ModelFacts {
            context_window: self.context_window,
            max_output: self.max_output,
            min_output: self.min_output,
            token_limit: self.token_limit,
            refuses: self.refuses.clone(),
            tools: can.tools,
            vision: can.vision,
            json_schema: can.json_schema,
            reasoning: match can.reasoning {
                Some(false) => Some(ReasoningControl::None),
                _ => can.reasoning_control,
            },
            families: self.families.clone(),
            parallel_tools: can.parallel_tools,
            audio_input: can.audio_input,
            audio_output: can.audio_output,
            files: can.files,
            prompt_caching: can.prompt_caching,
            ..ModelFacts::default()
        }
    }

    /// The prices of a small request, in the price book's form.
    pub fn rates(&self) -> RateDraft {
        self.rates_at(0)
    }

    /// The prices of a request whose prompt has `context` tokens, in the price book's form.
    /// With `u64::MAX` they are those of the largest, which no request is billed above.
    pub fn rates_at(&self, context: u64) -> RateDraft {
        drafted(self.free, &self.prices, context)
    }
}
