//! Models of a provider, and what is known of their limits and abilities.

mod words;

use serde::{Deserialize, Serialize};

use crate::id::{CredentialId, ModelId, ProviderId};
use crate::price::PriceVersion;
use crate::provider::ModelType;
use crate::time::Timestamp;

pub use words::{
    Family, ReasoningBack, ReasoningControl, ReasoningField, RequiredWord, SeedField, TokenLimit,
};

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
    /// Which of its own credentials serves it. `None`: none does, if it has any; else its provider's
    /// default does.
    #[serde(default)]
    pub default_credential: Option<CredentialId>,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
    /// Goes up with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Which model of a type the clients of the API are told to use where they name none. It routes
/// nothing: a request still names its model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultModel {
    /// Of which type.
    #[serde(rename = "type")]
    pub model_type: ModelType,
    /// Which model.
    pub model: ModelId,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
    /// Goes up with each change.
    pub version: i64,
    /// When one was first set.
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
    /// Top-level request fields the model refuses, and fields of messages, as `messages[].name`;
    /// taken out as a named edit.
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
    /// The endpoint families the model is served by; empty: unknown, taken for chat.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub families: Vec<Family>,
    /// Whether several tools may be called at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tools: Option<bool>,
    /// Whether sound may be in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<bool>,
    /// Whether it can answer with sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<bool>,
    /// Whether documents may be in the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<bool>,
    /// Whether a prompt that comes again is kept and charged less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_caching: Option<bool>,
    /// Whether the chat-completions dialect's role `developer` is known; where it is not, such turns
    /// go as `system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub developer_role: Option<bool>,
    /// The field that carries the seed on the chat-completions dialect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed_field: Option<SeedField>,
    /// The word that makes a call of some tool a must on the chat-completions dialect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice_required: Option<RequiredWord>,
    /// The field that says how much to reason on the chat-completions dialect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_field: Option<ReasoningField>,
    /// The field of an assistant's message in which the chat-completions dialect of this model takes
    /// its own reasoning back, beside the calls of tools that it led to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_back: Option<ReasoningBack>,
    /// Whether the chat-completions dialect's custom tools, which are called with free text, are
    /// known. Unless they are, they go up as functions of one text, when a request is translated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_tools: Option<bool>,
    /// Most inputs of one call that makes vectors, or documents of one that ranks; more are sent in
    /// several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_batch: Option<u64>,
    /// The voices it speaks with; empty: unknown, then the provider judges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub voices: Vec<String>,
    /// Most characters that it speaks at a time; longer texts are cut and joined again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_characters: Option<u64>,
}

impl ModelFacts {
    /// Nothing is known: [`ModelFacts::default`] for constants.
    pub const UNKNOWN: ModelFacts = ModelFacts {
        context_window: None,
        max_output: None,
        min_output: None,
        token_limit: None,
        refuses: Vec::new(),
        tools: None,
        vision: None,
        json_schema: None,
        reasoning: None,
        families: Vec::new(),
        parallel_tools: None,
        audio_input: None,
        audio_output: None,
        files: None,
        prompt_caching: None,
        developer_role: None,
        seed_field: None,
        tool_choice_required: None,
        reasoning_field: None,
        reasoning_back: None,
        custom_tools: None,
        max_batch: None,
        voices: Vec::new(),
        max_characters: None,
    };

    /// Whether the model is known to refuse `field`: a top-level one, or `messages[].…`.
    pub fn refuses(&self, field: &str) -> bool {
        self.refuses.iter().any(|refused| refused == field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_kept_as_they_are_declared_and_nothing_is_added() {
        let json = concat!(
            r#"{"token_limit":"max_tokens","refuses":["messages[].name"],"#,
            r#""families":["chat","responses"],"parallel_tools":true,"developer_role":false,"#,
            r#""seed_field":"random_seed","tool_choice_required":"any","#,
            r#""reasoning_field":"chat_template_kwargs","reasoning_back":"reasoning","#,
            r#""custom_tools":true}"#
        );
        let facts: ModelFacts = serde_json::from_str(json).expect("facts");
        assert_eq!(serde_json::to_string(&facts).expect("JSON"), json);
        assert!(facts.refuses("messages[].name") && !facts.refuses("messages"));
        assert_eq!(serde_json::to_string(&ModelFacts::UNKNOWN).expect("JSON"), "{}");
        assert_eq!(ModelFacts::UNKNOWN, ModelFacts::default());
    }
}
