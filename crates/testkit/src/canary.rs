//! Looks for a secret in every form it could leak in.

use std::path::{Path, PathBuf};

/// A secret, and what it looks like in other clothes.
#[derive(Clone, Debug)]
pub struct Canary {
    /// What it is, for messages.
    pub name: &'static str,
    forms: Vec<(&'static str, Vec<u8>)>,
}

impl Canary {
    /// The forms of `secret`: raw, hex, base64 (both alphabets, at each of the three alignments that
    /// text around it can give), UTF-16, JSON- and URL-escaped.
    pub fn new(name: &'static str, secret: &str) -> Canary {
        let bytes = secret.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut forms = vec![
            ("raw", bytes.to_vec()),
            ("hex", hex.clone().into_bytes()),
            ("upper-case hex", hex.to_uppercase().into_bytes()),
            ("JSON-escaped", json_escaped(secret).into_bytes()),
            (
                "every character \\u-escaped",
                secret
                    .chars()
                    .map(|it| format!("\\u{:04x}", u32::from(it)))
                    .collect::<String>()
                    .into_bytes(),
            ),
            ("URL-escaped", url_escaped(secret, "%20").into_bytes()),
            ("form-escaped", url_escaped(secret, "+").into_bytes()),
            (
                "every byte URL-escaped",
                bytes.iter().map(|it| format!("%{it:02X}")).collect::<String>().into_bytes(),
            ),
            ("UTF-16", secret.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ];
        for skipped in 0..3 {
            let standard = base64_core(bytes, skipped);
            let url = standard.replace('+', "-").replace('/', "_");
            forms.push(("base64", standard.into_bytes()));
            forms.push(("URL-safe base64", url.into_bytes()));
        }
        let mut different: Vec<(&str, Vec<u8>)> = Vec::new();
        for (what, form) in forms {
            if !different.iter().any(|(_, known)| *known == form) {
                different.push((what, form));
            }
        }
        Canary { name, forms: different }
    }

    /// The first form found in `bytes`.
    pub fn found_in(&self, bytes: &[u8]) -> Option<&'static str> {
        // Segments are made ahead in full length; the zeros at their end hold nothing.
        let bytes = &bytes[..bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)];
        let found = self.forms.iter().find(|(_, form)| memchr::memmem::find(bytes, form).is_some());
        found.map(|(name, _)| *name)
    }

    /// Fails when any form is in `bytes`.
    ///
    /// # Panics
    /// Then.
    pub fn assert_absent(&self, place: &str, bytes: &[u8]) {
        if let Some(form) = self.found_in(bytes) {
            panic!("the {} is in {place}, {form}", self.name);
        }
    }
}

/// Every regular file below `folder`, with what it holds.
///
/// # Panics
/// When one cannot be read.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let kind = entry.file_type().expect("a type");
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push((entry.path(), std::fs::read(entry.path()).expect("a file")));
            }
        }
    }
    found
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].replace('/', "\\/")
}

fn url_escaped(text: &str, space: &str) -> String {
    let escape = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        b' ' => space.to_owned(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// The characters of the base64 of anything that holds `bytes` which depend on `bytes` alone, when
/// `bytes` stands `skipped` bytes behind a multiple of three.
fn base64_core(bytes: &[u8], skipped: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = &bytes[(3 - skipped) % 3..];
    let triples = whole.chunks_exact(3);
    triples
        .flat_map(|it| {
            let bits = u32::from(it[0]) << 16 | u32::from(it[1]) << 8 | u32::from(it[2]);
            [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(bits >> shift) as usize & 63]))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&'static str> {
        Canary::new("key", "canary-5c\"e/1 d-bird").found_in(text.as_bytes())
    }

    #[test]
    fn every_form_is_recognised() {
        assert_eq!(found("nothing"), None);
        assert_eq!(found("<canary-5c\"e/1 d-bird>"), Some("raw"));
        assert_eq!(found(r#"{"k":"canary-5c\"e\/1 d-bird"}"#), Some("JSON-escaped"));
        assert_eq!(found("?q=canary-5c%22e%2F1%20d-bird&"), Some("URL-escaped"));
        assert_eq!(found("q=canary-5c%22e%2F1+d-bird"), Some("form-escaped"));
        assert_eq!(found("63616e6172792d356322652f3120642d62697264"), Some("hex"));
        // base64 of it, of `x` and it, and of `xx` and it.
        assert_eq!(found("Y2FuYXJ5LTVjImUvMSBkLWJpcmQ="), Some("base64"));
        assert_eq!(found("eGNhbmFyeS01YyJlLzEgZC1iaXJk"), Some("base64"));
        assert_eq!(found("eHhjYW5hcnktNWMiZS8xIGQtYmlyZA=="), Some("base64"));
    }
}
