//! The secret fields of a credential, on their way into one sealed value and out of it.

use std::collections::BTreeMap;

use uuid::Uuid;
use wayleave_model::Secret;
use wayleave_model::credential::SecretFields;
use wayleave_model::id::{CredentialId, WorkspaceId};
use wayleave_model::secret::mask;
use zeroize::Zeroizing;

use crate::change::Change;
use crate::db::Tx;
use crate::error::StoreError;
use crate::seal::{self, Place};

pub(crate) fn seal_fields(
    change: &Change,
    id: CredentialId,
    secrets: &SecretFields,
) -> Result<Vec<u8>, StoreError> {
    let place = Place::credential(change.workspace, id.0);
    seal::seal(&change.tx.shared.keyring(), &place, &fields_to_bytes(secrets))
}

pub(crate) fn open_fields(
    tx: &Tx,
    workspace: WorkspaceId,
    id: Uuid,
    sealed: &[u8],
) -> Result<SecretFields, StoreError> {
    let place = Place::credential(workspace, id);
    let clear = seal::open(&tx.shared.keyring(), &place, sealed)?;
    fields_from_bytes(clear.expose()).ok_or(StoreError::Unsealable { table: place.table })
}

/// Each field as people are shown it. What is no text is shown as stars.
pub(crate) fn masked(secrets: &SecretFields) -> BTreeMap<String, String> {
    let show = |it: &Secret| mask(it.expose_str().unwrap_or("binary"));
    secrets.iter().map(|(id, it)| (id.to_owned(), show(it))).collect()
}

/// The fields as bytes to seal: each name and value after its length. Wiped when dropped.
fn fields_to_bytes(fields: &SecretFields) -> Zeroizing<Vec<u8>> {
    let size: usize = fields.iter().map(|(id, it)| 8 + id.len() + it.expose().len()).sum();
    let mut bytes = Zeroizing::new(Vec::with_capacity(size));
    for (id, secret) in fields.iter() {
        for part in [id.as_bytes(), secret.expose()] {
            // No field comes near 4 GiB: bodies are bounded at 64 MiB.
            bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
            bytes.extend_from_slice(part);
        }
    }
    bytes
}

/// What [`fields_to_bytes`] wrote; `None` if it did not.
fn fields_from_bytes(mut bytes: &[u8]) -> Option<SecretFields> {
    let mut next = || -> Option<&[u8]> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        bytes = rest;
        Some(part)
    };
    let mut fields = Vec::new();
    while let Some(id) = next() {
        let secret = Secret::new(next()?);
        fields.push((std::str::from_utf8(id).ok()?.to_owned(), secret));
    }
    bytes.is_empty().then(|| SecretFields::new(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_survive_their_bytes() {
        let fields = SecretFields::new([
            ("api_key".to_owned(), Secret::new("a")),
            ("empty".to_owned(), Secret::new("")),
            ("raw".to_owned(), Secret::new([0, 255])),
        ]);
        let bytes = fields_to_bytes(&fields);
        let back = fields_from_bytes(&bytes).unwrap();
        let seen: Vec<_> = back.iter().map(|(id, it)| (id, it.expose())).collect();
        assert_eq!(seen, [("api_key", &b"a"[..]), ("empty", b""), ("raw", &[0, 255])]);
        assert!(fields_from_bytes(&bytes[..bytes.len() - 1]).is_none());
    }
}
