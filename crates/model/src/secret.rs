//! Secrets: a type that cannot be printed, copied, serialised or left behind in memory.

use std::fmt;

use zeroize::Zeroizing;

/// Bytes nobody may see. Not `Clone`, not `Serialize`; `Debug` prints `***`; wiped when dropped.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes over; the caller keeps no copy.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Secret {
        Secret(Zeroizing::new(bytes.into()))
    }

    /// The bytes in clear, for the one call that needs them. Never log, store or echo them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The text in clear, if it is text.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How a secret is shown to people: six characters, fixed stars, two characters, so that its
/// length does not leak; short ones are all stars.
pub fn mask(secret: &str) -> String {
    let chars: Vec<char> = secret.chars().collect();
    if chars.is_empty() {
        return String::new();
    }
    if chars.len() <= 8 {
        return "*".repeat(20);
    }
    let head: String = chars[..6].iter().collect();
    let tail: String = chars[chars.len() - 2..].iter().collect();
    format!("{head}{}{tail}", "*".repeat(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_stars() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some(***)");
    }

    #[test]
    fn a_mask_shows_neither_length_nor_middle() {
        assert_eq!(mask("sk-proj-abcdefghijklmnop"), "sk-pro************op");
        assert_eq!(mask("12345678"), "********************");
        assert_eq!(mask("123456789"), "123456************89");
        assert_eq!(mask(""), "");
    }
}
