//! The processes that serve: who is there, on which version, seeing which revision.

use serde::Serialize;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{NodeId, SYSTEM_WORKSPACE};

use crate::db::{Tx, in_tx, on};
use crate::error::StoreError;
use crate::store::Store;

/// A process with its own spool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its id, kept in its data folder.
    pub id: NodeId,
    /// The version of Wayleave it runs.
    pub version: String,
    /// The configuration it serves by.
    pub revision_seen: i64,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last said so.
    pub last_beat: Timestamp,
}

impl Store {
    /// Says that a node lives. It is no configuration: nobody is woken, nothing is audited.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn beat(&self, node: &Node) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO nodes
            (workspace_id, id, version, revision_seen, started_at, last_beat)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (workspace_id, id) DO UPDATE SET version = excluded.version,
                revision_seen = excluded.revision_seen, started_at = excluded.started_at,
                last_beat = excluded.last_beat";
        in_tx!(self, tx => {
            on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(SYSTEM_WORKSPACE.0)
                    .bind(node.id.0)
                    .bind(&node.version)
                    .bind(node.revision_seen)
                    .bind(node.started_at.as_micros())
                    .bind(node.last_beat.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })?;
            Ok(())
        })
    }
}

/// Every node that ever beat, the latest beat first.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn list(tx: &mut Tx) -> Result<Vec<Node>, StoreError> {
    const SQL: &str = "SELECT id, version, revision_seen, started_at, last_beat FROM nodes
        WHERE workspace_id = $1 ORDER BY last_beat DESC, id DESC";
    let rows: Vec<(Uuid, String, i64, i64, i64)> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(SYSTEM_WORKSPACE.0).fetch_all(&mut *it).await
    })?;
    Ok(rows.into_iter().map(node).collect())
}

fn node((id, version, revision_seen, started, beat): (Uuid, String, i64, i64, i64)) -> Node {
    Node {
        id: NodeId(id),
        version,
        revision_seen,
        started_at: Timestamp::from_micros(started),
        last_beat: Timestamp::from_micros(beat),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOON, each_engine};

    #[tokio::test]
    async fn a_beat_replaces_the_one_before_and_makes_no_revision() {
        each_engine(|bench| async move {
            let before = bench.store.revision().await.unwrap();
            let mut node = Node {
                id: NodeId(Uuid::from_u128(1)),
                version: "0.1.0".into(),
                revision_seen: 1,
                started_at: NOON,
                last_beat: NOON,
            };
            bench.store.beat(&node).await.unwrap();
            node.last_beat = NOON.plus_micros(5);
            node.revision_seen = 2;
            bench.store.beat(&node).await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            assert_eq!(list(&mut tx).await.unwrap(), [node]);
            assert_eq!(bench.store.revision().await.unwrap(), before);
        })
        .await;
    }
}
