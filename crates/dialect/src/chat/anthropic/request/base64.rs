//! Standard base64 to text: documents in plain words travel as text on this wire.

use crate::base64;

/// The text that `encoded` stands for; `None` when it is not base64, or not UTF-8.
pub(in crate::chat) fn text(encoded: &str) -> Option<String> {
    String::from_utf8(base64::decode(encoded)?).ok()
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
