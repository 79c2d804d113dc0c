//! `kill -9` in the middle of streams: what a client was told is on record, once; what was cut is
//! there as `interrupted`.

mod loads;

use loads::kill::{Heard, Round};
use serde_json::json;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::{anthropic, openai};
use wayleave_testkit::{Answer, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(usual)
}

/// The soak test sets these to 20 rounds of 200 streams.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_is_on_record_once_however_the_process_ends() {
    let rounds = number("WAYLEAVE_KILL_ROUNDS", 2);
    let streams = number("WAYLEAVE_KILL_STREAMS", 50);
    let mut total = Heard::default();
    for round in 0..rounds {
        // Points between the first requests and the last words, spread over the rounds.
        let after = 200 + 337 * round % 900;
        total += Round { seed: round, streams, kill_after_ms: after }.play(BINARY).await;
    }
    assert!(
        total.told > 0 && total.cut > 0,
        "the rounds hit streams at their end and in their middle: {total:?}"
    );
    #[allow(clippy::print_stdout, reason = "the figure that the soak test shows")]
    {
        println!("figure: {rounds} rounds of {streams} streams: {total}");
    }
}

#[tokio::test]
async fn between_the_last_event_and_the_end_of_the_body_nothing_is_lost() {
    let script = Script::start(|it| {
        let messages = it.path.ends_with("/messages");
        let frames =
            if messages { anthropic::stream(&["a"], 7, 3) } else { openai::stream(&["a"], 7, 3) };
        Answer::stream(frames).silence()
    })
    .await;
    let mut gateway = Start::new(BINARY).setup(&Setup::simple(&script.url()).text()).up().await;
    let client = gateway.client(KEY);
    let mut plain = client.chat_stream("openai", "hi").await;
    while plain.event().await.expect("an end") != openai::DONE {}
    let mut messages = client.messages_stream("anthropic", "hi").await;
    while messages.event().await.expect("an end") != anthropic::STOP {}
    gateway.kill9().await;
    gateway.start_again().await;
    let rows = gateway.usage_of(2).await;
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(
            (&row["stream_end"], &row["usage_source"]),
            (&json!("done"), &json!("provider")),
            "{row}"
        );
        assert_eq!(
            (row["input_tokens"].as_u64(), row["output_tokens"].as_u64()),
            (Some(7), Some(3)),
            "{row}"
        );
    }
}

#[tokio::test]
async fn a_whole_answer_is_on_record_before_its_head_goes_out() {
    let script = Script::start(|_| Answer::json(200, openai::whole("a", 7, 3))).await;
    let mut gateway = Start::new(BINARY).setup(&Setup::simple(&script.url()).text()).up().await;
    assert_eq!(gateway.client(KEY).chat("openai", "hi").await.status, 200);
    gateway.kill9().await;
    gateway.start_again().await;
    let rows = gateway.usage_of(1).await;
    assert_eq!((rows.len(), &rows[0]["stream_end"]), (1, &json!("done")));
    assert_eq!(rows[0]["cost_nanos"], 13_000);
}

#[tokio::test]
async fn what_was_interrupted_is_charged_for_its_prompt_and_never_twice() {
    let script =
        Script::start(|_| Answer::stream([openai::role(), openai::text("a")]).silence()).await;
    let mut gateway = Start::new(BINARY).setup(&Setup::simple(&script.url()).text()).up().await;
    let mut stream = gateway.client(KEY).chat_stream("openai", "hello").await;
    stream.event().await;
    gateway.kill9().await;
    let mut costs = Vec::new();
    // Killed again and again while it settles: still one row.
    for _ in 0..3 {
        gateway.start_again().await;
        let rows = gateway.usage_of(1).await;
        assert_eq!((rows.len(), &rows[0]["stream_end"]), (1, &json!("interrupted")));
        assert_eq!(rows[0]["usage_source"], "estimated");
        costs.push(rows[0]["cost_nanos"].as_u64());
        gateway.kill9().await;
    }
    assert!(costs[0] > Some(0) && costs.iter().all(|it| *it == costs[0]), "{costs:?}");
}
