//! The operator's operations, and what is common to all: signing in, problems, the description.

use http::{Method, Request, header};
use serde_json::json;
use wayleave_model::member::Role;

use crate::testing::Api;

const PATH: &str = "/api/v1/system/workspaces";

#[tokio::test]
async fn a_workspace_lives_and_ends() {
    let api = Api::new().await;
    api.clock.advance(1_000_000);
    let made =
        api.post(PATH, json!({"name": "team", "time_zone": "Asia/Kathmandu"})).await.created();
    assert_eq!(
        made.shape(),
        json!({
            "id": "ws",
            "name": "team",
            "time_zone": "Asia/Kathmandu",
            "plan": null,
            "version": 1,
            "created_at": "2026-11-18T11:06:41.000000Z",
        })
    );
    assert_eq!(made.etag(), "\"1\"");
    api.post(PATH, json!({"name": "team"})).await.refused(409, "name_taken");
    let renamed = api.patch(&format!("{PATH}/team"), json!({"name": "crew"})).await.ok();
    assert_eq!((&renamed.body["name"], &renamed.body["version"]), (&json!("crew"), &json!(2)));
    let names = api.get(PATH).await.ok().body["items"].clone();
    assert_eq!(
        names.as_array().unwrap().iter().map(|it| &it["name"]).collect::<Vec<_>>(),
        ["crew", "main"]
    );
    api.delete(&format!("{PATH}/crew")).await.is(http::StatusCode::NO_CONTENT);
    api.get(&format!("{PATH}/crew")).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_workspace_with_something_in_it_does_not_end() {
    let api = Api::new().await;
    api.furnish("main").await;
    let refused = api.delete(&format!("{PATH}/main")).await.refused(409, "in_use");
    assert_eq!(
        refused.body["detail"],
        "the workspace `main` is in use by its 1 providers: change that first"
    );
}

#[tokio::test]
async fn a_change_for_an_older_state_is_refused() {
    let api = Api::new().await;
    let path = format!("{PATH}/main");
    let tag = api.get(&path).await.ok().etag();
    let with = |tag: &str| [(header::IF_MATCH, tag.to_owned())];
    let change = |name: &str, tag: &str| {
        let (body, headers) = (json!({"name": name}), with(tag));
        let path = path.clone();
        let api = &api;
        async move {
            let headers =
                headers.iter().map(|(name, it)| (name.clone(), it.as_str())).collect::<Vec<_>>();
            api.call(Method::PATCH, &path, Some(body), &headers).await
        }
    };
    change("main", "\"9\"").await.refused(412, "stale");
    change("main", "nonsense").await.refused(400, "bad_if_match");
    change("core", &tag).await.ok();
}

#[tokio::test]
async fn nobody_comes_in_without_a_token() {
    let api = Api::new().await;
    let ask = |value: Option<&str>| {
        let mut request = Request::builder().uri(PATH);
        if let Some(value) = value {
            request = request.header(header::AUTHORIZATION, value);
        }
        api.send(request.body(axum::body::Body::empty()).unwrap())
    };
    let refused = ask(None).await.refused(401, "missing_token");
    assert_eq!(refused.headers[header::WWW_AUTHENTICATE], "Bearer");
    assert_eq!(refused.headers[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(refused.headers["x-request-id"], refused.body["request_id"].as_str().unwrap());
    assert_eq!(
        refused.shape(),
        json!({
            "type": "about:blank",
            "title": "Unauthorized",
            "status": 401,
            "code": "missing_token",
            "detail": "a management token is needed: `Authorization: Bearer wlt_…`",
            "request_id": "req",
        })
    );
    ask(Some("Basic abc")).await.refused(401, "missing_token");
    ask(Some("Bearer wlt_canary")).await.refused(401, "invalid_token");
    let client =
        ask(Some("Bearer wl_ci_0123456789abcdef0123456789abcdef")).await.refused(401, "client_key");
    assert!(!client.text.contains("0123456789abcdef"));
    assert!(ask(Some(&format!("bearer {}", api.token))).await.status.is_success());
}

#[tokio::test]
async fn a_peer_of_the_local_socket_needs_no_token() {
    let api = Api::new().await;
    api.locally(Method::POST, PATH, json!({"name": "x"})).await.created();
    let audit = api.get("/api/v1/workspaces/system/audit").await.ok();
    assert_eq!(audit.body["items"][0]["actor"], "local operator");
    assert_eq!(audit.body["items"][0]["action"], "workspace.create");
    assert_eq!(audit.body["items"][1]["actor"], "test");
}

#[tokio::test]
async fn a_revoked_token_ends() {
    let api = Api::new().await;
    let made = api.post("/api/v1/system/tokens", json!({"name": "ops"})).await.created();
    assert_eq!(made.shape()["secret"], "minted");
    let bearer = format!("Bearer {}", made.body["secret"].as_str().unwrap());
    let headers = [(header::AUTHORIZATION, bearer.as_str())];
    api.call(Method::GET, PATH, None, &headers).await.ok();
    let shown = api.get("/api/v1/system/tokens").await.ok();
    assert!(!shown.text.contains(made.body["secret"].as_str().unwrap()));
    api.post("/api/v1/system/tokens/ops/revoke", json!({})).await.ok();
    api.call(Method::GET, PATH, None, &headers).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_token_of_one_workspace_sees_no_other_and_does_what_its_role_may() {
    let api = Api::new().await;
    api.post(PATH, json!({"name": "other"})).await.created();
    let viewer = format!("Bearer {}", api.token_of("main", Role::Viewer).await);
    let as_viewer = [(header::AUTHORIZATION, viewer.as_str())];
    let get = |path| api.call(Method::GET, path, None, &as_viewer);
    get("/api/v1/workspaces/main/providers").await.ok();
    get("/api/v1/workspaces/other/providers").await.refused(404, "not_found");
    get("/api/v1/workspaces/main/audit").await.refused(403, "forbidden");
    get(PATH).await.refused(403, "forbidden");
    let wish = Some(json!({"name": "p", "kind": "openai"}));
    let path = "/api/v1/workspaces/main/providers";
    api.call(Method::POST, path, wish.clone(), &as_viewer).await.refused(403, "forbidden");
    let admin = format!("Bearer {}", api.token_of("main", Role::Admin).await);
    api.call(Method::POST, path, wish, &[(header::AUTHORIZATION, &admin)]).await.created();
}

#[tokio::test]
async fn unknown_paths_methods_and_queries_are_said_to_be_so() {
    let api = Api::new().await;
    api.get("/api/v1/nothing").await.refused(404, "unknown_url");
    let refused = api.call(Method::PUT, PATH, None, &[]).await.refused(405, "method_not_allowed");
    assert_eq!(refused.headers[header::ALLOW], "GET,HEAD,POST");
    api.get(&format!("{PATH}?colour=red")).await.refused(400, "bad_query");
    api.get(&format!("{PATH}?cursor=x")).await.refused(400, "bad_cursor");
    api.get("/api/v1/workspaces/nothing/keys").await.refused(404, "not_found");
    let request = Request::builder().method(Method::POST).uri(PATH).extension(crate::LocalOperator);
    api.send(request.body("{".into()).unwrap()).await.refused(400, "malformed");
    let refused =
        api.post(PATH, json!({"name": "x", "color": "red"})).await.refused(422, "invalid");
    assert_eq!(refused.body["errors"][0]["field"], "color");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let api = Api::new().await;
    for name in ["a", "b", "c"] {
        api.clock.advance(1_000_000);
        api.post(PATH, json!({"name": name})).await.created();
    }
    let first = api.get(&format!("{PATH}?limit=3")).await.ok();
    assert_eq!(first.body["items"].as_array().unwrap().len(), 3);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let last = api.get(&format!("{PATH}?limit=3&cursor={cursor}")).await.ok();
    assert_eq!(last.body["items"][0]["name"], "main");
    assert_eq!(last.body.get("next_cursor"), None);
}

#[tokio::test]
async fn the_description_is_open_and_names_every_operation_once() {
    let api = Api::new().await;
    let request =
        Request::builder().uri("/api/openapi.json").body(axum::body::Body::empty()).unwrap();
    let document = api.send(request).await.ok().body;
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|it| it.as_object().unwrap().values())
        .filter_map(|it| it["operationId"].as_str())
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert!(all > 60, "{ids:?}");
    assert_eq!(ids.len(), all, "each name once: {ids:?}");
    let problem = "#/components/schemas/ProblemDocument";
    let refusal =
        &document["paths"][PATH]["get"]["responses"]["4XX"]["content"]["application/problem+json"];
    assert_eq!(refusal["schema"]["$ref"], problem);
    assert!(document.pointer(&problem[1..]).is_some());
}

#[tokio::test]
async fn a_server_says_where_clients_find_it() {
    let api = Api::new().await;
    let info = api.get("/api/v1/system/info").await.ok().body;
    assert_eq!(info["url"], "http://127.0.0.1:8080");
    assert_eq!(info["schema"], wayleave_store::SCHEMA);
}

#[tokio::test]
async fn kinds_are_shown_with_their_forms() {
    let api = Api::new().await;
    let kinds = api.get("/api/v1/system/kinds").await.ok().body;
    let openai = kinds["items"].as_array().unwrap().iter().find(|it| it["id"] == "openai").unwrap();
    assert_eq!(openai["credential_form"][0]["id"], "api_key");
    assert_eq!(openai["model_form"][0]["id"], "context_window");
    assert_eq!(
        (&openai["custom_models"], &openai["model_types"][0]),
        (&json!(true), &json!("llm"))
    );
    assert!(openai["icon"].as_str().unwrap().starts_with("<svg "));
    assert!(openai["docs_url"].as_str().unwrap().starts_with("https://"));
    let sandbox = kinds["items"].as_array().unwrap().iter().find(|it| it["id"] == "sandbox");
    assert_eq!(sandbox.unwrap()["model_form"], json!([]));
}

#[tokio::test]
async fn keys_are_rotated_while_requests_go_on() {
    let api = Api::new().await;
    api.furnish("main").await;
    let before = api.get("/api/v1/system/keks").await.ok().body;
    assert_eq!(before["items"].as_array().unwrap().len(), 1);
    let done = api.post("/api/v1/system/keks/rotate", json!({"new": true})).await.ok().body;
    // The credential, the instance's pepper and its key of response ids.
    assert_eq!(done["rewrapped"], 3);
    let after = api.get("/api/v1/system/keks").await.ok().body;
    assert_eq!(after["items"][0], json!({"id": done["current"], "current": true}));
    assert_eq!(after["items"][1], json!({"id": before["items"][0]["id"], "current": false}));
    assert_eq!(api.post("/api/v1/system/keks/rotate", json!({})).await.ok().body["rewrapped"], 0);
}

#[tokio::test]
async fn a_backup_is_made_over_the_local_socket_only() {
    let api = Api::new().await;
    std::fs::create_dir(api.folder.path().join("spool")).unwrap();
    for name in ["node_id", "cursor", "00000000000000000001.seg", "lock", "next.tmp"] {
        std::fs::write(api.folder.path().join("spool").join(name), name).unwrap();
    }
    let to = api.folder.path().join("backup");
    let wish = json!({"directory": to});
    api.post("/api/v1/system/backup", wish.clone()).await.refused(403, "forbidden");
    let done = api.locally(Method::POST, "/api/v1/system/backup", wish.clone()).await.ok();
    assert_eq!(done.body, json!({"directory": to, "spool_files": 3, "key_file": false}));
    assert!(
        to.join("wayleave.db").is_file()
            && !to.join("spool/lock").exists()
            && !to.join("kek").exists()
    );
    api.locally(Method::POST, "/api/v1/system/backup", wish).await.refused(409, "file");
    let relative = json!({"directory": "backup"});
    api.locally(Method::POST, "/api/v1/system/backup", relative).await.refused(422, "invalid");
}
