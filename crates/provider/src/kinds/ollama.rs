//! Ollama: on one's own machine without a key, or at ollama.com with one.

use wayleave_dialect::Dialect;
use wayleave_model::provider::{ModelType, Operation};

use super::compatible::{API_KEY_FIELD, BASE_URL_FIELD, BEARER, Compatible, OVERRIDE_FIELD, PLAIN};
use crate::Offer;
use crate::listing::Shape;
use crate::manifest::{Field, Manifest};

/// Ollama. Addresses and keys: <https://docs.ollama.com/api/introduction> and
/// <https://docs.ollama.com/api/authentication>.
pub(super) static OLLAMA: Compatible = Compatible {
    manifest: &Manifest {
        id: "ollama",
        label: "Ollama",
        summary: "Open models on a machine of your own, or at ollama.com.",
        docs_url: "https://docs.ollama.com/api",
        default_base_url: Some("http://127.0.0.1:11434"),
        version_path: None,
        provider_form: &[Field {
            placeholder: Some("http://127.0.0.1:11434"),
            help: Some("With or without /v1 or /api."),
            ..BASE_URL_FIELD
        }],
        credential_form: &[
            Field {
                required: false,
                placeholder: None,
                help: Some("For ollama.com; a server of your own needs none."),
                ..API_KEY_FIELD
            },
            OVERRIDE_FIELD,
        ],
        model_types: &[ModelType::Llm, ModelType::Embedding],
        ..BEARER
    },
    // Its own grammar first: into that a conversation is translated, with pictures, thinking and
    // schemas. What comes in OpenAI's goes on in it.
    operations: &[(
        Operation::Chat,
        &[
            Offer { dialect: Dialect::Ollama, path: "/api/chat" },
            Offer { dialect: Dialect::OpenAiChat, path: "/v1/chat/completions" },
        ],
    )],
    listing: Some(("/api/tags", Shape::Ollama)),
    // Its two grammars stand below different paths, so the address is stored without either.
    tails: &["/api/chat", "/api/embed", "/api/generate", "/api/tags", "/api", "/v1"],
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
    fn every_address_that_people_paste_is_the_servers() {
        for typed in [
            "http://127.0.0.1:11434",
            "http://127.0.0.1:11434/",
            "http://127.0.0.1:11434/v1",
            "http://127.0.0.1:11434/v1/chat/completions",
            "http://127.0.0.1:11434/api",
            "http://127.0.0.1:11434/api/chat",
        ] {
            let it = OLLAMA.base_url(typed).expect(typed);
            assert_eq!(it.url, "http://127.0.0.1:11434", "{typed}");
            assert_eq!(it.notes.is_empty(), !typed.contains("/v1") && !typed.contains("/api"));
        }
        let behind = OLLAMA.base_url("https://host/ollama/api").expect("an address");
        assert_eq!(behind.url, "https://host/ollama");
    }

    #[test]
    fn both_grammars_are_offered_its_own_first() {
        let (settings, secrets) = (BTreeMap::new(), SecretFields::default());
        let base_url = "http://127.0.0.1:11434";
        let account = Account { base_url, settings: &settings, secrets: &secrets };
        let offers = OLLAMA.offers(Operation::Chat, &ModelFacts::default());
        let urls: Vec<_> = offers
            .iter()
            .map(|offer| (offer.dialect, OLLAMA.url(&account, offer, "m", true).expect("a URL")))
            .collect();
        assert_eq!(
            urls,
            [
                (Dialect::Ollama, "http://127.0.0.1:11434/api/chat".to_owned()),
                (Dialect::OpenAiChat, "http://127.0.0.1:11434/v1/chat/completions".to_owned()),
            ]
        );
    }

    #[test]
    fn a_key_is_sent_where_there_is_one() {
        let settings = BTreeMap::new();
        let headers = |secrets: &SecretFields| {
            let account = Account { base_url: "https://ollama.com", settings: &settings, secrets };
            OLLAMA.headers(&account).expect("a usable account")
        };
        assert!(headers(&SecretFields::default()).is_empty());
        let secrets = SecretFields::new([("api_key".to_owned(), Secret::new("canary"))]);
        let sent = headers(&secrets);
        assert_eq!(sent.get("authorization").expect("sent"), "Bearer canary");
        assert!(!format!("{sent:?}").contains("canary"));
    }
}
