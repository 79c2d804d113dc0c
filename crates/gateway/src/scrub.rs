//! What a provider said, made fit to be shown: without the secrets it was asked with, should it repeat
//! them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wayleave_provider::Account;

/// Bytes of an answer that are shown.
const SHOWN: usize = 2_048;

/// Takes an account's secrets out of what is shown.
pub(crate) struct Scrub(Vec<String>);

impl Scrub {
    /// Knows the account's secrets; [`Scrub::also`] adds those it was given since.
    pub(crate) fn new(account: &Account<'_>) -> Scrub {
        let mut scrub = Scrub(Vec::new());
        for (_, secret) in account.secrets.iter() {
            scrub.also(secret.expose_str().unwrap_or_default());
        }
        scrub
    }

    /// One more secret.
    pub(crate) fn also(&mut self, secret: &str) {
        if let Some(secret) = worth_hiding(secret) {
            self.0.extend([secret.to_owned(), STANDARD.encode(secret)]);
            // As it stands in JSON: a key file has line breaks in it.
            let escaped = serde_json::Value::from(secret).to_string();
            self.0.push(escaped.trim_matches('"').to_owned());
        }
    }

    /// All of `text`, without control characters but line breaks.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut text = self.without_secrets(text.to_owned());
        text.retain(|it| !it.is_control() || it == '\n');
        // One that control characters had broken up.
        self.without_secrets(text)
    }

    /// The beginning of `body`. Searched before it is cut, so that no part of a secret is left.
    pub(crate) fn shown(&self, body: &[u8]) -> String {
        let mut text = self.clean(&String::from_utf8_lossy(body));
        if let Some((at, _)) = text.char_indices().find(|(at, _)| *at >= SHOWN) {
            text.truncate(at);
            text.push('…');
        }
        text
    }

    fn without_secrets(&self, mut text: String) -> String {
        for secret in &self.0 {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "***");
            }
        }
        text
    }
}

/// A secret as it is searched for; `None`: shorter ones are no secrets, and would be found in every
/// text.
pub(crate) fn worth_hiding(secret: &str) -> Option<&str> {
    Some(secret.trim()).filter(|it| it.len() >= 4)
}

/// What an `Authorization` says behind its scheme.
pub(crate) fn behind_scheme(header: &str) -> &str {
    header.split_once(' ').map_or(header, |(_scheme, token)| token)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayleave_model::Secret;
    use wayleave_model::credential::SecretFields;

    use super::*;

    #[test]
    fn a_secret_is_not_shown_in_any_dress() {
        let secrets = SecretFields::new([("key".to_owned(), Secret::new("can\"ary\nkey"))]);
        let settings = BTreeMap::new();
        let scrub = Scrub::new(&Account { base_url: "", settings: &settings, secrets: &secrets });
        for body in ["it is can\"ary\nkey.", r#"{"it":"can\"ary\nkey"}"#] {
            let shown = scrub.shown(body.as_bytes());
            assert!(!shown.contains("ary") && shown.contains("***"), "{shown}");
        }
        let encoded = STANDARD.encode("can\"ary\nkey");
        assert_eq!(scrub.shown(encoded.as_bytes()), "***");
    }

    #[test]
    fn what_is_long_is_cut_between_letters() {
        let secrets = SecretFields::default();
        let settings = BTreeMap::new();
        let scrub = Scrub::new(&Account { base_url: "", settings: &settings, secrets: &secrets });
        let shown = scrub.shown("ä".repeat(SHOWN).as_bytes());
        assert!(shown.ends_with('…') && shown.len() <= SHOWN + 4);
        assert_eq!(scrub.shown(b"\x00a\xffb\x07"), "a\u{fffd}b");
    }
}
