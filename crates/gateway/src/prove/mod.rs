//! Proves that an account works, cheapest first: its address, a token for it, the free list of
//! models, and, only where that is asked for, the smallest call. Nothing is stored.

mod ask;
mod call;
mod ladder;
mod list;
mod said;

use std::collections::BTreeMap;

use wayleave_model::credential::SecretFields;
use wayleave_model::provider::ModelType;
use wayleave_model::target::ModelFacts;
use wayleave_provider::proof::Proof;
use wayleave_provider::{Account, ProviderKind};

use crate::gateway::Gateway;

/// What is to be proved.
pub struct Claim {
    /// The kind of its provider.
    pub kind: &'static dyn ProviderKind,
    /// The provider's base URL, or the credential's own; empty for the kind's.
    pub base_url: String,
    /// The provider's settings, overridden by the credential's.
    pub settings: BTreeMap<String, String>,
    /// The credential's secrets.
    pub secrets: SecretFields,
    /// The model that is called if nothing free proves the credential; `None`: none is.
    pub call: Option<Callee>,
}

/// A model that may be called, at the cost of a few tokens.
pub struct Callee {
    /// The provider's name for it.
    pub model: String,
    /// What it does.
    pub model_type: ModelType,
    /// What is known of it.
    pub facts: ModelFacts,
}

impl Claim {
    fn account(&self) -> Account<'_> {
        let own = self.kind.manifest().default_base_url.unwrap_or_default();
        let base_url = if self.base_url.is_empty() { own } else { &self.base_url };
        Account { base_url, settings: &self.settings, secrets: &self.secrets }
    }
}

impl Gateway {
    /// Climbs the ladder until something decides.
    pub async fn prove(&self, claim: &Claim) -> Proof {
        ladder::climb(&self.upstream, &self.recorder.clock, claim).await
    }
}

#[cfg(test)]
mod tests;
