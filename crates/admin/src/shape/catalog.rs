//! The catalog as it is shown.

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// The catalog.
#[derive(ToSchema)]
pub(crate) struct PublicCatalog {
    models: Vec<CatalogRow>,
}

/// What is publicly known of one model; what is absent is unknown.
#[derive(ToSchema)]
pub(crate) struct CatalogRow {
    /// The provider kind.
    provider: String,
    model: String,
    r#type: String,
    /// Families of endpoints, like `chat`.
    families: Vec<String>,
    /// Tokens of prompt and answer together.
    context: Option<u64>,
    abilities: CatalogAbilities,
    /// Decimal strings by what they are for, like `input_per_1m`; `{"free": "0"}` of a free model,
    /// `{}` where none is known.
    prices: BTreeMap<String, String>,
    source: String,
    as_of: String,
}

/// What it can do, with the limits and the forms that go with that.
#[derive(ToSchema)]
pub(crate) struct CatalogAbilities {
    tools: Option<bool>,
    parallel_tools: Option<bool>,
    json_schema: Option<bool>,
    vision: Option<bool>,
    audio_input: Option<bool>,
    audio_output: Option<bool>,
    files: Option<bool>,
    prompt_caching: Option<bool>,
    reasoning: Option<bool>,
    reasoning_control: Option<String>,
    max_output: Option<u64>,
    input: Option<Vec<String>>,
    output: Option<Vec<String>>,
}

/// One model's difference between two catalogs.
#[derive(ToSchema)]
pub(crate) struct CatalogChange {
    /// `added`, `removed` or `changed`.
    change: String,
    provider: String,
    model: String,
    /// Of changed ones.
    fields: Option<Vec<CatalogField>>,
}

/// A field's old and new value as JSON; `null` where it is absent.
#[derive(ToSchema)]
pub(crate) struct CatalogField {
    field: String,
    old: Option<String>,
    new: Option<String>,
}
