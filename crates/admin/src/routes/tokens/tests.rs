//! Tokens for automation: what they may do, and who may make which.

use http::{Method, header};
use serde_json::{Value, json};
use wayleave_model::member::Role;

use crate::testing::{Api, Reply};

const PATH: &str = "/api/v1/workspaces/main/tokens";

async fn with(api: &Api, token: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
    let bearer = format!("Bearer {token}");
    api.call(method, path, body, &[(header::AUTHORIZATION, bearer.as_str())]).await
}

fn secret(made: &Reply) -> String {
    made.body["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say_until_it_expires() {
    let api = Api::new().await;
    let new = json!({
        "name": "ci", "role": "editor", "scopes": ["keys.read", "keys.write"],
        "expires_at": "2026-11-18T12:06:40Z",
    });
    let token = secret(&api.post(PATH, new).await.created());
    let keys = "/api/v1/workspaces/main/keys";
    with(&api, &token, Method::GET, keys, None).await.ok();
    let other = with(&api, &token, Method::GET, "/api/v1/workspaces/main/aliases", None).await;
    let other = other.refused(403, "forbidden");
    assert_eq!(other.body["detail"], "this token's scopes do not include `aliases.read`");
    let me = with(&api, &token, Method::GET, "/api/v1/me", None).await.ok().body;
    assert_eq!(me["workspaces"][0]["permissions"], json!(["keys.read", "keys.write"]));
    api.clock.advance(3_600_000_000);
    with(&api, &token, Method::GET, keys, None).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn nobody_makes_a_token_that_may_do_more_than_they() {
    let api = Api::new().await;
    let new =
        |role: &str, scopes: Value| Some(json!({"name": role, "role": role, "scopes": scopes}));
    let admin = api.token_of("main", Role::Admin).await;
    let make = |token: String, wish: Option<Value>| {
        let api = &api;
        async move { with(api, &token, Method::POST, PATH, wish).await }
    };
    make(admin.clone(), new("admin", json!(null))).await.created();
    make(admin.clone(), new("owner", json!(null))).await.refused(422, "invalid");
    make(admin.clone(), new("operator", json!(null))).await.refused(422, "invalid");
    let unknown = make(admin.clone(), new("viewer", json!(["keys.read", "everything"]))).await;
    assert_eq!(unknown.refused(422, "invalid").body["errors"][0]["field"], "scopes[1]");
    let beyond = make(admin.clone(), new("viewer", json!(["keys.write"]))).await;
    assert_eq!(beyond.refused(422, "invalid").body["errors"][0]["field"], "scopes[0]");
    let few = json!({"name": "few", "role": "admin", "scopes": ["tokens.write", "keys.read"]});
    let few = secret(&make(admin, Some(few)).await.created());
    make(few.clone(), new("viewer", json!(null))).await.refused(403, "forbidden");
    make(few.clone(), new("viewer", json!(["usage.read"]))).await.refused(403, "forbidden");
    make(few, new("viewer", json!(["keys.read"]))).await.created();
}

#[tokio::test]
async fn an_operators_token_can_be_limited_too() {
    let api = Api::new().await;
    let path = "/api/v1/system/tokens";
    let new = json!({"name": "watch", "scopes": ["instance.read", "instance.tokens"]});
    let made = api.post(path, new).await.created();
    assert_eq!(made.body["scopes"], json!(["instance.read", "instance.tokens"]));
    let token = secret(&made);
    with(&api, &token, Method::GET, "/api/v1/system/nodes", None).await.ok();
    let made = json!({"name": "w"});
    let path_of = "/api/v1/system/workspaces";
    with(&api, &token, Method::POST, path_of, Some(made.clone())).await.refused(403, "forbidden");
    with(&api, &token, Method::GET, "/api/v1/workspaces/main/keys", None)
        .await
        .refused(403, "forbidden");
    with(&api, &token, Method::POST, path, Some(made)).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_workspaces_tokens_are_listed_without_secrets_and_end() {
    let api = Api::new().await;
    let token = secret(&api.post(PATH, json!({"name": "a", "role": "viewer"})).await.created());
    let list = api.get(PATH).await.ok();
    assert_eq!(list.body["items"][0]["role"], "viewer");
    assert!(!list.text.contains(&token));
    api.post("/api/v1/system/tokens/a/revoke", json!({})).await.refused(404, "not_found");
    api.post(&format!("{PATH}/a/revoke"), json!({})).await.ok();
    with(&api, &token, Method::GET, "/api/v1/me", None).await.refused(401, "invalid_token");
}
