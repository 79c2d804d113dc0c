//! Who asks, and what is their own.

use http::{Method, StatusCode, header};
use serde_json::json;
use wayleave_model::member::Role;

use crate::testing::{Api, PASSWORD};

const ME: &str = "/api/v1/me";

#[tokio::test]
async fn everybody_is_told_who_they_are_and_what_they_may_do() {
    let api = Api::new().await;
    let operator = api.get(ME).await.ok().body;
    assert_eq!((&operator["kind"], &operator["operator"]), (&json!("token"), &json!(true)));
    assert!(operator["permissions"].as_array().unwrap().contains(&json!("people.write")));
    let local = api.locally(Method::GET, ME, json!(null)).await.ok().body;
    assert_eq!((&local["kind"], &local["name"]), (&json!("local"), &json!("local operator")));
    let finance = format!("Bearer {}", api.token_of("main", Role::Finance).await);
    let token = api.call(Method::GET, ME, None, &[(header::AUTHORIZATION, &finance)]).await.ok();
    assert_eq!(token.body["permissions"], json!([]));
    assert_eq!(token.body["workspaces"][0]["name"], "main");
    assert_eq!(
        token.body["workspaces"][0]["permissions"],
        json!(["configuration.read", "aliases.read", "keys.read", "usage.read"])
    );

    let cookies = api.person("ada@example.com", false).await;
    api.post("/api/v1/system/workspaces", json!({"name": "other"})).await.created();
    for (workspace, role) in [("main", "viewer"), ("other", "owner")] {
        let path = format!("/api/v1/workspaces/{workspace}/members");
        api.post(&path, json!({"person": "ada@example.com", "role": role})).await.created();
    }
    let me = api.browse(Method::GET, ME, None, &cookies).await.ok().body;
    assert_eq!((&me["operator"], &me["permissions"]), (&json!(false), &json!([])));
    let roles: Vec<_> = me["workspaces"].as_array().unwrap().iter().map(|it| &it["role"]).collect();
    assert_eq!(roles, ["viewer", "owner"]);
    let at = |rest: &str| format!("/api/v1/workspaces/{rest}");
    let owners = |name: &str| Some(json!({"name": name, "kind": "team"}));
    let see = |path: String| {
        let (api, cookies) = (&api, &cookies);
        async move { api.browse(Method::GET, &path, None, cookies).await }
    };
    see(at("main/providers")).await.ok();
    see(at("other/audit")).await.ok();
    see(at("main/audit")).await.refused(403, "forbidden");
    see(at("system/keys")).await.refused(404, "not_found");
    see("/api/v1/system/workspaces".to_owned()).await.refused(403, "forbidden");
    api.browse(Method::POST, &at("other/owners"), owners("a"), &cookies).await.created();
    let refused = api.browse(Method::POST, &at("main/owners"), owners("a"), &cookies).await;
    let refused = refused.refused(403, "forbidden");
    let why = "the role viewer may not do this (configuration.write): the roles owner, admin and operator may";
    assert_eq!(refused.body["detail"], why);
    let audit = api.get(&at("other/audit")).await.ok().body;
    assert_eq!(audit["items"][0]["actor"], "person ada@example.com");
    assert_eq!(audit["items"][0]["role"], "owner");
}

#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let api = Api::new().await;
    let here = api.person("ada@example.com", false).await;
    let there = api.signed_in("ada@example.com").await;
    let path = "/api/v1/me/password";
    let wish = |current: &str, new: &str| Some(json!({"current": current, "new": new}));
    let wrong = api.browse(Method::POST, path, wish("not it at all", "another password"), &here);
    let wrong = wrong.await.refused(422, "invalid");
    assert_eq!(wrong.body["errors"][0]["field"], "current");
    let short = api.browse(Method::POST, path, wish(PASSWORD, "short"), &here).await;
    assert_eq!(short.refused(422, "invalid").body["errors"][0]["field"], "new");
    let done = api.browse(Method::POST, path, wish(PASSWORD, "another password"), &here).await;
    done.is(StatusCode::NO_CONTENT);
    api.browse(Method::GET, ME, None, &here).await.ok();
    api.browse(Method::GET, ME, None, &there).await.refused(401, "session_over");
    let old = json!({"email": "ada@example.com", "password": PASSWORD});
    let old = api.browse(Method::POST, "/api/v1/session", Some(old), "").await;
    old.refused(401, "wrong_password");
}

#[tokio::test]
async fn a_person_sees_and_ends_their_own_sessions_only() {
    let api = Api::new().await;
    let here = api.person("ada@example.com", false).await;
    let there = api.signed_in("ada@example.com").await;
    let bob = api.person("bob@example.com", false).await;
    let list = api.browse(Method::GET, "/api/v1/me/sessions", None, &here).await.ok().body;
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let other = items.iter().find(|it| it["current"] == false).unwrap();
    let path = format!("/api/v1/me/sessions/{}", other["id"].as_str().unwrap());
    api.browse(Method::DELETE, &path, None, &bob).await.refused(404, "not_found");
    api.browse(Method::DELETE, &path, None, &here).await.is(StatusCode::NO_CONTENT);
    api.browse(Method::GET, ME, None, &there).await.refused(401, "session_over");
    api.browse(Method::GET, ME, None, &here).await.ok();
    let name = api.browse(Method::PATCH, ME, Some(json!({"name": "Ada L."})), &here).await.ok();
    assert_eq!(name.body["name"], "Ada L.");
    let token = api.call(Method::GET, "/api/v1/me/sessions", None, &[]).await;
    token.refused(403, "forbidden");
}
