//! Which failures another target answers for, and from when on none does.

use serde_json::{Value, json};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::{anthropic, openai};
use wayleave_testkit::{Answer, Client, Gateway, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

/// Alias `both` tries A and then B; each answers as it is told.
struct Pair {
    a: Script,
    b: Script,
    gateway: Gateway,
    client: Client,
}

impl Pair {
    async fn new(a: Answer, b: Answer) -> Pair {
        let a = Script::start(move |_| a.clone()).await;
        let b = Script::start(move |_| b.clone()).await;
        let setup = Setup::workspace("main")
            .openai("a", &a.url())
            .openai("b", &b.url())
            .anthropic("c", &a.url())
            .anthropic("d", &b.url())
            .alias("both", &[("a", "m"), ("b", "m")])
            .alias("messages", &[("c", "m"), ("d", "m")])
            .key("test", KEY);
        let start = Start::new(BINARY).setup(&setup.text()).flag("--heartbeat-ms", "200");
        let gateway = start.up().await;
        let client = gateway.client(KEY);
        Pair { a, b, gateway, client }
    }

    /// What a streamed call gets, frame by frame, and its row.
    async fn stream(&self) -> (Vec<String>, Value) {
        let mut stream = self.client.chat_stream("both", "hello").await;
        let frames = stream.frames().await;
        let row = self.gateway.row(stream.header("x-request-id").expect("our id")).await;
        (frames, row)
    }
}

fn frames() -> Vec<String> {
    openai::stream(&["from ", "B"], 7, 3)
}

fn from_b() -> Answer {
    Answer::stream(frames())
}

fn without_usage(frames: Vec<String>) -> Vec<String> {
    frames.into_iter().filter(|it| !it.contains("\"usage\"")).collect()
}

fn rate_limited() -> Answer {
    Answer::json(429, openai::error("rate_limit_error", "slow down"))
}

#[tokio::test]
async fn silence_is_filled_with_heartbeats_and_then_another_target_answers() {
    let pair = Pair::new(rate_limited().late(1_100), from_b()).await;
    let mut stream = pair.client.chat_stream("both", "hello").await;
    assert_eq!(stream.status, 200);
    let got = stream.frames().await;
    let beats = got.iter().take_while(|frame| *frame == ": ping\n\n").count();
    assert!(beats >= 2, "{got:?}");
    assert_eq!(got[beats..], without_usage(frames()));
    let row = pair.gateway.row(stream.header("x-request-id").expect("our id")).await;
    assert_eq!((row["status"].as_u64(), row["attempts"].as_u64()), (Some(200), Some(2)));
    assert_eq!((&row["provider"], &row["stream_end"]), (&json!("b"), &json!("done")));
}

#[tokio::test]
async fn what_fails_before_the_first_word_is_answered_by_the_next_target() {
    let role = openai::role().replace("chatcmpl-1", "chatcmpl-A");
    let stream = |pieces: &[&str]| Answer::stream(pieces.iter().copied());
    for (what, a) in [
        ("a refusal", rate_limited()),
        ("a server error", Answer::json(500, openai::error("server_error", "broken"))),
        ("a refused credential", Answer::json(401, openai::error("invalid_request_error", "no"))),
        ("a cut before the head", Answer::wire("")),
        ("a reset in the head", Answer::wire("HTTP/1.1 200 OK\r\ncontent-").reset()),
        ("a web page", Answer::whole(200, "text/html", "<html>gateway</html>")),
        ("an error with status 200", Answer::json(200, openai::error("server_error", "broken"))),
        ("a head and nothing", Answer::events().cut()),
        ("a role and a cut", stream(&[&role]).cut()),
        ("a role and a reset", stream(&[&role]).pause(50).reset()),
        (
            "a role and an error",
            stream(&[&role, "data: {\"error\":{\"message\":\"broken\",\"code\":500}}\n\n"]),
        ),
        ("a comment and the end", stream(&[": hello\n\n"])),
    ] {
        let pair = Pair::new(a, from_b()).await;
        let (got, row) = pair.stream().await;
        assert_eq!(got, without_usage(frames()), "{what}");
        assert_eq!((row["attempts"].as_u64(), &row["provider"]), (Some(2), &json!("b")), "{what}");
        assert_eq!((pair.a.count(), pair.b.count()), (1, 1), "{what}");
    }
}

#[tokio::test]
async fn after_the_first_word_nothing_is_tried_again() {
    let begun = || Answer::stream([openai::role(), openai::text("half")]);
    let error =
        "data: {\"error\":{\"message\":\"broken\",\"type\":\"server_error\",\"code\":null}}\n\n";
    for (what, a, end) in [
        ("a cut", begun().cut(), "eof"),
        ("a reset", begun().pause(50).reset(), "eof"),
        ("a clean end without a finish", begun(), "eof"),
        ("an error", begun().piece(error), "upstream_error"),
        ("something else", begun().piece("data: what?\n\n"), "upstream_error"),
    ] {
        let pair = Pair::new(a, from_b()).await;
        let (got, row) = pair.stream().await;
        assert_eq!(got[..2], [openai::role(), openai::text("half")], "{what}");
        let last: Value =
            serde_json::from_str(got[2].trim().strip_prefix("data: ").expect(what)).expect(what);
        assert!(
            last["error"]["message"].is_string() && last.get("choices").is_none(),
            "{what}: {last}"
        );
        assert_eq!(got.len(), 3, "{what}: nothing follows the error");
        assert_eq!(
            (&row["stream_end"], row["attempts"].as_u64()),
            (&json!(end), Some(1)),
            "{what}"
        );
        assert_eq!(
            (&row["usage_source"], row["status"].as_u64()),
            (&json!("estimated"), Some(200)),
            "{what}"
        );
        assert_eq!(pair.b.count(), 0, "{what}");
    }
}

#[tokio::test]
async fn an_error_after_a_heartbeat_is_an_event_of_the_clients_dialect() {
    let answer = Answer::json(500, openai::error("server_error", "broken")).late(500);
    let pair = Pair::new(answer.clone(), answer).await;
    let (got, row) = pair.stream().await;
    assert_eq!(got[0], ": ping\n\n");
    let last: Value = serde_json::from_str(
        got.last().expect("frames").trim().strip_prefix("data: ").expect("data"),
    )
    .expect("JSON");
    assert_eq!(last["error"]["code"], "upstream_error");
    assert!(!got.concat().contains("[DONE]"));
    assert_eq!((&row["error_code"], row["attempts"].as_u64()), (&json!("upstream_error"), Some(2)));

    let mut stream = pair.client.messages_stream("messages", "hello").await;
    let got = stream.frames().await;
    assert_eq!(got[0], "event: ping\ndata: {\"type\": \"ping\"}\n\n");
    let last =
        got.last().expect("frames").strip_prefix("event: error\ndata: ").expect("an error event");
    let last: Value = serde_json::from_str(last.trim()).expect("JSON");
    assert_eq!(
        (&last["type"], &last["error"]["code"]),
        (&json!("error"), &json!("upstream_error"))
    );
}

#[tokio::test]
async fn an_error_before_the_head_is_an_error_of_http() {
    let error = Answer::json(503, anthropic::error("overloaded_error", "busy"));
    let pair = Pair::new(error.clone(), error).await;
    let reply = pair.client.messages("messages", "hello").await;
    assert_eq!((reply.status, reply.at("/type").as_str()), (503, "error"), "{}", reply.text());
    assert_eq!(reply.at("/error/code"), "overloaded");
    let streamed = pair.client.messages_stream("messages", "hello").await;
    assert!(streamed.status >= 500, "{}", streamed.status);
    assert_eq!(streamed.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn the_callers_own_mistake_is_not_tried_again_and_told_in_the_providers_words() {
    let said = r#"{"error": {"message":"max_tokens is too large","type":"invalid_request_error","param":"max_tokens","code":null} }"#;
    let pair = Pair::new(Answer::json(400, said), from_b()).await;
    let reply = pair.client.chat("both", "hello").await;
    assert_eq!((reply.status, reply.text().as_str()), (400, said));
    assert_eq!(pair.b.count(), 0);
    let rows = pair.gateway.usage_of(1).await;
    assert_eq!((rows[0]["status"].as_u64(), rows[0]["attempts"].as_u64()), (Some(400), Some(1)));
}

#[tokio::test]
async fn a_throttled_target_rests_for_as_long_as_it_said() {
    let limited = rate_limited().header("retry-after", "30");
    let pair = Pair::new(limited, from_b()).await;
    for _ in 0..3 {
        pair.client.chat_stream("both", "hello").await.rest().await;
    }
    assert_eq!((pair.a.count(), pair.b.count()), (1, 3));
    let reply = pair.client.chat("a", "hello").await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (429, "upstream_rate_limited"));
    let wait: u64 =
        reply.header("retry-after").expect("when to come back").parse().expect("seconds");
    assert!((20..=30).contains(&wait), "{wait}");
    assert_eq!(pair.a.count(), 1);
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_answered_by_the_next_target() {
    let gone = Script::start(|_| Answer::never()).await;
    let nowhere = gone.url();
    drop(gone);
    let b = Script::start(|_| from_b()).await;
    let setup = Setup::workspace("main").openai("a", &nowhere).openai("b", &b.url());
    let setup = setup.alias("both", &[("a", "m"), ("b", "m")]).key("test", KEY);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let got = gateway.client(KEY).chat_stream("both", "hello").await.frames().await;
    assert_eq!(got, without_usage(frames()));
    let reply = gateway.client(KEY).chat("a", "hello").await;
    assert_eq!(
        (reply.status, reply.at("/error/code").as_str()),
        (502, "upstream_error"),
        "{}",
        reply.text()
    );
}
