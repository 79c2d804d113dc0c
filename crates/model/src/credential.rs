//! Named secrets of a provider: what is shown of them, and the sealed part in clear.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{CredentialId, ModelId, ProviderId};
use crate::secret::Secret;
use crate::time::Timestamp;

/// A credential as people may see it: everything but the secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub provider: ProviderId,
    /// The custom model it belongs to; `None`: it serves all models of the provider.
    pub model: Option<ModelId>,
    /// Unique in its provider (or custom model).
    pub name: String,
    /// Fields of the form that are no secret (region, organisation, a base URL of its own).
    pub settings: BTreeMap<String, String>,
    /// Each secret field, masked for show.
    pub masked: BTreeMap<String, String>,
    /// A keyed digest of the secrets: equal for equal secrets, reveals nothing.
    pub fingerprint: String,
    /// A disabled credential serves nothing.
    pub enabled: bool,
    /// Whether a call with it has ever succeeded.
    pub status: CredentialStatus,
    /// What asking its provider has shown.
    #[serde(default)]
    pub checks: Checks,
    /// When a request was last served with it, to the minute.
    #[serde(default)]
    pub last_used_at: Option<Timestamp>,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
    /// Goes up with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What was found out about a credential by asking its provider; by default nobody asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// How it came to be trusted, or not; `None`: nobody asked.
    pub validated: Option<Validated>,
    /// What the last check showed, in one line.
    pub proof: Option<String>,
    /// Who had it proven last.
    pub proven_by: Option<String>,
    /// When a check last succeeded.
    pub last_proven_at: Option<Timestamp>,
    /// When a check was last made, whatever it showed.
    pub last_checked_at: Option<Timestamp>,
}

/// What the validation of a credential came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validated {
    /// The provider accepted it.
    Proven,
    /// It was saved without asking, because somebody wished so.
    Skipped,
    /// The provider refused it.
    Refused,
}

impl Validated {
    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Validated::Proven => "proven",
            Validated::Skipped => "skipped",
            Validated::Refused => "refused",
        }
    }

    /// The one of that name.
    pub fn parse(name: &str) -> Option<Validated> {
        [Validated::Proven, Validated::Skipped, Validated::Refused]
            .into_iter()
            .find(|it| it.as_str() == name)
    }
}

/// What is known of a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialStatus {
    /// Saved without a check; no call with it has succeeded yet.
    #[default]
    Unverified,
    /// A check or a call succeeded.
    Active,
    /// The provider refused it.
    Invalid,
}

impl CredentialStatus {
    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            CredentialStatus::Unverified => "unverified",
            CredentialStatus::Active => "active",
            CredentialStatus::Invalid => "invalid",
        }
    }

    /// The status of that name.
    pub fn parse(name: &str) -> Option<CredentialStatus> {
        [CredentialStatus::Unverified, CredentialStatus::Active, CredentialStatus::Invalid]
            .into_iter()
            .find(|it| it.as_str() == name)
    }
}

/// The secret fields of one credential, by the field ids of the kind's form.
#[derive(Debug, Default)]
pub struct SecretFields(Vec<(String, Secret)>);

impl SecretFields {
    /// From field ids and values.
    pub fn new(fields: impl IntoIterator<Item = (String, Secret)>) -> SecretFields {
        SecretFields(fields.into_iter().collect())
    }

    /// The field of that id.
    pub fn get(&self, id: &str) -> Option<&Secret> {
        self.0.iter().find(|(key, _)| key == id).map(|(_, value)| value)
    }

    /// Every field.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
