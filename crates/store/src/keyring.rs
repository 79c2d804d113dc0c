//! The key-encryption keys: read from a file or the environment, never stored in the database.

use std::fmt;

use aws_lc_rs::{hmac, rand};
use wayleave_model::id::KekId;
use wayleave_model::{Secret, Timestamp};
use zeroize::Zeroizing;

use crate::base64;
use crate::error::StoreError;

/// Bytes of a key-encryption key.
pub(crate) const KEK_LEN: usize = 32;

/// Key-encryption keys by id. The current one seals; all of them open.
pub struct Keyring {
    /// Never empty; the first is the current one.
    keys: Vec<(KekId, Zeroizing<[u8; KEK_LEN]>)>,
}

impl Keyring {
    /// Reads a key file or a variable: either lines of `kek_<id> <base64 of 32 bytes>`, the
    /// current key first, or one bare key of 32 bytes in hex or base64, whose id is derived from
    /// it. Empty lines and lines that begin with `#` are skipped.
    ///
    /// # Errors
    /// [`StoreError::BadKeyring`] says which line, and never repeats it.
    pub fn parse(text: &Secret) -> Result<Keyring, StoreError> {
        let text = text
            .expose_str()
            .ok_or_else(|| StoreError::BadKeyring("expected text, found other bytes".into()))?;
        let mut keys: Vec<(KekId, Zeroizing<[u8; KEK_LEN]>)> = Vec::new();
        let lines = text.lines().map(str::trim).zip(1..);
        for (line, number) in lines.filter(|(it, _)| !it.is_empty() && !it.starts_with('#')) {
            let (id, key) = read_line(line)
                .map_err(|why| StoreError::BadKeyring(format!("line {number}: {why}")))?;
            if keys.iter().any(|(known, _)| *known == id) {
                return Err(StoreError::BadKeyring(format!("line {number}: {id} stands twice")));
            }
            keys.push((id, key));
        }
        if keys.is_empty() {
            return Err(StoreError::BadKeyring("it holds no key".into()));
        }
        Ok(Keyring { keys })
    }

    /// A line for a key file with a new random key. Put it first to make it the current one.
    ///
    /// # Errors
    /// [`StoreError::NoRandomness`].
    pub fn mint_line(now: Timestamp) -> Result<(KekId, Secret), StoreError> {
        let id = KekId::new(now);
        let mut key = Zeroizing::new([0; KEK_LEN]);
        rand::fill(&mut *key).map_err(|_| StoreError::NoRandomness)?;
        Ok((id, Secret::new(format!("{id} {}\n", *base64::encode(&*key)))))
    }

    /// The id of the key that seals.
    pub fn current(&self) -> KekId {
        self.keys[0].0
    }

    /// The ids of all keys, the current one first.
    pub fn ids(&self) -> impl Iterator<Item = KekId> {
        self.keys.iter().map(|(id, _)| *id)
    }

    pub(crate) fn get(&self, id: KekId) -> Option<&[u8; KEK_LEN]> {
        self.keys.iter().find(|(it, _)| *it == id).map(|(_, key)| &**key)
    }
}

/// Shows ids only.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

fn read_line(line: &str) -> Result<(KekId, Zeroizing<[u8; KEK_LEN]>), &'static str> {
    match line.split_once(char::is_whitespace) {
        Some((id, key)) => {
            let id = id.parse().map_err(|_| "expected `kek_<id> <key>`")?;
            Ok((id, read_key(key.trim())?))
        }
        None => {
            let key = read_key(line)?;
            Ok((derived_id(&key), key))
        }
    }
}

fn read_key(text: &str) -> Result<Zeroizing<[u8; KEK_LEN]>, &'static str> {
    const EXPECTED: &str = "expected a key of 32 bytes in base64 or hex";
    let bytes = if text.len() == 2 * KEK_LEN { read_hex(text) } else { base64::decode(text) };
    let bytes = bytes.ok_or(EXPECTED)?;
    let key: [u8; KEK_LEN] = bytes.as_slice().try_into().map_err(|_| EXPECTED)?;
    Ok(Zeroizing::new(key))
}

fn read_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|it| u8::try_from(it).ok());
    let bytes: Option<Vec<u8>> = text
        .as_bytes()
        .chunks_exact(2)
        .map(|it| Some(digit(it[0])? << 4 | digit(it[1])?))
        .collect();
    bytes.map(Zeroizing::new)
}

/// A bare key names itself: 128 bits of a keyed digest of nothing secret.
fn derived_id(key: &[u8; KEK_LEN]) -> KekId {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"wayleave kek id v1");
    let mut id = [0; 16];
    id.copy_from_slice(&tag.as_ref()[..16]);
    KekId(uuid::Uuid::from_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Keyring, StoreError> {
        Keyring::parse(&Secret::new(text))
    }

    #[test]
    fn the_first_line_is_the_current_key() {
        let now = Timestamp::from_micros(1_795_000_000_000_000);
        let (old, old_line) = Keyring::mint_line(now).unwrap();
        let (new, new_line) = Keyring::mint_line(now).unwrap();
        let text = format!(
            "# keys\n{}\n{}",
            new_line.expose_str().unwrap(),
            old_line.expose_str().unwrap()
        );
        let ring = parse(&text).unwrap();
        assert_eq!(ring.current(), new);
        assert_eq!(ring.ids().collect::<Vec<_>>(), [new, old]);
        assert_ne!(ring.get(new), ring.get(old));
    }

    #[test]
    fn a_bare_key_has_the_same_id_in_hex_and_base64() {
        let hex =
            parse("00000000000000000000000000000000000000000000000000000000000000fF").unwrap();
        let base64 = parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8=\n").unwrap();
        assert_eq!(hex.current(), base64.current());
        assert_eq!(hex.get(hex.current()), base64.get(base64.current()));
    }

    #[test]
    fn a_bad_line_is_named_and_not_repeated() {
        for text in ["kek_x AAAA", "hunter2", "", "# only this", "AAAA"] {
            let error = parse(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2") && error.starts_with("key file: "), "{error}");
        }
        let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8=";
        assert!(parse(&format!("{key}\n{key}")).unwrap_err().to_string().contains("line 2"));
    }
}
