//! Where both sides speak the same dialect, the bytes are the client's and the provider's own.

use serde_json::json;
use wayleave_testkit::client::{CHAT, Ending, MESSAGES};
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::{anthropic, openai};
use wayleave_testkit::{Answer, Client, Gateway, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

async fn with(answer: Answer) -> (Script, Gateway, Client) {
    let script = Script::start(move |_| answer.clone()).await;
    // Aliases of the provider's own names: then the model needs no edit either.
    let setup = Setup::simple(&script.url())
        .alias("m", &[("openai", "m")])
        .alias("other", &[("anthropic", "m")]);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);
    (script, gateway, client)
}

#[tokio::test]
async fn a_request_reaches_the_provider_to_the_byte() {
    let (script, _gateway, client) = with(Answer::json(200, openai::whole("hi", 1, 1))).await;
    let body = "{ \"model\" : \"m\",\n\t\"messages\":[{\"role\":\"user\",\"content\":\"\\u00e4 \\ud83d\\ude00 \u{2028}\"}] , \"x-unknown\":{\"a\":[1.0,1e400,-0]},\"temperature\":0.10}  ";
    assert_eq!(client.post(CHAT, body).await.status, 200);
    let got = script.request(0).await;
    assert_eq!(got.text(), body);
    assert_eq!(got.path, "/v1/chat/completions");
    assert_eq!(got.header("authorization"), Some(format!("Bearer {CREDENTIAL}").as_str()));
    assert_eq!(got.header("content-length"), Some(body.len().to_string().as_str()));
}

#[tokio::test]
async fn only_the_named_edits_change_a_request() {
    let (script, _gateway, client) = with(Answer::stream(openai::stream(&["hi"], 1, 1))).await;
    let body = r#"{"x":[ 1 ],"model":"openai","stream":true,  "messages":[]}"#;
    let request = client.request("POST", CHAT).json(body);
    let mut stream = client.stream(&request).await;
    stream.rest().await;
    assert_eq!(stream.header("x-wayleave-adjusted"), Some("model, stream_options"));
    let expected = r#"{"stream_options":{"include_usage":true},"x":[ 1 ],"model":"m","stream":true,  "messages":[]}"#;
    assert_eq!(script.request(0).await.text(), expected);
}

#[tokio::test]
async fn a_message_reaches_its_provider_to_the_byte_with_the_clients_versions() {
    let (script, gateway, _) = with(Answer::json(200, anthropic::whole("hi", 1, 1))).await;
    let body = r#"{"max_tokens":5, "model":"anthropic","messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}],"new_field":true}"#;
    let client = gateway.client("");
    let request = client
        .request("POST", MESSAGES)
        .header("x-api-key", KEY)
        .header("anthropic-version", "2023-06-01")
        .header("anthropic-beta", "one,two")
        .header("x-stainless-lang", "python")
        .json(body);
    let reply = client.send(&request).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let got = script.request(0).await;
    assert_eq!(got.text(), body.replace("\"anthropic\"", "\"m\""));
    assert_eq!(got.path, "/v1/messages");
    assert_eq!(got.header("x-api-key"), Some(CREDENTIAL));
    assert_eq!(got.header("anthropic-beta"), Some("one,two"));
    assert_eq!(got.header("x-stainless-lang"), None);
    assert_eq!(got.header("authorization"), None);
}

#[tokio::test]
async fn a_whole_answer_reaches_the_client_to_the_byte() {
    let body =
        openai::whole("hi", 7, 3).replace("\"usage\"", "\"unknown\" : [ 1.50 ],\n \"usage\"");
    let (_script, gateway, client) =
        with(Answer::json(200, body.clone()).header("x-request-id", "up-1")).await;
    let reply = client.chat("openai", "hello").await;
    assert_eq!(reply.text(), body);
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("x-upstream-request-id"), Some("up-1"));
    let row = gateway.row(reply.header("x-request-id").expect("our id")).await;
    // 7 tokens at 1,000 nano-dollars and 3 at 2,000.
    assert_eq!((row["input_tokens"].as_u64(), row["output_tokens"].as_u64()), (Some(7), Some(3)));
    assert_eq!(row["cost_nanos"], 13_000);
    assert_eq!((&row["provider"], &row["model"]), (&json!("openai"), &json!("m")));
}

#[tokio::test]
async fn a_stream_reaches_the_client_to_the_byte_with_its_end() {
    let mut frames = openai::stream(&["Hel", "lo \u{2028}\u{e4}"], 7, 3);
    frames[1] = frames[1].replace("\"delta\"", "\"unknown\" : 1.50, \"delta\"");
    for size in [1, 7, 4_096] {
        let body = frames.concat();
        let (_script, _gateway, client) =
            with(Answer::events().pieces_of(size, body.as_bytes())).await;
        let asked = json!({"model": "openai", "messages": [], "stream": true, "stream_options": {"include_usage": true}});
        let mut stream = client.stream(&client.request("POST", CHAT).json(asked.to_string())).await;
        assert_eq!(stream.text().await, body);
        assert_eq!(stream.ending(), Ending::Clean);
        assert_eq!(stream.header("content-type"), Some("text/event-stream; charset=utf-8"));
        assert_eq!(stream.header("content-length"), None);
    }
}

#[tokio::test]
async fn a_usage_chunk_nobody_asked_for_is_kept_back_and_recorded() {
    let frames = openai::stream(&["Hel", "lo"], 7, 3);
    let (_script, gateway, client) = with(Answer::stream(frames.clone())).await;
    let mut stream = client.chat_stream("openai", "hello").await;
    let got = stream.frames().await;
    let expected: Vec<String> =
        frames.into_iter().filter(|frame| !frame.contains("\"usage\"")).collect();
    assert_eq!(got, expected);
    let row = gateway.row(stream.header("x-request-id").expect("our id")).await;
    assert_eq!((row["input_tokens"].as_u64(), row["output_tokens"].as_u64()), (Some(7), Some(3)));
    assert_eq!((&row["usage_source"], &row["stream_end"]), (&json!("provider"), &json!("done")));
    assert_eq!(row["cost_nanos"], 13_000);
}

#[tokio::test]
async fn a_stream_of_messages_reaches_the_client_to_the_byte() {
    let frames = anthropic::stream(&["Hel", "lo"], 7, 3);
    let (_script, gateway, client) = with(Answer::stream(frames.clone())).await;
    let mut stream = client.messages_stream("anthropic", "hello").await;
    assert_eq!(stream.frames().await, frames);
    let row = gateway.row(stream.header("request-id").expect("our id")).await;
    assert_eq!((row["input_tokens"].as_u64(), row["output_tokens"].as_u64()), (Some(7), Some(3)));
}

#[tokio::test]
async fn each_surface_reaches_each_grammar() {
    let script = Script::start(|it| {
        let stream = it.json()["stream"] == true;
        match (it.path.as_str(), stream) {
            ("/v1/messages", true) => Answer::stream(anthropic::stream(&["Hel", "lo"], 7, 3)),
            ("/v1/messages", false) => Answer::json(200, anthropic::whole("Hello", 7, 3)),
            (_, true) => Answer::stream(openai::stream(&["Hel", "lo"], 7, 3)),
            (_, false) => Answer::json(200, openai::whole("Hello", 7, 3)),
        }
    })
    .await;
    let gateway = Start::new(BINARY).setup(&Setup::simple(&script.url()).text()).up().await;
    let client = gateway.client(KEY);
    for alias in ["openai", "anthropic"] {
        assert_eq!(client.chat(alias, "hello").await.at("/choices/0/message/content"), "Hello");
        assert_eq!(openai::said(&client.chat_stream(alias, "hello").await.frames().await), "Hello");
        assert_eq!(client.messages(alias, "hello").await.at("/content/0/text"), "Hello");
        assert_eq!(
            anthropic::said(&client.messages_stream(alias, "hello").await.frames().await),
            "Hello"
        );
    }
    let rows = gateway.usage_of(8).await;
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert_eq!(
            (row["input_tokens"].as_u64(), row["output_tokens"].as_u64()),
            (Some(7), Some(3)),
            "{row}"
        );
        assert_eq!(
            (row["cost_nanos"].as_u64(), &row["stream_end"]),
            (Some(13_000), &json!("done")),
            "{row}"
        );
    }
}
