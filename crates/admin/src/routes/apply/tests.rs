//! Setup documents over the API.

use http::Method;
use serde_json::{Value, json};

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/apply";
const SECRET: &str = "wl_ci_0123456789abcdef0123456789abcdef";

fn document() -> Value {
    json!({
        "version": 1,
        "workspace": "main",
        "providers": [{
            "name": "openai-main",
            "kind": "openai-compatible",
            "base_url": "http://127.0.0.1:9001/v1",
            "credentials": [{"name": "prod", "api_key": "sk-canary-0123456789"}],
        }],
        "models": [{"provider": "openai-main", "name": "gpt-x", "type": "llm", "price": {"input": "0.15", "output": "0.60"}}],
        "aliases": [{"name": "fast", "targets": [{"provider": "openai-main", "model": "gpt-x"}]}],
        "keys": [
            {"name": "ci", "secret": SECRET, "owner": "platform", "environment": "test", "aliases": ["fast"]},
            {"name": "new", "owner": "platform", "environment": "test"},
        ],
    })
}

fn lines(body: &Value) -> Vec<String> {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let line =
        |it: &Value| format!("{} {} {}", text(&it["action"]), text(&it["noun"]), text(&it["name"]));
    body["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .filter(|it| !it.starts_with("unchanged"))
        .collect()
}

#[tokio::test]
async fn a_document_is_applied_once_and_then_nothing_changes() {
    let api = Api::new().await;
    let done = api.post(PATH, document()).await.ok();
    assert_eq!(
        lines(&done.body),
        [
            "create owner platform",
            "create provider openai-main",
            "create credential openai-main/prod",
            "create model openai-main/gpt-x",
            "create alias fast",
            "create key ci",
            "create key new",
        ]
    );
    assert_eq!(done.shape()["secrets"], json!([{"key": "new", "secret": "minted"}]));
    assert!(done.body["revision"].is_i64());
    assert!(!done.text.contains("canary") && !done.text.contains(SECRET));
    let credentials =
        api.get("/api/v1/workspaces/main/providers/openai-main/credentials").await.ok();
    let it = &credentials.body["items"][0];
    assert_eq!(
        (&it["status"], &it["default"], &it["managed_by"]),
        (&json!("unverified"), &json!(true), &json!("apply"))
    );
    let again = api.post(PATH, document()).await.ok();
    assert_eq!(lines(&again.body), Vec::<String>::new());
    assert_eq!((again.body.get("revision"), again.body.get("secrets")), (None, None));
}

#[tokio::test]
async fn credentials_of_environments_are_applied_and_what_is_shown_can_be_applied() {
    let api = Api::new().await;
    let mut wish = document();
    let spare = json!({"name": "eu", "api_key": "sk-canary-eu-0123456789"});
    wish["providers"][0]["credentials"].as_array_mut().unwrap().push(spare);
    wish["aliases"][0]["targets"][0]["environments"] = json!({"production": "prod", "eu": "eu"});
    api.post(PATH, wish.clone()).await.ok();
    assert_eq!(lines(&api.post(PATH, wish.clone()).await.ok().body), Vec::<String>::new());
    let at = "/api/v1/workspaces/main/providers/openai-main/credentials";
    let there = api.get(at).await.ok().body["items"].clone();
    let id = |name: &str| {
        let items = there.as_array().unwrap();
        items.iter().find(|it| it["name"] == name).unwrap()["id"].clone()
    };
    let named = json!({"production": id("prod"), "eu": id("eu")});
    let shown = api.get("/api/v1/workspaces/main/aliases/fast").await.ok().body;
    assert_eq!(shown["route"]["targets"][0]["environments"], named);
    wish["aliases"][0]["targets"][0]["environments"] = named;
    assert_eq!(lines(&api.post(PATH, wish.clone()).await.ok().body), Vec::<String>::new());
    wish["aliases"][0]["targets"][0]["environments"] = json!({"production": "prod"});
    let changed = api.post(PATH, wish).await.ok();
    assert_eq!(lines(&changed.body), ["update alias fast"]);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let api = Api::new().await;
    let plan = api.post(&format!("{PATH}?dry_run=true"), document()).await.ok();
    assert_eq!((lines(&plan.body).len(), &plan.body["dry_run"]), (7, &json!(true)));
    assert_eq!(api.get("/api/v1/workspaces/main/providers").await.ok().body["items"], json!([]));
    assert_eq!(api.get("/api/v1/workspaces/main/audit").await.ok().body["items"], json!([]));
}

#[tokio::test]
async fn a_workspace_that_is_not_there_is_made() {
    let api = Api::new().await;
    let mut other = document();
    other["workspace"] = json!("other");
    let path = "/api/v1/workspaces/other/apply";
    let plan = api.post(&format!("{path}?dry_run=true"), other.clone()).await.ok();
    assert_eq!(lines(&plan.body)[0], "create workspace other");
    api.get("/api/v1/workspaces/other/keys").await.refused(404, "not_found");
    let done = api.post(path, other.clone()).await.ok();
    assert_eq!(lines(&done.body)[0], "create workspace other");
    assert_eq!(lines(&api.post(path, other).await.ok().body), Vec::<String>::new());
    api.post(path, document()).await.refused(422, "invalid");
}

#[tokio::test]
async fn a_document_with_a_mistake_changes_nothing_at_all() {
    let api = Api::new().await;
    let mut wrong = document();
    wrong["workspace"] = json!("other");
    wrong["aliases"][0]["targets"][0]["model"] = json!("gpt-y");
    let refused =
        api.post("/api/v1/workspaces/other/apply", wrong.clone()).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "aliases[0].targets[0].model");
    api.get("/api/v1/workspaces/other/keys").await.refused(404, "not_found");
    wrong["workspace"] = json!("main");
    api.post(PATH, wrong).await.refused(422, "invalid");
    assert_eq!(api.get("/api/v1/workspaces/main/providers").await.ok().body["items"], json!([]));
}

#[tokio::test]
async fn what_people_made_is_left_alone_unless_adopted() {
    let api = Api::new().await;
    let by_hand = json!({"name": "openai-main", "kind": "openai-compatible", "base_url": "http://127.0.0.1:1/v1"});
    api.post("/api/v1/workspaces/main/providers", by_hand).await.created();
    let refused = api.post(PATH, document()).await.refused(409, "conflict");
    assert_eq!(refused.body["errors"][0]["field"], "providers[0]");
    let done = api.post(&format!("{PATH}?adopt=true"), document()).await.ok();
    assert_eq!(
        done.body["changes"][1]["fields"],
        json!(["base_url", "managed_by", "default_credential"])
    );
    let shown = api.get("/api/v1/workspaces/main/providers/openai-main").await.ok();
    assert_eq!(shown.body["base_url"], "http://127.0.0.1:9001/v1");
    assert_eq!(shown.body["managed_by"], "apply");
}

#[tokio::test]
async fn what_left_the_document_goes_only_when_pruned() {
    let api = Api::new().await;
    api.post(PATH, document()).await.ok();
    let by_hand = json!({"name": "mine", "owner": "me", "environment": "test"});
    api.post("/api/v1/workspaces/main/keys", by_hand).await.created();
    let empty = json!({"version": 1, "workspace": "main"});
    let kept = api.post(PATH, empty.clone()).await.ok();
    assert_eq!((lines(&kept.body).len(), kept.body["left"].as_array().unwrap().len()), (0, 7));
    let done = api.post(&format!("{PATH}?prune=true"), empty).await.ok();
    let mut deleted = lines(&done.body);
    deleted[..2].sort();
    assert_eq!(
        deleted,
        [
            "delete key ci",
            "delete key new",
            "delete alias fast",
            "delete model openai-main/gpt-x",
            "delete credential openai-main/prod",
            "delete provider openai-main",
            "delete owner platform",
        ]
    );
    let keys = api.get("/api/v1/workspaces/main/keys").await.ok();
    assert_eq!(keys.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(keys.body["items"][0]["name"], "mine");
}

#[tokio::test]
async fn changes_arrive() {
    let api = Api::new().await;
    api.post(PATH, document()).await.ok();
    let mut changed = document();
    changed["providers"][0]["credentials"][0]["api_key"] = json!("sk-other-0123456789");
    changed["models"][0]["price"]["input"] = json!("0.2");
    changed["aliases"][0]["policy"] = json!({"answer_model": "alias"});
    changed["keys"][0]["secret"] = json!("wl_ci_another_0123456789abcdef01234567");
    changed["keys"][1]["tags"] = json!(["x"]);
    api.clock.advance(1_000_000);
    let done = api.post(PATH, changed.clone()).await.ok();
    assert_eq!(
        lines(&done.body),
        [
            "update credential openai-main/prod",
            "update model openai-main/gpt-x",
            "update alias fast",
            "update key ci",
            "update key new",
        ]
    );
    let at = |rest: &str| format!("/api/v1/workspaces/main/{rest}");
    assert_eq!(api.get(&at("aliases/fast")).await.ok().body["route"]["number"], 2);
    assert_eq!(api.get(&at("aliases/fast")).await.ok().body["route"]["reason"], "apply");
    let versions = api.get(&at("keys/ci")).await.ok().body["versions"].clone();
    assert_eq!(versions[0]["expires_at"], "2026-11-18T11:06:41.000000Z");
    assert_eq!(versions.as_array().unwrap().len(), 2);
    assert_eq!(
        api.get(&at("models")).await.ok().body["items"][0]["price"]["price"]["input"],
        "0.2"
    );
    assert_eq!(lines(&api.post(PATH, changed).await.ok().body), Vec::<String>::new());
}

#[tokio::test]
async fn a_secret_of_another_workspace_is_not_taken() {
    let api = Api::new().await;
    api.post(PATH, document()).await.ok();
    let mut other = document();
    other["workspace"] = json!("other");
    let refused = api.post("/api/v1/workspaces/other/apply", other).await.refused(409, "conflict");
    assert_eq!(refused.body["errors"][0]["field"], "keys[0]");
}

#[tokio::test]
async fn only_an_operator_makes_workspaces() {
    let api = Api::new().await;
    let admin =
        format!("Bearer {}", api.token_of("main", wayleave_model::member::Role::Admin).await);
    let headers = [(http::header::AUTHORIZATION, admin.as_str())];
    api.call(Method::POST, PATH, Some(document()), &headers).await.ok();
    let mut other = document();
    other["workspace"] = json!("other");
    let path = "/api/v1/workspaces/other/apply";
    api.call(Method::POST, path, Some(other), &headers).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_pool_is_applied_once_changed_in_place_and_pruned() {
    let api = Api::new().await;
    let pool = json!({"provider": "openai-main", "model": "gpt-x", "strategy": "weighted", "entries": [
        {"credential": "spare", "weight": 3}, {}, {"credential": "spare", "enabled": false},
    ]});
    let mut wish = document();
    let spare = json!({"name": "spare", "api_key": "sk-spare-0123456789"});
    wish["providers"][0]["credentials"].as_array_mut().unwrap().push(spare);
    wish["pools"] = json!([pool]);
    let done = api.post(PATH, wish.clone()).await.ok();
    assert!(lines(&done.body).contains(&"create pool openai-main/gpt-x".to_owned()));
    assert_eq!(lines(&api.post(PATH, wish.clone()).await.ok().body), Vec::<String>::new());
    let models = api.get("/api/v1/workspaces/main/models").await.ok();
    let id = models.body["items"][0]["id"].as_str().unwrap();
    let at = format!("/api/v1/workspaces/main/models/{id}/pool");
    let before = api.get(&at).await.ok().body;
    assert_eq!((&before["active"], &before["managed_by"]), (&json!(true), &json!("apply")));

    wish["pools"][0]["entries"] = json!([{}, {"credential": "spare"}]);
    let changed = api.post(PATH, wish.clone()).await.ok();
    assert_eq!(lines(&changed.body), ["update pool openai-main/gpt-x"]);
    assert_eq!(changed.body["changes"][5]["fields"], json!(["entries"]), "{}", changed.text);
    let after = api.get(&at).await.ok().body;
    assert_eq!(after["entries"][0]["id"], before["entries"][1]["id"]);
    assert_eq!(after["entries"][1]["id"], before["entries"][0]["id"]);

    wish.as_object_mut().unwrap().remove("pools");
    let left = api.post(PATH, wish.clone()).await.ok();
    assert_eq!(left.body["left"][0]["noun"], "pool");
    let pruned = api.post(&format!("{PATH}?prune=true"), wish).await.ok();
    assert_eq!(lines(&pruned.body), ["delete pool openai-main/gpt-x"]);
    assert_eq!(api.get(&at).await.ok().body["version"], 0);
}

#[tokio::test]
async fn what_is_wrong_with_a_pool_is_told_by_its_place() {
    let api = Api::new().await;
    let refused = |pool: Value| {
        let mut wish = document();
        wish["pools"] = json!([pool]);
        let api = &api;
        async move {
            let refused = api.post(PATH, wish).await.refused(422, "invalid");
            refused.body["errors"][0]["field"].as_str().unwrap().to_owned()
        }
    };
    let of =
        |entries: Value| json!({"provider": "openai-main", "model": "gpt-x", "entries": entries});
    assert_eq!(refused(of(json!([{}]))).await, "pools[0].entries");
    assert_eq!(refused(of(json!([{}, {"weight": 0}]))).await, "pools[0].entries[1].weight");
    let stranger = of(json!([{}, {"credential": "stranger"}]));
    assert_eq!(refused(stranger).await, "pools[0].entries[1].credential");
    let nowhere = json!({"provider": "openai-main", "model": "gpt-z", "entries": [{}, {}]});
    assert_eq!(refused(nowhere).await, "pools[0].model");
}
