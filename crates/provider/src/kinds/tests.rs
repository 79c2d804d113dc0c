//! Every kind is sane: its manifest, its forms, its addresses and its quirks.

use std::collections::{BTreeMap, BTreeSet};

use http::HeaderMap;
use wayleave_dialect::Dialect;
use wayleave_model::Secret;
use wayleave_model::credential::SecretFields;
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::*;
use crate::manifest::{Control, Field};
use crate::quirks::Difference;
use crate::{Account, BadAccount, Offer};

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
        let letters = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        assert!(id.bytes().all(letters) && id.as_bytes()[0].is_ascii_lowercase(), "{id}");
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
fn every_kind_that_says_so_offers_chat_and_no_kind_says_what_it_cannot_do() {
    for kind in KINDS {
        let facts = ModelFacts::default();
        let chats = kind.manifest().model_types.contains(&ModelType::Llm);
        assert_eq!(kind.offers(Operation::Chat, &facts).is_empty(), !chats);
        assert!(kind.offers(Operation::Video, &facts).is_empty());
    }
}

#[test]
fn manifests_are_filled_in() {
    for kind in KINDS {
        let it = kind.manifest();
        assert!(it.docs_url.starts_with("https://"), "{}: {}", it.id, it.docs_url);
        assert!(it.summary.ends_with('.') && !it.label.is_empty(), "{}", it.id);
        let types: BTreeSet<_> = it.model_types.iter().collect();
        assert_eq!(types.len(), it.model_types.len(), "{}: a type twice", it.id);
        assert!(!types.is_empty(), "{}", it.id);
    }
    let labels: BTreeSet<_> = KINDS.iter().map(|it| it.manifest().label).collect();
    assert_eq!(labels.len(), KINDS.len());
}

#[test]
fn every_quirk_names_its_source() {
    for kind in KINDS {
        let id = kind.manifest().id;
        for quirk in kind.quirks().0 {
            assert!(quirk.source.starts_with("https://"), "{id}: {}", quirk.what);
            if let Difference::Refuses(fields) = quirk.what {
                // Left out, these would change what is asked for, not how.
                for never in ["model", "messages", "stream", "n", "tools", "response_format"] {
                    assert!(!fields.contains(&never), "{id}: {never} must not be dropped");
                }
            }
        }
    }
}

/// The account of someone who filled in nothing but what is required, with a key.
fn address(kind: &dyn ProviderKind, settings: &[(&str, &str)]) -> Result<String, BadAccount> {
    let secrets = SecretFields::new([("api_key".to_owned(), Secret::new("sk-1"))]);
    let pair = |(id, value): &(&str, &str)| ((*id).to_owned(), (*value).to_owned());
    let settings = settings.iter().map(pair).collect();
    let base_url = kind.manifest().default_base_url.unwrap_or_default();
    let account = Account { base_url, settings: &settings, secrets: &secrets };
    let offer = Offer { dialect: Dialect::OpenAiChat, path: "/chat/completions" };
    kind.url(&account, &offer, "m", true)
}

#[test]
fn every_choice_of_a_place_is_an_address_in_its_stored_form() {
    let mut places = 0;
    for kind in KINDS.iter().copied().filter(|kind| kind.place().is_some()) {
        let form = kind.manifest().provider_form;
        let Some(field) = form.iter().find(|field| field.id == "region") else { continue };
        let Control::Select { options } = field.control else { panic!("{}", field.id) };
        assert_eq!(kind.manifest().default_base_url, None, "an address would always count");
        assert_eq!(field.default, Some(options[0].value));
        for option in options {
            let url = address(kind, &[("region", option.value)]).expect(option.value);
            let stored = kind.base_url(&url).expect(&url).url;
            assert_eq!(format!("{stored}/chat/completions"), url);
            places += 1;
        }
        assert_eq!(address(kind, &[]), address(kind, &[("region", options[0].value)]));
        let unknown = address(kind, &[("region", "moon")]).expect_err("no such place");
        assert_eq!(unknown.field, "region");
    }
    assert!(places >= 14, "{places}");
}

#[test]
fn an_account_in_the_path_and_a_fixed_header_are_sent() {
    let url = address(kind("cloudflare").expect("a kind"), &[("account_id", "a1")]);
    let expected = "https://api.cloudflare.com/client/v4/accounts/a1/ai/v1/chat/completions";
    assert_eq!(url, Ok(expected.to_owned()));
    let secrets = SecretFields::new([("api_key".to_owned(), Secret::new("github_pat_1"))]);
    let settings = BTreeMap::new();
    let account = Account { base_url: "https://h", settings: &settings, secrets: &secrets };
    let headers = kind("github-models").expect("a kind").headers(&account).expect("headers");
    assert_eq!(headers.get("x-github-api-version").expect("sent"), "2022-11-28");
    assert_eq!(headers.get("authorization").expect("sent"), "Bearer github_pat_1");
}

#[test]
fn a_server_of_ones_own_needs_no_key() {
    let (settings, secrets) = (BTreeMap::new(), SecretFields::default());
    for kind in KINDS {
        let it = kind.manifest();
        let Some(own) = it.default_base_url.filter(|url| url.starts_with("http://127.0.0.1"))
        else {
            continue;
        };
        let account = Account { base_url: own, settings: &settings, secrets: &secrets };
        assert_eq!(kind.headers(&account), Ok(HeaderMap::new()), "{}", it.id);
    }
}

#[test]
fn a_manifest_is_served_as_it_stands() {
    let json = serde_json::to_value(openai::OPENAI.manifest()).expect("JSON");
    assert_eq!(json["id"], "openai");
    assert_eq!(json["credential_form"][0]["control"]["type"], "secret");
    assert_eq!(json["model_types"][0], "llm");
}

#[test]
fn who_says_that_it_makes_vectors_ranks_or_judges_is_asked_to() {
    for (model_type, operation) in [
        (ModelType::Embedding, Operation::Embed),
        (ModelType::Rerank, Operation::Rerank),
        (ModelType::Moderation, Operation::Moderate),
    ] {
        let mut kinds = 0;
        for kind in KINDS.iter().filter(|it| it.manifest().model_types.contains(&model_type)) {
            let id = kind.manifest().id;
            assert!(!kind.tasks(operation, "m").is_empty(), "{id}: {}", operation.as_str());
            kinds += 1;
        }
        assert!(kinds >= 3, "{}", model_type.as_str());
    }
}

#[test]
fn vectors_and_ranks_have_addresses_of_each_vendors_own() {
    let at = |id: &str, operation: Operation, model: &str, settings: &[(&str, &str)]| {
        let kind = kind(id).expect("a kind");
        let pair = |(id, value): &(&str, &str)| ((*id).to_owned(), (*value).to_owned());
        let settings: BTreeMap<String, String> = settings.iter().map(pair).collect();
        let secrets = SecretFields::new([("api_key".to_owned(), Secret::new("k"))]);
        let base_url = kind.manifest().default_base_url.unwrap_or_default();
        let account = Account { base_url, settings: &settings, secrets: &secrets };
        kind.task_url(&account, kind.tasks(operation, model)[0].path, model).expect(id)
    };
    let google = "https://generativelanguage.googleapis.com/v1beta/models";
    let here = [("project", "p"), ("location", "europe-west4")];
    let vertex = "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/google/models";
    let ranking = "https://discoveryengine.googleapis.com/v1/projects/p/locations/global/rankingConfigs/default_ranking_config:rank";
    let region = [("region", "us-east-1")];
    let bedrock = "https://bedrock-runtime.us-east-1.amazonaws.com/model";
    for (id, operation, model, settings, url) in [
        ("openai", Operation::Embed, "m", &[][..], "https://api.openai.com/v1/embeddings"),
        ("openai", Operation::Moderate, "m", &[], "https://api.openai.com/v1/moderations"),
        ("cohere", Operation::Embed, "m", &[], "https://api.cohere.com/v2/embed"),
        ("cohere", Operation::Rerank, "m", &[], "https://api.cohere.com/v2/rerank"),
        ("gemini", Operation::Embed, "g", &[], &format!("{google}/g")),
        ("vertex", Operation::Embed, "g", &here, &format!("{vertex}/g")),
        ("vertex", Operation::Rerank, "semantic-ranker-512@latest", &here, ranking),
        ("bedrock", Operation::Embed, "a.b:0", &region, &format!("{bedrock}/a.b%3A0/invoke")),
        ("bedrock", Operation::Rerank, "a.b:0", &region, &format!("{bedrock}/a.b%3A0/invoke")),
        ("ollama", Operation::Embed, "m", &[], "http://127.0.0.1:11434/api/embed"),
        ("voyage", Operation::Embed, "m", &[], "https://api.voyageai.com/v1"),
        ("voyage", Operation::Rerank, "m", &[], "https://api.voyageai.com/v1/rerank"),
        ("jina", Operation::Embed, "m", &[], "https://api.jina.ai/v1/embeddings"),
        ("jina", Operation::Rerank, "m", &[], "https://api.jina.ai/v1/rerank"),
        ("mistral", Operation::Embed, "m", &[], "https://api.mistral.ai/v1/embeddings"),
        ("mistral", Operation::Moderate, "m", &[], "https://api.mistral.ai/v1/moderations"),
        ("tei", Operation::Embed, "m", &[], "http://127.0.0.1:8080/embed"),
        ("tei", Operation::Rerank, "m", &[], "http://127.0.0.1:8080/rerank"),
        ("vllm", Operation::Rerank, "m", &[], "http://127.0.0.1:8000/v1/rerank"),
    ] {
        assert_eq!(at(id, operation, model, settings), url, "{id}");
    }
}
