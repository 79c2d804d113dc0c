//! Answers of the management API that are kept for a day under the key that their sender chose, so
//! that a request sent twice is done once.

use uuid::Uuid;
use wayleave_model::id::WorkspaceId;
use wayleave_model::{Secret, Timestamp};

use crate::db::on;
use crate::error::StoreError;
use crate::seal::{self, Place};
use crate::store::Store;

/// How long an answer is kept, in seconds.
const KEPT_SECONDS: i64 = 24 * 60 * 60;
/// How long a request may be under way, in seconds: after that its process is taken for dead.
const UNDER_WAY_SECONDS: i64 = 10 * 60;

/// A request as it is known again: both are keyed digests ([`crate::KeyHasher::anchor`]).
#[derive(Clone, Copy, Debug)]
pub struct Once {
    /// Of its sender and the key that the sender chose.
    pub anchor: [u8; 32],
    /// Of all that it asks.
    pub request: [u8; 32],
}

/// What is known of a key.
#[derive(Debug)]
pub enum Earlier {
    /// Nothing: the request is to be done, and the key is reserved for it.
    None,
    /// The same request is under way.
    UnderWay,
    /// Another request had this key.
    Different,
    /// The same request was done, and this was its answer.
    Done(Secret),
}

impl Store {
    /// Reserves the key of a request, or says what became of the earlier one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn once(
        &self,
        workspace: WorkspaceId,
        it: &Once,
        now: Timestamp,
    ) -> Result<Earlier, StoreError> {
        const SWEEP: &str = "DELETE FROM replays WHERE expires_at <= $1";
        const RESERVE: &str = "INSERT INTO replays (workspace_id, anchor, request, expires_at)
            VALUES ($1, $2, $3, $4) ON CONFLICT (workspace_id, anchor) DO NOTHING";
        const FIND: &str = "SELECT request, sealed FROM replays
            WHERE workspace_id = $1 AND anchor = $2";
        let mut tx = self.write().await?;
        on!(tx.conn, to => {
            sqlx::query(SWEEP).bind(now.as_micros()).execute(&mut *to).await.map(drop)
        })?;
        let until = now.plus_micros(UNDER_WAY_SECONDS * 1_000_000).as_micros();
        let reserved = on!(tx.conn, to => {
            sqlx::query(RESERVE)
                .bind(workspace.0)
                .bind(&it.anchor[..])
                .bind(&it.request[..])
                .bind(until)
                .execute(&mut *to)
                .await
                .map(|done| done.rows_affected())
        })?;
        if reserved > 0 {
            tx.commit().await?;
            return Ok(Earlier::None);
        }
        let (request, sealed): (Vec<u8>, Option<Vec<u8>>) = on!(tx.conn, to => {
            sqlx::query_as(FIND)
                .bind(workspace.0)
                .bind(&it.anchor[..])
                .fetch_one(&mut *to)
                .await
        })?;
        match sealed {
            _ if request != it.request => Ok(Earlier::Different),
            None => Ok(Earlier::UnderWay),
            Some(sealed) => {
                let place = place(workspace, &it.anchor);
                Ok(Earlier::Done(seal::open(&self.shared.keyring(), &place, &sealed)?))
            }
        }
    }

    /// Keeps the answer of a request that was done; `None` frees its key: nothing was done.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn answered(
        &self,
        workspace: WorkspaceId,
        it: &Once,
        answer: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const FREE: &str = "DELETE FROM replays WHERE workspace_id = $1 AND anchor = $2";
        const KEEP: &str = "UPDATE replays SET sealed = $3, expires_at = $4
            WHERE workspace_id = $1 AND anchor = $2";
        let place = place(workspace, &it.anchor);
        let ring = self.shared.keyring();
        let sealed = answer.map(|answer| seal::seal(&ring, &place, answer)).transpose()?;
        let until = now.plus_micros(KEPT_SECONDS * 1_000_000).as_micros();
        let mut tx = self.write().await?;
        on!(tx.conn, to => {
            match &sealed {
                Some(sealed) => {
                    sqlx::query(KEEP)
                        .bind(workspace.0)
                        .bind(&it.anchor[..])
                        .bind(sealed)
                        .bind(until)
                        .execute(&mut *to)
                        .await
                        .map(drop)
                }
                None => {
                    sqlx::query(FREE)
                        .bind(workspace.0)
                        .bind(&it.anchor[..])
                        .execute(&mut *to)
                        .await
                        .map(drop)
                }
            }
        })?;
        tx.commit().await
    }
}

fn place(workspace: WorkspaceId, anchor: &[u8; 32]) -> Place {
    let mut row = [0; 16];
    row.copy_from_slice(&anchor[..16]);
    Place { table: "replays", row: Uuid::from_bytes(row), column: "sealed", workspace }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, each_engine};

    const FIRST: Once = Once { anchor: [7; 32], request: [1; 32] };
    const OTHER: Once = Once { request: [2; 32], ..FIRST };

    #[tokio::test]
    async fn a_key_stands_for_one_request_for_a_day() {
        each_engine(|bench| async move {
            let (red, blue) = (bench.workspace("red").await, bench.workspace("blue").await);
            let store = &bench.store;
            assert!(matches!(store.once(red, &FIRST, NOON).await.unwrap(), Earlier::None));
            assert!(matches!(store.once(red, &FIRST, NOON).await.unwrap(), Earlier::UnderWay));
            assert!(matches!(store.once(red, &OTHER, NOON).await.unwrap(), Earlier::Different));
            assert!(matches!(store.once(blue, &OTHER, NOON).await.unwrap(), Earlier::None));
            store.answered(red, &FIRST, Some(b"minted: wl_canary"), NOON).await.unwrap();
            let Earlier::Done(answer) = store.once(red, &FIRST, NOON).await.unwrap() else {
                panic!("the answer is kept");
            };
            assert_eq!(answer.expose(), b"minted: wl_canary");
            assert!(matches!(store.once(red, &OTHER, NOON).await.unwrap(), Earlier::Different));
            let later = NOON.plus_micros(KEPT_SECONDS * 1_000_000);
            assert!(matches!(store.once(red, &FIRST, later).await.unwrap(), Earlier::None));
        })
        .await;
    }

    #[tokio::test]
    async fn a_request_that_did_nothing_or_died_frees_its_key() {
        each_engine(|bench| async move {
            let red = bench.workspace("red").await;
            let store = &bench.store;
            assert!(matches!(store.once(red, &FIRST, NOON).await.unwrap(), Earlier::None));
            store.answered(red, &FIRST, None, NOON).await.unwrap();
            assert!(matches!(store.once(red, &OTHER, NOON).await.unwrap(), Earlier::None));
            let later = NOON.plus_micros(UNDER_WAY_SECONDS * 1_000_000);
            assert!(matches!(store.once(red, &FIRST, later).await.unwrap(), Earlier::None));
        })
        .await;
    }
}
