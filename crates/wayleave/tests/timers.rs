//! Timers on the upstream, each named in the error it causes.

use serde_json::{Value, json};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::openai;
use wayleave_testkit::{Answer, Client, Gateway, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

/// The alias `timed` gives up on its upstream after 300 ms of silence at that place.
async fn with(timer: &str, answer: Answer) -> (Script, Gateway, Client) {
    let script = Script::start(move |_| answer.clone()).await;
    let policy = json!({"timeouts": {timer: 300}});
    let setup = Setup::simple(&script.url()).alias_with("timed", &[("openai", "m")], &policy);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);
    (script, gateway, client)
}

async fn assert_timeout(gateway: &Gateway) {
    let rows = gateway.usage_of(1).await;
    assert_eq!(
        (&rows[0]["stream_end"], &rows[0]["error_code"]),
        (&json!("timeout"), &json!("upstream_timeout"))
    );
}

#[tokio::test]
async fn no_head_in_time() {
    for stream in [false, true] {
        let (_script, gateway, client) = with("first_byte_ms", Answer::never()).await;
        let body = wayleave_testkit::client::chat_body("timed", "hello", stream).to_string();
        let reply = client.post(wayleave_testkit::client::CHAT, body).await;
        assert_eq!(
            (reply.status, reply.at("/error/code").as_str()),
            (504, "upstream_timeout"),
            "{}",
            reply.text()
        );
        assert!(reply.at("/error/message").contains("first_byte"), "{}", reply.text());
        assert_timeout(&gateway).await;
    }
}

#[tokio::test]
async fn no_word_in_time() {
    let (_script, gateway, client) =
        with("first_token_ms", Answer::stream([openai::role()]).silence()).await;
    let reply = client
        .post(
            wayleave_testkit::client::CHAT,
            json!({"model": "timed", "messages": [], "stream": true}).to_string(),
        )
        .await;
    assert_eq!(
        (reply.status, reply.at("/error/code").as_str()),
        (504, "upstream_timeout"),
        "{}",
        reply.text()
    );
    assert!(reply.at("/error/message").contains("first_token"), "{}", reply.text());
    assert_timeout(&gateway).await;
}

#[tokio::test]
async fn silence_in_the_middle_of_a_stream() {
    let (_script, gateway, client) =
        with("idle_ms", Answer::stream([openai::role(), openai::text("x")]).silence()).await;
    let mut stream = client.chat_stream("timed", "hello").await;
    let frames = stream.frames().await;
    assert_eq!(frames[..2], [openai::role(), openai::text("x")]);
    let error: Value =
        serde_json::from_str(frames[2].trim().strip_prefix("data: ").expect("data")).expect("JSON");
    assert_eq!(error["error"]["code"], "upstream_timeout");
    assert!(error["error"]["message"].as_str().expect("text").contains("idle"), "{error}");
    assert_eq!(frames.len(), 3);
    assert_timeout(&gateway).await;
}

#[tokio::test]
async fn silence_in_the_middle_of_a_whole_answer() {
    let half =
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"id\"";
    let (_script, gateway, client) = with("idle_ms", Answer::wire(half).silence()).await;
    let reply = client.chat("timed", "hello").await;
    assert_eq!(
        (reply.status, reply.at("/error/code").as_str()),
        (504, "upstream_timeout"),
        "{}",
        reply.text()
    );
    assert!(reply.at("/error/message").contains("idle"), "{}", reply.text());
    assert_timeout(&gateway).await;
}

#[tokio::test]
async fn a_slow_answer_that_keeps_moving_has_no_limit() {
    let mut answer = Answer::stream([openai::role()]);
    for _ in 0..8 {
        answer = answer.pause(150).piece(openai::text("x"));
    }
    let answer = answer.piece(openai::finish()).piece(openai::DONE);
    let (_script, gateway, client) = with("idle_ms", answer).await;
    let frames = client.chat_stream("timed", "hello").await.frames().await;
    assert_eq!(openai::said(&frames), "xxxxxxxx");
    assert_eq!(gateway.usage_of(1).await[0]["stream_end"], "done");
}
