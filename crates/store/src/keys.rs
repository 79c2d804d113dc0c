//! Client keys: stored as keyed hashes, in versions, so that one can be rotated without a gap.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::id::{AliasId, KeyId, OwnerId, WorkspaceId};
use wayleave_model::key::{Key, KeyVersion};
use wayleave_model::page::Page;
use wayleave_model::{Secret, Timestamp};

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::page::{Listing, by_id};
use crate::text::{check_name, check_text, document, typed};
use crate::{aliases, key_versions, owners};

pub use crate::key_versions::{import_version, mint_version, revoke_version};

const NOUN: &str = "key";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT k.id, k.name, k.owner_id, o.name AS owner_name, k.environment, k.purpose, \
             k.aliases, k.tags, k.enabled, k.expires_at, k.managed_by, k.version, k.created_at, \
             k.updated_at FROM keys k JOIN owners o \
             ON o.workspace_id = k.workspace_id AND o.id = k.owner_id \
             WHERE k.workspace_id = $1 ",
            $rest
        )
    };
}

/// What is said of a key, its secrets apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDraft {
    /// Unique in the workspace.
    pub name: String,
    /// Whose it is.
    pub owner: OwnerId,
    /// Like `production` or `test`.
    pub environment: String,
    /// What it is for.
    pub purpose: String,
    /// The aliases it may call; `None`: all of the workspace.
    pub aliases: Option<Vec<AliasId>>,
    /// Labels copied into each usage row.
    pub tags: Vec<String>,
    /// A disabled key is refused as revoked.
    pub enabled: bool,
    /// Refused from then on.
    pub expires_at: Option<Timestamp>,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
}

impl From<&Key> for KeyDraft {
    fn from(it: &Key) -> KeyDraft {
        KeyDraft {
            name: it.name.clone(),
            owner: it.owner,
            environment: it.environment.clone(),
            purpose: it.purpose.clone(),
            aliases: it.aliases.clone(),
            tags: it.tags.clone(),
            enabled: it.enabled,
            expires_at: it.expires_at,
            managed_by: it.managed_by.clone(),
        }
    }
}

/// Makes a key with a new secret. The secret is returned this once and stored nowhere.
///
/// # Errors
/// As [`import`].
pub async fn mint(change: &mut Change, draft: &KeyDraft) -> Result<(Key, Secret), StoreError> {
    let secret = key_versions::mint_secret()?;
    let key = import(change, draft, &secret).await?;
    Ok((key, secret))
}

/// Makes a key with a secret of the caller's, of 20 to 512 printable characters.
///
/// # Errors
/// [`StoreError::NameTaken`], [`StoreError::SecretTaken`], [`StoreError::Invalid`],
/// [`StoreError::NotFound`] for its owner.
pub async fn import(
    change: &mut Change,
    draft: &KeyDraft,
    secret: &Secret,
) -> Result<Key, StoreError> {
    const SQL: &str = "INSERT INTO keys
        (workspace_id, id, name, owner_id, environment, purpose, aliases, tags, enabled,
         expires_at, managed_by, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12, $12)";
    check(change, draft).await?;
    let id = KeyId::new(change.now);
    let (aliases, tags) = documents(draft)?;
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .bind(&draft.name)
            .bind(draft.owner.0)
            .bind(&draft.environment)
            .bind(&draft.purpose)
            .bind(&aliases)
            .bind(&tags)
            .bind(draft.enabled)
            .bind(draft.expires_at.map(Timestamp::as_micros))
            .bind(&draft.managed_by)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    key_versions::insert(change, id, 1, secret).await?;
    let made = existing(change, id).await?;
    change.record("key.create", id, None, Some(&made))?;
    Ok(made)
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

/// Changes a key. Saying what is so already changes nothing.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NameTaken`], [`StoreError::NotFound`],
/// [`StoreError::Invalid`].
pub async fn update(
    change: &mut Change,
    id: KeyId,
    expected: Option<i64>,
    draft: &KeyDraft,
) -> Result<Key, StoreError> {
    const SQL: &str = "UPDATE keys
        SET name = $3, owner_id = $4, environment = $5, purpose = $6, aliases = $7, tags = $8,
            enabled = $9, expires_at = $10, managed_by = $11, version = version + 1,
            updated_at = $12
        WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    if KeyDraft::from(&before) == *draft {
        return Ok(before);
    }
    check(change, draft).await?;
    let (aliases, tags) = documents(draft)?;
    change.begin_act();
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .bind(&draft.name)
            .bind(draft.owner.0)
            .bind(&draft.environment)
            .bind(&draft.purpose)
            .bind(&aliases)
            .bind(&tags)
            .bind(draft.enabled)
            .bind(draft.expires_at.map(Timestamp::as_micros))
            .bind(&draft.managed_by)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })
    .map_err(taken(NOUN, &draft.name))?;
    let after = existing(change, id).await?;
    change.record("key.update", id, Some(&before), Some(&after))?;
    Ok(after)
}

/// Removes a key and its secrets. Its usage stays.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NotFound`].
pub async fn delete(
    change: &mut Change,
    id: KeyId,
    expected: Option<i64>,
) -> Result<(), StoreError> {
    const VERSIONS: &str = "DELETE FROM key_versions WHERE workspace_id = $1 AND key_id = $2";
    const SQL: &str = "DELETE FROM keys WHERE workspace_id = $1 AND id = $2";
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    change.begin_act();
    for sql in [VERSIONS, SQL] {
        on!(change.tx.conn, it => {
            sqlx::query(sql)
                .bind(change.workspace.0)
                .bind(id.0)
                .execute(&mut *it)
                .await
                .map(drop)
        })?;
    }
    change.record("key.delete", id, Some(&before), None)
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

/// After its versions changed: the key's own version goes up, and the log hears of it.
pub(crate) async fn bumped(
    change: &mut Change,
    action: &'static str,
    before: &Key,
) -> Result<Key, StoreError> {
    const SQL: &str = "UPDATE keys SET version = version + 1, updated_at = $3
        WHERE workspace_id = $1 AND id = $2";
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(before.id.0)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    let after = existing(change, before.id).await?;
    change.record(action, before.id, Some(before), Some(&after))?;
    Ok(after)
}

async fn check(change: &mut Change, draft: &KeyDraft) -> Result<(), StoreError> {
    check_name("name", &draft.name)?;
    check_text("environment", &draft.environment)?;
    check_text("purpose", &draft.purpose)?;
    let workspace = change.workspace;
    if owners::get(&mut change.tx, workspace, draft.owner).await?.is_none() {
        return Err(StoreError::not_found("owner", draft.owner));
    }
    for alias in draft.aliases.iter().flatten() {
        if aliases::get(&mut change.tx, workspace, *alias).await?.is_none() {
            return Err(StoreError::not_found("alias", alias));
        }
    }
    Ok(())
}

fn documents(draft: &KeyDraft) -> Result<(Option<Json<Value>>, Json<Value>), StoreError> {
    let aliases = draft.aliases.as_ref().map(|it| document("aliases", it)).transpose()?;
    Ok((aliases, document("tags", &draft.tags)?))
}

pub(crate) async fn existing(change: &mut Change, id: KeyId) -> Result<Key, StoreError> {
    let workspace = change.workspace;
    get(&mut change.tx, workspace, id).await?.ok_or_else(|| StoreError::not_found(NOUN, id))
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
    managed_by: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl Row {
    fn noun(self, versions: Vec<KeyVersion>) -> Result<Key, StoreError> {
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
            versions,
            managed_by: self.managed_by,
            version: self.version,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{each_engine, key_draft};

    #[tokio::test]
    async fn a_minted_key_is_found_by_its_hash_only() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            assert!(wayleave_model::key::is_minted(shop.secret.expose_str().unwrap()));
            let hasher = bench.store.hasher();
            let hash = hasher.hash_key(shop.secret.expose());
            assert_eq!(shop.key.versions[0].hash, hash);
            assert_ne!(hasher.hash_token(shop.secret.expose()), hash);
            let mut tx = bench.store.read().await.unwrap();
            let found = by_hash(&mut tx, &hash).await.unwrap().unwrap();
            assert_eq!(found, (shop.workspace, shop.key));
            assert_eq!(by_hash(&mut tx, &[0; 32]).await.unwrap(), None);
        })
        .await;
    }

    #[tokio::test]
    async fn a_rotated_key_has_two_secrets_until_the_old_one_ends() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut change = bench.change(shop.workspace).await;
            let id = shop.key.id;
            let end = bench.clock.now().plus_micros(3_600_000_000);
            let (key, secret) = mint_version(&mut change, id, Some(1), Some(end)).await.unwrap();
            assert_ne!(secret.expose(), shop.secret.expose());
            assert_eq!(key.version, 2);
            let ends: Vec<_> = key.versions.iter().map(|it| (it.number, it.expires_at)).collect();
            assert_eq!(ends, [(1, Some(end)), (2, None)]);
            let key = revoke_version(&mut change, id, Some(2), 1).await.unwrap();
            assert_eq!(key.versions[0].revoked_at, Some(bench.clock.now()));
            assert_eq!(key.versions[1].revoked_at, None);
            let again = revoke_version(&mut change, id, None, 1).await.unwrap();
            assert_eq!(again, key);
            let unknown = revoke_version(&mut change, id, None, 7).await.unwrap_err();
            assert!(matches!(unknown, StoreError::NotFound { noun: "key version", .. }));
        })
        .await;
    }

    #[tokio::test]
    async fn a_declared_secret_needs_twenty_printable_characters() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut change = bench.change(shop.workspace).await;
            let draft = key_draft("declared", &shop.owner);
            let long = "x".repeat(513);
            let bad =
                ["0123456789012345678", "0123456789 0123456789", "0123456789012345678é", &long];
            for (text, name) in bad.iter().zip(["a", "b", "c", "d"]) {
                let draft = key_draft(name, &shop.owner);
                let error = import(&mut change, &draft, &Secret::new(*text)).await.unwrap_err();
                assert!(matches!(error, StoreError::Invalid { field: "secret", .. }), "{text}");
            }
            let secret = Secret::new("01234567890123456789");
            let key = import(&mut change, &draft, &secret).await.unwrap();
            let shown = &key.versions[0];
            assert_eq!((shown.prefix.as_str(), shown.last_four.as_str()), ("0123", "6789"));
        })
        .await;
    }

    #[tokio::test]
    async fn keys_keep_their_own_versions_in_a_list() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut change = bench.change(shop.workspace).await;
            mint(&mut change, &key_draft("two", &shop.owner)).await.unwrap();
            mint_version(&mut change, shop.key.id, None, None).await.unwrap();
            change.commit().await.unwrap();
            let mut tx = bench.store.read().await.unwrap();
            let owner = Some(shop.owner.id);
            let page = list(&mut tx, shop.workspace, owner, &Listing::default()).await.unwrap();
            let mut counts: Vec<_> =
                page.items.iter().map(|it| (it.name.as_str(), it.versions.len())).collect();
            counts.sort_unstable();
            assert_eq!(counts, [("ci", 2), ("two", 1)]);
        })
        .await;
    }
}
