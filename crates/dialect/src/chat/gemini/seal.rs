//! Proofs of reasoning in the one field that Google's JSON has for them: `thoughtSignature`.
//!
//! The field holds bytes, which clients return unchanged but may spell in another alphabet of
//! base64. A proof that is base64 already travels as it is. One that is not, or that is not a
//! signature, travels inside base64 of our own, behind a mark that says what it is, so that a
//! client of this dialect carries every provider's proofs.
//! <https://ai.google.dev/gemini-api/docs/thought-signatures>

use bytes::Bytes;

use super::base64;
use crate::chat::{Seal, SealKind};

/// Stands before a proof that is not plainly a signature, and a letter for its kind after it.
const MARK: &[u8] = b"\0wl-seal\0";

/// What Google documents for a call that has no signature, on AI Studio and on Vertex.
pub(super) const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The proof that a client returns.
pub(super) fn read(text: &str) -> Option<Seal> {
    if text.is_empty() || text == NO_SIGNATURE {
        return None;
    }
    let marked = base64::decode(text).and_then(|bytes| unmark(&bytes));
    let signature = || Seal { kind: SealKind::Signature, bytes: base64::standard(text).into() };
    Some(marked.unwrap_or_else(signature))
}

/// The proof for a client.
pub(super) fn write(seal: &Seal) -> String {
    let plain = std::str::from_utf8(&seal.bytes).ok();
    match (seal.kind, plain) {
        (SealKind::Signature, Some(text)) if base64::is_standard(text) => text.to_owned(),
        (kind, _) => base64::encode(&[MARK, letter(kind), &seal.bytes].concat()),
    }
}

/// The proof as Google itself takes it: a signature in base64. Others are not its own.
pub(super) fn for_google(seal: &Seal) -> Option<&str> {
    let text = std::str::from_utf8(&seal.bytes).ok()?;
    let ours = seal.kind == SealKind::Signature && !text.is_empty();
    (ours && base64::decode(text).is_some()).then_some(text)
}

const fn letter(kind: SealKind) -> &'static [u8] {
    match kind {
        SealKind::Signature => b"s",
        SealKind::Redacted => b"r",
        SealKind::Encrypted => b"e",
    }
}

fn unmark(bytes: &[u8]) -> Option<Seal> {
    let (letter, proof) = bytes.strip_prefix(MARK)?.split_first()?;
    let kind = match letter {
        b's' => SealKind::Signature,
        b'r' => SealKind::Redacted,
        b'e' => SealKind::Encrypted,
        _ => return None,
    };
    Some(Seal { kind, bytes: Bytes::copy_from_slice(proof) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(kind: SealKind, proof: &'static str) -> Seal {
        Seal { kind, bytes: Bytes::from_static(proof.as_bytes()) }
    }

    #[test]
    fn every_proof_comes_back_as_it_went() {
        for it in [
            seal(SealKind::Signature, "EqQBCkYI+/8="),
            seal(SealKind::Signature, "sig-1"),
            seal(SealKind::Redacted, "EmwKAhgB"),
            seal(SealKind::Encrypted, "gAAAAABo-_x="),
        ] {
            let wire = write(&it);
            assert_eq!(read(&wire), Some(it.clone()));
            // The Python SDK decodes what it reads and spells it in the other alphabet.
            let respelled = wire.replace('+', "-").replace('/', "_");
            assert_eq!(read(&respelled), Some(it));
        }
    }

    #[test]
    fn googles_own_signature_is_not_wrapped() {
        assert_eq!(write(&seal(SealKind::Signature, "CiQB/+8=")), "CiQB/+8=");
    }

    #[test]
    fn a_stand_in_is_no_proof() {
        assert_eq!(read(NO_SIGNATURE), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn google_gets_signatures_only() {
        assert_eq!(for_google(&seal(SealKind::Signature, "CiQB")), Some("CiQB"));
        assert_eq!(for_google(&seal(SealKind::Signature, "sig!")), None);
        assert_eq!(for_google(&seal(SealKind::Redacted, "CiQB")), None);
    }
}
