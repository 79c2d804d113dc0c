//! Clients that leave before their answer is whole.

use serde_json::{Value, json};
use wayleave_testkit::client::{CHAT, chat_body};
use wayleave_testkit::script::Ended;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::{anthropic, openai};
use wayleave_testkit::{Answer, Client, Gate, Gateway, Script, Setup, Start, within};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

async fn with(answer: Answer) -> (Script, Gateway, Client) {
    let script = Script::start(move |_| answer.clone()).await;
    let drained = json!({"client_gone": "drain"});
    let setup = Setup::simple(&script.url()).alias_with("drained", &[("openai", "m")], &drained);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);
    (script, gateway, client)
}

async fn only_row(gateway: &Gateway) -> Value {
    let mut rows = gateway.usage_of(1).await;
    assert_eq!(rows.len(), 1);
    rows.remove(0)
}

/// Waits for the upstream to notice, for about the second that it may take.
async fn cancelled(script: &Script) {
    assert_eq!(within(2, "the upstream call is cancelled", script.ended(0)).await, Ended::PeerLeft);
}

#[tokio::test]
async fn a_stream_is_cancelled_upstream_and_estimated() {
    let (script, gateway, client) =
        with(Answer::stream([openai::role(), openai::text("0123456789")]).silence()).await;
    let mut stream = client.chat_stream("openai", "hello").await;
    stream.event().await;
    stream.event().await;
    drop(stream);
    cancelled(&script).await;
    let row = only_row(&gateway).await;
    assert_eq!(
        (&row["stream_end"], &row["usage_source"]),
        (&json!("client_gone"), &json!("estimated"))
    );
    // Ten bytes at four a token, rounded up.
    assert_eq!(row["output_tokens"], 3);
    assert!(row["input_tokens"].as_u64() > Some(0), "{row}");
    let cost = row["input_tokens"].as_u64().map(|input| input * 1_000 + 3 * 2_000);
    assert_eq!(row["cost_nanos"].as_u64(), cost);
}

#[tokio::test]
async fn what_the_provider_reported_counts_and_the_rest_is_estimated() {
    let frames = [anthropic::start(70), anthropic::open(), anthropic::text("0123456789")];
    let (script, gateway, client) = with(Answer::stream(frames).silence()).await;
    let mut stream = client.messages_stream("anthropic", "hello").await;
    for _ in 0..3 {
        stream.event().await;
    }
    drop(stream);
    cancelled(&script).await;
    let row = only_row(&gateway).await;
    assert_eq!(
        (&row["stream_end"], &row["usage_source"]),
        (&json!("client_gone"), &json!("estimated"))
    );
    assert_eq!((row["input_tokens"].as_u64(), row["output_tokens"].as_u64()), (Some(70), Some(4)));
}

#[tokio::test]
async fn a_stream_that_has_not_begun_is_cancelled_too() {
    for answer in
        [Answer::never(), Answer::events().silence(), Answer::stream([openai::role()]).silence()]
    {
        let (script, gateway, client) = with(answer).await;
        let mut connection = client.connect().await;
        let body = chat_body("openai", "hello", true).to_string();
        connection.send(&client.request("POST", CHAT).json(body).bytes()).await;
        script.request(0).await;
        drop(connection);
        cancelled(&script).await;
        let row = only_row(&gateway).await;
        assert_eq!(
            (&row["stream_end"], row["status"].as_u64()),
            (&json!("client_gone"), Some(499))
        );
    }
}

#[tokio::test]
async fn an_unstreamed_call_is_read_to_its_end_and_settled_exactly() {
    let gate = Gate::closed();
    let whole = openai::whole("hello", 7, 3);
    let answer = Answer::json(200, whole.clone()).held(&gate);
    let (script, gateway, client) = with(answer).await;
    let mut connection = client.connect().await;
    let body = chat_body("openai", "hello", false).to_string();
    connection.send(&client.request("POST", CHAT).json(body).bytes()).await;
    script.request(0).await;
    drop(connection);
    // Time for the gateway to notice that nobody waits any more.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    gate.open();
    assert_eq!(script.ended(0).await, Ended::Played);
    let row = only_row(&gateway).await;
    assert_eq!(
        (&row["stream_end"], &row["usage_source"]),
        (&json!("client_gone"), &json!("provider"))
    );
    assert_eq!((row["input_tokens"].as_u64(), row["output_tokens"].as_u64()), (Some(7), Some(3)));
    assert_eq!(row["cost_nanos"], 13_000);
}

#[tokio::test]
async fn a_route_may_read_streams_to_their_end_instead() {
    let gate = Gate::closed();
    let frames = openai::stream(&["a", "b"], 7, 3);
    let mut answer = Answer::events();
    for frame in &frames[..2] {
        answer = answer.piece(frame.clone());
    }
    answer = answer.wait(&gate);
    for frame in &frames[2..] {
        answer = answer.piece(frame.clone());
    }
    let (script, gateway, client) = with(answer).await;
    let mut stream = client.chat_stream("drained", "hello").await;
    stream.event().await;
    stream.event().await;
    drop(stream);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    gate.open();
    assert_eq!(script.ended(0).await, Ended::Played);
    let row = only_row(&gateway).await;
    assert_eq!((row["input_tokens"].as_u64(), row["output_tokens"].as_u64()), (Some(7), Some(3)));
    assert_eq!(row["usage_source"], "provider");
}

#[tokio::test]
async fn a_client_that_leaves_in_its_own_request_reaches_nobody() {
    let (script, gateway, client) = with(Answer::json(200, openai::whole("x", 1, 1))).await;
    let body = chat_body("openai", "hello", false).to_string();
    let bytes = client.request("POST", CHAT).json(body).bytes();
    let mut connection = client.connect().await;
    connection.send(&bytes[..bytes.len() - 5]).await;
    drop(connection);
    assert_eq!(client.chat("openai", "hello").await.status, 200);
    assert_eq!(script.count(), 1);
    gateway.usage_of(1).await;
}
