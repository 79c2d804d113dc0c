//! One round of the kill loop: streams, a kill in the middle of them, and what must then be on
//! record.

use std::collections::HashMap;
use std::fmt;
use std::ops::AddAssign;
use std::time::Duration;

use serde_json::{Value, json};
use wayleave_testkit::client::CHAT;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::openai;
use wayleave_testkit::{Answer, Client, Random, Received, Script, Setup, Start, eventually};

/// What clients heard, over all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Heard {
    /// Streams whose last event was read.
    pub(crate) told: usize,
    /// Streams that had a head and were cut.
    pub(crate) cut: usize,
    /// Requests that got no head.
    pub(crate) nothing: usize,
    /// Calls that reached the upstream.
    pub(crate) upstream: usize,
    /// Rows on record.
    pub(crate) rows: usize,
}

/// One round.
pub(crate) struct Round {
    /// Fixes what is random in it.
    pub(crate) seed: u64,
    /// Streams at once.
    pub(crate) streams: u64,
    /// When the process is killed, counted from the first request.
    pub(crate) kill_after_ms: u64,
}

/// What one client heard.
struct Outcome {
    request_id: Option<String>,
    /// The usage it was told, if it read the last event.
    told: Option<Value>,
}

impl Round {
    /// Plays it, and checks every record.
    pub(crate) async fn play(&self, binary: &str) -> Heard {
        let script = Script::start(answer).await;
        let mut gateway = Start::new(binary).setup(&Setup::simple(&script.url()).text()).up().await;
        let mut clients = Vec::new();
        for n in 0..self.streams {
            let (client, number) = (gateway.client(KEY), self.seed * 1_000_000 + n);
            clients.push(tokio::spawn(call(client, number)));
        }
        tokio::time::sleep(Duration::from_millis(self.kill_after_ms)).await;
        gateway.kill9().await;
        let mut outcomes = Vec::new();
        for client in clients {
            outcomes.push(client.await.expect("a client"));
        }
        // Requests may be on their way through a socket's buffer for a moment longer.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let calls = script.count();
        gateway.start_again().await;
        let rows = eventually(30, "a row for every upstream call", || async {
            let rows = gateway.usage().await;
            // Everything that an earlier run left is settled in one go.
            (rows.len() >= calls).then_some(rows)
        })
        .await;
        let heard = Heard {
            told: outcomes.iter().filter(|it| it.told.is_some()).count(),
            cut: outcomes.iter().filter(|it| it.told.is_none() && it.request_id.is_some()).count(),
            nothing: outcomes.iter().filter(|it| it.request_id.is_none()).count(),
            upstream: calls,
            rows: rows.len(),
        };
        check(&outcomes, &rows, calls, self.streams);
        heard
    }
}

fn check(outcomes: &[Outcome], rows: &[Value], calls: usize, streams: u64) {
    let mut by_id: HashMap<&str, &Value> = HashMap::new();
    for row in rows {
        let id = row["request_id"].as_str().expect("an id");
        assert!(by_id.insert(id, row).is_none(), "{id} is there twice");
    }
    for outcome in outcomes {
        let Some(id) = &outcome.request_id else { continue };
        let row = by_id.get(id.as_str()).unwrap_or_else(|| panic!("{id} has no row"));
        match &outcome.told {
            Some(usage) => {
                assert_eq!(
                    (&row["stream_end"], &row["status"]),
                    (&json!("done"), &json!(200)),
                    "{row}"
                );
                assert_eq!(row["input_tokens"], usage["prompt_tokens"], "{row}");
                assert_eq!(row["output_tokens"], usage["completion_tokens"], "{row}");
            }
            // Its end may have been on record already, and on its way to the client.
            None => {
                assert!(row["stream_end"] == "interrupted" || row["stream_end"] == "done", "{row}")
            }
        }
    }
    // A call is on record before it is made, so the two can differ by those that were not made yet;
    // nothing is ever called that is not on record, and nothing is on record that nobody asked for.
    let attempts: u64 = rows.iter().map(|row| row["attempts"].as_u64().expect("a number")).sum();
    assert!(calls as u64 <= attempts && attempts <= streams, "{calls} calls, {attempts} attempts");
    let ended = rows.iter().filter(|row| row["stream_end"] != "interrupted").count();
    assert!(ended <= calls, "{ended} ended of {calls} calls");
    for row in rows {
        assert_eq!(row["attempts"], 1, "{row}");
    }
}

/// A stream whose words, pauses and usage follow from its number.
fn answer(got: &Received) -> Answer {
    let number =
        got.json()["messages"][0]["content"].as_str().and_then(|it| it.parse().ok()).unwrap_or(0);
    let mut random = Random(number);
    let words = 1 + random.below(20);
    let mut answer = Answer::events().piece(openai::role()).late(random.below(100));
    for _ in 0..words {
        answer = answer.piece(openai::text("word ")).pause(random.below(60));
    }
    let (input, output) = usage(number);
    answer.piece(openai::finish()).piece(openai::usage_chunk(input, output)).piece(openai::DONE)
}

fn usage(number: u64) -> (u64, u64) {
    (1 + number % 97, 1 + number % 89)
}

async fn call(client: Client, number: u64) -> Outcome {
    tokio::time::sleep(Duration::from_millis(Random(!number).below(300))).await;
    let mut outcome = Outcome { request_id: None, told: None };
    let body = json!({
        "model": "openai",
        "messages": [{"role": "user", "content": number.to_string()}],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    let Some(mut stream) =
        client.try_stream(&client.request("POST", CHAT).json(body.to_string())).await
    else {
        return outcome;
    };
    assert_eq!(stream.status, 200);
    outcome.request_id = stream.header("x-request-id").map(str::to_owned);
    let mut told = None;
    while let Some(frame) = stream.event().await {
        if frame == openai::DONE {
            outcome.told = told;
            break;
        }
        if let Some(payload) = frame.strip_prefix("data: ").filter(|_| frame.ends_with("\n\n")) {
            let chunk: Value = serde_json::from_str(payload).expect("a chunk");
            told = chunk.get("usage").filter(|it| it.is_object()).cloned().or(told);
        }
    }
    let (input, output) = usage(number);
    assert!(outcome.told.as_ref().is_none_or(|it| *it == openai::usage(input, output)));
    outcome
}

impl AddAssign for Heard {
    fn add_assign(&mut self, other: Heard) {
        self.told += other.told;
        self.cut += other.cut;
        self.nothing += other.nothing;
        self.upstream += other.upstream;
        self.rows += other.rows;
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Heard { told, cut, nothing, upstream, rows } = self;
        write!(
            f,
            "{told} told their end, {cut} cut, {nothing} without a head; {upstream} upstream calls, {rows} rows"
        )
    }
}
