//! Models as their admin and their callers meet them: discovered, enabled, switched off, found under
//! the names that a key may call.

use serde_json::{Value, json};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::openai;
use wayleave_testkit::{Answer, Gateway, Received, Reply, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const NARROW: &str = "wl_narrow_0123456789abcdef0123456789abcd";

/// A provider that lists two models to whoever has a key that begins with `sk-`, and answers chats.
async fn vendor() -> Script {
    Script::start(|it: &Received| {
        let shown = it.header("authorization").unwrap_or_default();
        if !shown.starts_with("Bearer sk-") {
            let message = format!("Incorrect API key provided: {shown}");
            return Answer::json(401, json!({"error": {"message": message}}).to_string());
        }
        match it.method.as_str() {
            "GET" => Answer::json(200, r#"{"object":"list","data":[{"id":"gpt-x"},{"id":"odd"}]}"#),
            _ => Answer::json(200, openai::whole("hello", 3, 2)),
        }
    })
    .await
}

/// A gateway whose catalog knows three models of OpenAI, one of which its vendor is about to end.
async fn gateway(vendor: &Script) -> Gateway {
    let base_url = format!("{}/v1", vendor.url());
    let setup = Setup::workspace("main").provider("p", "openai", &base_url, "sk-good-0123456789");
    let gateway = Start::new(BINARY).setup(&setup.key("test", KEY).text()).up().await;
    let row = |model: &str, of: &str| {
        json!({
            "provider": "openai", "model": model, "type": of, "families": ["chat"],
            "context_window": 1_000,
            "prices": [
                {"unit": "input", "amount": "1", "per": 1_000_000},
                {"unit": "output", "amount": "2", "per": 1_000_000},
            ],
            "source": "https://example.com/pricing", "as_of": "2026-11-22", "verified": "unverified",
        })
    };
    let mut ending = row("gpt-ending", "llm");
    ending["deprecated"] = json!("2026-01-31");
    let rows = json!([row("gpt-x", "llm"), ending, row("embed", "embedding")]);
    let file = gateway.folder().join("catalog.json");
    std::fs::write(&file, rows.to_string()).expect("a file");
    gateway.run(&["catalog", "update", file.to_str().expect("a path"), "--yes"]).await;
    gateway
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

async fn alias(gateway: &Gateway, name: &str, model: &str) {
    let wish = json!({"name": name, "targets": [{"provider": "p", "model": model}]});
    let made = gateway.api("POST", "/workspaces/main/aliases", Some(&wish)).await;
    assert_eq!(made.status, 201, "{}", made.text());
}

async fn chat(gateway: &Gateway, model: &str) -> Reply {
    gateway.client(KEY).chat(model, "hi").await
}

/// The model that the last call asked the vendor for.
fn last_model(vendor: &Script) -> String {
    let all = vendor.received();
    let body: Value = serde_json::from_slice(&all.last().expect("a call").body).expect("JSON");
    body["model"].as_str().expect("a model").to_owned()
}

#[tokio::test]
async fn d5_a_model_is_discovered_enabled_called_switched_off_and_called_again() {
    let vendor = vendor().await;
    let gateway = gateway(&vendor).await;
    let found = lines(&gateway.run(&["provider", "discover", "p", "--json"]).await);
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let state = |it: &Value| format!("{} {}", text(it, "name"), text(it, "state"));
    let states: Vec<String> = found.iter().map(state).collect();
    assert_eq!(states, ["gpt-x known", "odd new"]);
    assert!(vendor.received().iter().all(|it| it.method == "GET"), "nothing that costs");

    let done = gateway.run(&["model", "enable", "p", "gpt-x"]).await;
    assert!(done.contains("made"), "{done}");
    alias(&gateway, "fast", "gpt-x").await;
    let reply = chat(&gateway, "fast").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let row = gateway.row(reply.header("x-request-id").expect("our id")).await;
    assert_eq!(row["cost_nanos"], 7_000, "at the catalog's price: {row}");

    gateway.run(&["model", "disable", "p", "gpt-x"]).await;
    let refused = chat(&gateway, "fast").await;
    assert_eq!(
        (refused.status, refused.at("/error/code").as_str()),
        (503, "all_targets_unavailable")
    );
    let said = refused.at("/error/message");
    let expected = "`fast` cannot be served: gpt-x is disabled: enable it or change the route";
    assert_eq!(said, expected);
    let list = gateway.run(&["model", "list", "--enabled", "false"]).await;
    assert!(list.contains("model_disabled"), "{list}");
    let again = gateway.run(&["model", "enable", "p", "gpt-x"]).await;
    assert!(again.contains("attached"), "{again}");
    assert_eq!(chat(&gateway, "fast").await.status, 200);

    let all = lines(&gateway.run(&["model", "enable", "p", "--all", "--json"]).await);
    let names: Vec<&Value> = all.iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["embed", "gpt-x"], "what its vendor ended is left out");
    let unknown = gateway.command(&["model", "enable", "p", "odd"]).await;
    assert_eq!(unknown.status.code(), Some(1));
}

#[tokio::test]
async fn d5_a_provider_that_refuses_to_list_is_quoted_without_the_secret() {
    let vendor = vendor().await;
    let gateway = gateway(&vendor).await;
    let secret = gateway.folder().join("secret");
    std::fs::write(&secret, "canary-0123456789").expect("a file");
    let secret = format!("api_key=file:{}", secret.display());
    let add = ["credential", "add", "p", "bad", "--secret", &secret, "--skip-validation"];
    gateway.run(&add).await;
    let refused = gateway.command(&["provider", "discover", "p", "--credential", "bad"]).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("Incorrect API key provided: "), "{said}");
    assert!(said.contains("  models failed: GET "), "{said}");
    assert!(!said.contains("canary"), "{said}");
}

#[tokio::test]
async fn d5_a_default_model_is_chosen_shown_and_left_unset() {
    let vendor = vendor().await;
    let gateway = gateway(&vendor).await;
    gateway.run(&["model", "enable", "p", "gpt-x"]).await;
    let set = gateway.run(&["default-model", "set", "llm", "p", "gpt-x"]).await;
    assert_eq!(set, "the default llm is p/gpt-x\n");
    gateway.run(&["model", "disable", "p", "gpt-x"]).await;
    let all = lines(&gateway.run(&["default-model", "list", "--json"]).await);
    assert_eq!(all.len(), 8);
    assert_eq!(
        (&all[0]["name"], &all[0]["unavailable_because"]),
        (&json!("gpt-x"), &json!("model_disabled"))
    );
    gateway.run(&["default-model", "unset", "llm"]).await;
    let all = lines(&gateway.run(&["default-model", "list", "--json"]).await);
    assert!(all.iter().all(|it| it["model"].is_null()), "nothing is chosen instead");
}

#[tokio::test]
async fn d8_adding_a_model_that_is_there_says_so_and_adds_none() {
    let vendor = vendor().await;
    let gateway = gateway(&vendor).await;
    gateway.run(&["model", "enable", "p", "gpt-x"]).await;
    let said = gateway.run(&["model", "add", "p", "gpt-x", "--price", "input=9"]).await;
    assert_eq!(said, "the provider p has the model gpt-x already: it keeps its own price\n");
    let list = lines(&gateway.run(&["model", "list", "--provider", "p", "--json"]).await);
    assert_eq!((list.len(), &list[0]["price_summary"]), (1, &json!("input=1 output=2")));
}

#[tokio::test]
async fn g5_an_alias_is_matched_exactly_and_moved_without_touching_the_key() {
    let vendor = vendor().await;
    let gateway = gateway(&vendor).await;
    gateway.run(&["model", "enable", "p", "gpt-x"]).await;
    gateway.run(&["model", "add", "p", "odd", "--free"]).await;
    let names = ["Team/GPT: big one", "team/gpt: big one", "gpt-x"];
    for name in names {
        alias(&gateway, name, "gpt-x").await;
        assert_eq!(chat(&gateway, name).await.status, 200, "{name}");
        assert_eq!(last_model(&vendor), "gpt-x");
    }
    for other in ["TEAM/GPT: big one", "Team/GPT: big", "Team/GPT:  big one", "odd"] {
        let refused = chat(&gateway, other).await;
        assert_eq!((refused.status, refused.at("/error/code").as_str()), (404, "model_not_found"));
    }
    let all = gateway.api("GET", "/workspaces/main/aliases", None).await.json();
    let found = all["items"].as_array().expect("aliases").iter().find(|it| it["name"] == names[0]);
    let id = found.expect("it")["id"].as_str().expect("an id").to_owned();
    let wish = json!({"targets": [{"provider": "p", "model": "odd"}]});
    let path = format!("/workspaces/main/aliases/{id}");
    assert_eq!(gateway.api("PATCH", &path, Some(&wish)).await.status, 200);
    assert_eq!(chat(&gateway, names[0]).await.status, 200);
    assert_eq!(last_model(&vendor), "odd");
    assert_eq!(chat(&gateway, names[1]).await.status, 200);
    assert_eq!(last_model(&vendor), "gpt-x", "the other one, which differs in case, stays");
}

#[tokio::test]
async fn g7_a_key_is_shown_what_it_may_call_and_nothing_else() {
    let vendor = vendor().await;
    let gateway = gateway(&vendor).await;
    gateway.run(&["model", "enable", "p", "gpt-x"]).await;
    for name in ["fast", "slow"] {
        alias(&gateway, name, "gpt-x").await;
    }
    let key = json!({
        "name": "narrow", "secret": NARROW, "owner": "team", "environment": "test", "aliases": ["slow"],
    });
    let made = gateway.api("POST", "/workspaces/main/keys", Some(&key)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    // The sandbox that every server has is left out.
    let shown = async |key: &str| {
        let list = gateway.client(key).get("/v1/models").await.json();
        let names = list["data"].as_array().expect("models").iter().map(|it| it["id"].clone());
        let own = |it: &Value| !it.as_str().unwrap_or_default().starts_with("sandbox/");
        names.filter(own).collect::<Vec<Value>>()
    };
    assert_eq!(shown(KEY).await, ["fast", "slow"]);
    let secret = made.json()["secret"].as_str().unwrap_or(NARROW).to_owned();
    assert_eq!(shown(&secret).await, ["slow"]);
    let hidden = gateway.client(&secret).get("/v1/models/fast").await;
    let missing = gateway.client(&secret).get("/v1/models/none").await;
    assert_eq!((hidden.status, missing.status), (403, 404));
    let refused = gateway.client(&secret).chat("fast", "hi").await;
    assert_eq!(refused.status, 403, "what is not shown is not served: {}", refused.text());
    // The catalog of all models is the admin's: enabled there, and reached by nobody, it is not shown.
    gateway.run(&["model", "enable", "p", "embed"]).await;
    assert_eq!(shown(KEY).await, ["fast", "slow"]);
}
