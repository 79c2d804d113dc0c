//! Key-encryption keys in use: the check at start, and rotation while the instance runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;
use wayleave_model::id::{KekId, WorkspaceId};

use crate::db::{Conn, Tx, in_tx, on};
use crate::error::StoreError;
use crate::keyring::Keyring;
use crate::seal::{self, Place};
use crate::store::Store;

/// Rows that are re-wrapped in one transaction: short enough that nobody waits for the writer.
const BATCH: i64 = 200;
/// The same where a row may be as large as a conversation.
const BATCH_OF_LARGE: i64 = 8;

/// A table with a column `sealed`: how to read it in order, and how to replace one value.
struct Sealed {
    place: fn(WorkspaceId, Uuid) -> Place,
    /// After ($1, $2), at most $3 rows.
    page: &'static str,
    update: &'static str,
    batch: i64,
}

/// Every place where sealed values stand that nobody can do without.
const SEALED: [Sealed; 3] = [
    Sealed {
        place: Place::credential,
        page: "SELECT workspace_id, id, sealed FROM credentials
               WHERE (workspace_id, id) > ($1, $2) ORDER BY workspace_id, id LIMIT $3",
        update: "UPDATE credentials SET sealed = $3
                 WHERE workspace_id = $1 AND id = $2 AND sealed = $4",
        batch: BATCH,
    },
    Sealed {
        place: Place::credential,
        page: "SELECT workspace_id, id, sealed FROM kept_credentials
               WHERE (workspace_id, id) > ($1, $2) ORDER BY workspace_id, id LIMIT $3",
        update: "UPDATE kept_credentials SET sealed = $3
                 WHERE workspace_id = $1 AND id = $2 AND sealed = $4",
        batch: BATCH,
    },
    Sealed {
        place: Place::setting,
        page: "SELECT workspace_id, id, sealed FROM settings
               WHERE sealed IS NOT NULL AND (workspace_id, id) > ($1, $2)
               ORDER BY workspace_id, id LIMIT $3",
        update: "UPDATE settings SET sealed = $3
                 WHERE workspace_id = $1 AND id = $2 AND sealed = $4",
        batch: BATCH,
    },
];

/// Responses that are kept: they outlive a rotation, but one whose key is gone is only gone itself.
const KEPT: Sealed = Sealed {
    place: Place::kept_response,
    page: "SELECT workspace_id, id, sealed FROM kept_responses
           WHERE (workspace_id, id) > ($1, $2) ORDER BY workspace_id, id LIMIT $3",
    update: "UPDATE kept_responses SET sealed = $3
             WHERE workspace_id = $1 AND id = $2 AND sealed = $4",
    batch: BATCH_OF_LARGE,
};

const KEPT_TABLE: &str = "kept_responses";

type Row = (Uuid, Uuid, Vec<u8>);

impl Store {
    /// Puts another ring in place, as after a new key was added to the key file. From now on its
    /// current key seals.
    ///
    /// # Errors
    /// [`StoreError::KekMissing`] if stored secrets need a key that it lacks; the old ring stays.
    pub async fn use_keyring(&self, keyring: Keyring) -> Result<(), StoreError> {
        check_openable(&mut self.db.read().await?, &keyring).await?;
        *self.shared.keyring.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Arc::new(keyring);
        Ok(())
    }

    /// Wraps the data key of every stored secret under the current key, in batches, while the
    /// instance runs; returns how many were changed. Afterwards the older keys may be removed from
    /// every node's key file. Secrets themselves are not touched.
    ///
    /// # Errors
    /// [`StoreError::KekMissing`], [`StoreError::Unsealable`]; what is done stays done.
    pub async fn rewrap(&self) -> Result<u64, StoreError> {
        let ring = self.shared.keyring();
        let mut changed = 0;
        for table in SEALED.iter().chain([&KEPT]) {
            let mut after = (Uuid::nil(), Uuid::nil());
            loop {
                let (count, last) =
                    in_tx!(self, tx => { rewrap_batch(&mut tx, &ring, table, after).await })?;
                changed += count;
                match last {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        Ok(changed)
    }

    /// Whether every stored secret's key is in the ring.
    ///
    /// # Errors
    /// [`StoreError::KekMissing`] names the first that is not.
    pub async fn check_openable(&self) -> Result<(), StoreError> {
        check_openable(&mut self.db.read().await?, &self.shared.keyring()).await
    }
}

async fn rewrap_batch(
    tx: &mut Tx,
    ring: &Keyring,
    table: &Sealed,
    after: (Uuid, Uuid),
) -> Result<(u64, Option<(Uuid, Uuid)>), StoreError> {
    let mut changed = 0;
    let rows = page(&mut tx.conn, table, after).await?;
    for (workspace, id, sealed) in &rows {
        let place = (table.place)(WorkspaceId(*workspace), *id);
        let fresh = match seal::rewrap(ring, &place, sealed) {
            Err(_) if place.table == KEPT_TABLE => continue,
            fresh => fresh?,
        };
        let Some(fresh) = fresh else { continue };
        let update = table.update;
        on!(tx.conn, it => {
            sqlx::query(update)
                .bind(*workspace)
                .bind(*id)
                .bind(fresh)
                .bind(sealed.as_slice())
                .execute(&mut *it)
                .await
                .map(drop)
        })?;
        changed += 1;
    }
    Ok((changed, rows.last().map(|(workspace, id, _)| (*workspace, *id))))
}

/// Refuses a ring that lacks a key which stored secrets need, and says how many need it.
pub(crate) async fn check_openable(conn: &mut Conn, ring: &Keyring) -> Result<(), StoreError> {
    let mut missing: BTreeMap<KekId, u64> = BTreeMap::new();
    for table in &SEALED {
        let mut after = (Uuid::nil(), Uuid::nil());
        loop {
            let rows = page(conn, table, after).await?;
            for (workspace, id, sealed) in &rows {
                let place = (table.place)(WorkspaceId(*workspace), *id);
                let kek = seal::kek_of(&place, sealed)?;
                match ring.get(kek) {
                    // Opened for real: a ring may hold another key under that id.
                    Some(_) => drop(seal::open(ring, &place, sealed)?),
                    None => *missing.entry(kek).or_default() += 1,
                }
            }
            match rows.last() {
                Some((workspace, id, _)) => after = (*workspace, *id),
                None => break,
            }
        }
    }
    match missing.into_iter().next() {
        None => Ok(()),
        Some((kek_id, rows)) => Err(StoreError::KekMissing { kek_id, rows }),
    }
}

async fn page(
    conn: &mut Conn,
    table: &Sealed,
    after: (Uuid, Uuid),
) -> Result<Vec<Row>, StoreError> {
    let sql = table.page;
    let rows: Vec<Row> = on!(*conn, it => {
        sqlx::query_as(sql).bind(after.0).bind(after.1).bind(table.batch).fetch_all(&mut *it).await
    })?;
    Ok(rows)
}
