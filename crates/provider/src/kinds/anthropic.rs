//! Anthropic, and vendors that offer its messages grammar below an address of their own.

use http::{HeaderMap, HeaderName, HeaderValue};
use wayleave_dialect::Dialect;
use wayleave_model::provider::Operation;
use wayleave_model::target::ModelFacts;

use super::compatible::{
    API_KEY, API_KEY_FIELD, BASE_URL_FIELD, BEARER, OVERRIDE_FIELD, below, secret_value,
};
use crate::address::{BaseUrl, normalise_base_url};
use crate::listing::{Listing, Shape};
use crate::manifest::{Field, Manifest};
use crate::{Account, BadAccount, Offer, ProviderKind};

/// Anthropic's messages. Headers: <https://docs.claude.com/en/api/overview>.
pub(super) struct Anthropic;

/// The version sent when the client named none.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

static MANIFEST: Manifest = Manifest {
    id: "anthropic",
    label: "Anthropic",
    summary: "Anthropic's own API, or another vendor's that speaks its messages.",
    docs_url: "https://docs.claude.com/en/api/messages",
    default_base_url: Some("https://api.anthropic.com"),
    version_path: None,
    provider_form: &[Field {
        placeholder: Some("https://api.anthropic.com"),
        help: Some("As the vendor prints it, with or without /v1."),
        ..BASE_URL_FIELD
    }],
    credential_form: &[Field { placeholder: Some("sk-ant-…"), ..API_KEY_FIELD }, OVERRIDE_FIELD],
    ..BEARER
};

impl ProviderKind for Anthropic {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    /// Vendors print it without the version (`https://host/anthropic`), so that form is stored.
    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        let mut it = normalise_base_url(typed, None)?;
        if let Some(bare) = it.url.strip_suffix("/v1") {
            it.url = bare.to_owned();
            it.notes.push("/v1 was cut off: it is part of the operation's path".to_owned());
        }
        Ok(it)
    }

    fn offers(&self, operation: Operation, _facts: &ModelFacts) -> &'static [Offer] {
        match operation {
            Operation::Chat => {
                &[Offer { dialect: Dialect::AnthropicMessages, path: "/v1/messages" }]
            }
            _ => &[],
        }
    }

    fn url(
        &self,
        account: &Account<'_>,
        offer: &Offer,
        _model: &str,
        _stream: bool,
    ) -> Result<String, BadAccount> {
        below(account.base_url, offer.path)
    }

    fn listing(&self, account: &Account<'_>) -> Result<Option<Listing>, BadAccount> {
        Listing::below(account, "/v1/models?limit=1000", Shape::OpenAi)
    }

    fn headers(&self, account: &Account<'_>) -> Result<HeaderMap, BadAccount> {
        let key = account.secrets.get(API_KEY);
        let key = key.ok_or_else(|| BadAccount::at(API_KEY, "the credential has no API key"))?;
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("x-api-key"), secret_value(API_KEY, b"", key)?);
        headers.insert(HeaderName::from_static("anthropic-version"), VERSION);
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayleave_model::Secret;
    use wayleave_model::credential::SecretFields;

    use super::*;

    #[test]
    fn the_version_may_be_in_the_address_or_not() {
        for (typed, stored) in [
            ("https://api.anthropic.com", "https://api.anthropic.com"),
            ("https://api.anthropic.com/v1/", "https://api.anthropic.com"),
            ("https://api.anthropic.com/v1/messages", "https://api.anthropic.com"),
            ("https://api.deepseek.com/anthropic", "https://api.deepseek.com/anthropic"),
            ("http://127.0.0.1:9000/v1/v1", "http://127.0.0.1:9000"),
        ] {
            assert_eq!(Anthropic.base_url(typed).expect(typed).url, stored);
        }
    }

    #[test]
    fn a_request_carries_key_and_version_and_the_key_is_not_printed() {
        let secrets = SecretFields::new([("api_key".to_owned(), Secret::new("sk-ant-canary"))]);
        let settings = BTreeMap::new();
        let base_url = "https://api.anthropic.com";
        let account = Account { base_url, settings: &settings, secrets: &secrets };
        let headers = Anthropic.headers(&account).expect("a usable account");
        assert_eq!(headers.get("x-api-key").expect("sent"), "sk-ant-canary");
        assert_eq!(headers.get("anthropic-version").expect("sent"), "2023-06-01");
        assert_eq!(headers.len(), 2);
        assert!(!format!("{headers:?}").contains("canary"));
        let offer = Anthropic.offers(Operation::Chat, &ModelFacts::default())[0];
        assert_eq!(
            Anthropic.url(&account, &offer, "claude", true),
            Ok("https://api.anthropic.com/v1/messages".to_owned())
        );
    }

    #[test]
    fn without_a_key_there_is_nothing_to_send() {
        let (settings, secrets) = (BTreeMap::new(), SecretFields::default());
        let account = Account { base_url: "https://h", settings: &settings, secrets: &secrets };
        assert_eq!(Anthropic.headers(&account).expect_err("no key").field, "api_key");
    }
}
