//! Credentials are proven by whoever runs the API, which opens no sockets itself.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use wayleave_model::credential::SecretFields;
use wayleave_model::provider::{ModelType, Provider};
use wayleave_model::target::ModelFacts;
use wayleave_provider::ProviderKind;
use wayleave_provider::proof::Proof;

/// What is to be proven: one account at a provider.
#[derive(Debug)]
pub struct Claim {
    /// The id of its provider's kind.
    pub kind: &'static str,
    /// The credential's own base URL, else the provider's; empty for the kind's.
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

/// A proof in the making. It never fails: what went wrong is what it shows.
pub type Proving<'a> = Pin<Box<dyn Future<Output = Proof> + Send + 'a>>;

/// Proves that an account works, cheapest first.
pub trait Prove: Send + Sync {
    /// What was tried and what it shows. Stores nothing.
    fn prove<'a>(&'a self, claim: &'a Claim) -> Proving<'a>;
}

impl Claim {
    /// The account that a request of the data plane would be made with.
    pub(crate) fn new(
        kind: &'static dyn ProviderKind,
        provider: &Provider,
        settings: &BTreeMap<String, String>,
        secrets: SecretFields,
        call: Option<Callee>,
    ) -> Claim {
        let mut all = provider.settings.clone();
        all.extend(settings.clone());
        let base_url =
            all.get(wayleave_provider::manifest::BASE_URL).or(provider.base_url.as_ref());
        Claim {
            kind: kind.manifest().id,
            base_url: base_url.cloned().unwrap_or_default(),
            settings: all,
            secrets,
            call,
        }
    }
}
