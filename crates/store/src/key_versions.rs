//! The secrets of a client key: 1..n versions, so that it can be rotated without a gap.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use aws_lc_rs::rand;
use uuid::Uuid;
use wayleave_model::id::{KeyId, WorkspaceId};
use wayleave_model::key::{self, Key, KeyVersion};
use wayleave_model::{Secret, Timestamp};
use zeroize::Zeroizing;

use crate::change::{Change, check_version};
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::hasher::SCHEME;
use crate::keys;

const NOUN: &str = "key";

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
    let before = keys::existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    let workspace = change.workspace.0;
    change.begin_act();
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
    insert(change, id, number, secret).await?;
    keys::bumped(change, "key.rotate", &before).await
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
    let before = keys::existing(change, id).await?;
    check_version(NOUN, expected, before.version)?;
    match before.versions.iter().find(|it| it.number == number) {
        None => return Err(StoreError::not_found("key version", number)),
        Some(it) if it.revoked_at.is_some() => return Ok(before),
        Some(_) => {}
    }
    change.begin_act();
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
    keys::bumped(change, "key.revoke", &before).await
}

/// The versions of the keys in a range of ids, oldest first.
pub(crate) async fn of(
    tx: &mut Tx,
    workspace: WorkspaceId,
    keys: RangeInclusive<Uuid>,
) -> Result<BTreeMap<Uuid, Vec<KeyVersion>>, StoreError> {
    const SQL: &str = "SELECT key_id, number, hash, prefix, last_four, created_at, expires_at,
            revoked_at FROM key_versions
        WHERE workspace_id = $1 AND key_id >= $2 AND key_id <= $3 ORDER BY key_id, number";
    let rows: Vec<VersionRow> = on!(tx.conn, it => {
        sqlx::query_as(SQL)
            .bind(workspace.0)
            .bind(*keys.start())
            .bind(*keys.end())
            .fetch_all(&mut *it)
            .await
    })?;
    let mut versions: BTreeMap<Uuid, Vec<KeyVersion>> = BTreeMap::new();
    for row in rows {
        versions.entry(row.key_id).or_default().push(row.noun()?);
    }
    Ok(versions)
}

pub(crate) fn mint_secret() -> Result<Secret, StoreError> {
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

pub(crate) async fn insert(
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
