//! Pools as rows: one for the pool, one for each entry.

use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{CredentialId, ModelId, PoolEntryId, WorkspaceId};
use wayleave_model::pool::{Pool, PoolEntry, Strategy};

use super::NOUN;
use crate::change::Change;
use crate::db::{Tx, on};
use crate::error::StoreError;

/// The pools of a workspace, or of one model of it.
pub(super) async fn read(
    tx: &mut Tx,
    workspace: WorkspaceId,
    model: Option<ModelId>,
) -> Result<Vec<Pool>, StoreError> {
    const POOLS: &str = "SELECT model_id, enabled, strategy, managed_by, version, created_at,
            updated_at
        FROM pools WHERE workspace_id = $1 AND ($2 IS NULL OR model_id = $2) ORDER BY model_id";
    const ENTRIES: &str = "SELECT id, model_id, credential_id, weight, enabled FROM pool_entries
        WHERE workspace_id = $1 AND ($2 IS NULL OR model_id = $2) ORDER BY model_id, position";
    let only = model.map(|it| it.0);
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(POOLS).bind(workspace.0).bind(only).fetch_all(&mut *it).await
    })?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let entries: Vec<EntryRow> = on!(tx.conn, it => {
        sqlx::query_as(ENTRIES).bind(workspace.0).bind(only).fetch_all(&mut *it).await
    })?;
    let mut pools = rows.into_iter().map(Row::noun).collect::<Result<Vec<Pool>, _>>()?;
    for row in entries {
        let at = pools.binary_search_by_key(&row.model_id, |it| it.model.0);
        // An entry's pool is there: it is a foreign key.
        if let Some(pool) = at.ok().and_then(|at| pools.get_mut(at)) {
            pool.entries.push(row.noun()?);
        }
    }
    Ok(pools)
}

/// The credentials that entries name, by the names of their models.
pub(super) async fn named(
    tx: &mut Tx,
    workspace: WorkspaceId,
) -> Result<Vec<(String, CredentialId)>, StoreError> {
    const SQL: &str = "SELECT DISTINCT m.name, e.credential_id FROM pool_entries e
        JOIN models m ON m.workspace_id = e.workspace_id AND m.id = e.model_id
        WHERE e.workspace_id = $1 AND e.credential_id IS NOT NULL
        ORDER BY m.name, e.credential_id";
    let rows: Vec<(String, Uuid)> =
        on!(tx.conn, it => sqlx::query_as(SQL).bind(workspace.0).fetch_all(&mut *it).await)?;
    Ok(rows.into_iter().map(|(name, id)| (name, CredentialId(id))).collect())
}

/// Makes the rows of a pool as it is.
pub(super) async fn write(change: &mut Change, it: &Pool) -> Result<(), StoreError> {
    const POOL: &str = "INSERT INTO pools
        (workspace_id, model_id, enabled, strategy, managed_by, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (workspace_id, model_id) DO UPDATE
        SET enabled = excluded.enabled, strategy = excluded.strategy,
            managed_by = excluded.managed_by, version = excluded.version,
            updated_at = excluded.updated_at";
    const ENTRY: &str = "INSERT INTO pool_entries
        (workspace_id, id, model_id, position, credential_id, weight, enabled)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let workspace = change.workspace.0;
    on!(change.tx.conn, to => {
        sqlx::query(POOL)
            .bind(workspace)
            .bind(it.model.0)
            .bind(it.enabled)
            .bind(it.strategy.as_str())
            .bind(&it.managed_by)
            .bind(it.version)
            .bind(it.created_at.as_micros())
            .bind(it.updated_at.as_micros())
            .execute(&mut *to)
            .await
            .map(drop)
    })?;
    remove_entries(change, it.model).await?;
    for (position, entry) in (0_i64..).zip(&it.entries) {
        on!(change.tx.conn, to => {
            sqlx::query(ENTRY)
                .bind(workspace)
                .bind(entry.id.0)
                .bind(it.model.0)
                .bind(position)
                .bind(entry.credential.map(|it| it.0))
                .bind(i64::from(entry.weight))
                .bind(entry.enabled)
                .execute(&mut *to)
                .await
                .map(drop)
        })?;
    }
    Ok(())
}

/// Removes a pool's rows.
pub(super) async fn remove(change: &mut Change, model: ModelId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM pools WHERE workspace_id = $1 AND model_id = $2";
    remove_entries(change, model).await?;
    let workspace = change.workspace.0;
    on!(change.tx.conn, to => {
        sqlx::query(SQL).bind(workspace).bind(model.0).execute(&mut *to).await.map(drop)
    })?;
    Ok(())
}

async fn remove_entries(change: &mut Change, model: ModelId) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM pool_entries WHERE workspace_id = $1 AND model_id = $2";
    let workspace = change.workspace.0;
    on!(change.tx.conn, to => {
        sqlx::query(SQL).bind(workspace).bind(model.0).execute(&mut *to).await.map(drop)
    })?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    model_id: Uuid,
    enabled: bool,
    strategy: String,
    managed_by: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl Row {
    fn noun(self) -> Result<Pool, StoreError> {
        let strategy = Strategy::parse(&self.strategy)
            .ok_or_else(|| StoreError::unreadable(NOUN, format!("strategy `{}`", self.strategy)))?;
        Ok(Pool {
            enabled: self.enabled,
            strategy,
            managed_by: self.managed_by,
            version: self.version,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            ..Pool::none(ModelId(self.model_id))
        })
    }
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    id: Uuid,
    model_id: Uuid,
    credential_id: Option<Uuid>,
    weight: i64,
    enabled: bool,
}

impl EntryRow {
    fn noun(self) -> Result<PoolEntry, StoreError> {
        let weight = u32::try_from(self.weight)
            .map_err(|_| StoreError::unreadable(NOUN, format!("weight {}", self.weight)))?;
        Ok(PoolEntry {
            id: PoolEntryId(self.id),
            credential: self.credential_id.map(CredentialId),
            weight,
            enabled: self.enabled,
        })
    }
}
