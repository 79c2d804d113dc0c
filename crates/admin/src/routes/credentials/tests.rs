//! Credentials over the API: secrets go in and never come out.

use serde_json::{Value, json};

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/providers/p/credentials";

#[tokio::test]
async fn a_credential_is_masked_unverified_and_the_first_is_the_default() {
    let api = Api::new().await;
    api.furnish("main").await;
    let shown = api.get(&format!("{PATH}/main")).await.ok();
    assert_eq!(
        shown.shape(),
        json!({
            "id": "cred",
            "name": "main",
            "provider": "prov",
            "model": null,
            "fields": {"api_key": "sk-can************89"},
            "settings": {},
            "status": "unverified",
            "default": true,
            "enabled": true,
            "managed_by": null,
            "version": 1,
            "created_at": "2026-11-18T11:06:40.000000Z",
            "updated_at": "2026-11-18T11:06:40.000000Z",
        })
    );
}

#[tokio::test]
async fn another_default_is_chosen() {
    let api = Api::new().await;
    api.furnish("main").await;
    let second = json!({"name": "second", "fields": {"api_key": "sk-second-0123456789"}});
    assert_eq!(api.post(PATH, second).await.created().body["default"], false);
    assert_eq!(
        api.post(&format!("{PATH}/second/default"), json!({})).await.ok().body["default"],
        true
    );
    assert_eq!(api.get(&format!("{PATH}/main")).await.ok().body["default"], false);
    let third =
        json!({"name": "third", "fields": {"api_key": "sk-third-0123456789"}, "default": true});
    assert_eq!(api.post(PATH, third).await.created().body["default"], true);
}

#[tokio::test]
async fn a_hidden_secret_stays_and_another_one_is_unverified_again() {
    let api = Api::new().await;
    api.furnish("main").await;
    let at = format!("{PATH}/main");
    let same =
        api.patch(&at, json!({"name": "prod", "fields": {"api_key": "[__HIDDEN__]"}})).await.ok();
    assert_eq!(same.body["fields"]["api_key"], "sk-can************89");
    let at = format!("{PATH}/prod");
    let other = api.patch(&at, json!({"fields": {"api_key": "sk-another-0123456789"}})).await.ok();
    assert_eq!(other.body["fields"]["api_key"], "sk-ano************89");
    assert_eq!(other.body["status"], "unverified");
    let refused =
        api.patch(&at, json!({"fields": {"api_key": 7_777_777}})).await.refused(422, "invalid");
    assert!(!refused.text.contains("7777777"));
}

#[tokio::test]
async fn no_answer_and_no_audit_entry_holds_a_secret() {
    let api = Api::new().await;
    api.furnish("main").await;
    let wrong = json!({"name": "x", "fields": {"api_key": "sk-canary-a", "apikey": "sk-canary-b"}, "settings": {"api_key": "sk-canary-c"}, "default": "sk-canary-d"});
    let answers = [
        api.get(PATH).await.text,
        api.get("/api/v1/workspaces/main/audit").await.text,
        api.post(PATH, wrong.clone()).await.text,
        api.post(PATH, without(wrong, "default")).await.text,
    ];
    for answer in answers {
        assert!(!answer.contains("canary"), "{answer}");
    }
}

fn without(mut value: Value, key: &str) -> Value {
    value.as_object_mut().unwrap().remove(key);
    value
}
