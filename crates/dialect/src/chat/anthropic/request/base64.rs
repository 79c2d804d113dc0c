//! Standard base64 to text: documents in plain words travel as text on this wire.

/// The text that `encoded` stands for; `None` when it is not base64, or not UTF-8.
pub(in crate::chat) fn text(encoded: &str) -> Option<String> {
    let digits = encoded.trim_end_matches('=').as_bytes();
    let mut out = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
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
    String::from_utf8(out).ok()
}

fn value(digit: u8) -> Option<u32> {
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
    use super::*;

    #[test]
    fn decodes_every_length() {
        let known = [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob")];
        for (encoded, decoded) in known {
            assert_eq!(text(encoded).as_deref(), Some(decoded), "{encoded}");
        }
        assert_eq!(text("w7w/").as_deref(), Some("ü?"));
        assert_eq!(text("Zm9vY"), None);
        assert_eq!(text("Z!=="), None);
        assert_eq!(text("/w=="), None);
    }
}
