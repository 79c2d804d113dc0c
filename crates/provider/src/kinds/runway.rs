//! Runway: videos as tasks, with a bearer key and a dated version of the interface.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::compatible::{
    API_KEY, API_KEY_FIELD, BASE_URL_FIELD, BEARER, OVERRIDE_FIELD, below, secret_value,
};
use crate::address::{BaseUrl, normalise_base_url};
use crate::manifest::{Field, Manifest};
use crate::{Account, BadAccount, Offer, ProviderKind};

/// <https://docs.dev.runwayml.com/api/>.
pub(super) struct Runway;

/// The version of the interface that is spoken here
/// (<https://docs.dev.runwayml.com/api-details/versioning/>).
const VERSION: &str = "2024-11-06";

static MANIFEST: Manifest = Manifest {
    id: "runway",
    label: "Runway",
    summary: "Runway's video models.",
    docs_url: "https://docs.dev.runwayml.com/api/",
    default_base_url: Some("https://api.dev.runwayml.com"),
    version_path: None,
    provider_form: &[Field {
        placeholder: Some("https://api.dev.runwayml.com"),
        help: Some("As the vendor prints it, with or without /v1."),
        ..BASE_URL_FIELD
    }],
    credential_form: &[Field { placeholder: Some("key_…"), ..API_KEY_FIELD }, OVERRIDE_FIELD],
    model_types: &[ModelType::Video],
    ..BEARER
};

impl ProviderKind for Runway {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        let mut it = normalise_base_url(typed, None)?;
        if let Some(bare) = it.url.strip_suffix("/v1") {
            it.url = bare.to_owned();
            it.notes.push("/v1 was cut off: it is part of the operation's path".to_owned());
        }
        Ok(it)
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

    fn headers(&self, account: &Account<'_>) -> Result<HeaderMap, BadAccount> {
        let key = account
            .secrets
            .get(API_KEY)
            .ok_or_else(|| BadAccount::at(API_KEY, "the credential has no API key"))?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, secret_value(API_KEY, b"Bearer ", key)?);
        let version = HeaderName::from_static("x-runway-version");
        headers.insert(version, HeaderValue::from_static(VERSION));
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayleave_dialect::task::Grammar;
    use wayleave_model::Secret;
    use wayleave_model::credential::SecretFields;

    use super::*;

    #[test]
    fn every_request_carries_the_key_and_the_version() {
        let secrets = SecretFields::new([(API_KEY.to_owned(), Secret::new("canary"))]);
        let settings = BTreeMap::new();
        let base_url = Runway.base_url("https://api.dev.runwayml.com/v1/").expect("an address").url;
        let account = Account { base_url: &base_url, settings: &settings, secrets: &secrets };
        let headers = Runway.headers(&account).expect("a key");
        assert_eq!(headers.get("authorization").expect("sent"), "Bearer canary");
        assert_eq!(headers.get("x-runway-version").expect("sent"), VERSION);
        assert!(!format!("{headers:?}").contains("canary"));
        let offer = Runway.tasks(Operation::Video, "gen4.5")[0];
        assert_eq!(offer.grammar, Grammar::Runway);
        let url = Runway.task_url(&account, offer.path, "gen4.5");
        assert_eq!(url, Ok("https://api.dev.runwayml.com/v1".to_owned()));
    }
}
