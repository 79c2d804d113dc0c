//! Cohere: version 2 of its chat, vectors and ranking, with a bearer key.

use wayleave_dialect::Dialect;
use wayleave_model::provider::{ModelType, Operation};

use super::compatible::{API_KEY_FIELD, BASE_URL_FIELD, BEARER, Compatible, OVERRIDE_FIELD, PLAIN};
use crate::Offer;
use crate::listing::Shape;
use crate::manifest::{Field, Manifest};

/// Cohere. Addresses and headers: <https://docs.cohere.com/reference/about>.
pub(super) static COHERE: Compatible = Compatible {
    manifest: &Manifest {
        id: "cohere",
        label: "Cohere",
        summary: "Cohere's own API: Command, Embed and Rerank models, version 2.",
        docs_url: "https://docs.cohere.com/reference/chat",
        default_base_url: Some("https://api.cohere.com"),
        version_path: None,
        provider_form: &[Field {
            placeholder: Some("https://api.cohere.com"),
            help: Some("As the vendor prints it, with or without /v2."),
            ..BASE_URL_FIELD
        }],
        credential_form: &[Field { placeholder: None, ..API_KEY_FIELD }, OVERRIDE_FIELD],
        model_types: &[ModelType::Llm, ModelType::Embedding, ModelType::Rerank],
        ..BEARER
    },
    operations: &[(Operation::Chat, &[Offer { dialect: Dialect::Cohere, path: "/v2/chat" }])],
    listing: Some(("/v1/models?page_size=1000", Shape::Cohere)),
    // Its operations are of different versions, so the address is stored without any.
    tails: &[
        "/v2/chat",
        "/v1/chat",
        "/v2/embed",
        "/v2/rerank",
        "/v2",
        "/v1",
        "/compatibility/v1",
        "/compatibility",
    ],
    families: None,
    ..PLAIN
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayleave_model::Secret;
    use wayleave_model::credential::SecretFields;
    use wayleave_model::target::ModelFacts;

    use super::*;
    use crate::{Account, ProviderKind};

    #[test]
    fn the_version_may_be_in_the_address_or_not() {
        for (typed, stored) in [
            ("https://api.cohere.com", "https://api.cohere.com"),
            ("https://api.cohere.com/v2/", "https://api.cohere.com"),
            ("https://api.cohere.com/v2/chat", "https://api.cohere.com"),
            ("https://api.cohere.ai/compatibility/v1", "https://api.cohere.ai"),
            ("https://gateway.example/cohere/v1", "https://gateway.example/cohere"),
        ] {
            let it = COHERE.base_url(typed).expect(typed);
            assert_eq!(it.url, stored);
            assert_eq!(COHERE.base_url(&it.url).expect(stored).url, stored);
        }
    }

    #[test]
    fn a_request_goes_to_version_two_with_a_bearer_key() {
        let secrets = SecretFields::new([("api_key".to_owned(), Secret::new("co-canary"))]);
        let settings = BTreeMap::new();
        let base_url = "https://api.cohere.com";
        let account = Account { base_url, settings: &settings, secrets: &secrets };
        let offer = COHERE.offers(Operation::Chat, &ModelFacts::default())[0];
        assert_eq!(offer.dialect, Dialect::Cohere);
        let url = COHERE.url(&account, &offer, "command-a", true);
        assert_eq!(url, Ok("https://api.cohere.com/v2/chat".to_owned()));
        let headers = COHERE.headers(&account).expect("a usable account");
        assert_eq!(headers.get("authorization").expect("sent"), "Bearer co-canary");
        assert!(!format!("{headers:?}").contains("canary"));
        let without = Account { secrets: &SecretFields::default(), ..account };
        assert_eq!(COHERE.headers(&without).expect_err("no key").field, "api_key");
    }
}
