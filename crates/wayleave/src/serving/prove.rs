//! Credentials of the management API are proven by the data plane, over its one guarded client.

use std::sync::Arc;

use wayleave_admin::{Claim, Prove, Proving};
use wayleave_gateway::{Gateway, prove};
use wayleave_model::Secret;
use wayleave_model::credential::SecretFields;
use wayleave_provider::kind;
use wayleave_provider::proof::{Outcome, Proof};

/// The data plane's ladder of probes.
pub struct Ladder(pub Arc<Gateway>);

impl Prove for Ladder {
    fn prove<'a>(&'a self, claim: &'a Claim) -> Proving<'a> {
        Box::pin(async move {
            let Some(kind) = kind(claim.kind) else {
                return Proof {
                    outcome: Outcome::Failed,
                    summary: format!("this version does not know the kind `{}`", claim.kind),
                    field: None,
                    steps: Vec::new(),
                    listed: None,
                };
            };
            let secrets = claim.secrets.iter();
            let call = claim.call.as_ref().map(|it| prove::Callee {
                model: it.model.clone(),
                model_type: it.model_type,
                facts: it.facts.clone(),
            });
            let claim = prove::Claim {
                kind,
                base_url: claim.base_url.clone(),
                settings: claim.settings.clone(),
                secrets: SecretFields::new(
                    secrets.map(|(id, it)| (id.to_owned(), Secret::new(it.expose()))),
                ),
                call,
            };
            self.0.prove(&claim).await
        })
    }
}
