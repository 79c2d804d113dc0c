//! Credentials of the management API are proven by the data plane, over its one guarded client.

use std::sync::Arc;

use wayleave_admin::{Prove, Proving};
use wayleave_gateway::Gateway;
use wayleave_provider::proof::Claim;

/// The data plane's ladder of probes.
pub struct Ladder(pub Arc<Gateway>);

impl Prove for Ladder {
    fn prove<'a>(&'a self, claim: &'a Claim) -> Proving<'a> {
        Box::pin(self.0.prove(claim))
    }
}
