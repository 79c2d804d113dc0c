//! The two uses of base64 here: a private key's text form, and the parts of an assertion.

/// The PKCS #8 bytes of a key between its `BEGIN` and `END` lines (RFC 7468).
pub(super) fn private_key(text: &str) -> Option<Vec<u8>> {
    let (_, rest) = text.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (inside, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let mut out = Vec::with_capacity(inside.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for letter in inside.bytes().filter(|it| !it.is_ascii_whitespace() && *it != b'=') {
        bits = bits << 6 | value(letter)?;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(out)
}

/// Base64 in the URL-safe alphabet, without padding (RFC 7515, section 2).
pub(super) fn url_safe(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=group.len() {
            out.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    out
}

fn value(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keys_lines_are_its_bytes() {
        let text = "-----BEGIN PRIVATE KEY-----\nZm9v\nYmE=\n-----END PRIVATE KEY-----\n";
        assert_eq!(private_key(text).as_deref(), Some(&b"fooba"[..]));
        assert_eq!(private_key("-----BEGIN PRIVATE KEY-----\nZ!\n-----END PRIVATE KEY-----"), None);
        assert_eq!(private_key("Zm9v"), None);
    }

    #[test]
    fn assertions_are_url_safe_and_unpadded() {
        for (bytes, text) in [(&b""[..], ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"\xff\xfe", "__4")] {
            assert_eq!(url_safe(bytes), text);
        }
    }
}
