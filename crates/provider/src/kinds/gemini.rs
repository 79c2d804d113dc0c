//! Gemini by way of Google AI Studio: one key, the model in the path.

use http::{HeaderMap, HeaderName};
use wayleave_dialect::Dialect;
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::compatible::{
    API_KEY, API_KEY_FIELD, BASE_URL_FIELD, BEARER, OVERRIDE_FIELD, below, secret_value,
};
use crate::address::{BaseUrl, normalise_base_url, safe_segment};
use crate::listing::{Listing, Shape};
use crate::manifest::{Field, Manifest};
use crate::{Account, BadAccount, Offer, ProviderKind};

/// Google AI Studio. Headers: <https://ai.google.dev/api#auth>.
pub(super) struct Gemini;

static MANIFEST: Manifest = Manifest {
    id: "gemini",
    label: "Google Gemini",
    summary: "Google's Gemini models with a key of AI Studio.",
    docs_url: "https://ai.google.dev/api/generate-content",
    default_base_url: Some("https://generativelanguage.googleapis.com"),
    version_path: None,
    provider_form: &[Field {
        placeholder: Some("https://generativelanguage.googleapis.com"),
        help: Some("As the vendor prints it, with or without /v1beta."),
        ..BASE_URL_FIELD
    }],
    credential_form: &[Field { placeholder: Some("AIza…"), ..API_KEY_FIELD }, OVERRIDE_FIELD],
    model_types: &[
        ModelType::Llm,
        ModelType::Embedding,
        ModelType::SpeechToText,
        ModelType::TextToSpeech,
        ModelType::Image,
        ModelType::Video,
    ],
    ..BEARER
};

/// The path of a model; the method follows it.
pub(super) const OFFER: &[Offer] =
    &[Offer { dialect: Dialect::Gemini, path: "/v1beta/models/{model}" }];

impl ProviderKind for Gemini {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    /// Printed with the version or without; stored without, for it is part of the operation.
    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        let mut it = normalise_base_url(typed, None)?;
        for end in ["/openai", "/v1beta", "/v1"] {
            if let Some(bare) = it.url.strip_suffix(end) {
                it.url = bare.to_owned();
                it.notes.push(format!("{end} was cut off: it is part of the operation's path"));
            }
        }
        Ok(it)
    }

    fn offers(&self, operation: Operation, _facts: &ModelFacts) -> &'static [Offer] {
        match operation {
            Operation::Chat => OFFER,
            _ => &[],
        }
    }

    fn url(
        &self,
        account: &Account<'_>,
        _offer: &Offer,
        model: &str,
        stream: bool,
    ) -> Result<String, BadAccount> {
        let name = safe_segment(model.strip_prefix("models/").unwrap_or(model))?;
        // Tuned models stand in a collection of their own.
        let collection = if name.starts_with("tunedModels/") { "" } else { "models/" };
        below(account.base_url, &format!("/v1beta/{collection}{name}:{}", method(stream)))
    }

    fn listing(&self, account: &Account<'_>) -> Result<Option<Listing>, BadAccount> {
        Listing::below(account, "/v1beta/models?pageSize=1000", Shape::Gemini)
    }

    fn headers(&self, account: &Account<'_>) -> Result<HeaderMap, BadAccount> {
        let key = account.secrets.get(API_KEY);
        let key = key.ok_or_else(|| BadAccount::at(API_KEY, "the credential has no API key"))?;
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static(KEY_HEADER), secret_value(API_KEY, b"", key)?);
        Ok(headers)
    }
}

/// The header of an API key. The key never stands in the address, where logs would keep it.
pub(super) const KEY_HEADER: &str = "x-goog-api-key";

/// The method that a path ends in. Streams are always asked for as server-sent events.
pub(super) const fn method(stream: bool) -> &'static str {
    if stream { "streamGenerateContent?alt=sse" } else { "generateContent" }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayleave_model::Secret;
    use wayleave_model::credential::SecretFields;

    use super::*;

    const BASE: &str = "https://generativelanguage.googleapis.com";

    fn url(model: &str, stream: bool) -> Result<String, BadAccount> {
        let (settings, secrets) = (BTreeMap::new(), SecretFields::default());
        let account = Account { base_url: BASE, settings: &settings, secrets: &secrets };
        Gemini.url(&account, &OFFER[0], model, stream)
    }

    #[test]
    fn the_model_stands_in_the_path_and_cannot_choose_it() {
        let expected = format!("{BASE}/v1beta/models/gemini-3:streamGenerateContent?alt=sse");
        assert_eq!(url("gemini-3", true), Ok(expected));
        let expected = format!("{BASE}/v1beta/models/gemini-3:generateContent");
        assert_eq!(url("models/gemini-3", false), Ok(expected));
        let expected = format!("{BASE}/v1beta/tunedModels/x:generateContent");
        assert_eq!(url("tunedModels/x", false), Ok(expected));
        assert_eq!(url("../x", false).expect_err("walks").field, "model");
        assert_eq!(url("x?key=1", false).expect_err("a query").field, "model");
    }

    #[test]
    fn the_version_may_be_in_the_address_or_not() {
        for typed in [BASE.to_owned(), format!("{BASE}/v1beta/"), format!("{BASE}/v1beta/openai")] {
            assert_eq!(Gemini.base_url(&typed).expect("an address").url, BASE, "{typed}");
        }
    }

    #[test]
    fn a_request_carries_the_key_in_a_header_that_is_not_printed() {
        let secrets = SecretFields::new([("api_key".to_owned(), Secret::new("AIza-canary"))]);
        let settings = BTreeMap::new();
        let account = Account { base_url: BASE, settings: &settings, secrets: &secrets };
        let headers = Gemini.headers(&account).expect("a usable account");
        assert_eq!(headers.get("x-goog-api-key").expect("sent"), "AIza-canary");
        assert!(!format!("{headers:?}").contains("canary"));
        let none = SecretFields::default();
        let account = Account { secrets: &none, ..account };
        assert_eq!(Gemini.headers(&account).expect_err("no key").field, "api_key");
    }
}
