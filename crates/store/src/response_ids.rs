//! Ids of responses that clients come back with: sealed, so that each leads to the provider that
//! gave it and to no other, for the workspace it was given in.
//!
//! An id is `resp_` and Base64 (RFC 4648, section 5, no padding) of: the number of the key (4
//! bytes) and AES-256-GCM-SIV (RFC 8452) over workspace, provider, credential (16 bytes each) and
//! the provider's own id. The nonce is fixed, so an id is sealed to the same text each time: what
//! that mode is made for. Keys are apart from the key-encryption key; a new one is made every 30
//! days, and each opens what it sealed for 60 days more.

use std::sync::Arc;

use ::base64::Engine;
use ::base64::engine::general_purpose::URL_SAFE_NO_PAD;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use uuid::Uuid;
use wayleave_model::id::{CredentialId, ProviderId, SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::{Clock, Timestamp};
use zeroize::Zeroizing;

use crate::db::{Conn, Db, on};
use crate::error::StoreError;
use crate::keyring::Keyring;
use crate::seal::{self, Place};

const PREFIX: &str = "resp_";
/// Settings that hold the keys are called this and a number.
const NAME: &str = "response-key-";
/// A key seals for 30 days.
const SEALS_FOR: i64 = 30 * DAY;
/// And opens for 60 more.
const OPENS_FOR: i64 = SEALS_FOR + 60 * DAY;
const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const BOUND: &[u8] = b"wayleave response v1";
/// The longest id of a provider's that is sealed.
const LONGEST: usize = 256;

/// Whose response an id stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseRef {
    /// Where it was given.
    pub workspace: WorkspaceId,
    /// Who has it.
    pub provider: ProviderId,
    /// Under which account.
    pub credential: CredentialId,
    /// The provider's own id.
    pub id: String,
}

/// Seals and opens ids of responses. Touches nothing but memory.
#[derive(Clone)]
pub struct ResponseIds(Arc<Vec<(u32, LessSafeKey)>>);

impl ResponseIds {
    /// The id for clients. `None`: the provider's id is longer than any.
    pub fn seal(&self, of: &ResponseRef) -> Option<String> {
        let (number, key) = self.0.last().filter(|_| of.id.len() <= LONGEST)?;
        let mut text = Vec::with_capacity(64 + of.id.len());
        text.extend_from_slice(of.workspace.0.as_bytes());
        text.extend_from_slice(of.provider.0.as_bytes());
        text.extend_from_slice(of.credential.0.as_bytes());
        text.extend_from_slice(of.id.as_bytes());
        key.seal_in_place_append_tag(nonce(), Aad::from(BOUND), &mut text).ok()?;
        let sealed = [&number.to_be_bytes()[..], &text].concat();
        Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// What a client's id stands for. `None`: it was not made here, or too long ago.
    pub fn open(&self, id: &str) -> Option<ResponseRef> {
        let mut sealed = URL_SAFE_NO_PAD.decode(id.strip_prefix(PREFIX)?).ok()?;
        let number = u32::from_be_bytes(sealed.get(..4)?.try_into().ok()?);
        let (_, key) = self.0.iter().find(|(it, _)| *it == number)?;
        let text = key.open_in_place(nonce(), Aad::from(BOUND), sealed.get_mut(4..)?).ok()?;
        let uuid = |at: usize| Uuid::from_slice(text.get(at..at + 16)?).ok();
        Some(ResponseRef {
            workspace: WorkspaceId(uuid(0)?),
            provider: ProviderId(uuid(16)?),
            credential: CredentialId(uuid(32)?),
            id: String::from_utf8(text.get(48..)?.to_vec()).ok()?,
        })
    }
}

impl std::fmt::Debug for ResponseIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseIds(***)")
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// The keys of this instance. Whoever finds the newest too old makes the next.
pub(crate) async fn load(
    db: &Db,
    ring: &Keyring,
    clock: &Clock,
) -> Result<ResponseIds, StoreError> {
    let now = clock.now();
    let found = stored(&mut db.read().await?, ring).await?;
    if found.last().is_some_and(|key| key.made.plus_micros(SEALS_FOR) > now) {
        return keys(&found, now);
    }
    let next = found.last().map_or(1, |key| key.number + 1);
    let mut conn = db.write().await?;
    create(&mut conn, ring, now, next).await?;
    forget(&mut conn, now).await?;
    // Another process may have been first: what counts is what is stored.
    let found = stored(&mut conn, ring).await?;
    conn.commit().await?;
    keys(&found, now)
}

struct Stored {
    number: u32,
    made: Timestamp,
    key: wayleave_model::Secret,
}

fn keys(found: &[Stored], now: Timestamp) -> Result<ResponseIds, StoreError> {
    let valid = found.iter().filter(|it| it.made.plus_micros(OPENS_FOR) > now);
    let keys = valid.map(|it| {
        let key = UnboundKey::new(&AES_256_GCM_SIV, it.key.expose());
        let key =
            key.map_err(|_| StoreError::unreadable("setting", "a response key is damaged"))?;
        Ok((it.number, LessSafeKey::new(key)))
    });
    Ok(ResponseIds(Arc::new(keys.collect::<Result<_, StoreError>>()?)))
}

async fn stored(conn: &mut Conn, ring: &Keyring) -> Result<Vec<Stored>, StoreError> {
    const SQL: &str = "SELECT id, name, created_at, sealed FROM settings
        WHERE workspace_id = $1 AND name LIKE 'response-key-%' ORDER BY created_at, name";
    let rows: Vec<(Uuid, String, i64, Option<Vec<u8>>)> = on!(*conn, it => {
        sqlx::query_as(SQL).bind(SYSTEM_WORKSPACE.0).fetch_all(&mut *it).await
    })?;
    let mut found = Vec::with_capacity(rows.len());
    for (id, name, made, sealed) in rows {
        let number = name.strip_prefix(NAME).and_then(|it| it.parse().ok());
        let (Some(number), Some(sealed)) = (number, sealed) else { continue };
        let key = seal::open(ring, &Place::setting(SYSTEM_WORKSPACE, id), &sealed)?;
        found.push(Stored { number, made: Timestamp::from_micros(made), key });
    }
    Ok(found)
}

async fn create(
    conn: &mut Conn,
    ring: &Keyring,
    now: Timestamp,
    number: u32,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO settings
        (workspace_id, id, name, sealed, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, 1, $5, $5) ON CONFLICT DO NOTHING";
    let mut key = Zeroizing::new([0_u8; 32]);
    rand::fill(&mut *key).map_err(|_| StoreError::NoRandomness)?;
    let id = crate::text::new_id(now);
    let sealed = seal::seal(ring, &Place::setting(SYSTEM_WORKSPACE, id), &*key)?;
    on!(*conn, it => {
        sqlx::query(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(id)
            .bind(format!("{NAME}{number}"))
            .bind(sealed)
            .bind(now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    Ok(())
}

async fn forget(conn: &mut Conn, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM settings
        WHERE workspace_id = $1 AND name LIKE 'response-key-%' AND created_at <= $2";
    let before = now.plus_micros(-OPENS_FOR).as_micros();
    on!(*conn, it => {
        sqlx::query(SQL).bind(SYSTEM_WORKSPACE.0).bind(before).execute(&mut *it).await.map(drop)
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;

    fn response(id: &str) -> ResponseRef {
        let id_of = |n| Uuid::from_u128(n);
        ResponseRef {
            workspace: WorkspaceId(id_of(1)),
            provider: ProviderId(id_of(2)),
            credential: CredentialId(id_of(3)),
            id: id.to_owned(),
        }
    }

    #[tokio::test]
    async fn an_id_opens_on_every_node_and_is_the_same_each_time() {
        each_engine(|bench| async move {
            let it = response("resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b");
            let ids = bench.store.response_ids();
            let sealed = ids.seal(&it).unwrap();
            assert_eq!(ids.seal(&it).unwrap(), sealed);
            assert!(sealed.len() < 256 && !sealed.contains("67ccd2"));
            let other = bench.reopen(&bench.keys).await.unwrap().response_ids();
            assert_eq!(other.open(&sealed), Some(it));
        })
        .await;
    }

    #[tokio::test]
    async fn what_was_not_sealed_here_does_not_open() {
        each_engine(|bench| async move {
            let ids = bench.store.response_ids();
            let sealed = ids.seal(&response("resp_1")).unwrap();
            let mut bent = sealed.into_bytes();
            bent[20] ^= 1;
            let bent = String::from_utf8_lossy(&bent).into_owned();
            for id in ["resp_", "resp_abc", "resp_67ccd2bed1ec8190b14f964abc0542670bb6", "x", &bent]
            {
                assert_eq!(ids.open(id), None, "{id}");
            }
            assert_eq!(ids.seal(&response(&"x".repeat(LONGEST + 1))), None);
        })
        .await;
    }

    #[tokio::test]
    async fn a_key_seals_for_a_month_and_opens_for_three() {
        each_engine(|bench| async move {
            let it = response("resp_1");
            let first = bench.store.response_ids().seal(&it).unwrap();
            bench.clock.advance(SEALS_FOR);
            let ids = bench.reopen(&bench.keys).await.unwrap().response_ids();
            let second = ids.seal(&it).unwrap();
            assert_ne!(first, second);
            assert_eq!((ids.open(&first), ids.open(&second)), (Some(it.clone()), Some(it.clone())));
            bench.clock.advance(60 * DAY);
            let ids = bench.reopen(&bench.keys).await.unwrap().response_ids();
            assert_eq!((ids.open(&first), ids.open(&second)), (None, Some(it)));
        })
        .await;
    }
}
