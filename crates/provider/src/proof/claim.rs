//! What is to be proven: one account at a provider, and the model that may be called for it.

use std::collections::BTreeMap;

use wayleave_model::credential::SecretFields;
use wayleave_model::provider::{ModelType, Provider};
use wayleave_model::target::ModelFacts;

use crate::{Account, ProviderKind, resolved_at};

/// One account at a provider.
pub struct Claim {
    /// The kind of its provider.
    pub kind: &'static dyn ProviderKind,
    /// The credential's own base URL, else the provider's, else the kind's.
    pub base_url: String,
    /// The provider's settings, overridden by the credential's.
    pub settings: BTreeMap<String, String>,
    /// The credential's secrets.
    pub secrets: SecretFields,
    /// The model to call, which costs a few tokens; `None`: nothing that costs is tried.
    pub call: Option<Callee>,
}

/// A model that is called for a proof.
#[derive(Clone, Debug)]
pub struct Callee {
    /// The provider's name for it.
    pub model: String,
    /// What it does.
    pub model_type: ModelType,
    /// What is known of it.
    pub facts: ModelFacts,
}

impl Claim {
    /// The account that a request of the data plane would be made with.
    pub fn new(
        kind: &'static dyn ProviderKind,
        provider: &Provider,
        own: &BTreeMap<String, String>,
        secrets: SecretFields,
        call: Option<Callee>,
    ) -> Claim {
        Claim::at(kind, provider.base_url.as_deref(), &provider.settings, own, secrets, call)
    }

    /// The same for a provider that is not stored yet.
    pub fn at(
        kind: &'static dyn ProviderKind,
        base_url: Option<&str>,
        settings: &BTreeMap<String, String>,
        own: &BTreeMap<String, String>,
        secrets: SecretFields,
        call: Option<Callee>,
    ) -> Claim {
        let (base_url, settings) = resolved_at(kind, base_url, settings, own);
        Claim { kind, base_url, settings, secrets, call }
    }

    /// As kinds take it.
    pub fn account(&self) -> Account<'_> {
        Account { base_url: &self.base_url, settings: &self.settings, secrets: &self.secrets }
    }
}
