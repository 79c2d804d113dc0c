//! Members: who makes whom what.

use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::testing::Api;

const PATH: &str = "/api/v1/workspaces/main/members";

/// An owner, an admin and a viewer of `main`: the cookies of the first two.
async fn staffed(api: &Api) -> (String, String) {
    let owner = api.person("owner@b", false).await;
    let admin = api.person("admin@b", false).await;
    api.person("viewer@b", false).await;
    for role in ["owner", "admin", "viewer"] {
        let new = json!({"person": format!("{role}@b"), "role": role});
        api.post(PATH, new).await.created();
    }
    (owner, admin)
}

async fn as_of(api: &Api, cookies: &str, method: Method, rest: &str, body: Option<Value>) -> u16 {
    api.browse(method, &format!("{PATH}{rest}"), body, cookies).await.status.as_u16()
}

#[tokio::test]
async fn a_workspace_has_one_owner_who_hands_over() {
    let api = Api::new().await;
    let (owner, admin) = staffed(&api).await;
    let second = json!({"person": "viewer@b", "role": "owner"});
    api.post(PATH, second).await.refused(409, "member_already");
    api.person("x@b", false).await;
    let second = json!({"person": "x@b", "role": "owner"});
    let second = api.post(PATH, second).await.refused(422, "invalid");
    assert_eq!(second.body["errors"][0]["field"], "role");
    let hand_over = "/admin@b/owner";
    assert_eq!(as_of(&api, &admin, Method::POST, hand_over, None).await, 403);
    assert_eq!(as_of(&api, &owner, Method::DELETE, "/owner@b", None).await, 409);
    assert_eq!(as_of(&api, &owner, Method::POST, hand_over, None).await, 200);
    let roles = |body: Value| -> Vec<(String, String)> {
        let text = |it: &Value| it.as_str().unwrap().to_owned();
        let of = |it: &Value| (text(&it["email"]), text(&it["role"]));
        let mut all: Vec<_> = body["items"].as_array().unwrap().iter().map(of).collect();
        all.sort();
        all
    };
    let now = roles(api.get(PATH).await.ok().body);
    let is = [("admin@b", "owner"), ("owner@b", "admin"), ("viewer@b", "viewer")];
    assert_eq!(now, is.map(|(a, b)| (a.to_owned(), b.to_owned())));
    let gone = api.delete("/api/v1/system/people/admin@b").await.refused(409, "in_use");
    assert!(gone.body["detail"].as_str().unwrap().contains("workspace `main`"));
}

#[tokio::test]
async fn nobody_touches_who_holds_more_or_gives_more_than_they_hold() {
    let api = Api::new().await;
    let (_, admin) = staffed(&api).await;
    let to = |role: &str| Some(json!({"role": role}));
    assert_eq!(as_of(&api, &admin, Method::PATCH, "/owner@b", to("viewer")).await, 403);
    assert_eq!(as_of(&api, &admin, Method::DELETE, "/owner@b", None).await, 403);
    assert_eq!(as_of(&api, &admin, Method::PATCH, "/viewer@b", to("owner")).await, 403);
    assert_eq!(as_of(&api, &admin, Method::PATCH, "/viewer@b", to("operator")).await, 403);
    assert_eq!(as_of(&api, &admin, Method::PATCH, "/viewer@b", to("boss")).await, 422);
    assert_eq!(as_of(&api, &admin, Method::PATCH, "/viewer@b", to("editor")).await, 200);
    let viewer = api.signed_in("viewer@b").await;
    assert_eq!(as_of(&api, &viewer, Method::DELETE, "/viewer@b", None).await, 403);
    assert_eq!(as_of(&api, &viewer, Method::GET, "", None).await, 200);
    assert_eq!(as_of(&api, &admin, Method::DELETE, "/viewer@b", None).await, 204);
    assert_eq!(as_of(&api, &viewer, Method::GET, "", None).await, 404, "not there for them");
    assert_eq!(as_of(&api, &admin, Method::POST, "", to("viewer")).await, 403);
}

#[tokio::test]
async fn two_who_change_one_member_do_not_lose_each_others_words() {
    let api = Api::new().await;
    staffed(&api).await;
    let path = format!("{PATH}/viewer@b");
    let tag = [(header::IF_MATCH, "\"1\"")];
    let change = |role: &str| Some(json!({"role": role}));
    api.call(Method::PATCH, &path, change("finance"), &tag).await.ok();
    api.call(Method::PATCH, &path, change("auditor"), &tag).await.refused(412, "stale");
    api.delete(&path).await.is(StatusCode::NO_CONTENT);
    api.delete(&path).await.refused(404, "not_found");
}
