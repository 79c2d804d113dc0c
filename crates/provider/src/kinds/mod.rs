//! The vendors. One file each; nothing outside this folder names one.

mod anthropic;
mod azure;
mod bedrock;
mod cohere;
mod compatible;
mod gemini;
mod ollama;
mod openai;
mod sandbox;
mod vertex;

use crate::ProviderKind;

/// Every kind, in the order people see them.
pub static KINDS: &[&dyn ProviderKind] = &[
    &openai::OPENAI,
    &anthropic::Anthropic,
    &cohere::Cohere,
    &ollama::Ollama,
    &bedrock::Bedrock,
    &azure::AzureOpenAi,
    &gemini::Gemini,
    &vertex::Vertex,
    &compatible::OPENAI_COMPATIBLE,
    &sandbox::Sandbox,
];

/// The kind with that public id.
pub fn kind(id: &str) -> Option<&'static dyn ProviderKind> {
    KINDS.iter().copied().find(|kind| kind.manifest().id == id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use wayleave_model::provider::Operation;
    use wayleave_model::target::ModelFacts;

    use super::*;
    use crate::manifest::{Control, Field};

    fn forms() -> impl Iterator<Item = (&'static str, &'static [Field])> {
        KINDS.iter().flat_map(|kind| {
            let it = kind.manifest();
            [(it.id, it.provider_form), (it.id, it.credential_form)]
        })
    }

    #[test]
    fn every_kind_is_found_by_its_own_id() {
        let ids: BTreeSet<_> = KINDS.iter().map(|it| it.manifest().id).collect();
        assert_eq!(ids.len(), KINDS.len());
        for id in ids {
            assert_eq!(kind(id).map(|it| it.manifest().id), Some(id));
            assert!(id.bytes().all(|it| it.is_ascii_lowercase() || it == b'-'), "{id}");
        }
        assert!(kind("no-such-kind").is_none());
    }

    #[test]
    fn forms_are_sane() {
        for (kind, form) in forms() {
            let ids: BTreeSet<_> = form.iter().map(|field| field.id).collect();
            assert_eq!(ids.len(), form.len(), "{kind}: a field twice");
            for field in form {
                let at = format!("{kind}.{}", field.id);
                for condition in field.show_on {
                    assert!(ids.contains(condition.field), "{at}: shown on a field that is not");
                }
                if let Control::Select { options } | Control::Radio { options } = field.control {
                    assert!(!options.is_empty(), "{at}: nothing to choose");
                    let listed = |value| options.iter().any(|it| it.value == value);
                    assert!(field.default.is_none_or(listed), "{at}: default is no option");
                }
                let secret = matches!(field.control, Control::Secret);
                let named_so = ["key", "secret", "token", "password"];
                let sounds_secret = named_so.iter().any(|it| field.id.ends_with(it));
                assert_eq!(secret, sounds_secret, "{at}: a secret must be entered as one");
                assert!(!(secret && field.default.is_some()), "{at}: a secret has no default");
            }
        }
    }

    #[test]
    fn provider_forms_hold_no_secret() {
        for kind in KINDS {
            let form = kind.manifest().provider_form;
            assert!(!form.iter().any(|field| matches!(field.control, Control::Secret)));
        }
    }

    #[test]
    fn a_kinds_own_address_is_in_its_stored_form_already() {
        for kind in KINDS {
            if let Some(own) = kind.manifest().default_base_url {
                let it = kind.base_url(own).expect(own);
                assert_eq!((it.url.as_str(), it.notes.len()), (own, 0));
            }
        }
    }

    #[test]
    fn every_kind_offers_chat_and_says_nothing_of_what_it_cannot_do() {
        for kind in KINDS {
            let facts = ModelFacts::default();
            assert!(!kind.offers(Operation::Chat, &facts).is_empty());
            assert!(kind.offers(Operation::Video, &facts).is_empty());
        }
    }

    #[test]
    fn a_manifest_is_served_as_it_stands() {
        let json = serde_json::to_value(openai::OPENAI.manifest()).expect("JSON");
        assert_eq!(json["id"], "openai");
        assert_eq!(json["credential_form"][0]["control"]["type"], "secret");
        assert_eq!(json["model_types"][0], "llm");
    }
}
