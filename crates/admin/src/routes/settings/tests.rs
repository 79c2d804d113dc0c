//! Settings over the API and in setup documents.

use http::{Method, header};
use serde_json::{Value, json};
use wayleave_model::member::Role;

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/settings";

#[tokio::test]
async fn responses_are_not_kept_until_the_workspace_says_so() {
    let api = Api::new().await;
    assert_eq!(
        api.get(PATH).await.ok().body,
        json!({"keep_responses": null, "proofs_per_hour": 60, "editor_limits": null})
    );
    let week = json!({"keep_responses": {"days": 7}, "proofs_per_hour": 60, "editor_limits": null});
    assert_eq!(api.patch(PATH, week.clone()).await.ok().body, week);
    assert_eq!(api.patch(PATH, json!({})).await.ok().body, week);
    let month =
        json!({"keep_responses": {"days": 30}, "proofs_per_hour": 60, "editor_limits": null});
    assert_eq!(api.patch(PATH, json!({"keep_responses": {}})).await.ok().body, month);
    assert_eq!(api.get(PATH).await.ok().body, month);
    let off = json!({"keep_responses": null, "proofs_per_hour": 60, "editor_limits": null});
    assert_eq!(api.patch(PATH, off.clone()).await.ok().body, off);
    let audit = api.get("/api/v1/workspaces/main/audit").await.ok().body;
    let actions: Vec<(&Value, &Value)> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["action"], &it["target_id"]))
        .collect();
    let (set, name) = (json!("setting.set"), json!("keep_responses"));
    assert_eq!(actions, [(&json!("setting.remove"), &name), (&set, &name), (&set, &name)]);
}

#[tokio::test]
async fn a_setting_that_is_none_is_refused_by_its_field() {
    let api = Api::new().await;
    for (wrong, field) in [
        (json!({"keep_responses": {"days": 0}}), "keep_responses.days"),
        (json!({"keep_responses": {"days": 366}}), "keep_responses.days"),
        (json!({"keep_responses": true}), "keep_responses"),
        (json!({"keep": null}), "keep"),
        (json!({"editor_limits": {"key_days": 0}}), "editor_limits.key_days"),
        (json!({"editor_limits": {"models": ["p/gpt-x", "gpt-x"]}}), "editor_limits.models[1]"),
        (json!({"editor_limits": {"environments": ["a\nb"]}}), "editor_limits"),
        (json!({"editor_limits": {"days": 1}}), "editor_limits.days"),
    ] {
        let refused = api.patch(PATH, wrong).await.refused(422, "invalid");
        assert_eq!(refused.body["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn limits_of_editors_are_set_at_once_and_the_log_says_who_did_it() {
    let api = Api::new().await;
    let admin = format!("Bearer {}", api.token_of("main", Role::Admin).await);
    let set = async |limits: Value| {
        let body = Some(json!({ "editor_limits": limits }));
        let set = api.call(Method::PATCH, PATH, body, &[(header::AUTHORIZATION, &admin)]).await;
        set.ok().body["editor_limits"].clone()
    };
    let tests = json!({
        "environments": ["test"], "key_days": null, "models": ["p/gpt-x"], "aliases_per_key": false,
    });
    assert_eq!(set(json!({"environments": ["test"], "models": ["p/gpt-x"]})).await, tests);
    let days = json!({
        "environments": null, "key_days": 30, "models": null, "aliases_per_key": true,
    });
    assert_eq!(set(json!({"key_days": 30, "aliases_per_key": true})).await, days);
    assert_eq!(set(days.clone()).await, days);
    assert_eq!(set(json!({})).await, json!(null), "what limits nothing is none");
    let audit = api.get("/api/v1/workspaces/main/audit").await.ok().body;
    let log: Vec<_> = audit["items"].as_array().unwrap().iter().take(3).collect();
    let actions: Vec<_> = log.iter().map(|it| &it["action"]).collect();
    assert_eq!(actions, ["setting.remove", "setting.set", "setting.set"]);
    assert!(log.iter().all(|it| it["target_id"] == "editor_limits" && it["role"] == "admin"));
    assert_eq!((&log[1]["before"], &log[1]["after"]), (&tests, &days));
}

#[tokio::test]
async fn an_admin_decides_and_a_viewer_sees() {
    let api = Api::new().await;
    let wish = || Some(json!({"keep_responses": {}}));
    let as_role = async |role, method, body| {
        let bearer = format!("Bearer {}", api.token_of("main", role).await);
        api.call(method, PATH, body, &[(header::AUTHORIZATION, bearer.as_str())]).await
    };
    as_role(Role::Viewer, Method::GET, None).await.ok();
    as_role(Role::Editor, Method::PATCH, wish()).await.refused(403, "forbidden");
    as_role(Role::Admin, Method::PATCH, wish()).await.ok();
}

#[tokio::test]
async fn a_setup_document_sets_what_it_names() {
    let api = Api::new().await;
    let apply = async |settings: Value| {
        let mut document = json!({"version": 1, "workspace": "main"});
        if !settings.is_null() {
            document["settings"] = settings;
        }
        let done = api.post("/api/v1/workspaces/main/apply", document).await.ok();
        done.body["changes"].clone()
    };
    let line =
        |action: &str| json!([{"action": action, "noun": "setting", "name": "keep_responses"}]);
    let week = || json!({"keep_responses": {"days": 7}});
    assert_eq!(apply(week()).await, line("create"));
    assert_eq!(apply(week()).await, line("unchanged"));
    assert_eq!(apply(json!(null)).await, json!([]));
    assert_eq!(api.get(PATH).await.ok().body["keep_responses"], week()["keep_responses"]);
    assert_eq!(apply(json!({"keep_responses": {}})).await[0]["fields"], json!(["days"]));
    assert_eq!(apply(json!({"keep_responses": null})).await, line("delete"));
    assert_eq!(
        api.get(PATH).await.ok().body,
        json!({"keep_responses": null, "proofs_per_hour": 60, "editor_limits": null})
    );
}
