//! Stability: pictures, with a bearer key; the model is part of the path.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::compatible::{
    API_KEY, API_KEY_FIELD, BASE_URL_FIELD, BEARER, OVERRIDE_FIELD, below, secret_value,
};
use crate::address::{BaseUrl, normalise_base_url};
use crate::manifest::{Field, Manifest};
use crate::{Account, BadAccount, Offer, ProviderKind};

/// <https://platform.stability.ai/docs/api-reference>.
pub(super) struct Stability;

static MANIFEST: Manifest = Manifest {
    id: "stability",
    label: "Stability AI",
    summary: "Stability's image models: Stable Image Core and Ultra, Stable Diffusion 3.5, inpaint.",
    docs_url: "https://platform.stability.ai/docs/api-reference",
    default_base_url: Some("https://api.stability.ai"),
    version_path: None,
    provider_form: &[Field {
        placeholder: Some("https://api.stability.ai"),
        help: Some("As the vendor prints it, with or without /v2beta."),
        ..BASE_URL_FIELD
    }],
    credential_form: &[Field { placeholder: Some("sk-…"), ..API_KEY_FIELD }, OVERRIDE_FIELD],
    model_types: &[ModelType::Image],
    ..BEARER
};

impl ProviderKind for Stability {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        let mut it = normalise_base_url(typed, None)?;
        for end in ["/v2beta/stable-image", "/v2beta", "/v1"] {
            if let Some(bare) = it.url.strip_suffix(end) {
                it.url = bare.to_owned();
                it.notes.push(format!("{end} was cut off: it is part of the operation's path"));
            }
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
    fn the_model_is_part_of_the_path_and_the_key_of_every_request() {
        let secrets = SecretFields::new([(API_KEY.to_owned(), Secret::new("canary"))]);
        let settings = BTreeMap::new();
        let typed = "https://api.stability.ai/v2beta/stable-image/";
        let base_url = Stability.base_url(typed).expect("an address").url;
        let account = Account { base_url: &base_url, settings: &settings, secrets: &secrets };
        let headers = Stability.headers(&account).expect("a key");
        assert_eq!(headers.get("authorization").expect("sent"), "Bearer canary");
        assert!(!format!("{headers:?}").contains("canary"));
        for (model, end) in [
            ("stable-image-core", "generate/core"),
            ("core", "generate/core"),
            ("stable-image-ultra", "generate/ultra"),
            ("sd3.5-large-turbo", "generate/sd3"),
            ("inpaint", "edit/inpaint"),
        ] {
            for operation in [Operation::Image, Operation::ImageEdit] {
                let offer = Stability.tasks(operation, model)[0];
                assert_eq!(offer.grammar, Grammar::Stability);
                let url = Stability.task_url(&account, offer.path, model);
                let want = format!("https://api.stability.ai/v2beta/stable-image/{end}");
                assert_eq!(url, Ok(want));
            }
        }
    }
}
