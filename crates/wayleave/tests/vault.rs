//! Reasoning that a client cannot keep comes back to its provider: signature and all, on any node,
//! and to nobody else.

use serde_json::{Value, json};
use wayleave_testkit::canary::{Canary, files};
use wayleave_testkit::client::CHAT;
use wayleave_testkit::postgres::Postgres;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::{anthropic, gemini};
use wayleave_testkit::{Answer, Client, Gateway, Received, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const SIGNATURE: &str = "EqQBCgIYAhIkcanary+of/a+signature==";
const THOUGHT: &str = "I should look it up. \"Quietly\" \u{e4}";

fn call() -> Value {
    json!({"type": "tool_use", "id": "toolu_01A", "name": "look", "input": {"q": 1}})
}

fn thinking(text: &str) -> Value {
    json!({"type": "thinking", "thinking": text, "signature": SIGNATURE})
}

/// Thinks and calls a tool when it is asked, and answers when it is told what the tool said.
fn upstream(got: &Received, thought: &str) -> Answer {
    let body = got.json();
    if got.path.starts_with("/v1beta/") {
        return Answer::json(200, gemini::whole("It is 2.", 7, 3));
    }
    let turns = body["messages"].as_array().map_or(0, Vec::len);
    match (turns, body["stream"] == true) {
        (1, true) => Answer::stream(thought_and_call(thought)),
        (1, false) => {
            let mut whole: Value = serde_json::from_str(&anthropic::whole("", 7, 3)).expect("JSON");
            whole["content"] = json!([thinking(thought), call()]);
            whole["stop_reason"] = "tool_use".into();
            Answer::json(200, whole.to_string())
        }
        _ => Answer::json(200, anthropic::whole("It is 2.", 7, 3)),
    }
}

fn thought_and_call(thought: &str) -> Vec<String> {
    let start = |index: u32, block: Value| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta = |index: u32, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let stop = |index: u32| json!({"type": "content_block_stop", "index": index});
    let (first, rest) = thought.split_at(9);
    let mut frames = vec![anthropic::start(7)];
    frames.extend(
        [
            start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
            delta(0, json!({"type": "thinking_delta", "thinking": first})),
            delta(0, json!({"type": "thinking_delta", "thinking": rest})),
            delta(0, json!({"type": "signature_delta", "signature": SIGNATURE})),
            stop(0),
            start(1, json!({"type": "tool_use", "id": "toolu_01A", "name": "look", "input": {}})),
            delta(1, json!({"type": "input_json_delta", "partial_json": "{\"q\":1}"})),
            stop(1),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage": {"output_tokens": 3}}),
            json!({"type": "message_stop"}),
        ]
        .iter()
        .map(anthropic::event),
    );
    frames
}

async fn script(thought: &'static str) -> Script {
    Script::start(move |got| upstream(got, thought)).await
}

fn setup(workspace: &str, upstream: &str, key: &str) -> Setup {
    Setup::workspace(workspace)
        .anthropic("claude", upstream)
        .provider("gemini", "gemini", upstream, "AIza-0123456789abcdef")
        .model("gemini", "m")
        .alias("gemini", &[("gemini", "m")])
        .key("test", key)
}

fn tools() -> Value {
    let parameters = json!({"type": "object", "properties": {"q": {"type": "integer"}}});
    json!([{"type": "function", "function": {"name": "look", "parameters": parameters}}])
}

fn first(alias: &str, stream: bool) -> Value {
    json!({
        "model": alias,
        "messages": [{"role": "user", "content": "How many?"}],
        "tools": tools(),
        "stream": stream,
    })
}

/// What a client sends that kept of the answer only the call.
fn second(alias: &str, id: &str) -> Value {
    let call = json!({"id": id, "type": "function", "function": {"name": "look", "arguments": "{\"q\":1}"}});
    json!({
        "model": alias,
        "messages": [
            {"role": "user", "content": "How many?"},
            {"role": "assistant", "content": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": id, "content": "2"},
        ],
        "tools": tools(),
    })
}

/// Asks the first turn; the id of the call, and what the header and the row say was lost.
async fn begin(gateway: &Gateway, client: &Client, stream: bool) -> (String, String) {
    let body = first("claude", stream).to_string();
    let request = client.request("POST", CHAT).json(body);
    let reply = client.send(&request).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let lossy = reply.header("x-wayleave-lossy").unwrap_or_default().to_owned();
    let detail = gateway.detail(reply.header("x-request-id").expect("our id")).await;
    let text = reply.text();
    assert!(!text.contains(SIGNATURE), "the dialect has no field for it: {text}");
    let at = text.find("\"id\":\"toolu").or_else(|| text.find("\"id\":\"call")).expect("a call");
    let id = text[at + 6..].split('"').next().expect("its id").to_owned();
    (id, lossy + &losses(&detail))
}

/// Wherever the receipt has them.
fn losses(detail: &Value) -> String {
    match detail {
        Value::Object(map) => {
            map.get("losses").map_or_else(|| map.values().map(losses).collect(), Value::to_string)
        }
        _ => String::new(),
    }
}

async fn go_on(client: &Client, alias: &str, id: &str) {
    let reply = client.post(CHAT, second(alias, id).to_string()).await;
    assert_eq!((reply.status, reply.at("/choices/0/message/content").as_str()), (200, "It is 2."));
}

#[tokio::test]
async fn the_thought_and_its_signature_come_back_before_the_call_they_led_to() {
    for stream in [false, true] {
        let script = script(THOUGHT).await;
        let setup = setup("main", &script.url(), KEY);
        let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
        let client = gateway.client(KEY);
        let (id, lost) = begin(&gateway, &client, stream).await;
        assert!(!lost.contains("answer.signature"), "{lost}");
        go_on(&client, "claude", &id).await;
        let turn = script.request(1).await.json()["messages"][1].clone();
        assert_eq!(turn, json!({"role": "assistant", "content": [thinking(THOUGHT), call()]}));
    }
}

#[tokio::test]
async fn they_come_back_when_another_node_is_asked() {
    let postgres = Postgres::start().await;
    let script = script(THOUGHT).await;
    let setup = setup("main", &script.url(), KEY);
    let one = Start::new(BINARY).setup(&setup.text()).flag("--database", postgres.url());
    let one = one.switch("--migrate").up().await;
    let keys = one.data().join("kek").display().to_string();
    let other = Start::new(BINARY).flag("--database", postgres.url()).flag("--kek", &keys);
    let other = other.up().await;
    for (n, (begun_at, asked_at)) in [(&one, &other), (&other, &one)].into_iter().enumerate() {
        let (id, lost) = begin(begun_at, &begun_at.client(KEY), n == 1).await;
        assert!(!lost.contains("answer.signature"), "{lost}");
        go_on(&asked_at.client(KEY), "claude", &id).await;
        let turn = script.request(2 * n + 1).await.json()["messages"][1].clone();
        assert_eq!(turn["content"], json!([thinking(THOUGHT), call()]));
    }
}

#[tokio::test]
async fn another_provider_and_another_workspace_are_not_given_them() {
    const OTHERS: &str = "wl_other_0123456789abcdef0123456789abcdef";
    let (mine, theirs) = (script(THOUGHT).await, script(THOUGHT).await);
    let setups = setup("main", &mine.url(), KEY).and(&setup("other", &theirs.url(), OTHERS));
    let gateway = Start::new(BINARY).setup(&setups).up().await;
    let (id, _) = begin(&gateway, &gateway.client(KEY), false).await;
    go_on(&gateway.client(KEY), "gemini", &id).await;
    go_on(&gateway.client(OTHERS), "claude", &id).await;
    let (gemini, other) = (mine.request(1).await, theirs.request(0).await);
    assert_eq!(gemini.path, "/v1beta/models/m:generateContent");
    for got in [gemini, other] {
        assert!(got.text().contains("\"look\""), "the call itself is there: {}", got.text());
        assert!(!got.text().contains(SIGNATURE), "{}", got.text());
        assert!(!got.text().contains("I should look it up"), "{}", got.text());
    }
}

#[tokio::test]
async fn they_outlive_the_process_and_stand_in_no_file_as_they_are() {
    let script = script(THOUGHT).await;
    let setup = setup("main", &script.url(), KEY);
    let mut gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    // Streamed: what ends the stream says that they are safe.
    let (id, _) = begin(&gateway, &gateway.client(KEY), true).await;
    gateway.kill9().await;
    for (path, bytes) in files(&gateway.folder()) {
        for canary in [Canary::new("signature", SIGNATURE), Canary::new("thought", THOUGHT)] {
            assert_eq!(canary.found_in(&bytes), None, "{}", path.display());
        }
    }
    gateway.start_again().await;
    go_on(&gateway.client(KEY), "claude", &id).await;
    let turn = script.request(1).await.json()["messages"][1].clone();
    assert_eq!(turn["content"][0], thinking(THOUGHT));
}

#[tokio::test]
async fn what_is_too_large_to_keep_is_a_named_loss() {
    let large: &'static str = Box::leak("thinking ".repeat(40_000).into_boxed_str());
    for stream in [false, true] {
        let script = script(large).await;
        let setup = setup("main", &script.url(), KEY);
        let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
        let client = gateway.client(KEY);
        let (id, lost) = begin(&gateway, &client, stream).await;
        assert!(lost.contains("answer.signature"), "{lost}");
        go_on(&client, "claude", &id).await;
        assert!(!script.request(1).await.text().contains(SIGNATURE));
    }
}
