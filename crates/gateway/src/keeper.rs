//! Keeps the world in step with the store: any change is live on the next request.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wayleave_model::Timestamp;
use wayleave_model::time::Tick;
use wayleave_store::nodes::Node;
use wayleave_store::{Store, StoreError};

use crate::gateway::Gateway;
use crate::pool::Healths;
use crate::world::World;

/// How often this node says that it lives.
const BEAT: Duration = Duration::from_secs(10);
/// How often the vault is tidied.
const TIDY: Duration = Duration::from_secs(600);
/// How often the database's silence is measured.
const LOOK: Duration = Duration::from_secs(1);
/// How soon a configuration that could not be read is read again.
const RETRY: Duration = Duration::from_secs(1);

/// The task that follows the store's revision.
pub struct Keeper {
    gateway: Arc<Gateway>,
    store: Store,
    healths: Arc<Healths>,
    started_at: Timestamp,
}

/// The world as the store holds it now.
pub async fn read(store: &Store, healths: &Healths) -> Result<World, StoreError> {
    Ok(World::new(store.snapshot().await?, healths))
}

impl Keeper {
    /// Follows `store` for `gateway`.
    pub fn new(gateway: Arc<Gateway>, store: Store, healths: Arc<Healths>) -> Keeper {
        let started_at = gateway.recorder.clock.now();
        Keeper { gateway, store, healths, started_at }
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let work = async {
            tokio::join!(self.follow_changes(), self.beats(), self.measure_silence(), self.tidy())
        };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = work => {}
        }
    }

    async fn follow_changes(&self) {
        let mut feed = self.store.feed(self.gateway.world.load().revision);
        loop {
            match feed.changed().await {
                Ok(_) => {
                    if let Err(err) = self.follow().await {
                        tracing::error!(%err, "the changed configuration cannot be read: what it changed stays as it was");
                        tokio::time::sleep(RETRY).await;
                        // The feed tells of a revision once: one that begins at what is in force
                        // tells of it again.
                        feed = self.store.feed(self.gateway.world.load().revision);
                    }
                }
                Err(err) => {
                    tracing::warn!(%err, "the database is away: requests are served from memory")
                }
            }
        }
    }

    async fn beats(&self) {
        let mut beat = tokio::time::interval(BEAT);
        loop {
            beat.tick().await;
            self.beat().await;
        }
    }

    async fn tidy(&self) {
        let mut due = tokio::time::interval(TIDY);
        loop {
            due.tick().await;
            self.gateway.vault.tidy(self.gateway.recorder.clock.now()).await;
        }
    }

    async fn measure_silence(&self) {
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            self.note_silence();
            self.healths.meters().look(self.gateway.recorder.clock.now());
        }
    }

    /// Reads what changed and puts it in force. Only the workspaces that changed are read again;
    /// one that cannot be read holds up no other, and is read again because the revision in force
    /// is still the old one.
    async fn follow(&self) -> Result<(), StoreError> {
        let current = self.gateway.world.load_full();
        // Read first: a change that comes while parts are read is then seen again, not missed.
        let revision = self.store.revision().await?;
        let (mut parts, mut failed) = (Vec::new(), None);
        for workspace in self.store.changed_since(current.revision).await? {
            match self.store.snapshot_of(workspace).await {
                Ok((_, part)) => parts.push((workspace, part)),
                Err(err) if err.is_outage() => return Err(err),
                Err(err) => failed = Some(err),
            }
        }
        let reached = if failed.is_some() { current.revision } else { revision };
        tracing::debug!(revision = reached, workspaces = parts.len(), "the configuration changed");
        self.gateway.world.store(Arc::new(current.changed(reached, parts, &self.healths)));
        self.gateway.recorder.metrics.revision.set(reached);
        self.healths.sweep();
        failed.map_or(Ok(()), Err)
    }

    async fn beat(&self) {
        let node = Node {
            id: self.gateway.node,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision_seen: self.gateway.world.load().revision,
            started_at: self.started_at,
            last_beat: self.gateway.recorder.clock.now(),
        };
        match self.store.beat(&node).await {
            Ok(()) => {}
            Err(err) => tracing::debug!(%err, "this node's beat could not be written"),
        }
    }

    /// The feed looks at the database each second: what it heard last is carried over to the
    /// gateway's own clock, which cannot be set back.
    fn note_silence(&self) {
        let clock = &self.gateway.recorder.clock;
        let silence = clock.now().as_micros() - self.store.last_confirmed().as_micros();
        let silence = silence.max(0).unsigned_abs();
        let now = clock.tick().micros_since(Tick::default());
        self.gateway.confirmed.store(now.saturating_sub(silence), Ordering::Relaxed);
        let seconds = Duration::from_micros(silence).as_secs_f64();
        self.gateway.recorder.metrics.database_silence.set(seconds);
    }
}

#[cfg(test)]
mod tests;
