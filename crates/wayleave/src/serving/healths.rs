//! What the management API shows and says of credentials is what this process's data plane knows.

use std::sync::Arc;

use wayleave_gateway::Gateway;
use wayleave_gateway::pool;
use wayleave_model::health::{Health, Override};
use wayleave_model::id::{CredentialId, ModelId, NodeId};

/// The data plane's own healths.
pub struct Known(pub Arc<Gateway>);

impl Known {
    fn report(&self, health: &pool::Health) -> Health {
        let clock = &self.0.recorder.clock;
        health.report(clock.tick(), clock.now())
    }
}

impl wayleave_admin::Healths for Known {
    fn node(&self) -> NodeId {
        self.0.node
    }

    fn of(&self, credential: CredentialId, model: Option<ModelId>) -> Option<Health> {
        self.0.healths.of(credential, model).map(|it| self.report(&it))
    }

    fn of_models(&self, credential: CredentialId) -> Vec<(ModelId, Health)> {
        let all = self.0.healths.of_models(credential);
        all.into_iter().map(|(model, it)| (model, self.report(&it))).collect()
    }

    fn say(&self, credential: CredentialId, model: Option<ModelId>, said: Override) -> Health {
        let health = self.0.healths.of_or_new(credential, model);
        health.say(said, self.0.recorder.clock.tick());
        self.report(&health)
    }
}
