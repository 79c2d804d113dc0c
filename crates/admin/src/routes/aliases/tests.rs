//! Aliases and their versions over the API.

use serde_json::json;

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/aliases";

#[tokio::test]
async fn other_targets_are_a_new_version_and_every_version_can_come_back() {
    let api = Api::new().await;
    let model = api.furnish("main").await;
    let second = json!({"provider": "p", "name": "gpt-y", "type": "llm", "free": true});
    api.post("/api/v1/workspaces/main/models", second).await.created();
    let wish = json!({"name": "fast", "targets": [{"provider": "p", "model": "gpt-x"}], "reason": "first"});
    let made = api.post(PATH, wish).await.created();
    assert_eq!(
        made.shape()["route"],
        json!({
            "id": "rtv",
            "number": 1,
            "targets": [{
                "provider": "p", "model": "mdl", "model_name": "gpt-x", "credential": null, "environments": {},
                "weight": 1, "group": 1,
            }],
            "target_names": ["p/gpt-x"],
            "policy": made.body["route"]["policy"],
            "author": "token test",
            "reason": "first",
            "created_at": "2026-11-18T11:06:40.000000Z",
        })
    );
    assert_eq!(made.body["route"]["targets"][0]["model"], model);
    let shared = json!({"reason": "cheaper", "targets": [
        {"provider": "p", "model": "gpt-x", "weight": 3, "group": 1, "credential": "main"},
        {"provider": "p", "model": "gpt-y", "group": 1},
    ]});
    let changed = api.patch(&format!("{PATH}/fast"), shared).await.ok();
    assert_eq!(changed.body["route"]["number"], 2);
    assert_eq!(changed.body["target_names"], json!(["p/gpt-x", "p/gpt-y"]));
    assert_eq!(changed.body["route"]["targets"][1]["group"], 1);
    let back = api.post(&format!("{PATH}/fast/restore"), json!({"number": 1})).await.ok();
    assert_eq!(back.body["target_names"], json!(["p/gpt-x"]));
    let versions = api.get(&format!("{PATH}/fast/versions")).await.ok();
    let reasons: Vec<_> =
        versions.body["items"].as_array().unwrap().iter().map(|it| &it["reason"]).collect();
    assert_eq!(reasons, ["cheaper", "first"]);
    api.post(&format!("{PATH}/fast/restore"), json!({"number": 9})).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_target_that_is_not_there_is_named() {
    let api = Api::new().await;
    api.furnish("main").await;
    let wish = json!({"name": "a", "targets": [{"provider": "p", "model": "gpt-x"}, {"provider": "p", "model": "gpt-z"}]});
    let refused = api.post(PATH, wish).await.refused(422, "invalid");
    assert_eq!(
        refused.body["errors"],
        json!([{"field": "targets[1].model", "message": "the provider `p` has no model `gpt-z`"}])
    );
    let refused = api.post(PATH, json!({"name": "a", "targets": []})).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "targets");
}

#[tokio::test]
async fn what_is_shown_can_be_sent_back() {
    let api = Api::new().await;
    api.furnish("main").await;
    let wish = json!({"name": "a", "targets": [{"provider": "p", "model": "gpt-x", "credential": "main"}]});
    let made = api.post(PATH, wish).await.created();
    let mut targets = made.body["route"]["targets"].clone();
    targets[0].as_object_mut().unwrap().remove("model_name");
    let same = api.patch(&format!("{PATH}/a"), json!({"targets": targets})).await.ok();
    assert_eq!(same.body["route"]["number"], 1);
}

#[tokio::test]
async fn credentials_of_environments_go_back_as_they_are_shown_and_are_in_use() {
    let api = Api::new().await;
    api.furnish("main").await;
    let spare = json!({"name": "spare", "fields": {"api_key": "sk-spare-0123456789"}});
    let at = "/api/v1/workspaces/main/providers/p/credentials";
    let id = api.post(at, spare).await.created().body["id"].clone();
    let target = |environments: serde_json::Value| json!([{"provider": "p", "model": "gpt-x", "environments": environments}]);
    let wish = json!({"name": "a", "targets": target(json!({"production": "spare"}))});
    let made = api.post(PATH, wish).await.created();
    let mut targets = made.body["route"]["targets"].clone();
    assert_eq!(targets[0]["environments"], json!({ "production": id }));
    targets[0].as_object_mut().unwrap().remove("model_name");
    let same = api.patch(&format!("{PATH}/a"), json!({"targets": targets})).await.ok();
    assert_eq!(same.body["route"]["number"], 1);
    let shown = api.get(&format!("{at}/spare")).await.ok().body;
    assert_eq!(shown["in_use_by"], json!([{"noun": "alias", "name": "a"}]));
    api.delete(&format!("{at}/spare")).await.refused(409, "in_use");
    let nobody = json!({"targets": target(json!({"production": "nobody"}))});
    let refused = api.patch(&format!("{PATH}/a"), nobody).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "targets[0].environments.production");
    let plain = json!({"targets": target(json!({}))});
    assert_eq!(api.patch(&format!("{PATH}/a"), plain).await.ok().body["route"]["number"], 2);
    let versions = api.get(&format!("{PATH}/a/versions")).await.ok().body;
    assert_eq!(versions["items"][1]["targets"][0]["environments"], json!({ "production": id }));
}

#[tokio::test]
async fn a_name_with_a_slash_is_one_segment() {
    let api = Api::new().await;
    api.furnish("main").await;
    let wish = json!({"name": "team/fast", "targets": [{"provider": "p", "model": "gpt-x"}]});
    api.post(PATH, wish).await.created();
    assert_eq!(api.get(&format!("{PATH}/team%2Ffast")).await.ok().body["name"], "team/fast");
}
