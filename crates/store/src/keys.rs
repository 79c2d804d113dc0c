//! Client keys: stored as keyed hashes, in versions, so that one can be rotated without a gap.

use serde_json::Value;
use sqlx::types::Json;
use wayleave_model::alias::Losses;
use wayleave_model::id::{AliasId, KeyId, OwnerId};
use wayleave_model::key::Key;
use wayleave_model::{Secret, Timestamp};

use crate::change::{Change, check_version, taken};
use crate::db::on;
use crate::error::StoreError;
use crate::text::{check_name, check_text, document};
use crate::{aliases, key_versions, owners};

mod rows;

pub(crate) use self::rows::{all, limited_to};
pub use self::rows::{by_hash, by_name, get, list};
pub use crate::key_versions::{import_version, mint_version, revoke_version};

const NOUN: &str = "key";

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
    /// What becomes of its requests that a target's dialect cannot carry whole; `None`: what the
    /// route says.
    pub losses: Option<Losses>,
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
            losses: it.losses,
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
         expires_at, losses, managed_by, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, $13, $13)";
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
            .bind(draft.losses.map(Losses::as_str))
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
            enabled = $9, expires_at = $10, losses = $11, managed_by = $12,
            version = version + 1, updated_at = $13
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
            .bind(draft.losses.map(Losses::as_str))
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

#[cfg(test)]
mod tests;
