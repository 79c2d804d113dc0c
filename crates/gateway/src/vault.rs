//! Reasoning kept for clients who cannot keep it: put away before an answer ends, put back before
//! the next turn is written for its provider.

use std::time::Duration;

use wayleave_dialect::Dialect;
use wayleave_dialect::carry::keep::{self, Anchor, Kept};
use wayleave_dialect::chat::ChatRequest;
use wayleave_model::Timestamp;
use wayleave_model::id::WorkspaceId;
use wayleave_store::{MAX_KEPT, ResponseIds, Store};

/// How long a request waits for the database: without it, the reasoning is a named loss.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// The vault of this instance, which every node shares.
#[derive(Clone)]
pub struct Vault(Store);

impl Vault {
    /// In `store`.
    pub fn new(store: Store) -> Vault {
        Vault(store)
    }

    /// Where it stands, for what is kept beside it.
    pub fn store(&self) -> &Store {
        &self.0
    }

    /// Seals and opens ids of responses.
    pub fn response_ids(&self) -> ResponseIds {
        self.0.response_ids()
    }

    /// What is due now and then: keys of response ids, records that have expired.
    pub async fn tidy(&self, now: Timestamp) {
        if let Err(err) = self.0.refresh_response_ids().await {
            tracing::warn!(%err, "the keys of response ids could not be read");
        }
        while matches!(self.0.sweep_vault(now).await, Ok(500..)) {}
        while matches!(self.0.sweep_responses(now).await, Ok(200..)) {}
    }

    /// Stands for what an answer answers ([`keep::asked`]).
    pub fn hash(&self, asked: &str) -> [u8; 32] {
        self.0.hasher().anchor(asked.as_bytes())
    }

    /// Keeps what one answer's provider wants back. Whether it is safe.
    /// `asked` stands for what it answered ([`Vault::hash`]).
    pub async fn keep(
        &self,
        workspace: WorkspaceId,
        it: &(Anchor, Kept),
        asked: &[u8; 32],
        now: Timestamp,
    ) -> bool {
        let (anchor, kept) = it;
        let Ok(record) = serde_json::to_vec(kept) else { return false };
        if record.len() > MAX_KEPT {
            return false;
        }
        let anchor = self.0.hasher().anchor(&anchor.bytes(asked));
        let put = self.0.keep(workspace, &anchor, &record, now);
        match tokio::time::timeout(PATIENCE, put).await {
            Ok(Ok(())) => true,
            Ok(Err(err)) => {
                tracing::warn!(%err, "reasoning could not be kept for a client");
                false
            }
            Err(_) => {
                tracing::warn!("reasoning could not be kept for a client: the database is slow");
                false
            }
        }
    }

    /// Puts back what was kept of the conversation so far. What is not there, or not in time,
    /// stays away: the provider judges.
    pub async fn restore(
        &self,
        workspace: WorkspaceId,
        request: &mut ChatRequest,
        to: Dialect,
        now: Timestamp,
    ) {
        let turns = keep::anchors(request, to);
        if turns.is_empty() {
            return;
        }
        let hasher = self.0.hasher();
        let digest = |(at, it): &(usize, Anchor)| {
            hasher.anchor(&it.bytes(&self.hash(&keep::asked(request, *at))))
        };
        let anchors: Vec<_> = turns.iter().map(digest).collect();
        // On the heap: most conversations have nothing to look for.
        let look = Box::pin(self.0.kept(workspace, &anchors, now));
        let found = match tokio::time::timeout(PATIENCE, look).await {
            Ok(Ok(found)) => found,
            Ok(Err(err)) => {
                tracing::warn!(%err, "kept reasoning could not be read");
                return;
            }
            Err(_) => {
                tracing::warn!("kept reasoning could not be read: the database is slow");
                return;
            }
        };
        for (anchor, record) in found {
            let at = anchors.iter().position(|it| *it == anchor).map(|at| turns[at].0);
            let turn = at.and_then(|at| request.turns.get_mut(at));
            if let (Some(turn), Ok(kept)) = (turn, serde_json::from_slice(record.expose())) {
                keep::restore(turn, kept, to);
            }
        }
    }
}
