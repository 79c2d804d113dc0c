//! A running server: changes that are live at once, metrics, and an orderly end.

use std::time::Duration;

use serde_json::{Value, json};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::openai;
use wayleave_testkit::{
    Answer, Client, Connection, Gate, Gateway, Reply, Request, Script, Setup, Start,
};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

async fn upstream(says: &'static str) -> Script {
    Script::start(move |_| Answer::json(200, openai::whole(says, 3, 2))).await
}

fn setup(upstream: &Script) -> Setup {
    Setup::workspace("main").openai("openai", &upstream.url()).key("test", KEY)
}

/// Applies `setup` to the running server; what it printed.
async fn apply(gateway: &Gateway, setup: &Setup, options: &[&str]) -> Value {
    let path = gateway.folder().join("change.yaml");
    std::fs::write(&path, setup.text()).expect("a file");
    let mut arguments = vec!["apply", "-f", path.to_str().expect("a path"), "--json"];
    arguments.extend(options);
    serde_json::from_str(gateway.run(&arguments).await.trim()).expect("a plan")
}

async fn said(client: &Client, alias: &str) -> String {
    client.chat(alias, "hi").await.at("/choices/0/message/content")
}

fn actions(done: &Value) -> Vec<&str> {
    done["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|it| it["action"].as_str())
        .collect()
}

#[tokio::test]
async fn each_change_is_live_on_the_next_request() {
    let (first, second) = (upstream("first").await, upstream("second").await);
    let gateway = Start::new(BINARY).setup(&setup(&first).text()).up().await;
    let client = gateway.client(KEY);
    for _ in 0..5 {
        apply(&gateway, &setup(&second), &[]).await;
        assert_eq!(said(&client, "openai").await, "second");
        apply(&gateway, &setup(&first), &[]).await;
        assert_eq!(said(&client, "openai").await, "first");
    }
    assert_eq!(client.chat("new", "hi").await.status, 404);
    apply(&gateway, &setup(&first).alias("new", &[("openai", "m")]), &[]).await;
    assert_eq!(said(&client, "new").await, "first");
    apply(&gateway, &setup(&first), &["--prune"]).await;
    assert_eq!(client.chat("new", "hi").await.status, 404);
    gateway.run(&["key", "revoke", "test"]).await;
    let reply = client.chat("openai", "hi").await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (401, "revoked_api_key"));
}

#[tokio::test]
async fn applied_twice_a_file_changes_nothing() {
    let first = upstream("first").await;
    let setup = setup(&first);
    let mut gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let revision = revision(&gateway).await;
    for _ in 0..2 {
        let done = apply(&gateway, &setup, &[]).await;
        assert!(actions(&done).iter().all(|it| *it == "unchanged"), "{done}");
    }
    assert_eq!(self::revision(&gateway).await, revision);
    assert_eq!(gateway.sigterm().await, 0);
    gateway.start_again().await;
    assert_eq!(self::revision(&gateway).await, revision);
    assert_eq!(said(&gateway.client(KEY), "openai").await, "first");
}

async fn revision(gateway: &Gateway) -> Value {
    gateway.client("").get("/readyz").await.json()["revision"].clone()
}

#[tokio::test]
async fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let first = upstream("first").await;
    let gateway = Start::new(BINARY).setup(&setup(&first).text()).up().await;
    let done =
        apply(&gateway, &setup(&first).alias("new", &[("openai", "m")]), &["--dry-run"]).await;
    assert_eq!(actions(&done).iter().filter(|it| **it != "unchanged").count(), 1, "{done}");
    assert_eq!(gateway.client(KEY).chat("new", "hi").await.status, 404);
}

#[tokio::test]
async fn a_stream_goes_on_by_the_configuration_it_began_with() {
    let gate = Gate::closed();
    let held = gate.clone();
    let first = Script::start(move |_| {
        let frames = openai::stream(&["a", "b"], 3, 2);
        frames[2..]
            .iter()
            .fold(Answer::stream(&frames[..2]).wait(&held), |answer, it| answer.piece(it.clone()))
    })
    .await;
    let second = upstream("second").await;
    let gateway = Start::new(BINARY).setup(&setup(&first).text()).up().await;
    let mut stream = gateway.client(KEY).chat_stream("openai", "hi").await;
    let mut frames =
        vec![stream.event().await.expect("a role"), stream.event().await.expect("a word")];
    apply(&gateway, &setup(&second), &[]).await;
    gate.open();
    frames.extend(stream.frames().await);
    assert_eq!(openai::said(&frames), "ab");
    assert_eq!(gateway.usage_of(1).await[0]["stream_end"], "done");
}

async fn metrics(client: &Client, token: Option<&str>) -> Reply {
    let request = client.request("GET", "/metrics");
    let request = match token {
        Some(token) => request.header("authorization", &format!("Bearer {token}")),
        None => request,
    };
    client.send(&request).await
}

#[tokio::test]
async fn metrics_are_for_those_with_the_token() {
    let first = upstream("first").await;
    let start = Start::new(BINARY).setup(&setup(&first).text());
    let closed = start.up().await;
    assert_eq!(metrics(&closed.client(""), None).await.status, 404);
    let start = Start::new(BINARY)
        .setup(&setup(&first).text())
        .env("WAYLEAVE_METRICS_TOKEN", "metrics-0123456789abcdef");
    let gateway = start.up().await;
    gateway.client(KEY).chat("openai", "hi").await;
    gateway.usage_of(1).await;
    assert_eq!(metrics(&gateway.client(""), None).await.status, 401);
    assert_eq!(metrics(&gateway.client(""), Some("wrong-0123456789abcdef")).await.status, 401);
    let page = metrics(&gateway.client(""), Some("metrics-0123456789abcdef")).await;
    assert_eq!(page.status, 200);
    assert!(
        page.text().lines().any(|it| it.starts_with("wayleave_") && it.ends_with(" 1")),
        "{}",
        page.text()
    );
    assert!(page.text().trim_end().ends_with("# EOF"), "{}", page.text());
}

#[tokio::test]
async fn the_process_says_how_it_is() {
    let first = upstream("first").await;
    let gateway = Start::new(BINARY).setup(&setup(&first).text()).up().await;
    let client = gateway.client("");
    assert_eq!(client.get("/healthz").await.json(), json!({"status": "ok"}));
    let ready = client.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["degraded"]), (200, &json!([])));
    let head = client.send(&client.request("HEAD", "/").header("connection", "close")).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}

#[tokio::test]
async fn asked_to_end_it_finishes_streams_and_takes_no_more() {
    let gate = Gate::closed();
    let held = gate.clone();
    let script = Script::start(move |_| {
        let frames = openai::stream(&["a", "b"], 3, 2);
        frames[2..]
            .iter()
            .fold(Answer::stream(&frames[..2]).wait(&held), |answer, it| answer.piece(it.clone()))
    })
    .await;
    let mut gateway = Start::new(BINARY).setup(&setup(&script).text()).up().await;
    let client = gateway.client(KEY);
    let mut stream = client.chat_stream("openai", "hi").await;
    let mut frames =
        vec![stream.event().await.expect("a role"), stream.event().await.expect("a word")];
    let mut idle = client.connect().await;
    idle.send(&Request::new("GET", "/healthz").bytes()).await;
    assert_eq!(idle.reply().await.status, 200);
    gateway.signal(rustix::process::Signal::TERM);
    assert!(idle.closed_within(Duration::from_secs(5)).await, "an idle connection is closed");
    assert!(gateway.is_up(), "a stream is under way");
    gate.open();
    frames.extend(stream.frames().await);
    assert_eq!(openai::said(&frames), "ab");
    assert_eq!(gateway.exited().await, 0);
    gateway.start_again().await;
    let rows = gateway.usage_of(1).await;
    assert_eq!((rows.len(), &rows[0]["stream_end"]), (1, &json!("done")));
}

#[tokio::test]
async fn streams_that_do_not_end_are_cut_at_the_deadline_and_recorded() {
    let script =
        Script::start(|_| Answer::stream([openai::role(), openai::text("x")]).silence()).await;
    let start = Start::new(BINARY).setup(&setup(&script).text()).flag("--drain-ms", "500");
    let mut gateway = start.up().await;
    let mut stream = gateway.client(KEY).chat_stream("openai", "hi").await;
    stream.event().await;
    assert_eq!(gateway.sigterm().await, 0);
    gateway.start_again().await;
    let rows = gateway.usage_of(1).await;
    assert_eq!(rows.len(), 1);
    assert_ne!(rows[0]["stream_end"], "done");
    assert_eq!(rows[0]["usage_source"], "estimated");
}

#[tokio::test]
async fn a_connection_is_used_for_many_requests() {
    let first = upstream("first").await;
    let gateway = Start::new(BINARY).setup(&setup(&first).text()).up().await;
    let client = gateway.client(KEY);
    let mut connection: Connection = client.connect().await;
    for _ in 0..20 {
        let body = wayleave_testkit::client::chat_body("openai", "hi", false).to_string();
        connection.send(&client.request("POST", "/v1/chat/completions").json(body).bytes()).await;
        assert_eq!(connection.reply().await.status, 200);
    }
    assert_eq!((first.count(), first.connections()), (20, 1));
}
