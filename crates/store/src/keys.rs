//! Client keys: stored as keyed hashes, in versions, so that one can be rotated without a gap.

use std::collections::BTreeMap;

use aws_lc_rs::rand;
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::id::{AliasId, KeyId, OwnerId, WorkspaceId};
use wayleave_model::key::{self, Key, KeyVersion};
use wayleave_model::page::Page;
use wayleave_model::{Secret, Timestamp};
use zeroize::Zeroizing;

use crate::change::{Change, check_version, taken};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::hasher::SCHEME;
use crate::page::{Listing, by_id};
use crate::text::{check_name, check_text, document, typed};
use crate::{aliases, owners};

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
    let secret = mint_secret()?;
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
    insert_version(change, id, 1, secret).await?;
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

/// Gives a key a new secret, returned this once. The versions before it end at `others_until`;
/// `None` leaves them as they are.
///
/// # Errors
/// As [`import_version`].
pub async fn mint_version(
    change: &mut Change,
    id: KeyId,
    expected: Option<i64>,
    others_until: Option<Timestamp>,
) -> Result<(Key, Secret), StoreError> {
    let secret = mint_secret()?;
    let key = import_version(change, id, expected, &secret, others_until).await?;
    Ok((key, secret))
}

/// Gives a key another secret of the caller's. The versions before it end at `others_until`;
/// `None` leaves them as they are.
///
/// # Errors
/// [`StoreError::Stale`], [`StoreError::NotFound`], [`StoreError::SecretTaken`],
/// [`StoreError::Invalid`].
pub async fn import_version(
    change: &mut Change,
    id: KeyId,
    expected: Option<i64>,
    secret: &Secret,
    others_until: Option<Timestamp>,
) -> Result<Key, StoreError> {
    const END: &str = "UPDATE key_versions SET expires_at = $3
        WHERE workspace_id = $1 AND key_id = $2 AND revoked_at IS NULL
            AND (expires_at IS NULL OR expires_at > $3)";
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let workspace = change.workspace.0;
    if let Some(until) = others_until {
        on!(change.tx.conn, it => {
            sqlx::query(END)
                .bind(workspace)
                .bind(id.0)
                .bind(until.as_micros())
                .execute(&mut *it)
                .await
                .map(drop)
        })?;
    }
    let number = before.versions.last().map_or(1, |newest| newest.number + 1);
    insert_version(change, id, number, secret).await?;
    bumped(change, "key.rotate", &before).await
}

/// Ends one secret of a key, now and for good.
///
/// # Errors
/// [`StoreError::NotFound`] for an unknown version, [`StoreError::Stale`].
pub async fn revoke_version(
    change: &mut Change,
    id: KeyId,
    expected: Option<i64>,
    number: i64,
) -> Result<Key, StoreError> {
    const SQL: &str = "UPDATE key_versions SET revoked_at = $4
        WHERE workspace_id = $1 AND key_id = $2 AND number = $3";
    let before = existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    match before.versions.iter().find(|it| it.number == number) {
        None => return Err(StoreError::not_found("key version", number)),
        Some(it) if it.revoked_at.is_some() => return Ok(before),
        Some(_) => {}
    }
    on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .bind(number)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    bumped(change, "key.revoke", &before).await
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

fn mint_secret() -> Result<Secret, StoreError> {
    // 32 characters are wanted and 1 byte in 32 is skipped: 64 suffice but for one time in 10^40.
    let mut random = Zeroizing::new([0_u8; 64]);
    rand::fill(&mut *random).map_err(|_| StoreError::NoRandomness)?;
    key::mint(&*random).map(Secret::new).ok_or(StoreError::NoRandomness)
}

/// What is shown of a secret: less of those that people made up.
fn shown(secret: &str) -> (String, String) {
    let head = if key::is_minted(secret) { 7 } else { 4 };
    (secret[..head].to_owned(), secret[secret.len() - 4..].to_owned())
}

async fn insert_version(
    change: &mut Change,
    id: KeyId,
    number: i64,
    secret: &Secret,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO key_versions
        (workspace_id, key_id, number, scheme, pepper_id, hash, prefix, last_four, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (hash) DO NOTHING";
    let text = secret
        .expose_str()
        .filter(|it| it.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| StoreError::invalid("secret", "expected printable ASCII, no blanks"))?;
    if !(key::MIN_LENGTH..=key::MAX_LENGTH).contains(&text.len()) {
        let why = format!("expected {} to {} characters", key::MIN_LENGTH, key::MAX_LENGTH);
        return Err(StoreError::invalid("secret", why));
    }
    let (prefix, last_four) = shown(text);
    let hasher = change.tx.shared.hasher.clone();
    let hash = hasher.hash_key(text.as_bytes());
    let written = on!(change.tx.conn, it => {
        sqlx::query(SQL)
            .bind(change.workspace.0)
            .bind(id.0)
            .bind(number)
            .bind(SCHEME)
            .bind(hasher.pepper_id())
            .bind(hash.as_slice())
            .bind(&prefix)
            .bind(&last_four)
            .bind(change.now.as_micros())
            .execute(&mut *it)
            .await
            .map(|done| done.rows_affected())
    })?;
    match written {
        0 => Err(StoreError::SecretTaken { noun: NOUN }),
        _ => Ok(()),
    }
}

/// After its versions changed: the key's own version goes up, and the log hears of it.
async fn bumped(
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

async fn existing(change: &mut Change, id: KeyId) -> Result<Key, StoreError> {
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
    const SQL: &str = "SELECT key_id, number, hash, prefix, last_four, created_at, expires_at,
            revoked_at FROM key_versions
        WHERE workspace_id = $1 AND key_id >= $2 AND key_id <= $3 ORDER BY key_id, number";
    let (Some(last), Some(first)) = (rows.first(), rows.last()) else { return Ok(Vec::new()) };
    let found: Vec<VersionRow> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(first.id)
            .bind(last.id)
            .fetch_all(&mut *it)
            .await
    })?;
    let mut versions: BTreeMap<Uuid, Vec<KeyVersion>> = BTreeMap::new();
    for row in found {
        versions.entry(row.key_id).or_default().push(row.noun()?);
    }
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

#[derive(sqlx::FromRow)]
struct VersionRow {
    key_id: Uuid,
    number: i64,
    hash: Vec<u8>,
    prefix: String,
    last_four: String,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl VersionRow {
    fn noun(self) -> Result<KeyVersion, StoreError> {
        let length =
            |hash: Vec<u8>| StoreError::unreadable(NOUN, format!("a hash of {} bytes", hash.len()));
        Ok(KeyVersion {
            number: self.number,
            hash: self.hash.try_into().map_err(length)?,
            prefix: self.prefix,
            last_four: self.last_four,
            created_at: Timestamp::from_micros(self.created_at),
            expires_at: self.expires_at.map(Timestamp::from_micros),
            revoked_at: self.revoked_at.map(Timestamp::from_micros),
        })
    }
}
