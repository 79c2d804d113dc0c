//! What a kind tells people and programs about itself: its name and its forms, as data.

use serde::Serialize;
use wayleave_model::provider::ModelType;
use wayleave_model::target::ModelFacts;

/// The form field, of a provider and of a credential, that holds the address. Its value goes
/// through [`crate::ProviderKind::base_url`] before it is stored.
pub const BASE_URL: &str = "base_url";

/// A kind's description. Console form, CLI prompts, API schema and docs page are made from it.
#[derive(Debug, Serialize)]
pub struct Manifest {
    /// The public id, like `openai-compatible`.
    pub id: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// One sentence: what it is.
    pub summary: &'static str,
    /// The vendor's own documentation.
    pub docs_url: &'static str,
    /// Its address, where it has one of its own.
    pub default_base_url: Option<&'static str>,
    /// The version path its addresses end in, added to an address that is a bare host.
    pub version_path: Option<&'static str>,
    /// Fields of a provider of this kind.
    pub provider_form: &'static [Field],
    /// Fields of a credential.
    pub credential_form: &'static [Field],
    /// The model types it can serve.
    pub model_types: &'static [ModelType],
    /// Whether a workspace may add models of its own.
    pub custom_models: bool,
}

/// One field of a form. The server enforces what the console shows.
#[derive(Debug, Serialize)]
pub struct Field {
    /// The key under which its value is stored.
    pub id: &'static str,
    /// What people see.
    pub label: &'static str,
    /// How it is entered.
    pub control: Control,
    /// Whether it must be given (when shown).
    pub required: bool,
    /// Taken when nothing is given.
    pub default: Option<&'static str>,
    /// An example, shown in the empty field.
    pub placeholder: Option<&'static str>,
    /// One sentence of help.
    pub help: Option<&'static str>,
    /// Shown, and considered, only when every condition holds.
    pub show_on: &'static [Condition],
}

/// How a field is entered.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Control {
    /// A line of text.
    Text,
    /// A whole number, at least 1.
    Number,
    /// A line of text that is sealed and never shown again.
    Secret,
    /// One of a list.
    Select {
        /// The list.
        options: &'static [Choice],
    },
    /// One of a short list, all visible.
    Radio {
        /// The list.
        options: &'static [Choice],
    },
    /// On or off: `true` or `false`.
    Switch,
}

/// One entry of a list.
#[derive(Debug, Serialize)]
pub struct Choice {
    /// What is stored.
    pub value: &'static str,
    /// What people see.
    pub label: &'static str,
}

/// Another field has this value.
#[derive(Debug, Serialize)]
pub struct Condition {
    /// The other field.
    pub field: &'static str,
    /// Its value.
    pub value: &'static str,
}

/// A model that a kind has without anybody adding it.
#[derive(Debug, Serialize)]
pub struct KnownModel {
    /// The provider's own name for it.
    pub name: &'static str,
    /// What it does.
    #[serde(rename = "type")]
    pub model_type: ModelType,
    /// What it takes and gives.
    pub facts: ModelFacts,
    /// One sentence: what it is for.
    pub summary: &'static str,
    /// Costs nothing. What is neither free nor priced is refused.
    pub free: bool,
}
