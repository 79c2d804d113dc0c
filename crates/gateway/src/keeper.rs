//! Keeps the world in step with the store: any change is live on the next request.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wayleave_model::time::Tick;
use wayleave_store::{Store, StoreError};

use crate::gateway::Gateway;
use crate::pool::Healths;
use crate::world::World;

/// How often this node says that it lives.
const BEAT: Duration = Duration::from_secs(10);

/// The task that follows the store's revision.
pub struct Keeper {
    gateway: Arc<Gateway>,
    store: Store,
    healths: Arc<Healths>,
}

/// The world as the store holds it now.
pub async fn read(store: &Store, healths: &Healths) -> Result<World, StoreError> {
    Ok(World::new(store.snapshot().await?, healths))
}

impl Keeper {
    /// Follows `store` for `gateway`.
    pub fn new(gateway: Arc<Gateway>, store: Store, healths: Arc<Healths>) -> Keeper {
        Keeper { gateway, store, healths }
    }

    /// Runs until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut feed = self.store.feed();
        let mut beat = tokio::time::interval(BEAT);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = beat.tick() => self.beat().await,
                changed = feed.changed() => match changed {
                    Ok(revision) => self.follow(revision).await,
                    Err(err) => {
                        tracing::warn!(%err, "the database is away: requests are served from memory");
                        self.note_silence();
                    }
                },
            }
        }
    }

    async fn follow(&self, revision: i64) {
        self.heard();
        let known = self.gateway.world.load().revision;
        if revision == known {
            return;
        }
        match self.next(known).await {
            Ok(world) => {
                tracing::debug!(revision = world.revision, "the configuration changed");
                self.gateway.recorder.metrics.revision.set(world.revision);
                self.gateway.world.store(Arc::new(world));
                self.healths.sweep();
            }
            Err(err) => tracing::error!(%err, "the changed configuration cannot be read: the old one stays in force"),
        }
    }

    /// Only the workspaces that changed are read again.
    async fn next(&self, known: i64) -> Result<World, StoreError> {
        let changed = self.store.changed_since(known).await?;
        let current = self.gateway.world.load_full();
        let mut parts = Vec::with_capacity(changed.workspaces.len());
        for workspace in changed.workspaces {
            parts.push((workspace, self.store.snapshot_of(workspace).await?));
        }
        Ok(current.changed(changed.revision, parts, &self.healths))
    }

    async fn beat(&self) {
        let revision = self.gateway.world.load().revision;
        let beat = self.store.beat(self.gateway.node, env!("CARGO_PKG_VERSION"), revision).await;
        match beat {
            Ok(()) => self.heard(),
            Err(err) => tracing::debug!(%err, "this node's beat could not be written"),
        }
    }

    fn heard(&self) {
        let now = self.gateway.recorder.clock.tick().micros_since(Tick::default());
        self.gateway.confirmed.store(now, Ordering::Relaxed);
        self.note_silence();
    }

    fn note_silence(&self) {
        let heard = Tick::default().plus_micros(self.gateway.confirmed.load(Ordering::Relaxed));
        let silence = Duration::from_micros(self.gateway.recorder.clock.tick().micros_since(heard));
        self.gateway.recorder.metrics.database_silence.set(silence.as_secs_f64());
    }
}
