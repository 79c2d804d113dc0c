//! Providers over the API.

use http::StatusCode;
use serde_json::json;

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/providers";

#[tokio::test]
async fn an_address_is_taken_as_pasted_and_shown_as_stored() {
    let api = Api::new().await;
    let wish = json!({"name": "local", "kind": "openai-compatible", "base_url": "http://127.0.0.1:9001/v1/chat/completions"});
    let made = api.post(PATH, wish).await.created();
    assert_eq!(
        made.shape(),
        json!({
            "id": "prov",
            "name": "local",
            "kind": "openai-compatible",
            "base_url": "http://127.0.0.1:9001/v1",
            "settings": {},
            "default_credential": null,
            "preference": null,
            "supply": {"granted": false, "using": "custom", "models": null, "quotas": []},
            "enabled": true,
            "new_models": false,
            "managed_by": null,
            "version": 1,
            "created_at": "2026-11-18T11:06:40.000000Z",
            "updated_at": "2026-11-18T11:06:40.000000Z",
        })
    );
}

#[tokio::test]
async fn the_form_of_the_kind_is_enforced() {
    let api = Api::new().await;
    let refused = api
        .post(PATH, json!({"name": "x", "kind": "openai-compatible"}))
        .await
        .refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "base_url");
    let refused =
        api.post(PATH, json!({"name": "x", "kind": "opnai"})).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "kind");
    let wish = json!({"name": "x", "kind": "openai", "settings": {"organisation": "o"}});
    let refused = api.post(PATH, wish).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "settings.organisation");
}

#[tokio::test]
async fn absent_fields_stay_and_null_clears() {
    let api = Api::new().await;
    let wish = json!({"name": "x", "kind": "openai", "base_url": "https://proxy.example/v1"});
    api.post(PATH, wish).await.created();
    let at = format!("{PATH}/x");
    let changed = api.patch(&at, json!({"enabled": false})).await.ok();
    assert_eq!(changed.body["base_url"], "https://proxy.example/v1");
    let changed = api.patch(&at, json!({"base_url": null})).await.ok();
    assert_eq!(
        (&changed.body["base_url"], &changed.body["enabled"]),
        (&json!(null), &json!(false))
    );
    api.patch(&at, json!({"kind": "anthropic"})).await.refused(422, "invalid");
}

#[tokio::test]
async fn a_provider_that_an_alias_needs_stays() {
    let api = Api::new().await;
    api.furnish("main").await;
    let alias = json!({"name": "fast", "targets": [{"provider": "p", "model": "gpt-x"}]});
    api.post("/api/v1/workspaces/main/aliases", alias).await.created();
    api.delete(&format!("{PATH}/p")).await.refused(409, "in_use");
    api.delete("/api/v1/workspaces/main/aliases/fast").await.is(StatusCode::NO_CONTENT);
    api.delete(&format!("{PATH}/p")).await.is(StatusCode::NO_CONTENT);
    api.get(&format!("{PATH}/p")).await.refused(404, "not_found");
}

#[tokio::test]
async fn two_workspaces_with_the_same_names_see_nothing_of_each_other() {
    let api = Api::new().await;
    api.post("/api/v1/system/workspaces", json!({"name": "other"})).await.created();
    api.furnish("main").await;
    let model = api.furnish("other").await;
    let id = api.get(&format!("{PATH}/p")).await.ok().body["id"].as_str().unwrap().to_owned();
    api.get(&format!("/api/v1/workspaces/other/providers/{id}")).await.refused(404, "not_found");
    let alias = json!({"name": "fast", "targets": [{"provider": "p", "model": model}]});
    let refused = api.post("/api/v1/workspaces/main/aliases", alias).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "targets[0].model");
    api.delete("/api/v1/workspaces/other/providers/p").await.is(StatusCode::NO_CONTENT);
    api.get(&format!("{PATH}/p")).await.ok();
}

#[tokio::test]
async fn every_write_is_in_the_audit_log_with_its_request() {
    let api = Api::new().await;
    let made = api.post(PATH, json!({"name": "x", "kind": "openai"})).await.created();
    let audit = api.get("/api/v1/workspaces/main/audit").await.ok().body;
    let entry = &audit["items"][0];
    assert_eq!(entry["action"], "provider.create");
    assert_eq!(entry["actor"], "token test");
    assert_eq!(entry["role"], "operator");
    assert_eq!(entry["target_id"], made.body["id"]);
    assert_eq!(entry["request_id"], made.headers["x-request-id"].to_str().unwrap());
    let chain = api.get("/api/v1/workspaces/main/audit/verify").await.ok().body;
    assert_eq!(chain, json!({"whole": true, "entries": 1}));
}
