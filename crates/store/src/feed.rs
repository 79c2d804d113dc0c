//! How a node learns that the configuration changed: told by itself, told by PostgreSQL, or by
//! looking each second.

use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::sync::watch;

use crate::db::{CHANNEL, Db};
use crate::error::StoreError;
use crate::store::Store;

/// How often to look, whatever was heard: a notice can be lost with its connection.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A follower of the revision.
pub struct Feed {
    store: Store,
    seen: i64,
    /// Whether to wait before looking: not the first time.
    wait: bool,
    look_every: Duration,
    told: watch::Receiver<i64>,
    listener: Option<PgListener>,
}

impl Store {
    /// Follows the revision from the one that the caller has seen.
    pub fn feed(&self, seen: i64) -> Feed {
        let told = self.shared.revisions.subscribe();
        Feed {
            store: self.clone(),
            seen,
            wait: false,
            look_every: LOOK_EVERY,
            told,
            listener: None,
        }
    }
}

impl Feed {
    /// Returns the newest revision once it is newer than the one seen. May be dropped at any time
    /// and called again. [`Store::last_confirmed`] tells when the database last answered.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] each time a look fails, at most once a second: the caller goes
    /// on with what it has, and calls again.
    pub async fn changed(&mut self) -> Result<i64, StoreError> {
        loop {
            if self.wait {
                self.hear().await;
            }
            self.wait = true;
            let newest = match self.store.revision().await {
                Ok(newest) => newest,
                Err(error) => {
                    // Its connection is likely gone too, and a notice may have been missed.
                    self.listener = None;
                    return Err(error);
                }
            };
            if newest > self.seen {
                self.seen = newest;
                return Ok(newest);
            }
        }
    }

    /// Returns when there may be something new, in a second at the latest.
    async fn hear(&mut self) {
        let rest = tokio::time::sleep(self.look_every);
        tokio::pin!(rest);
        if *self.told.borrow_and_update() > self.seen {
            return;
        }
        tokio::select! {
            () = &mut rest => return,
            fresh = connect(&self.store.db, &mut self.listener) => {
                if fresh {
                    // What was announced since the last look went unheard: look again.
                    return;
                }
            }
            _ = self.told.changed() => return,
        }
        let lost = tokio::select! {
            () = &mut rest => false,
            _ = self.told.changed() => false,
            lost = listen(&mut self.listener) => lost,
        };
        if lost {
            self.listener = None;
            // No sooner than by looking: a server that is down must not be asked in a loop.
            rest.await;
        }
    }
}

/// Listens from now on, if the engine can and the server is there; true if it did not before.
async fn connect(db: &Db, listener: &mut Option<PgListener>) -> bool {
    let Db::Postgres(pool) = db else { return false };
    if listener.is_some() {
        return false;
    }
    let Ok(mut fresh) = PgListener::connect_with(pool).await else { return false };
    // When its connection is lost we drop it and make another, so that nothing is half done when
    // this future is dropped.
    fresh.eager_reconnect(false);
    if fresh.listen(CHANNEL).await.is_err() {
        return false;
    }
    *listener = Some(fresh);
    true
}

/// Waits for a notice; true if the connection is lost.
async fn listen(listener: &mut Option<PgListener>) -> bool {
    match listener {
        Some(listener) => !matches!(listener.try_recv().await, Ok(Some(_))),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;
    use crate::testing::{Bench, each_engine, owner_draft};
    use crate::{Store, owners};
    use wayleave_model::id::WorkspaceId;

    async fn add_owner(store: &Store, workspace: WorkspaceId, name: &str) -> i64 {
        let actor = crate::Actor::system("test");
        let mut change = store.change(workspace, &actor, "").await.unwrap();
        owners::create(&mut change, &owner_draft(name)).await.unwrap();
        change.commit().await.unwrap()
    }

    #[tokio::test]
    async fn a_feed_tells_at_once_what_was_missed() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let revision = add_owner(&bench.store, workspace, "a").await;
            let mut feed = bench.store.feed(revision - 1);
            assert_eq!(feed.changed().await.unwrap(), revision);
        })
        .await;
    }

    /// So long that only hearing can wake the feed.
    const NEVER: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_feed_hears_of_a_change_in_its_own_process() {
        each_engine(|bench| async move {
            let workspace = bench.workspace("main").await;
            let mut feed = bench.store.feed(bench.store.revision().await.unwrap());
            feed.look_every = NEVER;
            let waiting = tokio::spawn(async move { feed.changed().await.unwrap() });
            let revision = add_owner(&bench.store, workspace, "a").await;
            assert_eq!(waiting.await.unwrap(), revision);
        })
        .await;
    }

    #[tokio::test]
    async fn a_feed_hears_of_a_change_in_another_process_on_postgresql_and_sees_it_on_sqlite() {
        each_engine(|bench: Bench| async move {
            let workspace = bench.workspace("main").await;
            let other = bench.reopen(&bench.keys).await.unwrap();
            let mut feed = bench.store.feed(bench.store.revision().await.unwrap());
            if bench.url.file().is_none() {
                feed.look_every = NEVER;
            }
            let waiting = tokio::spawn(async move { feed.changed().await.unwrap() });
            let revision = add_owner(&other, workspace, "a").await;
            assert_eq!(waiting.await.unwrap(), revision);
        })
        .await;
    }

    #[tokio::test]
    async fn a_feed_says_when_the_database_is_away() {
        each_engine(|bench| async move {
            let mut feed = bench.store.feed(i64::MAX);
            bench.clock.advance(7);
            bench.store.revision().await.unwrap();
            assert_eq!(bench.store.last_confirmed(), bench.clock.now());
            bench.store.close().await;
            bench.clock.advance(7);
            for _ in 0..2 {
                let error = feed.changed().await.unwrap_err();
                assert!(error.is_outage(), "{error}");
            }
            assert_eq!(bench.store.last_confirmed().plus_micros(7), bench.clock.now());
        })
        .await;
    }
}
