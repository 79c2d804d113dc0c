//! Keys as they are read: by id, name, secret or owner, with all their versions.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::alias::Losses;
use wayleave_model::id::{AliasId, KeyId, OwnerId, WorkspaceId};
use wayleave_model::key::{Key, KeyVersion};
use wayleave_model::page::Page;

use super::NOUN;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::key_versions;
use crate::page::{Listing, by_id};
use crate::text::typed;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT k.id, k.name, k.owner_id, o.name AS owner_name, k.environment, k.purpose, \
             k.aliases, k.tags, k.enabled, k.expires_at, k.losses, k.managed_by, k.version, \
             k.created_at, k.updated_at FROM keys k JOIN owners o \
             ON o.workspace_id = k.workspace_id AND o.id = k.owner_id \
             WHERE k.workspace_id = $1 ",
            $rest
        )
    };
}

/// The key of that id, with all its versions.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn get(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: KeyId,
) -> Result<Option<Key>, StoreError> {
    const SQL: &str = select!("AND k.id = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(id.0).fetch_optional(&mut *it).await
    })?;
    Ok(versioned(tx, workspace, row.into_iter().collect()).await?.pop())
}

/// The key of that name.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_name(
    tx: &mut Tx,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Option<Key>, StoreError> {
    const SQL: &str = select!("AND k.name = $2");
    let row: Option<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(workspace.0).bind(name).fetch_optional(&mut *it).await
    })?;
    Ok(versioned(tx, workspace, row.into_iter().collect()).await?.pop())
}

/// The key that has a secret of that hash, live or not, in whichever workspace.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn by_hash(
    tx: &mut Tx,
    hash: &[u8; 32],
) -> Result<Option<(WorkspaceId, Key)>, StoreError> {
    const SQL: &str = "SELECT workspace_id, key_id FROM key_versions WHERE hash = $1";
    let found: Option<(Uuid, Uuid)> = on!(tx.conn, it => {
        sqlx::query_as(SQL).bind(hash.as_slice()).fetch_optional(&mut *it).await
    })?;
    let Some((workspace, id)) = found else { return Ok(None) };
    let workspace = WorkspaceId(workspace);
    Ok(get(tx, workspace, KeyId(id)).await?.map(|key| (workspace, key)))
}

/// The keys of a workspace, or of one owner.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn list(
    tx: &mut Tx,
    workspace: WorkspaceId,
    owner: Option<OwnerId>,
    listing: &Listing,
) -> Result<Page<Key>, StoreError> {
    let items = rows(tx, workspace, owner, listing.before()?, listing.fetch()).await?;
    Ok(listing.page(items, |it: &Key| by_id(it.id.0)))
}

/// Every key of a workspace: for the data plane.
pub(crate) async fn all(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Key>, StoreError> {
    rows(tx, workspace, None, Uuid::max(), i64::MAX).await
}

/// A key that is limited to that alias, among others, named for people.
pub(crate) async fn limited_to(
    tx: &mut Tx,
    workspace: WorkspaceId,
    alias: AliasId,
) -> Result<Option<String>, StoreError> {
    const SQL: &str = "SELECT name, aliases FROM keys
        WHERE workspace_id = $1 AND aliases IS NOT NULL ORDER BY name";
    let rows: Vec<(String, Json<Value>)> =
        on!(tx.conn, it => sqlx::query_as(SQL).bind(workspace.0).fetch_all(&mut *it).await)?;
    for (name, aliases) in rows {
        if typed::<Vec<AliasId>>(NOUN, aliases)?.contains(&alias) {
            return Ok(Some(format!("key `{name}`")));
        }
    }
    Ok(None)
}

async fn rows(
    tx: &mut Tx,
    workspace: WorkspaceId,
    owner: Option<OwnerId>,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Key>, StoreError> {
    const SQL: &str =
        select!("AND ($2 IS NULL OR k.owner_id = $2) AND k.id < $3 ORDER BY k.id DESC LIMIT $4");
    let rows: Vec<Row> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(owner.map(|it| it.0))
            .bind(before)
            .bind(limit)
            .fetch_all(&mut *it)
            .await
    })?;
    versioned(tx, workspace, rows).await
}

/// Rows in descending order of their ids, with their versions.
async fn versioned(
    tx: &mut Tx,
    workspace: WorkspaceId,
    rows: Vec<Row>,
) -> Result<Vec<Key>, StoreError> {
    let (Some(last), Some(first)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
    let mut versions = key_versions::of(tx, workspace, first.id..=last.id).await?;
    rows.into_iter()
        .map(|row| {
            let own = versions.remove(&row.id).unwrap_or_default();
            row.noun(own)
        })
        .collect()
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    name: String,
    owner_id: Uuid,
    owner_name: String,
    environment: String,
    purpose: String,
    aliases: Option<Json<Value>>,
    tags: Json<Value>,
    enabled: bool,
    expires_at: Option<i64>,
    losses: Option<String>,
    managed_by: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl Row {
    fn noun(self, versions: Vec<KeyVersion>) -> Result<Key, StoreError> {
        let losses = |word: String| {
            Losses::parse(&word)
                .ok_or_else(|| StoreError::unreadable(NOUN, format!("losses `{word}`")))
        };
        Ok(Key {
            id: KeyId(self.id),
            name: self.name,
            owner: OwnerId(self.owner_id),
            owner_name: self.owner_name,
            environment: self.environment,
            purpose: self.purpose,
            aliases: self.aliases.map(|it| typed(NOUN, it)).transpose()?,
            tags: typed(NOUN, self.tags)?,
            enabled: self.enabled,
            expires_at: self.expires_at.map(Timestamp::from_micros),
            losses: self.losses.map(losses).transpose()?,
            versions,
            managed_by: self.managed_by,
            version: self.version,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
        })
    }
}
