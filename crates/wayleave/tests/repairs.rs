//! Upstreams that break the rules of their dialect: mended frame by frame, or a proper error; and
//! the row says which.

use serde_json::{Value, json};
use wayleave_testkit::client::{CHAT, chat_body};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::openai;
use wayleave_testkit::{Answer, Gateway, Script, Setup, Start, Streaming};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

async fn with(answer: Answer) -> (Script, Gateway) {
    let script = Script::start(move |_| answer.clone()).await;
    let gateway = Start::new(BINARY).setup(&Setup::simple(&script.url()).text()).up().await;
    (script, gateway)
}

/// What a client that asks for usage gets of these bytes, and the repairs on record.
async fn mended(answer: Answer) -> (String, Value) {
    let (_script, gateway) = with(answer).await;
    let client = gateway.client(KEY);
    let asked = json!({"model": "openai", "messages": [], "stream": true, "stream_options": {"include_usage": true}});
    let mut stream: Streaming =
        client.stream(&client.request("POST", CHAT).json(asked.to_string())).await;
    let got = stream.text().await;
    let detail = gateway.detail(stream.header("x-request-id").expect("our id")).await;
    (got, repairs(&detail))
}

/// Wherever the receipt has them.
fn repairs(detail: &Value) -> Value {
    match detail {
        Value::Object(map) => map.get("repairs").cloned().unwrap_or_else(|| {
            map.values().map(repairs).find(|it| !it.is_null()).unwrap_or(Value::Null)
        }),
        _ => Value::Null,
    }
}

fn good() -> Vec<String> {
    openai::stream(&["Hel", "lo"], 7, 3)
}

#[tokio::test]
async fn a_stream_that_keeps_the_rules_is_not_touched() {
    let (got, repairs) = mended(Answer::stream(good())).await;
    assert_eq!((got, repairs), (good().concat(), json!([])));
}

#[tokio::test]
async fn line_ends_of_another_system_become_line_feeds() {
    let (got, repairs) = mended(Answer::stream([good().concat().replace('\n', "\r\n")])).await;
    assert_eq!((got, repairs), (good().concat(), json!(["crlf"])));
}

#[tokio::test]
async fn lines_that_stop_clients_of_this_dialect_are_taken_out() {
    let named: Vec<String> =
        good().iter().map(|it| format!("event: message\nid: 1\n{it}")).collect();
    let (got, repairs) = mended(Answer::stream(named)).await;
    assert_eq!((got, repairs), (good().concat(), json!(["event_lines"])));
}

#[tokio::test]
async fn a_delta_that_is_null_is_an_empty_one() {
    let mut frames = good();
    frames[3] = frames[3].replace("\"delta\":{}", "\"delta\":null");
    assert_ne!(frames, good());
    let (got, repairs) = mended(Answer::stream(frames)).await;
    assert_eq!((got, repairs), (good().concat(), json!(["delta"])));
}

#[tokio::test]
async fn usage_that_clients_would_stumble_over_is_completed() {
    let mut frames = good();
    let usage = frames.iter().position(|it| it.contains("\"usage\"")).expect("a usage chunk");
    frames[usage] = frames[usage].replace("\"total_tokens\":10", "\"total_tokens\":null");
    assert_ne!(frames, good());
    let (got, repairs) = mended(Answer::stream(frames)).await;
    assert_eq!(
        (openai::said(std::slice::from_ref(&got)).len(), repairs),
        (0, json!(["usage_null"]))
    );
    let chunk = got.split("\n\n").find(|it| it.contains("\"usage\"")).expect("a usage chunk");
    let chunk: Value =
        serde_json::from_str(chunk.strip_prefix("data: ").expect("data")).expect("JSON");
    assert_eq!(chunk["usage"], openai::usage(7, 3));
}

#[tokio::test]
async fn tool_calls_come_one_after_the_other() {
    let call = |index: u32, fields: Value| {
        let mut call = fields;
        call["index"] = index.into();
        openai::chunk(&json!({"tool_calls": [call]}), None)
    };
    let begin = |index, id, name| {
        call(
            index,
            json!({"id": id, "type": "function", "function": {"name": name, "arguments": ""}}),
        )
    };
    let more = |index, text| call(index, json!({"function": {"arguments": text}}));
    let frames = vec![
        openai::role(),
        begin(0, "call_a", "f"),
        begin(1, "call_b", "g"),
        more(0, "{\"x\""),
        more(1, "{\"y\""),
        more(0, ":1}"),
        more(1, ":2}"),
        openai::chunk(&json!({}), Some("tool_calls")),
        openai::DONE.to_owned(),
    ];
    let (got, repairs) = mended(Answer::stream(frames)).await;
    assert!(
        repairs.as_array().is_some_and(|it| it.contains(&json!("tool_calls_interleaved"))),
        "{repairs}"
    );
    // Read as a client does that appends to whichever call it saw last.
    let mut calls: Vec<(String, String)> = Vec::new();
    for payload in got.split("\n\n").filter_map(|it| it.strip_prefix("data: ")) {
        let Ok(chunk) = serde_json::from_str::<Value>(payload) else { continue };
        let pieces =
            chunk.pointer("/choices/0/delta/tool_calls").and_then(Value::as_array).cloned();
        for piece in pieces.unwrap_or_default() {
            let id = piece["id"].as_str().filter(|id| !id.is_empty());
            if let Some(id) = id.filter(|id| calls.last().is_none_or(|last| last.0 != *id)) {
                calls.push((id.to_owned(), String::new()));
            }
            let text =
                piece.pointer("/function/arguments").and_then(Value::as_str).unwrap_or_default();
            calls.last_mut().expect("a call before its arguments").1.push_str(text);
        }
    }
    let expected = [("call_a", "{\"x\":1}"), ("call_b", "{\"y\":2}")]
        .map(|(id, text)| (id.to_owned(), text.to_owned()));
    assert_eq!(calls, expected);
}

#[tokio::test]
async fn a_missing_end_marker_is_put_there() {
    let mut frames = good();
    frames.pop();
    let (got, repairs) = mended(Answer::stream(frames)).await;
    assert_eq!((got, repairs), (good().concat(), json!(["done_missing"])));
}

#[tokio::test]
async fn compression_that_nobody_asked_for_is_undone() {
    let (got, repairs) = mended(Answer::stream(good()).gzip()).await;
    assert_eq!((got, repairs), (good().concat(), json!(["unasked_encoding"])));
    let (_script, gateway) = with(Answer::json(200, openai::whole("hi", 7, 3)).gzip()).await;
    let reply = gateway.client(KEY).chat("openai", "hello").await;
    assert_eq!((reply.text(), reply.header("content-encoding")), (openai::whole("hi", 7, 3), None));
}

#[tokio::test]
async fn a_whole_answer_in_place_of_a_stream_is_streamed() {
    let (got, repairs) = mended(Answer::json(200, openai::whole("Hello", 7, 3))).await;
    let frames: Vec<String> = got.split_inclusive("\n\n").map(str::to_owned).collect();
    assert_eq!(openai::said(&frames), "Hello");
    assert_eq!(frames.last().map(String::as_str), Some(openai::DONE));
    assert_eq!(repairs, json!(["not_streamed"]));
}

#[tokio::test]
async fn what_is_no_answer_is_an_error_whatever_its_status() {
    for (what, body, content_type) in [
        ("a web page", "<!doctype html><h1>Sign in</h1>".to_owned(), "text/html"),
        ("an error", openai::error("server_error", "the model is broken"), "application/json"),
        ("nothing", String::new(), "application/json"),
        ("half of it", openai::whole("x", 1, 1)[..40].to_owned(), "application/json"),
    ] {
        let (_script, gateway) = with(Answer::whole(200, content_type, body)).await;
        let client = gateway.client(KEY);
        for stream in [false, true] {
            let reply = client.post(CHAT, chat_body("openai", "hello", stream).to_string()).await;
            let code = reply.at("/error/code");
            assert_eq!(
                (reply.status, code.as_str()),
                (502, "upstream_error"),
                "{what}: {}",
                reply.text()
            );
            assert!(!reply.text().contains("doctype"), "{}", reply.text());
        }
        let rows = gateway.usage_of(2).await;
        assert!(
            rows.iter().all(|row| row["status"] == 502 && row["stream_end"] == "upstream_error"),
            "{what}: {rows:?}"
        );
    }
}
