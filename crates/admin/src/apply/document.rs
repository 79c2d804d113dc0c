//! A setup file as it is written: the grammar of version 1. What it means is in `wanted.rs`.
//!
//! `S` is the type of secrets: the server reads [`Hidden`]; whoever prepares a document may read
//! another type first, to fill variables in, and turn it with [`Document::map_secrets`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::alias::{Losses, Policy};
use wayleave_model::pool::Strategy;
use wayleave_model::provider::ModelType;
use wayleave_model::supply::Supplier;
use wayleave_model::target::ModelFacts;
use wayleave_model::workspace::OwnerKind;
use wayleave_model::{NanoUsd, Timestamp};

pub use super::default_model::DefaultModelDecl;
pub use super::price::PriceDecl;
pub use super::secret_text::{Hidden, Sent};
pub use super::settings::SettingsDecl;

/// What one workspace should hold.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(bound(deserialize = "S: Deserialize<'de>", serialize = "S: Serialize"))]
pub struct Document<S> {
    /// The grammar: 1.
    #[schema(value_type = u32, example = 1)]
    pub version: Version,
    /// The workspace, made if there is none of that name.
    pub workspace: String,
    /// What the workspace decides for itself. What is not named stays as it is.
    #[serde(default, skip_serializing_if = "SettingsDecl::is_empty")]
    pub settings: SettingsDecl,
    /// Who keys belong to. Owners that only keys name are made as teams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<OwnerDecl>,
    /// Providers and their credentials.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<ProviderDecl<S>>,
    /// Custom models of providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelDecl>,
    /// Credentials that share a model's load.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pools: Vec<PoolDecl>,
    /// The model of each type that clients of the API are told to use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub default_models: Vec<DefaultModelDecl>,
    /// Public model names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<AliasDecl>,
    /// Client keys.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyDecl<S>>,
}

/// The grammar's number; only 1 can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Version;

/// A team or a service account.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnerDecl {
    /// Unique in the workspace.
    pub name: String,
    /// `team` (the default) or `service`.
    #[serde(default)]
    #[schema(value_type = String)]
    pub kind: OwnerKind,
}

/// A configured use of a provider kind.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(bound(deserialize = "S: Deserialize<'de>", serialize = "S: Serialize"))]
pub struct ProviderDecl<S> {
    /// Unique in the workspace.
    pub name: String,
    /// A provider kind, like `openai-compatible`.
    pub kind: String,
    /// Where it is, as the vendor prints it; the kind's own address if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Other fields of the kind's form.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// Enable models that the catalog comes to know of its kind, whenever a newer one is put in force;
    /// as it was if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_models: Option<bool>,
    /// Whose credentials shall serve where the operator supplies it too: `system` or `custom`. Absent:
    /// as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub preference: Option<Supplier>,
    /// Its credentials. The first is the default unless another says so.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CredentialDecl<S>>,
}

/// A named secret of a provider.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(bound(deserialize = "S: Deserialize<'de>", serialize = "S: Serialize"))]
pub struct CredentialDecl<S> {
    /// Unique in the provider.
    pub name: String,
    /// Short for a secret field `api_key`.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub api_key: Option<S>,
    /// The secret fields of the kind's form.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, S>,
    /// Its other fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// Serves unless a target says otherwise.
    #[serde(default)]
    pub default: bool,
}

/// A custom model.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelDecl {
    /// The provider's name.
    pub provider: String,
    /// The provider's own name for the model.
    pub name: String,
    /// What it does.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "llm")]
    pub model_type: ModelType,
    /// Dollars by unit: per million tokens or characters, else per piece; or the word `catalog`. This
    /// or `free`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::shape::configuration::Price>)]
    pub price: Option<PriceDecl>,
    /// Explicitly without charge.
    #[serde(default)]
    pub free: bool,
    /// What it can do, where known. What is left open is filled in from the catalog.
    #[serde(default)]
    #[schema(value_type = crate::shape::configuration::Facts, required = false)]
    pub facts: ModelFacts,
    /// The kind's form of a custom model, filled in: facts, as texts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

/// The credentials that share one model's load.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolDecl {
    /// The provider, by name or id.
    pub provider: String,
    /// The provider's own name for the model, or its id.
    pub model: String,
    /// Needed only where the provider has several models of that name.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub model_type: Option<ModelType>,
    /// Switched on unless it says otherwise.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// `round_robin` (the usual), `weighted`, `least_busy`, `lowest_latency` or `priority`.
    #[serde(default)]
    #[schema(value_type = String)]
    pub strategy: Strategy,
    /// In order.
    pub entries: Vec<PoolEntryDecl>,
}

/// One share of a pool.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolEntryDecl {
    /// By name or id; whichever is the default if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// Its share where shares are weighed, 1 to 1000; 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Enabled unless it says otherwise.
    #[serde(default = "yes")]
    pub enabled: bool,
}

const fn yes() -> bool {
    true
}

/// Dollars as a decimal string, not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(pub NanoUsd);

/// A public model name and where it leads.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AliasDecl {
    /// What clients send as `model`.
    pub name: String,
    /// Tried in this order; those with the same `group` share the load.
    pub targets: Vec<TargetDecl>,
    /// How requests behave.
    #[serde(default)]
    #[schema(value_type = crate::shape::configuration::Policy, required = false)]
    pub policy: Policy,
}

/// A model a route may choose, by names or ids.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetDecl {
    /// The provider.
    pub provider: String,
    /// The provider's own name for the model.
    pub model: String,
    /// Needed only where the provider has several models of that name.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub model_type: Option<ModelType>,
    /// One credential; the provider's default if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
    /// One credential for the keys of each environment that is named; keys of any other go by
    /// `credential`. At most 16.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({"production": "prod"}))]
    pub environments: BTreeMap<String, String>,
    /// Its share within its group, 1 to 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Targets with the same number share the load; without one, a target stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u32>,
}

/// What a client presents.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[serde(bound(deserialize = "S: Deserialize<'de>", serialize = "S: Serialize"))]
pub struct KeyDecl<S> {
    /// Unique in the workspace.
    pub name: String,
    /// The key itself, at least 20 characters; minted and shown once if absent.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub secret: Option<S>,
    /// Whose it is.
    pub owner: String,
    /// Like `production` or `test`.
    pub environment: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
    /// The aliases it may call; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aliases: Option<Vec<String>>,
    /// Labels copied into each usage row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Refused from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Instant>,
    /// `warn` or `refuse`: what becomes of its requests that a target's dialect cannot carry whole.
    /// The stricter of this and the alias's policy holds; absent: the alias's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "refuse")]
    pub losses: Option<Losses>,
}

/// An instant as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instant(pub Timestamp);

impl<S> Document<S> {
    /// The same document with every secret turned by `turn`.
    ///
    /// # Errors
    /// The first that `turn` gives.
    pub fn map_secrets<T, E>(
        self,
        mut turn: impl FnMut(S) -> Result<T, E>,
    ) -> Result<Document<T>, E> {
        let turn = &mut turn;
        Ok(Document {
            version: self.version,
            workspace: self.workspace,
            settings: self.settings,
            owners: self.owners,
            providers: self
                .providers
                .into_iter()
                .map(|it| it.map(turn))
                .collect::<Result<_, E>>()?,
            models: self.models,
            pools: self.pools,
            default_models: self.default_models,
            aliases: self.aliases,
            keys: self.keys.into_iter().map(|it| it.map(turn)).collect::<Result<_, E>>()?,
        })
    }
}

impl<S> ProviderDecl<S> {
    fn map<T, E>(self, turn: &mut impl FnMut(S) -> Result<T, E>) -> Result<ProviderDecl<T>, E> {
        let credentials =
            self.credentials.into_iter().map(|it| it.map(turn)).collect::<Result<_, E>>()?;
        let ProviderDecl { name, kind, base_url, settings, new_models, preference, .. } = self;
        Ok(ProviderDecl { name, kind, base_url, settings, new_models, preference, credentials })
    }
}

impl<S> CredentialDecl<S> {
    fn map<T, E>(self, turn: &mut impl FnMut(S) -> Result<T, E>) -> Result<CredentialDecl<T>, E> {
        let CredentialDecl { name, settings, default, .. } = self;
        let api_key = self.api_key.map(&mut *turn).transpose()?;
        let fields = self
            .fields
            .into_iter()
            .map(|(id, it)| Ok((id, turn(it)?)))
            .collect::<Result<_, E>>()?;
        Ok(CredentialDecl { name, api_key, fields, settings, default })
    }
}

impl<S> KeyDecl<S> {
    fn map<T, E>(self, turn: &mut impl FnMut(S) -> Result<T, E>) -> Result<KeyDecl<T>, E> {
        let secret = self.secret.map(turn).transpose()?;
        let KeyDecl { name, owner, environment, purpose, aliases, tags, .. } = self;
        let KeyDecl { expires_at, losses, .. } = self;
        Ok(KeyDecl { name, secret, owner, environment, purpose, aliases, tags, expires_at, losses })
    }
}

impl TryFrom<u32> for Version {
    type Error = String;

    fn try_from(number: u32) -> Result<Version, String> {
        if number == 1 {
            Ok(Version)
        } else {
            Err(format!("version {number} is unknown: this release reads 1"))
        }
    }
}

impl From<Version> for u32 {
    fn from(_: Version) -> u32 {
        1
    }
}

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Amount, String> {
        let amount: NanoUsd =
            text.parse().map_err(|error: wayleave_model::money::BadAmount| error.to_string())?;
        if amount < NanoUsd::ZERO {
            Err(format!("`{text}` is negative"))
        } else {
            Ok(Amount(amount))
        }
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> String {
        amount.0.to_string()
    }
}

impl TryFrom<String> for Instant {
    type Error = String;

    fn try_from(text: String) -> Result<Instant, String> {
        let wrong =
            || format!("`{text}` is not an instant: expected RFC 3339, like 2027-01-31T00:00:00Z");
        Timestamp::parse(&text).map(Instant).ok_or_else(wrong)
    }
}

impl From<Instant> for String {
    fn from(at: Instant) -> String {
        at.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Document<Hidden>, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn an_unknown_field_is_refused() {
        let error = read(r#"{"version":1,"workspace":"main","alias":[]}"#).unwrap_err();
        assert!(error.starts_with("unknown field `alias`"), "{error}");
    }

    #[test]
    fn another_version_is_refused() {
        let error = read(r#"{"version":2,"workspace":"main"}"#).unwrap_err();
        assert!(error.starts_with("version 2 is unknown: this release reads 1"), "{error}");
    }

    #[test]
    fn a_price_is_a_decimal_string_that_is_not_negative() {
        let model = |price: &str| {
            read(&format!(
                r#"{{"version":1,"workspace":"m","models":[{{"provider":"p","name":"x","type":"llm","price":{{"input":{price}}}}}]}}"#
            ))
        };
        assert!(model("\"0.15\"").is_ok());
        assert!(model("0.15").is_err());
        assert!(model("\"-1\"").unwrap_err().contains("`-1` is negative"));
    }

    #[test]
    fn a_secret_is_neither_shown_nor_repeated_in_an_error() {
        let key = |secret: &str| {
            read(&format!(
                r#"{{"version":1,"workspace":"m","keys":[{{"name":"k","owner":"o","environment":"e","secret":{secret}}}]}}"#
            ))
        };
        let shown = format!("{:?}", key("\"hunter2hunter2hunter2\"").unwrap());
        assert!(shown.contains("Hidden(***)") && !shown.contains("hunter2"), "{shown}");
        assert!(!key("31337").unwrap_err().contains("31337"));
    }
}
