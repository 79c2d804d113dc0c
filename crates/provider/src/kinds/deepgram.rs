//! Deepgram: speech both ways, with a key of its own scheme.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::compatible::{
    API_KEY, API_KEY_FIELD, BASE_URL_FIELD, BEARER, OVERRIDE_FIELD, below, secret_value,
};
use crate::address::{BaseUrl, normalise_base_url};
use crate::listing::{Listing, Shape};
use crate::manifest::{Field, Manifest};
use crate::{Account, BadAccount, Offer, ProviderKind};

/// Addresses and headers: <https://developers.deepgram.com/reference/deepgram-api-overview>.
pub(super) struct Deepgram;

static MANIFEST: Manifest = Manifest {
    id: "deepgram",
    label: "Deepgram",
    summary: "Deepgram's models, which write speech down and speak.",
    docs_url: "https://developers.deepgram.com/reference/deepgram-api-overview",
    default_base_url: Some("https://api.deepgram.com"),
    version_path: None,
    provider_form: &[Field {
        placeholder: Some("https://api.deepgram.com"),
        help: Some(
            "As the vendor prints it, with or without /v1. In the EU: https://api.eu.deepgram.com.",
        ),
        ..BASE_URL_FIELD
    }],
    credential_form: &[Field { placeholder: None, ..API_KEY_FIELD }, OVERRIDE_FIELD],
    model_types: &[ModelType::SpeechToText, ModelType::TextToSpeech],
    ..BEARER
};

impl ProviderKind for Deepgram {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        without_version(typed, &["/v1/listen", "/v1/speak", "/v1"])
    }

    fn offers(&self, _operation: Operation, _facts: &ModelFacts) -> &'static [Offer] {
        &[]
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
        Listing::below(account, "/v1/models", Shape::Deepgram)
    }

    fn headers(&self, account: &Account<'_>) -> Result<HeaderMap, BadAccount> {
        let key = account.secrets.get(API_KEY);
        let key = key.ok_or_else(|| BadAccount::at(API_KEY, "the credential has no API key"))?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, secret_value(API_KEY, b"Token ", key)?);
        Ok(headers)
    }
}

/// An address of which the operations' own paths are cut off.
pub(super) fn without_version(typed: &str, tails: &[&str]) -> Result<BaseUrl, BadAccount> {
    let mut it = normalise_base_url(typed, None)?;
    if let Some(tail) = tails.iter().find(|tail| it.url.ends_with(**tail)) {
        it.url.truncate(it.url.len() - tail.len());
        it.notes.push(format!("{tail} was cut off: it is part of the operation's path"));
    }
    Ok(it)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayleave_dialect::task::Grammar;
    use wayleave_model::Secret;
    use wayleave_model::credential::SecretFields;

    use super::*;

    #[test]
    fn its_key_travels_in_a_scheme_of_its_own() {
        let secrets = SecretFields::new([(API_KEY.to_owned(), Secret::new("canary"))]);
        let settings = BTreeMap::new();
        let base_url = Deepgram.base_url("https://api.deepgram.com/v1/").expect("an address").url;
        let account = Account { base_url: &base_url, settings: &settings, secrets: &secrets };
        let headers = Deepgram.headers(&account).expect("a key");
        assert_eq!(headers.get("authorization").expect("sent"), "Token canary");
        assert!(!format!("{headers:?}").contains("canary"));
        for (operation, url) in [
            (Operation::Transcribe, "https://api.deepgram.com/v1/listen"),
            (Operation::Speech, "https://api.deepgram.com/v1/speak"),
        ] {
            let offer = Deepgram.tasks(operation, "nova-3")[0];
            assert_eq!(offer.grammar, Grammar::Deepgram);
            assert_eq!(Deepgram.task_url(&account, offer.path, "nova-3").as_deref(), Ok(url));
        }
        assert!(Deepgram.tasks(Operation::Translate, "nova-3").is_empty());
    }
}
