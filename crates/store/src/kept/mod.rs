//! Responses that are kept for clients of providers that keep none: sealed, each for its workspace
//! and the owner of the key it was given to, until its time.

mod read;

use wayleave_model::Timestamp;
use wayleave_model::id::{OwnerId, ResponseId, WorkspaceId};

use crate::db::{Tx, in_tx, on};
use crate::error::StoreError;
use crate::seal::{self, Place};
use crate::store::Store;
pub use read::{Chain, MAX_CHAIN};

/// The longest record that is kept, in bytes.
pub const MAX_RESPONSE: usize = 4 << 20;
/// Expired records taken out at a time.
const SWEEP: i64 = 200;
/// What a conversation that goes on is given more time by: less is not worth writing it again.
const WORTH_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// The id of the owner stands before the record, under the same seal.
const OWNER: usize = 16;

/// Whose responses: those of one key's owner in one workspace see no others.
pub type Whose = (WorkspaceId, OwnerId);

/// A response that is to be kept.
#[derive(Debug)]
pub struct Draft<'d> {
    /// What clients know it by.
    pub id: ResponseId,
    /// The one it goes on from.
    pub previous: Option<ResponseId>,
    /// What is to be found again. Means nothing to the store.
    pub record: &'d [u8],
    /// The ids of the items in it.
    pub items: &'d [String],
    /// For how long, in microseconds.
    pub micros: i64,
}

impl Store {
    /// Keeps a response. Those that it goes on from are kept at least about as long.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a record of more than [`MAX_RESPONSE`] bytes,
    /// [`StoreError::Unavailable`].
    pub async fn keep_response(
        &self,
        whose: Whose,
        it: &Draft<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if it.record.len() > MAX_RESPONSE {
            return Err(StoreError::invalid("record", format!("more than {MAX_RESPONSE} bytes")));
        }
        let place = Place::kept_response(whose.0, it.id.0);
        let clear = [&whose.1.0.as_bytes()[..], it.record].concat();
        let sealed = seal::seal(&self.shared.keyring(), &place, &clear)?;
        let expires = now.plus_micros(it.micros);
        in_tx!(self, tx => {
            insert(&mut tx, whose, it, sealed, (now, expires)).await?;
            for item in it.items {
                let item = self.item(whose, item);
                note_item(&mut tx, whose.0, &item, it.id).await?;
            }
            if let Some(previous) = it.previous {
                prolong(&mut tx, whose, previous, expires).await?;
            }
            Ok(())
        })
    }

    /// Forgets a response; whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_response(
        &self,
        whose: Whose,
        id: ResponseId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM kept_responses
            WHERE workspace_id = $1 AND id = $2 AND owner_id = $3 AND expires_at > $4";
        in_tx!(self, tx => {
            let gone = on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(whose.0.0)
                    .bind(id.0)
                    .bind(whose.1.0)
                    .bind(now.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(|done| done.rows_affected())
            })?;
            Ok(gone > 0)
        })
    }

    /// Takes out some of what has expired; how many responses that were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sweep_responses(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM kept_responses WHERE (workspace_id, id) IN (
            SELECT workspace_id, id FROM kept_responses WHERE expires_at <= $1 LIMIT $2)";
        in_tx!(self, tx => {
            let gone = on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(now.as_micros())
                    .bind(SWEEP)
                    .execute(&mut *it)
                    .await
                    .map(|done| done.rows_affected())
            })?;
            Ok(gone)
        })
    }

    /// What an item of one owner is found by.
    fn item(&self, whose: Whose, id: &str) -> [u8; 32] {
        self.hasher().anchor(&[b"item:", &whose.1.0.as_bytes()[..], id.as_bytes()].concat())
    }
}

async fn insert(
    tx: &mut Tx,
    whose: Whose,
    it: &Draft<'_>,
    sealed: Vec<u8>,
    (now, expires): (Timestamp, Timestamp),
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO kept_responses
        (workspace_id, id, owner_id, previous_id, bytes, sealed, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let bytes = i64::try_from(it.record.len()).unwrap_or(i64::MAX);
    on!(tx.conn, conn => {
        sqlx::query(SQL)
            .bind(whose.0.0)
            .bind(it.id.0)
            .bind(whose.1.0)
            .bind(it.previous.map(|id| id.0))
            .bind(bytes)
            .bind(sealed)
            .bind(now.as_micros())
            .bind(expires.as_micros())
            .execute(&mut *conn)
            .await
            .map(drop)
    })?;
    Ok(())
}

/// The newest response with an item of that id has it.
async fn note_item(
    tx: &mut Tx,
    workspace: WorkspaceId,
    item: &[u8; 32],
    response: ResponseId,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO kept_items (workspace_id, item, response_id) VALUES ($1, $2, $3)
        ON CONFLICT (workspace_id, item) DO UPDATE SET response_id = excluded.response_id";
    on!(tx.conn, it => {
        sqlx::query(SQL)
            .bind(workspace.0)
            .bind(&item[..])
            .bind(response.0)
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    Ok(())
}

/// What a conversation that goes on went on from is kept on with it: without its beginning it could
/// not go on again.
async fn prolong(
    tx: &mut Tx,
    whose: Whose,
    from: ResponseId,
    expires: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = "WITH RECURSIVE chain(id, previous_id, depth) AS (
            SELECT id, previous_id, 1 FROM kept_responses
                WHERE workspace_id = $1 AND owner_id = $2 AND id = $3
            UNION ALL
            SELECT k.id, k.previous_id, chain.depth + 1 FROM chain JOIN kept_responses k
                ON k.workspace_id = $1 AND k.owner_id = $2 AND k.id = chain.previous_id
                WHERE chain.depth < $4)
        UPDATE kept_responses SET expires_at = $5
            WHERE workspace_id = $1 AND expires_at < $6 AND id IN (SELECT id FROM chain)";
    on!(tx.conn, it => {
        sqlx::query(SQL)
            .bind(whose.0.0)
            .bind(whose.1.0)
            .bind(from.0)
            .bind(MAX_CHAIN)
            .bind(expires.as_micros())
            .bind(expires.plus_micros(-WORTH_MICROS).as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;
