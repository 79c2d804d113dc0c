//! Base64: both alphabets, padded or not, as Google takes and gives it.
//!
//! Proto3's JSON mapping accepts the standard and the URL-safe alphabet, and the Python SDK sends
//! the latter. Other dialects want the standard one.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 in the standard alphabet with its padding; what is no base64 stays as it is.
pub(crate) fn standard(text: &str) -> String {
    let mut out: String = text
        .chars()
        .map(|digit| match digit {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    let bare = out.trim_end_matches('=').len();
    let legal = out.as_bytes()[..bare].iter().all(|digit| DIGITS.contains(digit));
    if !legal || bare % 4 == 1 {
        return text.to_owned();
    }
    out.truncate(bare);
    while !out.len().is_multiple_of(4) {
        out.push('=');
    }
    out
}

/// Whether `text` is base64 in the standard alphabet, as an encoder writes it.
pub(crate) fn is_standard(text: &str) -> bool {
    decode(text).is_some_and(|bytes| encode(&bytes) == text)
}

/// The bytes that `text` stands for; `None` when it is not base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for &digit in group {
            bits = bits << 6 | value(digit)?;
        }
        bits <<= 6 * (4 - group.len());
        let bytes = bits.to_be_bytes();
        match group.len() {
            4 => out.extend_from_slice(&bytes[1..4]),
            3 => out.extend_from_slice(&bytes[1..3]),
            2 => out.push(bytes[1]),
            _ => return None,
        }
    }
    Some(out)
}

/// `bytes` in the standard alphabet, padded.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            if digit > group.len() {
                out.push('=');
            } else {
                out.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
            }
        }
    }
    out
}

/// The six bits that a digit of either alphabet stands for.
pub(crate) fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_alphabets_become_the_standard_one() {
        assert_eq!(standard("-_8"), "+/8=");
        assert_eq!(standard("+/8="), "+/8=");
        assert_eq!(standard("no base64!"), "no base64!");
        assert!(is_standard("Zm9v") && is_standard("Zg=="));
        assert!(!is_standard("Zg") && !is_standard("-_8=") && !is_standard("Zh=="));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = encode(&bytes);
            prop_assert!(is_standard(&text));
            prop_assert_eq!(decode(&text), Some(bytes));
        }
    }
}
