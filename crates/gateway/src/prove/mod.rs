//! Proves that an account works, cheapest first: its address, a token for it, the free list of
//! models, and, only where that is asked for, the smallest call. Nothing is stored.

mod ask;
mod call;
mod ladder;
mod list;
mod trial;

use wayleave_provider::proof::{Claim, Proof};

use crate::gateway::Gateway;

impl Gateway {
    /// Climbs the ladder until something decides.
    pub async fn prove(&self, claim: &Claim) -> Proof {
        ladder::climb(&self.upstream, &self.recorder.clock, claim).await
    }
}

#[cfg(test)]
mod tests;
