//! When each credential was last used: gathered from what was delivered, written now and then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wayleave_model::Timestamp;
use wayleave_model::id::{CredentialId, SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::record::Closed;
use wayleave_model::supply::Supplier;
use wayleave_store::Store;

/// How often, at most, it is written down: people look at days, and each write is a transaction.
const EVERY: Duration = Duration::from_secs(60);

/// The newest use of each credential that is not written yet.
#[derive(Default)]
pub(super) struct Uses {
    fresh: HashMap<(WorkspaceId, CredentialId), Timestamp>,
    written: Option<Instant>,
}

impl Uses {
    /// Every attempt of these requests was one.
    pub(super) fn gather(&mut self, batch: &[Arc<Closed>]) {
        for closed in batch {
            let workspace = closed.identity.caller.workspace;
            for attempt in &closed.attempts {
                let target = &attempt.start.target;
                let workspace = match target.supplier() {
                    Supplier::System => SYSTEM_WORKSPACE,
                    Supplier::Custom => workspace,
                };
                let key = (workspace, target.credential);
                let at = attempt.start.started_at;
                let newest = self.fresh.entry(key).or_insert(at);
                *newest = (*newest).max(at);
            }
        }
    }

    /// Writes what was gathered, if it is due. What fails is due again a minute later.
    pub(super) async fn write(&mut self, store: &Store) {
        let due = self.written.is_none_or(|it| it.elapsed() >= EVERY);
        if self.fresh.is_empty() || !due {
            return;
        }
        self.written = Some(Instant::now());
        let used: Vec<_> =
            self.fresh.iter().map(|((workspace, id), at)| (*workspace, *id, *at)).collect();
        match store.note_use(&used).await {
            Ok(()) => self.fresh.clear(),
            Err(err) => tracing::warn!(%err, "when credentials were last used is noted later"),
        }
    }
}
