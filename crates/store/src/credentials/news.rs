//! News of credentials that is no configuration: written without a revision and without the audit.

use wayleave_model::Timestamp;
use wayleave_model::credential::{Checks, Validated};
use wayleave_model::id::{CredentialId, WorkspaceId};

use crate::db::on;
use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// Notes a check that changed nothing: the credential is what it was, and this is newer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_check(
        &self,
        workspace: WorkspaceId,
        id: CredentialId,
        checks: &Checks,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE credentials
            SET validated = $3, proof = $4, proven_by = $5, last_proven_at = $6,
                last_checked_at = $7
            WHERE workspace_id = $1 AND id = $2";
        let mut tx = self.write().await?;
        on!(tx.conn, it => {
            sqlx::query(SQL)
                .bind(workspace.0)
                .bind(id.0)
                .bind(checks.validated.map(Validated::as_str))
                .bind(&checks.proof)
                .bind(&checks.proven_by)
                .bind(checks.last_proven_at.map(Timestamp::as_micros))
                .bind(checks.last_checked_at.map(Timestamp::as_micros))
                .execute(&mut *it)
                .await
                .map(drop)
        })?;
        tx.commit().await
    }

    /// Notes that requests were served with these credentials. An older instant than the one that
    /// is known, as of another node, changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_use(
        &self,
        used: &[(WorkspaceId, CredentialId, Timestamp)],
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE credentials SET last_used_at = $3
            WHERE workspace_id = $1 AND id = $2
            AND (last_used_at IS NULL OR last_used_at < $3)";
        let mut tx = self.write().await?;
        for (workspace, id, at) in used {
            on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(workspace.0)
                    .bind(id.0)
                    .bind(at.as_micros())
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })?;
        }
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::get;
    use crate::testing::{NOON, each_engine};

    #[tokio::test]
    async fn news_makes_no_revision_and_no_version() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s1").await;
            let (workspace, id) = (shop.workspace, shop.credential.id);
            let revision = bench.store.revision().await.unwrap();
            let checks = Checks {
                validated: Some(Validated::Proven),
                proof: Some("the provider lists its models for the credential".into()),
                proven_by: Some("token ci".into()),
                last_proven_at: Some(NOON),
                last_checked_at: Some(NOON),
            };
            bench.store.note_check(workspace, id, &checks).await.unwrap();
            for micros in [5_000_000, 1_000_000] {
                let used = [(workspace, id, NOON.plus_micros(micros))];
                bench.store.note_use(&used).await.unwrap();
            }
            let mut tx = bench.store.read().await.unwrap();
            let it = get(&mut tx, workspace, id).await.unwrap().unwrap();
            assert_eq!((it.version, &it.checks), (1, &checks));
            assert_eq!(it.last_used_at, Some(NOON.plus_micros(5_000_000)));
            assert_eq!(bench.store.revision().await.unwrap(), revision);
        })
        .await;
    }
}
