//! Where requests go, and what authorises them.

use std::collections::BTreeMap;

use wayleave_model::Secret;
use wayleave_model::credential::SecretFields;

use super::*;
use crate::form;

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn url(pairs: &[(&str, &str)], model: &str) -> Result<String, BadAccount> {
    let (settings, secrets) = (settings(pairs), SecretFields::default());
    let base_url = "https://my.openai.azure.com";
    let account = Account { base_url, settings: &settings, secrets: &secrets };
    let offer = AzureOpenAi.offers(Operation::Chat, &ModelFacts::default())[0];
    AzureOpenAi.url(&account, &offer, model, true)
}

#[test]
fn what_azure_prints_becomes_the_resources_endpoint() {
    for (typed, stored, notes) in [
        ("https://my.openai.azure.com/", "https://my.openai.azure.com", 0),
        ("https://my.openai.azure.com/openai/v1/", "https://my.openai.azure.com", 1),
        (
            "https://my.cognitiveservices.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=2025-01-01-preview",
            "https://my.cognitiveservices.azure.com",
            2,
        ),
        ("https://my.services.ai.azure.com", "https://my.services.ai.azure.com", 0),
        ("https://apim.test/team/openai", "https://apim.test/team", 1),
        ("https://openai.test/openai-proxy", "https://openai.test/openai-proxy", 0),
        ("http://openai/openai/v1", "http://openai", 1),
    ] {
        let it = AzureOpenAi.base_url(typed).expect(typed);
        assert_eq!((it.url.as_str(), it.notes.len()), (stored, notes), "{typed}");
        assert_eq!(AzureOpenAi.base_url(stored).expect(stored).url, stored);
    }
}

#[test]
fn both_forms_of_address_are_spoken() {
    let v1 = "https://my.openai.azure.com/openai/v1/chat/completions";
    assert_eq!(url(&[], "gpt").as_deref(), Ok(v1));
    assert_eq!(url(&[("api", "v1")], "gpt").as_deref(), Ok(v1));
    let older =
        "https://my.openai.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=";
    assert_eq!(url(&[("api", "deployments")], "gpt-4o"), Ok(format!("{older}2024-10-21")));
    let preview = [("api", "deployments"), ("api_version", "2025-04-01-preview")];
    assert_eq!(url(&preview, "gpt-4o"), Ok(format!("{older}2025-04-01-preview")));
    let odd = [("api", "deployments"), ("api_version", "1&x=y")];
    assert_eq!(url(&odd, "gpt-4o").unwrap_err().field, "api_version");
    assert_eq!(url(&[("api", "deployments")], "../x").unwrap_err().field, "model");
}

#[test]
fn a_key_travels_in_its_own_header_and_is_not_printed() {
    let typed = settings(&[("api_key", "canary")]);
    let checked = form::check(MANIFEST.credential_form, &typed).expect("a filled-in form");
    let account =
        Account { base_url: "https://h", settings: &checked.settings, secrets: &checked.secrets };
    let headers = AzureOpenAi.headers(&account).expect("a usable account");
    assert_eq!(headers["api-key"], "canary");
    assert!(!format!("{headers:?}").contains("canary"));
    assert!(AzureOpenAi.exchange(&account, Timestamp::from_micros(0)).expect("fine").is_none());
}

#[test]
fn an_application_trades_its_secret_for_a_token() {
    let typed = settings(&[
        ("auth", "entra"),
        ("tenant_id", "contoso.onmicrosoft.com"),
        ("client_id", "app"),
        ("client_secret", "canary"),
        ("cloud", "usgov"),
    ]);
    let checked = form::check(MANIFEST.credential_form, &typed).expect("a filled-in form");
    let account =
        Account { base_url: "https://h", settings: &checked.settings, secrets: &checked.secrets };
    assert_eq!(AzureOpenAi.headers(&account), Ok(HeaderMap::new()));
    let exchange = AzureOpenAi.exchange(&account, Timestamp::from_micros(0)).expect("usable");
    let exchange = exchange.expect("one");
    assert_eq!(
        exchange.url,
        "https://login.microsoftonline.us/contoso.onmicrosoft.com/oauth2/v2.0/token"
    );
    assert_eq!(
        exchange.body.expose_str(),
        Some(
            "grant_type=client_credentials&client_id=app&client_secret=canary&scope=https%3A%2F%2Fcognitiveservices.azure.us%2F.default"
        )
    );
    assert!(!format!("{exchange:?}").contains("canary"));
}

#[test]
fn what_is_missing_or_odd_is_named() {
    let none = SecretFields::default();
    let error = |settings: &BTreeMap<String, String>, secrets: &SecretFields| {
        let account = Account { base_url: "https://h", settings, secrets };
        AzureOpenAi.exchange(&account, Timestamp::from_micros(0)).err().map(|it| it.field)
    };
    let tenant = settings(&[("auth", "entra"), ("tenant_id", "a/../b"), ("client_id", "c")]);
    assert_eq!(error(&tenant, &none).as_deref(), Some("tenant_id"));
    let no_secret = settings(&[("auth", "entra"), ("tenant_id", "a"), ("client_id", "c")]);
    assert_eq!(error(&no_secret, &none).as_deref(), Some("client_secret"));
    let client = settings(&[("auth", "entra"), ("tenant_id", "a")]);
    let secret = SecretFields::new([("client_secret".to_owned(), Secret::new("s"))]);
    assert_eq!(error(&client, &secret).as_deref(), Some("client_id"));
    let account = Account { base_url: "https://h", settings: &BTreeMap::new(), secrets: &none };
    assert_eq!(AzureOpenAi.headers(&account).unwrap_err().field, "api_key");
}
