//! Signing in with a password, and what a browser may do with the cookie.

use http::{Method, Request, StatusCode, header};
use serde_json::json;

use crate::testing::{Api, PASSWORD};

const PATH: &str = "/api/v1/session";
const ME: &str = "/api/v1/me";

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let api = Api::new().await;
    let cookies = api.person("ada@example.com", false).await;
    assert!(cookies.contains("wayleave_session=wls_"), "{cookies}");
    let me = api.browse(Method::GET, ME, None, &cookies).await.ok().body;
    assert_eq!(
        (&me["kind"], &me["person"]["email"]),
        (&json!("person"), &json!("ada@example.com"))
    );
    assert_eq!(me["session"]["current"], true);
    assert_eq!(me["session"]["addr"], "192.0.2.1");
    let out = api.browse(Method::DELETE, PATH, None, &cookies).await.is(StatusCode::NO_CONTENT);
    assert_eq!(out.cookies(), "", "the cookie is removed");
    api.browse(Method::GET, ME, None, &cookies).await.refused(401, "session_over");
    let audit = api.get("/api/v1/workspaces/system/audit").await.ok();
    let actions: Vec<_> =
        audit.body["items"].as_array().unwrap().iter().map(|it| it["action"].clone()).collect();
    assert_eq!(actions[..3], ["session.revoke", "session.create", "person.create"]);
    assert_eq!(audit.body["items"][1]["actor"], "person ada@example.com");
    assert!(!audit.text.contains("argon2") && !audit.text.contains("wls_"));
}

#[tokio::test]
async fn an_address_that_nobody_has_is_refused_as_a_wrong_password_is() {
    let api = Api::new().await;
    api.person("ada@example.com", false).await;
    let off = json!({"email": "off@example.com", "password": PASSWORD});
    api.post("/api/v1/system/people", off).await.created();
    let path = "/api/v1/system/people/off@example.com";
    api.patch(path, json!({"enabled": false})).await.ok();
    let sso = json!({"email": "sso@example.com"});
    api.post("/api/v1/system/people", sso).await.created();
    let mut said = Vec::new();
    for (email, password) in [
        ("ada@example.com", "wrong horse battery"),
        ("bob@example.com", PASSWORD),
        ("off@example.com", PASSWORD),
        ("sso@example.com", ""),
        ("no address", PASSWORD),
    ] {
        let words = json!({"email": email, "password": password});
        let mut refused = api.browse(Method::POST, PATH, Some(words), "").await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        refused.body["request_id"] = json!("");
        said.push(refused.body);
    }
    assert!(said.iter().all(|it| *it == said[0]), "{said:?}");
}

#[tokio::test]
async fn guesses_run_out_and_the_person_gets_in_with_their_own_browser() {
    let api = Api::new().await;
    let cookies = api.person("ada@example.com", false).await;
    let wrong = || Some(json!({"email": "ada@example.com", "password": "wrong horse battery"}));
    for _ in 0..5 {
        api.browse(Method::POST, PATH, wrong(), "").await.refused(401, "wrong_password");
    }
    let stopped = api.browse(Method::POST, PATH, wrong(), "").await;
    let stopped = stopped.refused(429, "too_many_attempts");
    assert_eq!(stopped.headers[header::RETRY_AFTER], "180");
    let right = || Some(json!({"email": "ADA@example.com ", "password": PASSWORD}));
    api.browse(Method::POST, PATH, right(), "").await.refused(429, "too_many_attempts");
    // A browser that is known for somebody else is not known for her.
    let forged = "wayleave_browser=abc.def";
    api.browse(Method::POST, PATH, right(), forged).await.refused(429, "too_many_attempts");
    api.browse(Method::POST, PATH, right(), &cookies).await.ok();
    api.clock.advance(180_000_000);
    api.browse(Method::POST, PATH, right(), "").await.ok();
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_in_somebodys_name() {
    let api = Api::new().await;
    let cookies = api.person("op@example.com", true).await;
    let make = |origin: Option<(&'static str, &'static str)>| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri("/api/v1/system/workspaces")
            .header(header::COOKIE, &cookies);
        if let Some((name, value)) = origin {
            request = request.header(name, value);
        }
        api.send(request.body(json!({"name": "x"}).to_string().into()).unwrap())
    };
    make(None).await.refused(403, "cross_site");
    make(Some(("origin", "https://evil.org"))).await.refused(403, "cross_site");
    make(Some(("origin", "null"))).await.refused(403, "cross_site");
    make(Some(("sec-fetch-site", "cross-site"))).await.refused(403, "cross_site");
    make(Some(("origin", "http://127.0.0.1:8080"))).await.created();
    // Nor does it sign somebody in as somebody else.
    let words = json!({"email": "op@example.com", "password": PASSWORD}).to_string();
    let request = Request::builder().method(Method::POST).uri(PATH);
    let request = request.header(header::ORIGIN, "https://evil.org").body(words.into());
    api.send(request.unwrap()).await.refused(403, "cross_site");
}

#[tokio::test]
async fn a_session_that_is_not_used_ends() {
    let api = Api::new().await;
    let cookies = api.person("ada@example.com", false).await;
    for _ in 0..3 {
        api.clock.advance(9 * 3_600_000_000);
        api.browse(Method::GET, ME, None, &cookies).await.ok();
    }
    api.clock.advance(10 * 3_600_000_000);
    api.browse(Method::GET, ME, None, &cookies).await.refused(401, "session_over");
}

#[tokio::test]
async fn the_cookie_is_secure_where_the_address_is() {
    let api = Api::signing_in("https://ai.example.com", crate::testing::nobody()).await;
    let cookies = api.person("ada@example.com", false).await;
    assert!(cookies.starts_with("__Host-wayleave_session=wls_"), "{cookies}");
    let words = json!({"email": "ada@example.com", "password": PASSWORD});
    let reply = api.browse(Method::POST, PATH, Some(words), &cookies).await.ok();
    let set: Vec<_> = reply.headers.get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(set.len(), 1, "the browser is known already");
    assert!(set[0].to_str().unwrap().ends_with("; HttpOnly; SameSite=Lax; Secure"));
    api.browse(Method::GET, ME, None, &cookies.replace("__Host-", ""))
        .await
        .refused(401, "missing_token");
    let ways = api.browse(Method::GET, "/api/v1/session/ways", None, "").await.ok();
    assert_eq!(ways.body, json!({"password": true, "sso": null}));
}
