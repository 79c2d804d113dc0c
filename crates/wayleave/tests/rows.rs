//! What admins, other members and clients of a workspace are promised, row by row, on both
//! databases.

use serde_json::{Value, json};
use wayleave_testkit::client::{CHAT, chat_body};
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::openai;
use wayleave_testkit::{
    Answer, Client, Gateway, Received, Reply, Request, Script, Setup, on_each_engine,
};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const MAIN: &str = "/workspaces/main";
const CREDENTIALS: &str = "/workspaces/main/providers/p/credentials";

/// A provider that takes every key that begins with `sk-`.
async fn vendor() -> Script {
    Script::start(|it: &Received| {
        let known = it.header("authorization").is_some_and(|it| it.starts_with("Bearer sk-"));
        match (known, it.method.as_str()) {
            (false, _) => Answer::json(401, r#"{"error":{"message":"no such key"}}"#),
            (true, "GET") => Answer::json(200, r#"{"object":"list","data":[{"id":"m"}]}"#),
            (true, _) => Answer::json(200, openai::whole("pong", 7, 3)),
        }
    })
    .await
}

fn setup(vendor: &Script) -> Setup {
    Setup::workspace("main").openai("p", &vendor.url()).key("test", KEY)
}

async fn ok(gateway: &Gateway, method: &str, path: &str, body: Value) -> Value {
    let body = (method != "GET").then_some(body);
    let reply = gateway.api(method, path, body.as_ref()).await;
    assert!(reply.status < 300, "{method} {path}: {} {}", reply.status, reply.text());
    if reply.body.is_empty() { Value::Null } else { reply.json() }
}

async fn model(gateway: &Gateway) -> String {
    let models = ok(gateway, "GET", &format!("{MAIN}/models"), Value::Null).await;
    models["items"][0]["id"].as_str().expect("an id").to_owned()
}

/// Who has a management token of that role.
async fn member(gateway: &Gateway, role: &str) -> Client {
    let wish = json!({"name": role, "role": role});
    let made = ok(gateway, "POST", &format!("{MAIN}/tokens"), wish).await;
    gateway.client(made["secret"].as_str().expect("a token"))
}

async fn ask(by: &Client, method: &str, path: &str, body: &Value) -> Reply {
    by.send(&by.request(method, &format!("/api/v1{path}")).json(body.to_string())).await
}

#[tokio::test]
async fn d2_only_owners_and_admins_configure_and_others_view_and_use() {
    let vendor = vendor().await;
    on_each_engine(BINARY, &setup(&vendor), async |gateway| configured(gateway, &vendor).await)
        .await;
}

async fn configured(gateway: Gateway, vendor: &Script) {
    let model = format!("{MAIN}/models/{}", model(&gateway).await);
    let (provider, credential) = (format!("{MAIN}/providers/p"), format!("{CREDENTIALS}/main"));
    let fields = json!({"fields": {"api_key": "sk-other-0123456789"}});
    let off = json!({"enabled": false});
    let writes = [
        ("POST", format!("{MAIN}/providers"), json!({"name": "q", "kind": "openai"})),
        ("PATCH", provider.clone(), off.clone()),
        ("DELETE", provider, json!({})),
        ("POST", CREDENTIALS.to_owned(), fields.clone()),
        ("POST", format!("{CREDENTIALS}/validate"), fields.clone()),
        ("POST", format!("{credential}/validate"), fields),
        ("POST", format!("{credential}/check"), json!({})),
        ("POST", format!("{credential}/default"), json!({})),
        ("POST", format!("{credential}/health"), json!({"action": "rest"})),
        ("PATCH", credential.clone(), off.clone()),
        ("DELETE", format!("{credential}?leave_unset=true"), json!({})),
        (
            "POST",
            format!("{MAIN}/models"),
            json!({"provider": "p", "name": "n", "type": "llm", "free": true}),
        ),
        ("PATCH", model.clone(), off.clone()),
        ("POST", format!("{model}/price"), json!({"free": true})),
        ("PUT", format!("{model}/pool"), json!({"enabled": false, "entries": []})),
        ("PATCH", format!("{model}/pool"), off),
        ("DELETE", model.clone(), json!({})),
        ("PATCH", format!("{MAIN}/settings"), json!({})),
        ("POST", format!("{MAIN}/apply"), json!({"version": 1, "workspace": "main"})),
    ];
    let (before, calls) = (log(&gateway).await, vendor.count());
    for (at, role) in (1..).zip(["editor", "viewer", "finance", "auditor"]) {
        let by = member(&gateway, role).await;
        for (method, path, body) in &writes {
            let reply = ask(&by, method, path, body).await;
            let said = format!("{role} {method} {path}: {}", reply.text());
            assert_eq!((reply.status, reply.at("/code").as_str()), (403, "forbidden"), "{said}");
        }
        assert_eq!(log(&gateway).await, before + at, "{role}: nothing but the token was made");
        let reads = by.get(&format!("/api/v1{credential}")).await;
        assert_eq!(reads.status == 403, role == "finance", "{role}: {}", reads.text());
        assert!(!reads.text().contains(CREDENTIAL), "{}", reads.text());
        if role != "finance" {
            assert_eq!(reads.at("/fields/api_key"), "sk-ups************ef", "{}", reads.text());
        }
    }
    assert_eq!(vendor.count(), calls, "nobody was asked anything");
    let admin = member(&gateway, "admin").await;
    let (method, path, body) = &writes[6];
    assert_eq!(ask(&admin, method, path, body).await.status, 200);
    assert_eq!(gateway.client(KEY).chat("p", "hi").await.status, 200, "use is for all");
}

/// How many changes there were.
async fn log(gateway: &Gateway) -> u64 {
    let newest = ok(gateway, "GET", &format!("{MAIN}/audit?limit=1"), Value::Null).await;
    newest["items"][0]["seq"].as_u64().expect("a number")
}

#[tokio::test]
async fn d4_a_form_is_enforced_by_the_rules_by_which_it_is_shown() {
    let vendor = vendor().await;
    on_each_engine(BINARY, &setup(&vendor), forms).await;
}

async fn forms(gateway: Gateway) {
    let kinds = ok(&gateway, "GET", "/system/kinds", Value::Null).await;
    let kinds = kinds["items"].as_array().expect("kinds").clone();
    let kind = |id: &str| kinds.iter().find(|it| it["id"] == id).expect("a kind").clone();
    let field = |kind: &Value, form: &str, id: &str| {
        let mut fields = kind[form].as_array().expect("a form").iter();
        fields.find(|it| it["id"] == id).expect("a field").clone()
    };
    let (plain, vertex) = (kind("openai-compatible"), kind("vertex"));
    assert_eq!(field(&plain, "provider_form", "base_url")["required"], true);
    let choice = field(&vertex, "credential_form", "auth");
    let options = choice["control"]["options"].as_array().expect("options").len();
    assert!(options > 1 && choice["default"].is_string(), "{choice}");
    let shown = field(&vertex, "credential_form", "api_key");
    assert_eq!(shown["show_on"][0], json!({"field": "auth", "value": "api_key"}));
    assert_eq!(shown["control"]["type"], "secret");

    let wrong = async |path: &str, body: Value| {
        let reply = gateway.api("POST", path, Some(&body)).await;
        assert_eq!((reply.status, reply.at("/code").as_str()), (422, "invalid"), "{body}");
        let errors = reply.json()["errors"].as_array().expect("errors").clone();
        errors
            .iter()
            .map(|it| it["field"].as_str().expect("a field").to_owned())
            .collect::<Vec<_>>()
    };
    let providers = format!("{MAIN}/providers");
    let made = |settings: Value| json!({"name": "v", "kind": "vertex", "settings": settings});
    let without = json!({"name": "w", "kind": "openai-compatible"});
    assert_eq!(wrong(&providers, without).await, ["base_url"]);
    let unknown = made(json!({"project": "x", "colour": "red"}));
    assert_eq!(wrong(&providers, unknown).await, ["settings.colour"]);
    ok(&gateway, "POST", &providers, made(json!({"project": "x"}))).await;
    let at = format!("{providers}/v/credentials");
    assert_eq!(wrong(&at, json!({})).await, ["fields.service_account_key"], "of the default");
    let other = json!({"settings": {"auth": "api_key"}});
    assert_eq!(wrong(&at, other).await, ["fields.api_key"]);
    let none = json!({"settings": {"auth": "password"}});
    assert_eq!(wrong(&at, none).await, ["settings.auth"]);
    let listed = ok(&gateway, "GET", &at, Value::Null).await;
    assert_eq!(listed["items"], json!([]), "nothing was stored");
}

#[tokio::test]
async fn d6_credentials_are_added_named_chosen_edited_and_deleted() {
    let vendor = vendor().await;
    on_each_engine(BINARY, &setup(&vendor), several).await;
}

async fn several(gateway: Gateway) {
    let new = |key: &str| json!({"fields": {"api_key": key}});
    let first = ok(&gateway, "POST", CREDENTIALS, new("sk-first-0123456789")).await;
    let second = ok(&gateway, "POST", CREDENTIALS, new("sk-second-0123456789")).await;
    assert_eq!((&first["name"], &second["name"]), (&json!("API KEY 1"), &json!("API KEY 2")));
    assert_eq!((&first["default"], &second["default"]), (&json!(false), &json!(false)));
    assert_eq!(first["fields"]["api_key"], "sk-fir************89");
    let taken = json!({"name": "API KEY 2", "fields": {"api_key": "sk-third-0123456789"}});
    let refused = gateway.api("POST", CREDENTIALS, Some(&taken)).await;
    assert_eq!((refused.status, refused.at("/code").as_str()), (409, "name_taken"));

    let at = format!("{CREDENTIALS}/{}", first["id"].as_str().expect("an id"));
    let kept = json!({"name": "prod", "fields": {"api_key": "[__HIDDEN__]"}});
    let kept = ok(&gateway, "PATCH", &at, kept).await;
    assert_eq!(kept["fields"]["api_key"], "sk-fir************89");
    ok(&gateway, "POST", &format!("{at}/default"), json!({})).await;
    assert_eq!(gateway.client(KEY).chat("p", "hi").await.status, 200);
    let bad = gateway.api("PATCH", &at, Some(&new("bad-0123456789"))).await;
    assert_eq!((bad.status, bad.at("/code").as_str()), (422, "credential_refused"));
    let listed = ok(&gateway, "GET", CREDENTIALS, Value::Null).await;
    let listed = listed["items"].as_array().expect("credentials");
    let defaults: Vec<&Value> = listed.iter().filter(|it| it["default"] == true).collect();
    assert_eq!((defaults.len(), &defaults[0]["name"]), (1, &json!("prod")));
    ok(&gateway, "DELETE", &format!("{CREDENTIALS}/main"), Value::Null).await;
    ok(&gateway, "DELETE", &format!("{at}?successor=API%20KEY%202"), Value::Null).await;
    let left = ok(&gateway, "GET", CREDENTIALS, Value::Null).await;
    assert_eq!(left["items"].as_array().expect("credentials").len(), 1);
    assert_eq!(left["items"][0]["default"], true);
}

#[tokio::test]
async fn of_two_admins_who_edit_the_same_credential_one_is_told_and_nothing_is_lost() {
    let vendor = vendor().await;
    on_each_engine(BINARY, &setup(&vendor), two_admins).await;
}

async fn two_admins(gateway: Gateway) {
    let at = format!("/api/v1{CREDENTIALS}/main");
    let admin = member(&gateway, "admin").await;
    for _ in 0..5 {
        let tag = admin.get(&at).await.header("etag").expect("a tag").to_owned();
        let edit = |name: &str, key: &str| -> Request {
            let body = json!({"name": name, "fields": {"api_key": key}});
            admin.request("PATCH", &at).header("if-match", &tag).json(body.to_string())
        };
        // At the same time, and both are proven first.
        let (one, other) =
            (edit("main", "sk-one-0123456789ab"), edit("main", "sk-two-0123456789ab"));
        let (one, other) = tokio::join!(admin.send(&one), admin.send(&other));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412], "{} {}", one.text(), other.text());
        let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
        assert_eq!(lost.at("/code"), "stale");
        let now = admin.get(&at).await;
        assert_eq!(now.at("/fields/api_key"), won.at("/fields/api_key"));
        assert_eq!(now.header("etag"), won.header("etag"));
        // Back, so that the next round changes something whoever is first.
        let back = edit("main", CREDENTIAL).without("if-match");
        assert_eq!(admin.send(&back).await.status, 200);
    }
    let whole = gateway.run(&["audit", "verify"]).await;
    assert!(whole.starts_with("whole: all "), "{whole}");
    let listed = gateway.run(&["audit", "list", "--limit", "1"]).await;
    assert!(listed.contains("credential.update"), "{listed}");
}

#[tokio::test]
async fn g4_a_key_has_an_owner_and_whatever_is_no_key_is_refused_by_name_and_never_repeated() {
    let vendor = vendor().await;
    on_each_engine(BINARY, &setup(&vendor), keys).await;
}

async fn keys(gateway: Gateway) {
    let keys = format!("{MAIN}/keys");
    let wish = json!({
        "name": "app", "owner": "team-a", "environment": "production", "purpose": "chat",
        "aliases": ["p"], "tags": ["dify"], "expires_at": "2099-01-01T00:00:00Z",
    });
    let made = ok(&gateway, "POST", &keys, wish).await;
    let secret = made["secret"].as_str().expect("shown once").to_owned();
    let shown = ok(&gateway, "GET", &format!("{keys}/app"), Value::Null).await;
    assert_eq!((&shown["owner"], &shown["environment"]), (&json!("team-a"), &json!("production")));
    assert_eq!((&shown["aliases"], &shown["state"]), (&json!(["p"]), &json!("active")));
    assert!(shown["expires_at"].is_string() && !shown.to_string().contains(&secret));
    let of = |key: &str| gateway.client(key);
    assert_eq!(of(&secret).chat("p", "hi").await.status, 200);

    // Two secrets while it is rotated; the old one ends when it is told to.
    let rotated = ok(&gateway, "POST", &format!("{keys}/app/rotate"), json!({})).await;
    let fresh = rotated["secret"].as_str().expect("shown once").to_owned();
    assert_eq!(of(&secret).chat("p", "hi").await.status, 200);
    let now = json!({"overlap_seconds": 0});
    let last = ok(&gateway, "POST", &format!("{keys}/app/rotate"), now).await;
    let last = last["secret"].as_str().expect("shown once").to_owned();
    let expired = json!({
        "name": "old", "owner": "team-a", "environment": "test", "secret": "wl_old_0123456789abcdef0123",
        "expires_at": "2020-01-01T00:00:00Z",
    });
    ok(&gateway, "POST", &keys, expired).await;

    let code = async |key: &str, code: &str| {
        let reply = of(key).chat("p", "hi").await;
        assert_eq!((reply.status, reply.at("/error/code").as_str()), (401, code), "{key}");
        assert!(key.len() < 12 || !reply.text().contains(&key[8..]), "{}", reply.text());
        assert!(key.len() < 12 || !gateway.stderr().contains(&key[8..]));
    };
    code(&fresh, "expired_api_key").await;
    code("wl_old_0123456789abcdef0123", "expired_api_key").await;
    code("", "missing_api_key").await;
    code("nonsense", "invalid_api_key").await;
    code("wl_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789", "invalid_api_key").await;
    code("sk-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789", "foreign_key_format").await;
    ok(&gateway, "PATCH", &format!("{keys}/app"), json!({"enabled": false})).await;
    code(&last, "revoked_api_key").await;
}

#[tokio::test]
async fn g10_difys_check_of_a_model_is_answered_and_billed_like_any_call() {
    let vendor = vendor().await;
    on_each_engine(BINARY, &setup(&vendor), ping).await;
}

/// What Dify sends when a model is saved.
async fn ping(gateway: Gateway) {
    let body = json!({
        "model": "p", "messages": [{"role": "user", "content": "ping"}], "max_tokens": 5, "stream": false,
    });
    let reply = gateway.client(KEY).post(CHAT, body.to_string()).await;
    assert_eq!((reply.status, reply.at("/object").as_str()), (200, "chat.completion"));
    let row = gateway.row(reply.header("x-request-id").expect("our id")).await;
    assert_eq!((&row["alias"], &row["status"]), (&json!("p"), &json!(200)));
    assert_eq!(row["cost_nanos"], 7 * 1_000 + 3 * 2_000, "like any call");
    let detail = gateway.detail(row["request_id"].as_str().expect("an id")).await;
    assert_eq!(detail["probe"], true, "{detail}");
    let said = json!({
        "model": "p", "messages": [{"role": "user", "content": "ping me"}], "max_tokens": 5,
    });
    let reply = gateway.client(KEY).post(CHAT, said.to_string()).await;
    let id = reply.header("x-request-id").expect("our id");
    gateway.row(id).await;
    let detail = gateway.detail(id).await;
    assert_eq!(detail["probe"], false, "{detail}");
}

#[tokio::test]
async fn g11_an_error_says_what_it_is_and_the_log_finds_it_by_its_id() {
    let vendor = Script::start(|_| {
        Answer::json(400, openai::error("invalid_request_error", "the prompt is too odd"))
    })
    .await;
    on_each_engine(BINARY, &setup(&vendor), errors).await;
}

async fn errors(gateway: Gateway) {
    let client = gateway.client(KEY);
    for (model, stream, status) in [("p", false, 400), ("p", true, 400), ("nothing", true, 404)] {
        let reply = client.post(CHAT, chat_body(model, "hi", stream).to_string()).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        let error = reply.json()["error"].clone();
        for field in ["message", "type", "param", "code"] {
            assert!(error.get(field).is_some(), "{field}: {error}");
        }
        let id = reply.header("x-request-id").expect("an id").to_owned();
        let row = gateway.row(&id).await;
        assert_eq!((&row["request_id"], &row["surface"]), (&json!(id), &json!(CHAT)), "{row}");
        assert_eq!((&row["alias"], &row["status"]), (&json!(model), &json!(status)));
        let routed = if model == "p" { json!("m") } else { Value::Null };
        assert_eq!(row["model"], routed, "the model that was routed to");
        assert_eq!(row["operation"], "chat", "the mode");
        assert!(row["error_code"].is_string(), "{row}");
        let receipt = gateway.detail(&id).await;
        assert_eq!(receipt["asked"]["stream"] == true, stream, "{receipt}");
    }
}
