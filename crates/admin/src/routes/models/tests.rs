//! Models and prices over the API.

use serde_json::json;

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/models";

#[tokio::test]
async fn a_model_is_shown_with_its_price_as_decimal_strings() {
    let api = Api::new().await;
    let id = api.furnish("main").await;
    let shown = api.get(&format!("{PATH}/{id}")).await.ok();
    assert_eq!(
        shown.shape(),
        json!({
            "id": "mdl",
            "provider": "p",
            "provider_id": "prov",
            "name": "gpt-x",
            "type": "llm",
            "custom": true,
            "facts": {},
            "price": {"id": "prc", "free": false, "price": {"input": "0.15", "output": "0.6"}},
            "price_summary": "input=0.15 output=0.6",
            "enabled": true,
            "load_balancing_enabled": false,
            "load_balancing_active": false,
            "has_invalid_load_balancing_entries": false,
            "managed_by": null,
            "version": shown.body["version"],
            "created_at": "2026-11-18T11:06:40.000000Z",
            "updated_at": "2026-11-18T11:06:40.000000Z",
        })
    );
}

#[tokio::test]
async fn a_model_needs_a_price_or_the_word_free() {
    let api = Api::new().await;
    api.furnish("main").await;
    let model = |rest: serde_json::Value| {
        let mut model = json!({"provider": "p", "name": "other", "type": "llm"});
        model.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        model
    };
    for wrong in [json!({}), json!({"price": {}}), json!({"price": {"input": "1"}, "free": true})] {
        let refused = api.post(PATH, model(wrong)).await.refused(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], "price");
    }
    let refused =
        api.post(PATH, model(json!({"price": {"input": 0.15}}))).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "price.input");
    let made = api.post(PATH, model(json!({"free": true}))).await.created();
    assert_eq!(made.body["price_summary"], "free");
}

#[tokio::test]
async fn a_new_price_is_a_new_version() {
    let api = Api::new().await;
    let id = api.furnish("main").await;
    let before = api.get(&format!("{PATH}/{id}")).await.ok().body["price"]["id"].clone();
    api.clock.advance(1_000_000);
    let done =
        api.post(&format!("{PATH}/{id}/price"), json!({"price": {"input": "0.2"}})).await.ok();
    assert_eq!(done.body["price"]["price"], json!({"input": "0.2"}));
    assert_ne!(done.body["price"]["id"], before);
}

#[tokio::test]
async fn models_are_listed_by_provider() {
    let api = Api::new().await;
    api.furnish("main").await;
    api.post("/api/v1/workspaces/main/providers", json!({"name": "q", "kind": "openai"}))
        .await
        .created();
    assert_eq!(
        api.get(&format!("{PATH}?provider=p")).await.ok().body["items"].as_array().unwrap().len(),
        1
    );
    assert_eq!(api.get(&format!("{PATH}?provider=q")).await.ok().body["items"], json!([]));
    api.get(&format!("{PATH}?provider=r")).await.refused(404, "not_found");
}
