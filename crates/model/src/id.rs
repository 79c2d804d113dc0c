//! Identifiers: UUIDv7 in memory and in SQL, a prefix and 26 Crockford characters outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::time::Timestamp;

/// Crockford's base 32, lower case: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits in groups of five.
const LENGTH: usize = 26;
/// The longest prefix, its underscore, and the digits.
const MOST: usize = 6 + LENGTH;

/// The value of each digit; 32 and above: none.
const VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut at = 0;
    while at < ALPHABET.len() {
        values[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    values
};

/// Text that is not an identifier of the expected noun.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of this kind: expected `{prefix}_` and 26 lower-case characters")]
pub struct BadId {
    text: String,
    prefix: &'static str,
}

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What its text form begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, ordered by `now` to the microsecond.
            pub fn new(now: Timestamp) -> Self {
                Self(mint(now))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(encode($prefix, self.0, &mut [0; MOST]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or_else(|| BadId { text: text.chars().take(40).collect(), prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // Not `collect_str`: a dozen ids are in each record of the spool.
                serializer.serialize_str(encode($prefix, self.0, &mut [0; MOST]))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

id! {
    /// A tenant.
    WorkspaceId = "ws";
    /// A configured use of a provider kind.
    ProviderId = "prov";
    /// A named secret of a provider or of one custom model.
    CredentialId = "cred";
    /// A model of a provider.
    ModelId = "mdl";
    /// A public model name.
    AliasId = "als";
    /// One immutable version of the route behind an alias.
    RouteVersionId = "rtv";
    /// What a client presents.
    KeyId = "key";
    /// A team or service account that keys belong to.
    OwnerId = "own";
    /// One dated version of a model's prices.
    PriceVersionId = "prc";
    /// One request of a client.
    RequestId = "req";
    /// One process with its own spool.
    NodeId = "node";
    /// A token of the management API.
    TokenId = "tok";
    /// Somebody who signs in.
    PersonId = "per";
    /// A way into a workspace, for one person, once.
    InvitationId = "inv";
    /// A browser that somebody signed in with.
    SessionId = "ses";
    /// One entry of the audit log.
    AuditId = "aud";
    /// A key-encryption key.
    KekId = "kek";
    /// A response of `/v1/responses` that is kept here: what clients come back with.
    ResponseId = "resp";
    /// What the operator grants workspaces.
    PlanId = "plan";
    /// One entry of a model's pool.
    PoolEntryId = "pen";
    /// One proof of a credential that costs something.
    ProofId = "prf";
    /// What of its own the operator lets a workspace use.
    GrantId = "grt";
    /// How much of a grant may be used.
    QuotaId = "quo";
    /// A call that a provider answers later: what clients come back with.
    JobId = "video";
}

/// The reserved workspace that owns system providers and operator settings.
pub const SYSTEM_WORKSPACE: WorkspaceId = WorkspaceId(Uuid::nil());

/// 48 bits of milliseconds, then 12 of the millisecond's fraction, so that ids sort by the
/// microsecond (RFC 9562, section 6.2, method 3); the other 62 are random.
fn mint(now: Timestamp) -> Uuid {
    const FRACTION: u128 = 0xfff << 64;
    let micros = now.as_micros().max(0).unsigned_abs();
    let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
    let id = Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, micros / 1_000_000, nanos));
    let fraction = u128::from(micros % 1_000 * 4_096 / 1_000);
    Uuid::from_u128(id.as_u128() & !FRACTION | fraction << 64)
}

fn encode<'o>(prefix: &str, id: Uuid, out: &'o mut [u8; MOST]) -> &'o str {
    let digits = prefix.len() + 1;
    out[..prefix.len()].copy_from_slice(prefix.as_bytes());
    out[prefix.len()] = b'_';
    let mut bits = id.as_u128();
    for slot in out[digits..digits + LENGTH].iter_mut().rev() {
        *slot = ALPHABET[(bits & 31) as usize];
        bits >>= 5;
    }
    std::str::from_utf8(&out[..digits + LENGTH]).unwrap_or_default()
}

fn decode(text: &str) -> Option<Uuid> {
    if text.len() != LENGTH {
        return None;
    }
    let mut bits: u128 = 0;
    for (at, byte) in text.bytes().enumerate() {
        let digit = VALUES[usize::from(byte)];
        // 26 × 5 is 130 bits: the first character may carry three only.
        if digit > 31 || (at == 0 && digit > 7) {
            return None;
        }
        bits = bits << 5 | u128::from(digit);
    }
    Some(Uuid::from_u128(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form() {
        let id = KeyId::new(Timestamp::from_micros(1_795_000_000_000_000));
        let text = id.to_string();
        assert_eq!(text.len(), "key_".len() + 26);
        assert_eq!(text.parse::<KeyId>().unwrap(), id);
        assert_eq!(KeyId(Uuid::max()).to_string(), "key_7zzzzzzzzzzzzzzzzzzzzzzzzz");
    }

    #[test]
    fn an_id_of_another_noun_is_refused() {
        let id = AliasId::new(Timestamp::from_micros(0)).to_string();
        assert!(id.parse::<KeyId>().is_err());
        assert!("key_8zzzzzzzzzzzzzzzzzzzzzzzzz".parse::<KeyId>().is_err());
        assert!("key_short".parse::<KeyId>().is_err());
    }

    #[test]
    fn later_ids_sort_after_earlier_ones() {
        let at = |micros: i64| RequestId::new(Timestamp::from_micros(micros));
        for (earlier, later) in [(1_000_000, 1_001_000), (7, 8), (998, 999), (999, 1_000)] {
            assert!(at(earlier) < at(later));
            assert!(at(earlier).to_string() < at(later).to_string());
        }
        assert_eq!(at(1_795_262_400_000_999).0.get_version_num(), 7);
        assert_ne!(at(5), at(5));
    }
}
