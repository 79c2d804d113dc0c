//! Invitations, from the one who invites to the one who comes.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::testing::{Api, PASSWORD, Reply};

const PATH: &str = "/api/v1/workspaces/main/invitations";
const ACCEPT: &str = "/api/v1/invitations/accept";

async fn invited(api: &Api, email: &str, role: &str) -> String {
    let made = api.post(PATH, json!({"email": email, "role": role})).await.created();
    made.body["secret"].as_str().unwrap().to_owned()
}

async fn accept(api: &Api, secret: &str, password: &str) -> Reply {
    let taken = json!({"secret": secret, "name": "Ada", "password": password});
    api.browse(Method::POST, ACCEPT, Some(taken), "").await
}

#[tokio::test]
async fn somebody_who_is_invited_comes_in_once() {
    let api = Api::new().await;
    let made = api.post(PATH, json!({"email": "Ada@b", "role": "editor"})).await.created();
    let secret = made.body["secret"].as_str().unwrap();
    assert!(secret.starts_with("wli_"));
    let link = format!("http://127.0.0.1:8080/console/invitation#{secret}");
    assert_eq!(made.body["link"], link);
    assert_eq!(made.body["expires_at"], "2026-11-25T11:06:40.000000Z");
    let look = |secret: &str| {
        let (api, body) = (&api, json!({"secret": secret}));
        async move { api.browse(Method::POST, "/api/v1/invitations/look", Some(body), "").await }
    };
    let seen = look(secret).await.ok().body;
    assert_eq!((&seen["workspace"], &seen["known"]), (&json!("main"), &json!(false)));
    look("wli_x").await.refused(404, "not_found");
    accept(&api, secret, "short").await.refused(422, "invalid");
    let come = accept(&api, secret, PASSWORD).await.ok();
    assert_eq!(come.body["workspaces"][0]["role"], "editor");
    let cookies = come.cookies();
    let keys = "/api/v1/workspaces/main/keys";
    api.browse(Method::GET, keys, None, &cookies).await.ok();
    accept(&api, secret, PASSWORD).await.refused(410, "invitation_over");
    look(secret).await.refused(410, "invitation_over");
    let list = api.get(PATH).await.ok();
    assert_eq!(list.body["items"][0]["state"], "accepted");
    assert!(!list.text.contains("wli_"));
    let audit = api.get("/api/v1/workspaces/main/audit").await.ok();
    let actions: Vec<&Value> =
        audit.body["items"].as_array().unwrap().iter().map(|it| &it["action"]).collect();
    let all =
        ["session.create", "member.add", "invitation.accept", "person.create", "invitation.create"];
    assert_eq!(actions, all);
    assert!(!audit.text.contains("wli_") && !audit.text.contains("argon2"));
}

#[tokio::test]
async fn an_invitation_ends_by_time_and_by_hand() {
    let api = Api::new().await;
    let path = |id: &Value| format!("{PATH}/{}/revoke", id.as_str().unwrap());
    let made = api.post(PATH, json!({"email": "a@b", "role": "viewer"})).await.created().body;
    api.post(&path(&made["id"]), json!({})).await.ok();
    let secret = made["secret"].as_str().unwrap();
    accept(&api, secret, PASSWORD).await.refused(410, "invitation_over");
    let short = json!({"email": "a@b", "role": "viewer", "hours": 1});
    let made = api.post(PATH, short).await.created().body;
    api.clock.advance(3_600_000_000);
    let secret = made["secret"].as_str().unwrap();
    accept(&api, secret, PASSWORD).await.refused(410, "invitation_over");
    let long = json!({"email": "a@b", "role": "viewer", "hours": 721});
    api.post(PATH, long).await.refused(422, "invalid");
    api.post(&format!("{PATH}/x/revoke"), json!({})).await.refused(404, "not_found");
}

#[tokio::test]
async fn nobody_invites_above_their_own_role() {
    let api = Api::new().await;
    let admin = accept(&api, &invited(&api, "admin@b", "admin").await, PASSWORD).await.ok();
    let editor = accept(&api, &invited(&api, "editor@b", "editor").await, PASSWORD).await.ok();
    let invite = |cookies: String, role: &'static str| {
        let (api, new) = (&api, json!({"email": "x@b", "role": role}));
        async move { api.browse(Method::POST, PATH, Some(new), &cookies).await.status.as_u16() }
    };
    assert_eq!(invite(admin.cookies(), "admin").await, 201);
    assert_eq!(invite(admin.cookies(), "owner").await, 403);
    assert_eq!(invite(admin.cookies(), "operator").await, 403);
    assert_eq!(invite(editor.cookies(), "viewer").await, 403);
    let owner = api.post(PATH, json!({"email": "x@b", "role": "owner"})).await;
    owner.refused(422, "invalid");
}

#[tokio::test]
async fn somebody_who_has_an_account_takes_an_invitation_with_it() {
    let api = Api::new().await;
    let ada = api.person("ada@b", false).await;
    let bob = api.person("bob@b", false).await;
    let secret = invited(&api, "ada@b", "viewer").await;
    accept(&api, &secret, "not her password").await.refused(401, "wrong_password");
    let mine = "/api/v1/me/invitations";
    let take = || Some(json!({"secret": secret}));
    api.browse(Method::POST, mine, take(), &bob).await.refused(403, "forbidden");
    let me = api.browse(Method::POST, mine, take(), &ada).await.ok().body;
    assert_eq!(me["workspaces"][0]["role"], "viewer");
    let again = invited(&api, "ada@b", "admin").await;
    accept(&api, &again, PASSWORD).await.refused(409, "member_already");
    let roles = api.get("/api/v1/workspaces/main/members").await.ok().body;
    assert_eq!(roles["items"][0]["role"], "viewer");
    api.delete("/api/v1/workspaces/main/members/ada@b").await.is(StatusCode::NO_CONTENT);
    accept(&api, &again, PASSWORD).await.ok();
}
