//! Where requests go, and what authorises them.

use std::collections::BTreeMap;

use wayleave_model::Secret;
use wayleave_model::credential::SecretFields;

use super::*;
use crate::form;

const MODEL: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

fn settings(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn secrets(pairs: &[(&str, &str)]) -> SecretFields {
    SecretFields::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), Secret::new(*value))))
}

fn url(base_url: &str, region: &str, model: &str, stream: bool) -> Result<String, BadAccount> {
    let (settings, secrets) = (settings(&[("region", region)]), SecretFields::default());
    let account = Account { base_url, settings: &settings, secrets: &secrets };
    let offer = Bedrock.offers(Operation::Chat, &ModelFacts::default())[0];
    Bedrock.url(&account, &offer, model, stream)
}

#[test]
fn the_region_makes_the_address_and_an_endpoint_of_ones_own_replaces_it() {
    assert_eq!(
        url("", "eu-central-1", "amazon.nova-pro-v1:0", false).unwrap(),
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/amazon.nova-pro-v1%3A0/converse"
    );
    assert_eq!(
        url("", "cn-north-1", "m", true).unwrap(),
        "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/m/converse-stream"
    );
    assert_eq!(
        url("https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com", "us-east-1", "m", true)
            .unwrap(),
        "https://vpce-1.bedrock-runtime.us-east-1.vpce.amazonaws.com/model/m/converse-stream"
    );
}

#[test]
fn an_arn_is_one_segment_of_the_path_and_no_name_chooses_another() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude";
    assert_eq!(
        url("", "us-east-1", arn, false).unwrap(),
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.anthropic.claude/converse"
    );
    for model in ["..", "a/../b", "a?b", "a%2fb", ""] {
        assert_eq!(url("", "us-east-1", model, false).unwrap_err().field, "model");
    }
}

#[test]
fn a_region_that_is_none_is_refused() {
    for region in ["", "US-EAST-1", "us-east-1.evil.test/", "a b"] {
        assert_eq!(url("", region, MODEL, false).unwrap_err().field, "region", "{region}");
    }
}

/// Signs a call with what the forms let through.
fn sent(settings: &BTreeMap<String, String>, secrets: &SecretFields) -> http::request::Parts {
    let account = Account { base_url: "", settings, secrets };
    let offer = Bedrock.offers(Operation::Chat, &ModelFacts::default())[0];
    let url = Bedrock.url(&account, &offer, MODEL, false).expect("an address");
    let (mut parts, ()) = http::Request::post(url).body(()).expect("a request").into_parts();
    parts.headers.extend(Bedrock.headers(&account).expect("headers"));
    let now = Timestamp::parse("2026-11-22T01:02:03Z").expect("an instant");
    Bedrock.sign(&mut parts, &[Bytes::from_static(b"{}")], &account, now).expect("signed");
    parts
}

#[test]
fn access_keys_sign_and_leave_no_secret_behind() {
    let typed = settings(&[
        ("access_key_id", "AKIDEXAMPLE"),
        ("secret_access_key", "canary-secret"),
        ("session_token", "canary-token"),
        ("api_key", "of the other way to sign in"),
        ("region", "us-west-2"),
    ]);
    let checked = form::check(MANIFEST.credential_form, &typed).expect("a filled-in form");
    assert!(checked.secrets.get("api_key").is_none());
    let parts = sent(&checked.settings, &checked.secrets);
    let authorization = parts.headers[AUTHORIZATION].to_str().expect("text");
    let scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-west-2/bedrock/aws4_request";
    assert!(authorization.starts_with(scope), "{authorization}");
    assert_eq!(parts.headers["x-amz-security-token"], "canary-token");
    assert!(!format!("{parts:?}").contains("canary"));
}

#[test]
fn an_api_key_travels_as_bearer_and_nothing_is_signed() {
    let typed = settings(&[("auth", "api_key"), ("api_key", "ABSK-canary")]);
    let checked = form::check(MANIFEST.credential_form, &typed).expect("a filled-in form");
    let settings = checked.settings.into_iter().chain([("region".into(), "us-east-1".into())]);
    let parts = sent(&settings.collect(), &checked.secrets);
    assert_eq!(parts.headers[AUTHORIZATION], "Bearer ABSK-canary");
    assert_eq!(parts.headers.len(), 1);
    assert!(!format!("{parts:?}").contains("canary"));
}

#[test]
fn what_is_missing_is_named() {
    let region = settings(&[("region", "us-east-1")]);
    let named = settings(&[("region", "us-east-1"), ("access_key_id", "A")]);
    let bearer = settings(&[("region", "us-east-1"), ("auth", "api_key")]);
    let none = SecretFields::default();
    for (settings, field) in
        [(&region, "access_key_id"), (&named, "secret_access_key"), (&bearer, "api_key")]
    {
        let account = Account { base_url: "", settings, secrets: &none };
        assert_eq!(Bedrock.headers(&account).unwrap_err().field, field);
    }
    let secrets = secrets(&[("secret_access_key", "s")]);
    let account = Account { base_url: "", settings: &named, secrets: &secrets };
    assert_eq!(Bedrock.headers(&account).map(|it| it.len()), Ok(0));
}
