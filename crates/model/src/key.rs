//! Client keys: what is stored of them, and the shape of those we mint.

use serde::{Deserialize, Serialize};

use crate::alias::Losses;
use crate::id::{AliasId, KeyId, OwnerId};
use crate::time::Timestamp;

/// The fewest characters an imported or declared key may have.
pub const MIN_LENGTH: usize = 20;
/// The most characters a presented key may have.
pub const MAX_LENGTH: usize = 512;

/// What a client presents, without the secret. A key has 1..n versions while it is rotated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Unique in the workspace.
    pub name: String,
    /// Whose it is.
    pub owner: OwnerId,
    /// The owner's name.
    pub owner_name: String,
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
    /// route says. Where both say something, the stricter holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub losses: Option<Losses>,
    /// Its secrets, newest last.
    pub versions: Vec<KeyVersion>,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
    /// Goes up with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One secret of a key, as it is stored: a keyed hash and what is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyVersion {
    /// 1, 2, 3 … per key.
    pub number: i64,
    /// HMAC-SHA-256 of the secret under the instance's pepper.
    #[serde(skip)]
    pub hash: [u8; 32],
    /// The first characters, for recognition.
    pub prefix: String,
    /// The last four.
    pub last_four: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Refused from then on.
    pub expires_at: Option<Timestamp>,
    /// Refused since then.
    pub revoked_at: Option<Timestamp>,
}

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new secret: `wl_`, 32 characters of base 62, 6 of checksum (so that a mistyped or truncated
/// key can be told from a foreign one without a look-up).
///
/// `random` must be from a cryptographic source; each byte above 247 is skipped, so pass plenty.
/// `None` when too few bytes were usable.
pub fn mint(random: &[u8]) -> Option<String> {
    let body: String = random
        .iter()
        .filter(|&&byte| byte < 248)
        .take(32)
        .map(|&byte| char::from(BASE62[usize::from(byte % 62)]))
        .collect();
    (body.len() == 32).then(|| format!("wl_{body}{}", checksum(&body)))
}

/// Whether `text` has the shape of a key we mint, checksum included.
pub fn is_minted(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("wl_") else { return false };
    rest.is_ascii() && rest.len() == 38 && checksum(&rest[..32]) == rest[32..]
}

/// CRC-32 (IEEE 802.3) in six characters of base 62.
fn checksum(body: &str) -> String {
    let mut crc = u32::MAX;
    for byte in body.bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    let mut rest = !crc;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|&it| char::from(it)).collect()
}

/// The vendor whose own keys look like `text`, if any: such a key belongs there, not here.
/// Prefixes from the vendors' documentation.
pub fn foreign_vendor(text: &str) -> Option<&'static str> {
    const SHAPES: [(&str, &str); 12] = [
        ("sk-ant-", "Anthropic"),
        ("sk-or-", "OpenRouter"),
        ("sk-proj-", "OpenAI"),
        ("sk-svcacct-", "OpenAI"),
        ("sk-admin-", "OpenAI"),
        ("AIza", "Google"),
        ("gsk_", "Groq"),
        ("xai-", "xAI"),
        ("hf_", "Hugging Face"),
        ("r8_", "Replicate"),
        ("pplx-", "Perplexity"),
        ("nvapi-", "NVIDIA"),
    ];
    SHAPES.iter().find(|(prefix, _)| text.starts_with(prefix)).map(|&(_, vendor)| vendor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_key_carries_its_checksum() {
        let random: Vec<u8> = (0..64).collect();
        let key = mint(&random).unwrap();
        assert_eq!(key.len(), 41);
        assert!(is_minted(&key));
        assert!(!is_minted(&key.replace('1', "2")));
        assert!(!is_minted("wl_ci_0123456789abcdef0123456789abcdef"));
        assert_eq!(mint(&[255; 64]), None);
    }

    #[test]
    fn the_checksum_is_crc_32() {
        // The check value of CRC-32/ISO-HDLC: CRC("123456789") = 0xCBF43926 = 3,421,780,262.
        let mut value: u64 = 0;
        for byte in checksum("123456789").bytes() {
            value = value * 62 + BASE62.iter().position(|&it| it == byte).unwrap() as u64;
        }
        assert_eq!(value, 0xCBF4_3926);
    }

    #[test]
    fn a_vendors_own_key_is_recognised() {
        assert_eq!(foreign_vendor("sk-ant-api03-x"), Some("Anthropic"));
        assert_eq!(foreign_vendor("wl_x"), None);
    }
}
