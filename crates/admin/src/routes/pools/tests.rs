//! Pools over the API: what is shown, what is refused with which field, and what stays.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use wayleave_model::member::Role;

use crate::testing::Api;

const CREDENTIALS: &str = "/api/v1/workspaces/main/providers/p/credentials";
const MODELS: &str = "/api/v1/workspaces/main/models";

/// A model with the credentials `main`, its provider's default, and `second`; the path of its pool.
async fn furnished(api: &Api) -> String {
    let id = api.furnish("main").await;
    credential(api, "second").await;
    format!("{MODELS}/{id}/pool")
}

async fn credential(api: &Api, name: &str) -> Value {
    let fields = json!({"api_key": format!("sk-{name}-0123456789")});
    api.post(CREDENTIALS, json!({"name": name, "fields": fields})).await.created().body
}

fn both() -> Value {
    json!({"enabled": true, "entries": [{"credential": "second", "weight": 3}, {}]})
}

async fn marks(api: &Api) -> [Value; 3] {
    let list = api.get(MODELS).await.ok();
    let names =
        ["load_balancing_enabled", "load_balancing_active", "has_invalid_load_balancing_entries"];
    names.map(|name| list.body["items"][0][name].clone())
}

#[tokio::test]
async fn d9_a_pool_is_of_references_and_the_live_default() {
    let api = Api::new().await;
    let path = furnished(&api).await;
    let empty = api.get(&path).await.ok();
    assert_eq!((empty.etag().as_str(), &empty.body["entries"]), ("\"0\"", &json!([])));
    let made = api.put(&path, both()).await.ok();
    assert_eq!(
        made.shape(),
        json!({
            "model": "mdl",
            "enabled": true,
            "active": true,
            "inactive_because": null,
            "strategy": "round_robin",
            "has_invalid_entries": false,
            "entries": [
                {
                    "id": "pen",
                    "credential": "cred",
                    "serves_with": "cred",
                    "credential_name": "second",
                    "weight": 3,
                    "enabled": true,
                    "invalid": null,
                    "credential_health": null,
                    "model_health": null,
                },
                {
                    "id": "pen",
                    "credential": null,
                    "serves_with": "cred",
                    "credential_name": "main",
                    "weight": 1,
                    "enabled": true,
                    "invalid": null,
                    "credential_health": null,
                    "model_health": null,
                },
            ],
            "node": "node",
            "managed_by": null,
            "version": 1,
        })
    );
    // A switch of the default moves what Default Config stands for, and edits nothing.
    credential(&api, "third").await;
    api.post(&format!("{CREDENTIALS}/third/default"), json!({})).await.ok();
    let after = api.get(&path).await.ok();
    assert_eq!(after.body["entries"][1]["credential_name"], "third");
    assert_eq!(after.etag(), made.etag());
}

#[tokio::test]
async fn d10_fewer_than_two_enabled_are_refused_with_the_field() {
    let api = Api::new().await;
    let path = furnished(&api).await;
    let few = json!({"enabled": true, "entries": [{"credential": "second"}, {"enabled": false}]});
    let refused = api.put(&path, few).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "entries");
    assert_eq!(api.get(&path).await.ok().etag(), "\"0\"", "nothing was stored");
    let refused = api.patch(&path, json!({"enabled": true})).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "enabled");
    // A credential that is disabled serves nothing: the entry is right, it stands in the way.
    api.patch(&format!("{CREDENTIALS}/second"), json!({"enabled": false})).await.ok();
    let refused = api.put(&path, both()).await.refused(409, "conflict");
    assert_eq!(refused.body["errors"][0]["field"], "entries[0].credential");
}

#[tokio::test]
async fn what_is_wrong_with_an_entry_is_told_by_its_place() {
    let api = Api::new().await;
    let path = furnished(&api).await;
    let entry = api.put(&path, both()).await.ok().body["entries"][0]["id"].clone();
    for (wrong, field) in [
        (json!({"credential": "nobody"}), "entries[1].credential"),
        (json!({"id": "pen_0"}), "entries[1].id"),
        (json!({"id": entry}), "entries[1].id"),
        (json!({"weight": 0}), "entries[1].weight"),
        (json!({"weight": "heavy"}), "entries[1].weight"),
        (json!({"name": "__inherit__"}), "entries[1].name"),
    ] {
        let wish = json!({"enabled": false, "entries": [{"id": entry}, wrong]});
        let refused = api.put(&path, wish).await.refused(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], field, "{wrong}");
    }
    let wish = json!({"enabled": false, "strategy": "random", "entries": []});
    let refused = api.put(&path, wish).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "strategy");
}

#[tokio::test]
async fn d10_a_pool_that_falls_below_two_is_marked_and_the_default_serves() {
    let api = Api::new().await;
    let path = furnished(&api).await;
    api.put(&path, both()).await.ok();
    assert_eq!(marks(&api).await, [json!(true), json!(true), json!(false)]);
    api.patch(&format!("{CREDENTIALS}/second"), json!({"enabled": false})).await.ok();
    assert_eq!(marks(&api).await, [json!(true), json!(false), json!(true)]);
    let shown = api.get(&path).await.ok();
    assert_eq!(shown.body["inactive_because"], "too_few_entries");
    assert_eq!(shown.body["entries"][0]["invalid"], "credential_disabled");
    api.patch(&format!("{CREDENTIALS}/second"), json!({"enabled": true})).await.ok();
    assert_eq!(marks(&api).await, [json!(true), json!(true), json!(false)]);

    api.delete(&format!("{CREDENTIALS}/second")).await.is(StatusCode::NO_CONTENT);
    assert_eq!(marks(&api).await, [json!(true), json!(false), json!(false)]);
    assert_eq!(api.get(&path).await.ok().body["entries"].as_array().unwrap().len(), 1);
    let log = api.get("/api/v1/workspaces/main/audit").await.ok();
    let gone = &log.body["items"].as_array().unwrap()[0];
    assert_eq!(gone["action"], "credential.delete", "{gone}");
    assert!(gone.to_string().contains("removed_from_pools_of"), "{gone}");
}

#[tokio::test]
async fn d11_models_are_marked_in_lists() {
    let api = Api::new().await;
    let path = furnished(&api).await;
    assert_eq!(marks(&api).await, [json!(false), json!(false), json!(false)]);
    api.put(&path, both()).await.ok();
    assert_eq!(marks(&api).await, [json!(true), json!(true), json!(false)]);
    let one = api.get(path.strip_suffix("/pool").unwrap()).await.ok();
    assert_eq!(one.body["load_balancing_enabled"], true);
}

#[tokio::test]
async fn d12_switched_off_and_on_again_it_is_as_it_was() {
    let api = Api::new().await;
    let path = furnished(&api).await;
    let wish = json!({"enabled": true, "strategy": "weighted", "entries": [
        {"credential": "second", "weight": 3}, {"credential": "second", "enabled": false}, {},
    ]});
    let made = api.put(&path, wish).await.ok();
    let off = api.patch(&path, json!({"enabled": false})).await.ok();
    assert_eq!(
        (&off.body["active"], &off.body["inactive_because"]),
        (&json!(false), &json!("off"))
    );
    assert_eq!(marks(&api).await[0], json!(false));
    let on = api.patch(&path, json!({"enabled": true})).await.ok();
    assert_eq!(on.body["entries"], made.body["entries"]);
    assert_eq!((&on.body["strategy"], &on.body["version"]), (&json!("weighted"), &json!(3)));
}

#[tokio::test]
async fn d14_without_the_feature_a_pool_is_ignored_and_kept() {
    let api = Api::new().await;
    let path = furnished(&api).await;
    let made = api.put(&path, both()).await.ok();
    api.post("/api/v1/system/plans", json!({"name": "small"})).await.created();
    let workspace = "/api/v1/system/workspaces/main";
    api.patch(workspace, json!({"plan": "small"})).await.ok();
    let shown = api.get(&path).await.ok();
    assert_eq!((&shown.body["enabled"], &shown.body["active"]), (&json!(true), &json!(false)));
    assert_eq!(shown.body["inactive_because"], "not_in_plan");
    assert_eq!(shown.body["entries"], made.body["entries"]);
    // What is there may be changed and switched off; switched on it may not be.
    api.patch(&path, json!({"strategy": "priority"})).await.ok();
    api.patch(&path, json!({"enabled": false})).await.ok();
    api.patch(&path, json!({"enabled": true})).await.refused(403, "not_in_plan");
    api.put(&path, both()).await.refused(403, "not_in_plan");
    api.patch("/api/v1/system/plans/small", json!({"features": ["pools"]})).await.ok();
    let on = api.patch(&path, json!({"enabled": true})).await.ok();
    assert_eq!((&on.body["active"], &on.body["entries"]), (&json!(true), &made.body["entries"]));
}

#[tokio::test]
async fn of_two_who_edit_a_pool_one_is_told() {
    let api = Api::new().await;
    let path = furnished(&api).await;
    let first = [(header::IF_MATCH, "\"0\"")];
    api.call(Method::PUT, &path, Some(both()), &first).await.ok();
    api.call(Method::PUT, &path, Some(both()), &first).await.refused(412, "stale");
    let change = Some(json!({"enabled": false}));
    api.call(Method::PATCH, &path, change.clone(), &first).await.refused(412, "stale");
    api.call(Method::PATCH, &path, change, &[(header::IF_MATCH, "\"1\"")]).await.ok();
}

#[tokio::test]
async fn d2_an_editor_sees_a_pool_and_changes_none() {
    let api = Api::new().await;
    let path = furnished(&api).await;
    let editor = format!("Bearer {}", api.token_of("main", Role::Editor).await);
    let by = [(header::AUTHORIZATION, editor.as_str())];
    api.call(Method::GET, &path, None, &by).await.ok();
    api.call(Method::PUT, &path, Some(both()), &by).await.refused(403, "forbidden");
    let off = Some(json!({"enabled": false}));
    api.call(Method::PATCH, &path, off, &by).await.refused(403, "forbidden");
    let rest = Some(json!({"action": "rest"}));
    let health = format!("{CREDENTIALS}/main/health");
    api.call(Method::POST, &health, rest, &by).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_persons_word_on_a_credential_is_taken_and_logged() {
    let api = Api::new().await;
    furnished(&api).await;
    let health = format!("{CREDENTIALS}/main/health");
    let wish = json!({"action": "rest", "seconds": 60, "reason": "the vendor is moving"});
    let said = api.post(&health, wish).await.ok();
    assert_eq!((&said.body["state"], &said.body["cause"]), (&json!("resting"), &json!("by_hand")));
    let log = api.get("/api/v1/workspaces/main/audit").await.ok();
    let entry = &log.body["items"][0];
    assert_eq!(entry["action"], "credential.override_health");
    assert_eq!(entry["reason"], "the vendor is moving");
    for (wrong, field) in [
        (json!({"action": "clear", "seconds": 5}), "seconds"),
        (json!({"action": "rest", "seconds": 0}), "seconds"),
        (json!({"action": "revive"}), "action"),
        (json!({"action": "clear", "model": "mdl_x"}), "model"),
    ] {
        let refused = api.post(&health, wrong).await.refused(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], field);
    }
}
