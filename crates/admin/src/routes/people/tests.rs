//! People, as an operator makes and ends them.

use http::{Method, StatusCode, header};
use serde_json::json;

use crate::testing::{Api, PASSWORD};

const PATH: &str = "/api/v1/system/people";

#[tokio::test]
async fn a_person_is_made_changed_and_ended() {
    let api = Api::new().await;
    let new = json!({"email": "Ada@Example.com", "name": "Ada", "password": PASSWORD});
    let made = api.post(PATH, new).await.created();
    assert_eq!(
        made.shape(),
        json!({
            "id": "per",
            "email": "ada@example.com",
            "name": "Ada",
            "operator": false,
            "operator_by": null,
            "has_password": true,
            "enabled": true,
            "version": 1,
            "created_at": "2026-11-18T11:06:40.000000Z",
            "updated_at": "2026-11-18T11:06:40.000000Z",
            "last_sign_in_at": null,
        })
    );
    api.post(PATH, json!({"email": "ada@example.com"})).await.refused(409, "name_taken");
    let wrong = api.post(PATH, json!({"email": "ada"})).await.refused(422, "invalid");
    assert_eq!(wrong.body["errors"][0]["field"], "email");
    let short = json!({"email": "b@b", "password": "short"});
    let short = api.post(PATH, short).await.refused(422, "invalid");
    assert_eq!(short.body["errors"][0]["field"], "password");
    let one = format!("{PATH}/ada@example.com");
    let tag = api.get(&one).await.ok().etag();
    let raised = api.patch(&one, json!({"operator": true})).await.ok().body;
    assert_eq!((&raised["operator"], &raised["operator_by"]), (&json!(true), &json!("hand")));
    let late = [(header::IF_MATCH, tag.as_str())];
    let late = api.call(Method::PATCH, &one, Some(json!({"name": "B"})), &late).await;
    late.refused(412, "stale");
    api.delete(&one).await.is(StatusCode::NO_CONTENT);
    api.get(&one).await.refused(404, "not_found");
    let audit = api.get("/api/v1/workspaces/system/audit").await.ok();
    assert!(audit.text.contains("person.delete") && !audit.text.contains("argon2"));
}

#[tokio::test]
async fn an_operator_signs_somebody_out() {
    let api = Api::new().await;
    let here = api.person("ada@example.com", false).await;
    let me = || api.browse(Method::GET, "/api/v1/me", None, &here);
    let at = |rest: &str| format!("{PATH}/ada@example.com{rest}");
    let list = api.get(&at("/sessions")).await.ok().body;
    let id = list["items"][0]["id"].as_str().unwrap();
    api.delete(&at(&format!("/sessions/{id}"))).await.is(StatusCode::NO_CONTENT);
    me().await.refused(401, "session_over");
    let here = api.signed_in("ada@example.com").await;
    api.delete(&at("/sessions")).await.is(StatusCode::NO_CONTENT);
    api.browse(Method::GET, "/api/v1/me", None, &here).await.refused(401, "session_over");
    let here = api.signed_in("ada@example.com").await;
    api.post(&at("/password"), json!({"password": "another password"})).await.ok();
    api.browse(Method::GET, "/api/v1/me", None, &here).await.refused(401, "session_over");
    let none = api.post(&at("/password"), json!({"password": null})).await.ok().body;
    assert_eq!(none["has_password"], false);
}

#[tokio::test]
async fn an_operator_who_is_disabled_is_out_at_once() {
    let api = Api::new().await;
    let here = api.person("op@example.com", true).await;
    api.browse(Method::GET, PATH, None, &here).await.ok();
    api.patch(&format!("{PATH}/op@example.com"), json!({"enabled": false})).await.ok();
    api.browse(Method::GET, PATH, None, &here).await.refused(401, "session_over");
}
