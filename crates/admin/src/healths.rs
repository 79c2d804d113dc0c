//! How credentials fare on the node that answers: what the API asks of the data plane beside it.

use wayleave_model::health::{Health, Override};
use wayleave_model::id::{CredentialId, ModelId, NodeId};

/// What this node has learnt of credentials. Other nodes learn for themselves.
pub trait Healths: Send + Sync {
    /// Which node this is.
    fn node(&self) -> NodeId;

    /// What is known of a credential, or of it for one model; `None`: nothing uses it.
    fn of(&self, credential: CredentialId, model: Option<ModelId>) -> Option<Health>;

    /// What is known of a credential for each of its models.
    fn of_models(&self, credential: CredentialId) -> Vec<(ModelId, Health)>;

    /// Takes a person's word on it; what is known from then on.
    fn say(&self, credential: CredentialId, model: Option<ModelId>, said: Override) -> Health;
}
