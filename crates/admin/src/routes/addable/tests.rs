//! Removed custom models over the API: added again with the credentials that were kept.

use serde_json::json;

use crate::testing::Api;

const MODELS: &str = "/api/v1/workspaces/main/models";
const CREDENTIALS: &str = "/api/v1/workspaces/main/providers/p/credentials";
const ADDABLE: &str = "/api/v1/workspaces/main/providers/p/addable";

/// A custom model with a credential of its own; its path.
async fn own(api: &Api) -> String {
    let wish = json!({"provider": "p", "name": "own", "type": "llm", "price": {"input": "2"}});
    let made = api.post(MODELS, wish).await.created().body;
    let wish = json!({"model": made["id"], "fields": {"api_key": "sk-canary-0123456789"}});
    api.post(CREDENTIALS, wish).await.created();
    format!("{MODELS}/{}", made["id"].as_str().unwrap())
}

#[tokio::test]
async fn d8_a_removed_models_kept_credential_needs_not_be_typed_again() {
    let api = Api::new().await;
    api.furnish("main").await;
    let path = own(&api).await;
    let before = api.get(&path).await.ok().body;
    api.delete(&format!("{path}?keep_credentials=true")).await;
    api.get(&path).await.refused(404, "not_found");
    let listed = api.get(ADDABLE).await.ok();
    assert!(!listed.text.contains("canary"), "{}", listed.text);
    let it = &listed.body["items"][0];
    assert_eq!(
        (&it["id"], &it["name"], &it["type"]),
        (&before["id"], &json!("own"), &json!("llm"))
    );
    assert_eq!(it["credentials"][0]["name"], "API KEY 1");
    let elsewhere = api.get(CREDENTIALS).await.ok().body;
    assert_eq!(elsewhere["items"].as_array().unwrap().len(), 1, "the provider's only");

    let again = format!("{ADDABLE}/{}", before["id"].as_str().unwrap());
    let made = api.post(&again, json!({})).await.ok().body;
    assert_eq!((&made["id"], &made["price"]), (&before["id"], &before["price"]));
    assert_eq!(api.get(ADDABLE).await.ok().body["items"], json!([]));
    let shown = api.get(CREDENTIALS).await.ok().body;
    let own = shown["items"].as_array().unwrap().iter().find(|it| it["model"] == before["id"]);
    assert_eq!(own.expect("it is back")["default"], true);
    api.post(&again, json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_removed_model_leaves_no_credential_behind_unless_it_is_asked_for() {
    let api = Api::new().await;
    api.furnish("main").await;
    let path = own(&api).await;
    api.delete(&path).await;
    assert_eq!(api.get(ADDABLE).await.ok().body["items"], json!([]));
    let path = own(&api).await;
    api.delete(&format!("{path}?keep_credentials=true")).await;
    let id = path.rsplit('/').next().unwrap();
    api.delete(&format!("{ADDABLE}/{id}")).await;
    assert_eq!(api.get(ADDABLE).await.ok().body["items"], json!([]));
    api.delete(&format!("{ADDABLE}/{id}")).await.refused(404, "not_found");
}
