//! Keyed digests of secrets under the instance's pepper: how a presented key is recognised
//! without being stored.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{hmac, rand};
use uuid::Uuid;
use wayleave_model::Clock;
use wayleave_model::credential::SecretFields;
use wayleave_model::id::SYSTEM_WORKSPACE;
use zeroize::Zeroizing;

use crate::db::{Conn, Db, on};
use crate::error::StoreError;
use crate::keyring::Keyring;
use crate::seal::{self, Place};

/// The word in SQL for how key hashes are made.
pub(crate) const SCHEME: &str = "hmac-sha256";

/// Digests secrets. Cheap to clone, touches nothing but memory.
#[derive(Clone)]
pub struct KeyHasher(Arc<Keys>);

struct Keys {
    pepper_id: Uuid,
    keys: hmac::Key,
    tokens: hmac::Key,
    fingerprints: hmac::Key,
    anchors: hmac::Key,
    invitations: hmac::Key,
    sessions: hmac::Key,
    sign_ins: hmac::Key,
}

impl KeyHasher {
    /// From the pepper. Each use has a key of its own, derived from it, so that a digest made for
    /// one says nothing in another.
    fn new(pepper_id: Uuid, pepper: &[u8]) -> KeyHasher {
        let root = hmac::Key::new(hmac::HMAC_SHA256, pepper);
        let derive =
            |label: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, label).as_ref());
        KeyHasher(Arc::new(Keys {
            pepper_id,
            tokens: derive(b"wayleave token v1"),
            fingerprints: derive(b"wayleave fingerprint v1"),
            anchors: derive(b"wayleave vault anchor v1"),
            invitations: derive(b"wayleave invitation v1"),
            sessions: derive(b"wayleave session v1"),
            sign_ins: derive(b"wayleave sign-in v1"),
            keys: root,
        }))
    }

    /// What is stored of a client's key: HMAC-SHA-256 under the pepper.
    pub fn hash_key(&self, secret: &[u8]) -> [u8; 32] {
        digest(&self.0.keys, secret)
    }

    /// What is stored of a management token.
    pub fn hash_token(&self, secret: &[u8]) -> [u8; 32] {
        digest(&self.0.tokens, secret)
    }

    /// What is stored of an invitation's secret.
    pub fn hash_invitation(&self, secret: &[u8]) -> [u8; 32] {
        digest(&self.0.invitations, secret)
    }

    /// What is stored of a session's secret.
    pub fn hash_session(&self, secret: &[u8]) -> [u8; 32] {
        digest(&self.0.sessions, secret)
    }

    /// What stands for `parts` in a sign-in that is under way, for one `purpose`: nobody else can
    /// make it, and it says nothing of them.
    pub fn sign_in(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0.sign_ins);
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut made = [0; 32];
        made.copy_from_slice(context.sign().as_ref());
        made
    }

    /// What a record of the vault is found by.
    pub fn anchor(&self, text: &[u8]) -> [u8; 32] {
        digest(&self.0.anchors, text)
    }

    /// Equal for equal fields, whatever their order; reveals nothing of them.
    pub fn fingerprint(&self, fields: &SecretFields) -> String {
        let mut sorted: Vec<_> = fields.iter().collect();
        sorted.sort_by_key(|(id, _)| *id);
        let mut context = hmac::Context::with_key(&self.0.fingerprints);
        for (id, secret) in sorted {
            for part in [id.as_bytes(), secret.expose()] {
                context.update(&(part.len() as u64).to_be_bytes());
                context.update(part);
            }
        }
        crate::text::hex(&context.sign().as_ref()[..16])
    }

    pub(crate) fn pepper_id(&self) -> Uuid {
        self.0.pepper_id
    }
}

impl fmt::Debug for KeyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHasher(***)")
    }
}

fn digest(key: &hmac::Key, secret: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(hmac::sign(key, secret).as_ref());
    hash
}

/// The setting that holds the pepper, sealed, in the system workspace.
const PEPPER: &str = "key-pepper";

/// The hasher of this instance. The first process to open a new database makes the pepper; this
/// is the one write without a [`crate::Change`], for it is nobody's act.
pub(crate) async fn load(db: &Db, ring: &Keyring, clock: &Clock) -> Result<KeyHasher, StoreError> {
    if let Some(hasher) = stored(&mut db.read().await?, ring).await? {
        return Ok(hasher);
    }
    let mut conn = db.write().await?;
    create(&mut conn, ring, clock).await?;
    // Another process may have been first: what counts is what is stored.
    let hasher = stored(&mut conn, ring).await?;
    conn.commit().await?;
    hasher.ok_or_else(|| StoreError::unreadable("setting", "the key pepper is missing"))
}

async fn stored(conn: &mut Conn, ring: &Keyring) -> Result<Option<KeyHasher>, StoreError> {
    const SQL: &str = "SELECT id, sealed FROM settings WHERE workspace_id = $1 AND name = $2";
    let found: Option<(Uuid, Option<Vec<u8>>)> = on!(*conn, it => {
        sqlx::query_as(SQL).bind(SYSTEM_WORKSPACE.0).bind(PEPPER).fetch_optional(&mut *it).await
    })?;
    let Some((id, Some(sealed))) = found else { return Ok(None) };
    let pepper = seal::open(ring, &Place::setting(SYSTEM_WORKSPACE, id), &sealed)?;
    Ok(Some(KeyHasher::new(id, pepper.expose())))
}

async fn create(conn: &mut Conn, ring: &Keyring, clock: &Clock) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO settings
        (workspace_id, id, name, sealed, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, 1, $5, $5) ON CONFLICT DO NOTHING";
    let mut pepper = Zeroizing::new([0_u8; 32]);
    rand::fill(&mut *pepper).map_err(|_| StoreError::NoRandomness)?;
    let now = clock.now();
    let id = crate::text::new_id(now);
    let sealed = seal::seal(ring, &Place::setting(SYSTEM_WORKSPACE, id), &*pepper)?;
    on!(*conn, it => {
        sqlx::query(SQL)
            .bind(SYSTEM_WORKSPACE.0)
            .bind(id)
            .bind(PEPPER)
            .bind(sealed)
            .bind(now.as_micros())
            .execute(&mut *it)
            .await
            .map(drop)
    })?;
    Ok(())
}
