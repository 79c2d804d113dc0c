//! Envelope encryption: each secret under a data key of its own, that key under a key-encryption
//! key, both bound to the very place they stand in.
//!
//! Layout: version `1` · kek id (16) · wrapped data key (nonce 12, key 32, tag 16) · secret
//! (nonce 12, bytes, tag 16), all AES-256-GCM. The associated data is table, row, column and
//! workspace, so a value that is copied elsewhere does not open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use uuid::Uuid;
use wayleave_model::Secret;
use wayleave_model::id::{KekId, WorkspaceId};
use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::keyring::{KEK_LEN, Keyring};

const VERSION: u8 = 1;
const TAG_LEN: usize = 16;
const KEK_ID: std::ops::Range<usize> = 1..17;
const WRAPPED: std::ops::Range<usize> = 17..17 + NONCE_LEN + KEK_LEN + TAG_LEN;

/// Where a sealed value stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) row: Uuid,
    pub(crate) column: &'static str,
    pub(crate) workspace: WorkspaceId,
}

impl Place {
    /// The secret fields of a credential.
    pub(crate) fn credential(workspace: WorkspaceId, row: Uuid) -> Place {
        Place { table: "credentials", row, column: "sealed", workspace }
    }

    /// A secret setting.
    pub(crate) fn setting(workspace: WorkspaceId, row: Uuid) -> Place {
        Place { table: "settings", row, column: "sealed", workspace }
    }

    /// A response that is kept.
    pub(crate) fn kept_response(workspace: WorkspaceId, row: Uuid) -> Place {
        Place { table: "kept_responses", row, column: "sealed", workspace }
    }

    fn aad(&self, what: &str) -> Aad<Vec<u8>> {
        let (row, workspace) = (self.row.simple(), self.workspace.0.simple());
        let text =
            format!("wayleave|{VERSION}|{what}|{}|{row}|{}|{workspace}", self.table, self.column);
        Aad::from(text.into_bytes())
    }
}

/// Seals `secret` for `place` under the ring's current key.
pub(crate) fn seal(ring: &Keyring, place: &Place, secret: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut data_key = Zeroizing::new([0_u8; KEK_LEN]);
    rand::fill(&mut *data_key).map_err(|_| StoreError::NoRandomness)?;
    let kek_id = ring.current();
    let Some(kek) = ring.get(kek_id) else {
        return Err(StoreError::KekMissing { kek_id, rows: 1 });
    };
    let mut blob = vec![VERSION];
    blob.extend_from_slice(kek_id.0.as_bytes());
    blob.extend(encrypt(kek, &place.aad("key"), &*data_key)?);
    blob.extend(encrypt(&data_key, &place.aad("value"), secret)?);
    Ok(blob)
}

/// Opens what [`seal`] made for the same place.
pub(crate) fn open(ring: &Keyring, place: &Place, blob: &[u8]) -> Result<Secret, StoreError> {
    let broken = || StoreError::Unsealable { table: place.table };
    let data_key = data_key(ring, place, blob)?;
    let clear = decrypt(&data_key, &place.aad("value"), &blob[WRAPPED.end..]).ok_or_else(broken)?;
    Ok(Secret::new(clear))
}

/// The same secret with its data key under the ring's current key; `None` if it is already.
pub(crate) fn rewrap(
    ring: &Keyring,
    place: &Place,
    blob: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    let current = ring.current();
    if kek_of(place, blob)? == current {
        return Ok(None);
    }
    let Some(kek) = ring.get(current) else {
        return Err(StoreError::KekMissing { kek_id: current, rows: 1 });
    };
    let data_key = data_key(ring, place, blob)?;
    let mut fresh = vec![VERSION];
    fresh.extend_from_slice(current.0.as_bytes());
    fresh.extend(encrypt(kek, &place.aad("key"), &*data_key)?);
    fresh.extend_from_slice(&blob[WRAPPED.end..]);
    Ok(Some(fresh))
}

/// The id of the key-encryption key that a sealed value needs.
pub(crate) fn kek_of(place: &Place, blob: &[u8]) -> Result<KekId, StoreError> {
    let broken = StoreError::Unsealable { table: place.table };
    if blob.len() < WRAPPED.end + NONCE_LEN + TAG_LEN || blob[0] != VERSION {
        return Err(broken);
    }
    Uuid::from_slice(&blob[KEK_ID]).map(KekId).map_err(|_| broken)
}

fn data_key(
    ring: &Keyring,
    place: &Place,
    blob: &[u8],
) -> Result<Zeroizing<[u8; KEK_LEN]>, StoreError> {
    let broken = || StoreError::Unsealable { table: place.table };
    let kek_id = kek_of(place, blob)?;
    let kek = ring.get(kek_id).ok_or(StoreError::KekMissing { kek_id, rows: 1 })?;
    let clear = decrypt(kek, &place.aad("key"), &blob[WRAPPED]).ok_or_else(broken)?;
    let clear = Zeroizing::new(clear);
    Ok(Zeroizing::new(clear.as_slice().try_into().map_err(|_| broken())?))
}

fn encrypt(key: &[u8; KEK_LEN], aad: &Aad<Vec<u8>>, clear: &[u8]) -> Result<Vec<u8>, StoreError> {
    // Room for the tag, so that the clear text is never left behind by a reallocation.
    let mut text = Vec::with_capacity(clear.len() + TAG_LEN);
    text.extend_from_slice(clear);
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| StoreError::NoRandomness)?;
    let nonce = key
        .seal_in_place_append_tag(Aad::from(aad.as_ref()), &mut text)
        .map_err(|_| StoreError::NoRandomness)?;
    Ok([nonce.as_ref().as_slice(), &text].concat())
}

fn decrypt(key: &[u8; KEK_LEN], aad: &Aad<Vec<u8>>, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).ok()?;
    let mut text = text.to_vec();
    let length = key.open_in_place(nonce, Aad::from(aad.as_ref()), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wayleave_model::Timestamp;

    fn ring(lines: &[&Secret]) -> Keyring {
        let text: Vec<&str> = lines.iter().map(|it| it.expose_str().unwrap()).collect();
        Keyring::parse(&Secret::new(text.concat())).unwrap()
    }

    fn line() -> (KekId, Secret) {
        Keyring::mint_line(Timestamp::from_micros(1)).unwrap()
    }

    fn place(row: u128, workspace: u128) -> Place {
        Place::credential(WorkspaceId(Uuid::from_u128(workspace)), Uuid::from_u128(row))
    }

    #[test]
    fn a_sealed_value_opens_only_where_it_was_sealed() {
        let ring = ring(&[&line().1]);
        let blob = seal(&ring, &place(1, 7), b"hunter2").unwrap();
        assert_eq!(open(&ring, &place(1, 7), &blob).unwrap().expose(), b"hunter2");
        let elsewhere = [
            place(2, 7),
            place(1, 8),
            Place { column: "other", ..place(1, 7) },
            Place { table: "settings", ..place(1, 7) },
        ];
        for place in elsewhere {
            assert!(matches!(open(&ring, &place, &blob), Err(StoreError::Unsealable { .. })));
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let ring = ring(&[&line().1]);
        let blob = seal(&ring, &place(1, 7), b"hunter2").unwrap();
        for at in 0..blob.len() {
            let mut bad = blob.clone();
            bad[at] ^= 1;
            assert!(open(&ring, &place(1, 7), &bad).is_err(), "byte {at}");
            assert!(open(&ring, &place(1, 7), &blob[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_missing_key_is_named() {
        let (id, old) = line();
        let blob = seal(&ring(&[&old]), &place(1, 7), b"hunter2").unwrap();
        let other = ring(&[&line().1]);
        let error = open(&other, &place(1, 7), &blob).unwrap_err();
        assert!(matches!(error, StoreError::KekMissing { kek_id, .. } if kek_id == id));
    }

    #[test]
    fn a_rewrapped_value_needs_the_new_key_only() {
        let (old, new) = (line().1, line().1);
        let blob = seal(&ring(&[&old]), &place(1, 7), b"hunter2").unwrap();
        let fresh = rewrap(&ring(&[&new, &old]), &place(1, 7), &blob).unwrap().unwrap();
        let ring = ring(&[&new]);
        assert_eq!(open(&ring, &place(1, 7), &fresh).unwrap().expose(), b"hunter2");
        assert_eq!(rewrap(&ring, &place(1, 7), &fresh).unwrap(), None);
    }
}
