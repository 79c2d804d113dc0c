//! The store: opening it, reading from it, and what all its users share.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::{Clock, Timestamp};

use crate::db::{Db, Tx, on};
use crate::error::StoreError;
use crate::hasher::{self, KeyHasher};
use crate::keyring::Keyring;
use crate::migrate::{self, SCHEMA};
use crate::response_ids::{self, ResponseIds};
use crate::rotate;
use crate::url::{Address, DatabaseUrl};

/// How long one look at the revision may take before the database counts as unavailable.
const LOOK: Duration = Duration::from_secs(5);

/// The database of an instance. Cheap to clone: clones share everything.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
    pub(crate) shared: Arc<Shared>,
}

/// What every transaction has at hand.
pub(crate) struct Shared {
    pub(crate) url: DatabaseUrl,
    pub(crate) keyring: RwLock<Arc<Keyring>>,
    pub(crate) hasher: KeyHasher,
    response_ids: RwLock<ResponseIds>,
    pub(crate) clock: Clock,
    /// The newest revision this process knows of.
    pub(crate) revisions: watch::Sender<i64>,
    /// When the database last answered, microseconds.
    confirmed: AtomicI64,
}

impl Shared {
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        // A ring is replaced in one assignment, so a poisoned lock still holds a whole one.
        self.keyring.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(crate) fn announce(&self, revision: i64) {
        self.revisions.send_if_modified(|known| {
            let newer = revision > *known;
            *known = revision.max(*known);
            newer
        });
    }
}

impl Store {
    /// Opens the database. A SQLite file is made, or migrated after it was copied; PostgreSQL is
    /// migrated by [`crate::migrate()`] only. Checks that every stored secret can be opened.
    ///
    /// # Errors
    /// [`StoreError::SchemaTooOld`] (PostgreSQL), [`StoreError::KekMissing`],
    /// [`StoreError::Unavailable`].
    pub async fn open(
        url: &DatabaseUrl,
        keyring: Keyring,
        clock: Clock,
    ) -> Result<Store, StoreError> {
        let db = Db::open(url).await?;
        if matches!(url.0, Address::Sqlite(_)) {
            migrate::bring(&db, url, &clock).await?;
        }
        let have = migrate::schema(&db).await?;
        if have < SCHEMA {
            return Err(StoreError::SchemaTooOld { have, want: SCHEMA });
        }
        rotate::check_openable(&mut db.read().await?, &keyring).await?;
        let hasher = hasher::load(&db, &keyring, &clock).await?;
        let response_ids = response_ids::load(&db, &keyring, &clock).await?;
        let shared = Shared {
            url: url.clone(),
            keyring: RwLock::new(Arc::new(keyring)),
            hasher,
            response_ids: RwLock::new(response_ids),
            revisions: watch::Sender::new(0),
            confirmed: AtomicI64::new(clock.now().as_micros()),
            clock,
        };
        let store = Store { db, shared: Arc::new(shared) };
        store.revision().await?;
        Ok(store)
    }

    /// A read-only transaction: everything read in it is of one moment.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(Tx { conn: self.db.read().await?, shared: self.shared.clone() })
    }

    pub(crate) async fn write(&self) -> Result<Tx, StoreError> {
        Ok(Tx { conn: self.db.write().await?, shared: self.shared.clone() })
    }

    /// The number of the newest configuration.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also when the database takes longer than five seconds.
    pub async fn revision(&self) -> Result<i64, StoreError> {
        let look = async { revision(&mut self.read().await?).await };
        let found = match tokio::time::timeout(LOOK, look).await {
            Ok(found) => found?,
            Err(_) => return Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)),
        };
        self.shared.confirmed.fetch_max(self.shared.clock.now().as_micros(), Ordering::Relaxed);
        self.shared.announce(found);
        Ok(found)
    }

    /// The workspaces that changed after `revision`, ended ones included.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn changed_since(&self, revision: i64) -> Result<Vec<WorkspaceId>, StoreError> {
        const SQL: &str =
            "SELECT workspace_id FROM workspace_revisions WHERE revision > $1 ORDER BY revision";
        let mut tx = self.read().await?;
        let ids: Vec<uuid::Uuid> =
            on!(tx.conn, it => sqlx::query_scalar(SQL).bind(revision).fetch_all(&mut *it).await)?;
        Ok(ids.into_iter().map(WorkspaceId).collect())
    }

    /// When the database last answered a look at its revision.
    pub fn last_confirmed(&self) -> Timestamp {
        Timestamp::from_micros(self.shared.confirmed.load(Ordering::Relaxed))
    }

    /// Digests presented keys and tokens, without the database.
    pub fn hasher(&self) -> KeyHasher {
        self.shared.hasher.clone()
    }

    /// Seals and opens ids of responses, without the database.
    pub fn response_ids(&self) -> ResponseIds {
        let known = self.shared.response_ids.read();
        known.unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Reads the keys of response ids again, and makes the next when it is time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn refresh_response_ids(&self) -> Result<(), StoreError> {
        let ring = self.shared.keyring();
        let fresh = response_ids::load(&self.db, &ring, &self.shared.clock).await?;
        let known = self.shared.response_ids.write();
        *known.unwrap_or_else(std::sync::PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Where the database is.
    pub fn url(&self) -> &DatabaseUrl {
        &self.shared.url
    }

    /// Closes every connection once its work is done. Calls that come later are refused.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// The configuration's number as `tx` sees it.
pub(crate) async fn revision(tx: &mut Tx) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT number FROM revision WHERE workspace_id = $1";
    let number = on!(tx.conn, it => {
        sqlx::query_scalar(SQL).bind(SYSTEM_WORKSPACE.0).fetch_one(&mut *it).await
    })?;
    Ok(number)
}
