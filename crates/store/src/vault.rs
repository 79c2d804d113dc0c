//! Reasoning that is kept for clients who cannot keep it themselves: sealed, for a day.

use uuid::Uuid;
use wayleave_model::id::WorkspaceId;
use wayleave_model::{Secret, Timestamp};

use crate::db::on;
use crate::error::StoreError;
use crate::seal::{self, Place};
use crate::store::Store;

/// How long a record is kept, in seconds.
pub const KEPT_SECONDS: i64 = 24 * 60 * 60;
/// The longest record that is kept.
pub const MAX_KEPT: usize = 256 << 10;
/// Expired records taken out at a time.
const SWEEP: i64 = 500;

/// What a record is found by: a keyed digest ([`crate::KeyHasher::anchor`]).
pub type Anchor = [u8; 32];

impl Store {
    /// Keeps `record` under `anchor`, in place of what was there.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for more than [`MAX_KEPT`] bytes, [`StoreError::Unavailable`].
    pub async fn keep(
        &self,
        workspace: WorkspaceId,
        anchor: &Anchor,
        record: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO vault (workspace_id, anchor, sealed, expires_at)
            VALUES ($1, $2, $3, $4) ON CONFLICT (workspace_id, anchor)
            DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at";
        if record.len() > MAX_KEPT {
            return Err(StoreError::invalid("record", format!("more than {MAX_KEPT} bytes")));
        }
        let sealed = seal::seal(&self.shared.keyring(), &place(workspace, anchor), record)?;
        let expires = now.plus_micros(KEPT_SECONDS * 1_000_000).as_micros();
        let mut tx = self.write().await?;
        on!(tx.conn, it => {
            sqlx::query(SQL)
                .bind(workspace.0)
                .bind(&anchor[..])
                .bind(sealed)
                .bind(expires)
                .execute(&mut *it)
                .await
                .map(drop)
        })?;
        tx.commit().await
    }

    /// What was kept under `anchor` and has not expired. A record that cannot be opened any more
    /// is not there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn kept(
        &self,
        workspace: WorkspaceId,
        anchors: &[Anchor],
        now: Timestamp,
    ) -> Result<Vec<(Anchor, Secret)>, StoreError> {
        const SQL: &str = "SELECT sealed FROM vault
            WHERE workspace_id = $1 AND anchor = $2 AND expires_at > $3";
        let ring = self.shared.keyring();
        let mut tx = self.read().await?;
        let mut found = Vec::new();
        for anchor in anchors {
            let sealed: Option<Vec<u8>> = on!(tx.conn, it => {
                sqlx::query_scalar(SQL)
                    .bind(workspace.0)
                    .bind(&anchor[..])
                    .bind(now.as_micros())
                    .fetch_optional(&mut *it)
                    .await
            })?;
            let opened =
                sealed.and_then(|it| seal::open(&ring, &place(workspace, anchor), &it).ok());
            found.extend(opened.map(|record| (*anchor, record)));
        }
        Ok(found)
    }

    /// Takes out some of what has expired; how many records that were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sweep_vault(&self, now: Timestamp) -> Result<u64, StoreError> {
        const SQL: &str = "DELETE FROM vault WHERE (workspace_id, anchor) IN (
            SELECT workspace_id, anchor FROM vault WHERE expires_at <= $1 LIMIT $2)";
        let mut tx = self.write().await?;
        let gone = on!(tx.conn, it => {
            sqlx::query(SQL)
                .bind(now.as_micros())
                .bind(SWEEP)
                .execute(&mut *it)
                .await
                .map(|done| done.rows_affected())
        })?;
        tx.commit().await?;
        Ok(gone)
    }
}

fn place(workspace: WorkspaceId, anchor: &Anchor) -> Place {
    let mut row = [0; 16];
    row.copy_from_slice(&anchor[..16]);
    Place { table: "vault", row: Uuid::from_bytes(row), column: "sealed", workspace }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, each_engine};

    const ANCHOR: Anchor = [7; 32];
    const DAY: i64 = KEPT_SECONDS * 1_000_000;

    #[tokio::test]
    async fn a_record_is_kept_for_a_day_in_its_workspace_alone() {
        each_engine(|bench| async move {
            let (red, blue) = (bench.workspace("red").await, bench.workspace("blue").await);
            bench.store.keep(red, &ANCHOR, b"first", NOON).await.unwrap();
            bench.store.keep(red, &ANCHOR, b"hm", NOON).await.unwrap();
            let other = bench.reopen(&bench.keys).await.unwrap();
            let found = other.kept(red, &[[1; 32], ANCHOR], NOON).await.unwrap();
            let found: Vec<_> = found.iter().map(|(at, it)| (*at, it.expose().to_vec())).collect();
            assert_eq!(found, [(ANCHOR, b"hm".to_vec())]);
            assert!(other.kept(blue, &[ANCHOR], NOON).await.unwrap().is_empty());
            let later = NOON.plus_micros(DAY);
            assert!(other.kept(red, &[ANCHOR], later).await.unwrap().is_empty());
            assert_eq!(other.sweep_vault(NOON).await.unwrap(), 0);
            assert_eq!(other.sweep_vault(later).await.unwrap(), 1);
        })
        .await;
    }

    #[tokio::test]
    async fn what_is_kept_is_sealed_and_bounded() {
        each_engine(|bench| async move {
            let red = bench.workspace("red").await;
            bench.store.keep(red, &ANCHOR, b"canary-of-thought", NOON).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let sealed: Vec<u8> = on!(tx.conn, it => {
                sqlx::query_scalar("SELECT sealed FROM vault").fetch_one(&mut *it).await
            })
            .unwrap();
            drop(tx);
            assert!(memchr(&sealed, b"canary").is_none());
            let error = bench.store.keep(red, &ANCHOR, &vec![0; MAX_KEPT + 1], NOON).await;
            assert!(matches!(error, Err(StoreError::Invalid { field: "record", .. })));
        })
        .await;
    }

    fn memchr(all: &[u8], part: &[u8]) -> Option<usize> {
        all.windows(part.len()).position(|it| it == part)
    }
}
