//! Default models over the API and in setup documents.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use wayleave_model::member::Role;

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/default-models";
const LLM: &str = "/api/v1/workspaces/main/default-models/llm";

#[tokio::test]
async fn d5_each_type_has_a_default_only_where_somebody_set_one() {
    let api = Api::new().await;
    let id = api.furnish("main").await;
    let all = api.get(PATH).await.ok().body;
    let items = all["items"].as_array().unwrap();
    assert_eq!(items.len(), 8);
    assert!(items.iter().all(|it| it["model"].is_null() && it["unavailable_because"] == "unset"));
    let wish = json!({"provider": "p", "model": "gpt-x"});
    let refused = api.put(&format!("{PATH}/embedding"), wish.clone()).await;
    assert_eq!(refused.refused(422, "invalid").body["errors"][0]["field"], "model");
    api.put(&format!("{PATH}/words"), wish.clone()).await.refused(404, "not_found");
    let set = api.put(LLM, wish).await.ok();
    assert_eq!(
        set.shape(),
        json!({
            "type": "llm", "model": "mdl", "name": "gpt-x", "provider": "p", "available": true,
            "unavailable_because": null, "managed_by": null, "version": 1,
            "updated_at": "2026-11-18T11:06:40.000000Z",
        })
    );
    assert_eq!(api.get(LLM).await.ok().body["model"], json!(id));
    let stale = [(header::IF_MATCH, "\"0\"")];
    let wish = || Some(json!({"model": id}));
    api.call(Method::PUT, LLM, wish(), &stale).await.refused(412, "stale");
    let now = [(header::IF_MATCH, "\"1\"")];
    api.call(Method::PUT, LLM, wish(), &now).await.ok();
    let editor = format!("Bearer {}", api.token_of("main", Role::Editor).await);
    let headers = [(header::AUTHORIZATION, editor.as_str())];
    api.call(Method::PUT, LLM, wish(), &headers).await.refused(403, "forbidden");
    api.call(Method::GET, LLM, None, &headers).await.ok();
    api.delete(LLM).await.is(StatusCode::NO_CONTENT);
    assert_eq!(api.get(LLM).await.ok().body["unavailable_because"], "unset");
}

#[tokio::test]
async fn d5_a_default_that_cannot_be_called_is_flagged_and_one_that_is_gone_is_cleared() {
    let api = Api::new().await;
    let id = api.furnish("main").await;
    let at = |rest: &str| format!("/api/v1/workspaces/main{rest}");
    api.put(LLM, json!({"model": id})).await.ok();
    let because = async || api.get(LLM).await.ok().body["unavailable_because"].clone();
    let model = at(&format!("/models/{id}"));
    api.post(&format!("{model}/disable"), json!({})).await.ok();
    assert_eq!(because().await, "model_disabled");
    // Saying what is so already is no mistake.
    api.put(LLM, json!({"model": id})).await.ok();
    api.post(&format!("{model}/enable"), json!({})).await.ok();
    assert_eq!(because().await, Value::Null);
    api.patch(&at("/providers/p"), json!({"enabled": false})).await.ok();
    assert_eq!(because().await, "provider_disabled");
    api.patch(&at("/providers/p"), json!({"enabled": true})).await.ok();
    let credential = at("/providers/p/credentials/main");
    api.patch(&credential, json!({"enabled": false})).await.ok();
    assert_eq!(because().await, "credential_disabled");
    let gone = api.delete(&format!("{credential}?leave_unset=true")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.text);
    assert_eq!(because().await, "no_default_credential");
    api.delete(&model).await.is(StatusCode::NO_CONTENT);
    assert_eq!(because().await, "unset");
    let log = api.get(&at("/audit")).await.ok().body;
    let entry = |at: usize| {
        let it = &log["items"][at];
        (it["action"].as_str().unwrap().to_owned(), it["revision"].clone())
    };
    assert_eq!((entry(0).0.as_str(), entry(1).0.as_str()), ("model.delete", "default_model.unset"));
    assert_eq!(entry(0).1, entry(1).1, "one change");
}

#[tokio::test]
async fn d5_a_setup_document_sets_defaults_and_prunes_its_own() {
    let api = Api::new().await;
    let document = |defaults: Value| {
        json!({
            "version": 1, "workspace": "main",
            "providers": [{"name": "o", "kind": "openai", "credentials": [{"name": "c", "api_key": "sk-0123456789abcdef"}]}],
            "models": [
                {"provider": "o", "name": "a", "type": "llm", "free": true},
                {"provider": "o", "name": "b", "type": "llm", "free": true},
            ],
            "default_models": defaults,
        })
    };
    let of = |name: &str| json!([{"type": "llm", "provider": "o", "model": name}]);
    let path = "/api/v1/workspaces/main/apply";
    let line = async |defaults: Value, query: &str| {
        let done = api.post(&format!("{path}{query}"), document(defaults)).await.ok().body;
        let mut changes = done["changes"].as_array().unwrap().iter();
        changes.find(|it| it["noun"] == "default model").map(|it| it["action"].clone())
    };
    assert_eq!(line(of("a"), "").await, Some(json!("create")));
    assert_eq!(line(of("a"), "").await, Some(json!("unchanged")));
    assert_eq!(line(of("b"), "").await, Some(json!("update")));
    let shown = api.get(LLM).await.ok().body;
    assert_eq!((&shown["name"], &shown["managed_by"]), (&json!("b"), &json!("apply")));
    let refused = api.post(path, document(of("c"))).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "default_models[0].model");
    let twice = json!([of("a")[0], of("b")[0]]);
    let refused = api.post(path, document(twice)).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "default_models[1]");
    assert_eq!(line(json!([]), "").await, None);
    assert_eq!(line(json!([]), "?prune=true").await, Some(json!("delete")));
    // What a person set is theirs.
    api.put(LLM, json!({"provider": "o", "model": "a"})).await.ok();
    api.post(path, document(of("b"))).await.refused(409, "conflict");
    assert_eq!(line(of("b"), "?adopt=true").await, Some(json!("update")));
}
