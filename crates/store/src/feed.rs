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
    told: watch::Receiver<i64>,
    listener: Option<PgListener>,
}

impl Store {
    /// Follows the revision from the one that the caller has seen.
    pub fn feed(&self, seen: i64) -> Feed {
        let told = self.shared.revisions.subscribe();
        Feed { store: self.clone(), seen, wait: false, told, listener: None }
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

    /// Returns when there may be something new, after [`LOOK_EVERY`] at the latest.
    async fn hear(&mut self) {
        let rest = tokio::time::sleep(LOOK_EVERY);
        tokio::pin!(rest);
        if *self.told.borrow_and_update() > self.seen {
            return;
        }
        tokio::select! {
            () = &mut rest => return,
            () = connect(&self.store.db, &mut self.listener) => {}
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

/// Listens from now on, if the engine can and the server is there.
async fn connect(db: &Db, listener: &mut Option<PgListener>) {
    let Db::Postgres(pool) = db else { return };
    if listener.is_some() {
        return;
    }
    let Ok(mut fresh) = PgListener::connect_with(pool).await else { return };
    // When its connection is lost we drop it and make another, so that nothing is half done when
    // this future is dropped.
    fresh.eager_reconnect(false);
    if fresh.listen(CHANNEL).await.is_ok() {
        *listener = Some(fresh);
    }
}

/// Waits for a notice; true if the connection is lost.
async fn listen(listener: &mut Option<PgListener>) -> bool {
    match listener {
        Some(listener) => !matches!(listener.try_recv().await, Ok(Some(_))),
        None => std::future::pending().await,
    }
}
