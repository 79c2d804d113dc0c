//! The catalog as a whole process has it: shown to everybody, exchanged by the operator, and known to
//! what is made afterwards.

use std::path::Path;

use serde_json::{Value, json};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::tls::Authority;
use wayleave_testkit::{Answer, Gateway, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

fn rows(input: &str) -> String {
    json!([{
        "provider": "openai", "model": "gpt-x", "type": "llm", "families": ["chat"],
        "context_window": 1000, "max_output": 100,
        "prices": [
            {"unit": "input", "amount": input, "per": 1_000_000},
            {"unit": "output", "amount": "6", "per": 1_000_000},
        ],
        "source": "https://example.com/pricing", "as_of": "2026-11-22", "verified": "unverified",
    }])
    .to_string()
}

fn write(gateway: &Gateway, name: &str, text: &str) -> String {
    let path = gateway.folder().join(name);
    std::fs::write(&path, text).expect("a file");
    shown(&path).to_owned()
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[tokio::test]
async fn a_catalog_is_shown_exchanged_and_taken_back() {
    let gateway = Start::new(BINARY).setup(&Setup::workspace("main").text()).up().await;
    let anybody = gateway.client("");
    let before = anybody.get("/api/catalog").await;
    assert_eq!(before.status, 200);
    assert!(before.json()["models"].as_array().expect("models").len() >= 600);
    let tag = before.header("etag").expect("a tag").to_owned();
    let again = anybody.request("GET", "/api/catalog").header("if-none-match", &tag);
    assert_eq!(anybody.send(&again).await.status, 304);

    let file = write(&gateway, "catalog.json", &rows("1.5"));
    let seen = lines(&gateway.run(&["catalog", "diff", &file, "--json"]).await);
    assert!(seen.iter().any(|it| it["change"] == "added" && it["model"] == "gpt-x"));
    let asked = gateway.command(&["catalog", "update", &file]).await;
    assert_eq!(asked.status.code(), Some(2), "nobody can be asked");
    assert_eq!(anybody.get("/api/catalog").await.header("etag"), Some(tag.as_str()));

    let done = gateway.run(&["catalog", "update", &file, "--yes", "--json"]).await;
    assert_eq!(lines(&done).last().map(|it| it["applied"].clone()), Some(json!(true)));
    let shown = anybody.get("/api/catalog").await.json();
    assert_eq!(shown["models"][0]["prices"]["input_per_1m"], "1.5");
    let listed = gateway.run(&["catalog", "list", "--provider", "openai"]).await;
    assert!(listed.contains("gpt-x") && listed.lines().count() == 2, "{listed}");
    let audit = gateway.api("GET", "/system/catalog", None).await.json();
    assert_eq!((&audit["built_in"], &audit["source"]), (&json!(false), &json!("file")));

    gateway.run(&["catalog", "reset", "--yes"]).await;
    assert_eq!(anybody.get("/api/catalog").await.header("etag"), Some(tag.as_str()));
}

#[tokio::test]
async fn a_model_knows_what_the_catalog_in_force_says() {
    let gateway = Start::new(BINARY).setup(&Setup::workspace("main").text()).up().await;
    let file = write(&gateway, "catalog.json", &rows("1.5"));
    gateway.run(&["catalog", "update", &file, "--yes"]).await;
    let setup = Setup::workspace("main")
        .provider("o", "openai", "http://127.0.0.1:9/v1", "sk-0123456789abcdef")
        .with(
            "models",
            json!({"provider": "o", "name": "gpt-x", "type": "llm", "price": "catalog"}),
        )
        .alias("x", &[("o", "gpt-x")])
        .key("test", KEY);
    let file = write(&gateway, "setup.yaml", &setup.text());
    gateway.run(&["apply", "-f", &file]).await;
    let models = gateway.api("GET", "/workspaces/main/models", None).await.json();
    let made = models["items"].as_array().and_then(|it| it.iter().find(|it| it["name"] == "gpt-x"));
    let made = made.expect("the model");
    assert_eq!(made["facts"]["max_output"], 100);
    assert_eq!(made["price_summary"], "input=1.5 output=6");
}

#[tokio::test]
async fn an_address_is_fetched_through_the_guard() {
    let authority = Authority::new();
    let script =
        Script::start_tls(&authority, |_| Answer::whole(200, "application/json", rows("2"))).await;
    let start = Start::new(BINARY).setup(&Setup::workspace("main").text());
    let file = start.folder().join("authority.pem");
    std::fs::write(&file, authority.pem()).expect("a file");
    let gateway = start.flag("--upstream-ca", shown(&file)).flag("--catalog", "off").up().await;
    let url = format!("{}/catalog.json?token=hunter2", script.url());
    gateway.run(&["catalog", "update", &url, "--yes"]).await;
    let info = gateway.api("GET", "/system/catalog", None).await.json();
    assert_eq!(info["source"], format!("{}/catalog.json", script.url()));
    assert_eq!(info["models"], 1);

    for refused in ["http://127.0.0.1:9/c.json", "https://169.254.169.254/c.json"] {
        let done = gateway.command(&["catalog", "diff", refused]).await;
        assert_eq!(done.status.code(), Some(1), "{refused}");
    }
    let off = gateway.client("").get("/api/catalog").await;
    assert_eq!((off.status, off.json()["code"].as_str()), (404, Some("catalog_off")));
}
