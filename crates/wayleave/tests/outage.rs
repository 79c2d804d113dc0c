//! The database is away for a while: clients notice nothing, and rows arrive after.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};
use wayleave_testkit::postgres::Postgres;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::openai;
use wayleave_testkit::{Answer, Client, Script, Setup, Start, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

/// The soak test sets this to 10 seconds.
fn outage() -> Duration {
    let millis = std::env::var("WAYLEAVE_OUTAGE_MS").ok().and_then(|it| it.parse().ok());
    Duration::from_millis(millis.unwrap_or(3_000))
}

async fn upstream() -> Script {
    Script::start(|it| match it.json()["stream"] == true {
        true => Answer::stream(openai::stream(&["a", "b"], 7, 3)),
        false => Answer::json(200, openai::whole("ab", 7, 3)),
    })
    .await
}

/// Calls until told to stop; how many, all of them answered.
async fn calls(client: Client, until: Instant) -> usize {
    let mut count = 0;
    while Instant::now() < until {
        let reply = client.chat("openai", "hi").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let mut stream = client.chat_stream("openai", "hi").await;
        assert_eq!(stream.status, 200);
        assert_eq!(openai::said(&stream.frames().await), "ab");
        count += 2;
        sleep(Duration::from_millis(20)).await;
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_see_no_error_while_the_database_is_away_and_rows_arrive_after() {
    let postgres = Postgres::start().await;
    let script = upstream().await;
    let start = Start::new(BINARY).setup(&Setup::simple(&script.url()).text());
    let mut gateway = start.flag("--database", postgres.url()).switch("--migrate").up().await;
    let until = Instant::now() + outage() + Duration::from_secs(2);
    let workers: Vec<_> = (0..4).map(|_| tokio::spawn(calls(gateway.client(KEY), until))).collect();
    sleep(Duration::from_secs(1)).await;
    postgres.stop().await;
    let stopped = Instant::now();
    sleep(outage()).await;
    if outage() > Duration::from_secs(7) {
        let ready = gateway.client("").get("/readyz").await;
        assert_eq!(
            (ready.status, ready.at("/degraded/0/code").as_str()),
            (200, "database_unavailable")
        );
    }
    postgres.start_again().await;
    let away = stopped.elapsed();
    let mut total = 0;
    for worker in workers {
        total += worker.await.expect("every call is answered");
    }
    let rows = eventually(40, "every call on record", || async {
        let output = gateway.command(&["usage", "--json", "--limit", "1000000"]).await;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (text.lines().count() >= total).then_some(text)
    })
    .await;
    let rows: Vec<Value> =
        rows.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert_eq!((rows.len(), script.count()), (total, total));
    assert!(rows.iter().all(|row| row["stream_end"] == "done" && row["cost_nanos"] == 13_000));
    assert_eq!(gateway.sigterm().await, 0);
    #[allow(clippy::print_stdout, reason = "the figure that the soak test shows")]
    {
        println!(
            "figure: PostgreSQL away for {} ms: {total} calls, all answered, all on record once",
            away.as_millis()
        );
    }
}

#[tokio::test]
async fn what_waits_in_the_spool_outlives_the_process() {
    let postgres = Postgres::start().await;
    let script = upstream().await;
    let start = Start::new(BINARY).setup(&Setup::simple(&script.url()).text());
    let mut gateway = start.flag("--database", postgres.url()).switch("--migrate").up().await;
    postgres.stop().await;
    for _ in 0..5 {
        assert_eq!(gateway.client(KEY).chat("openai", "hi").await.status, 200);
    }
    gateway.kill9().await;
    postgres.start_again().await;
    gateway.start_again().await;
    let rows = gateway.usage_of(5).await;
    assert!(rows.len() == 5 && rows.iter().all(|row| row["stream_end"] == "done"), "{rows:?}");
}

#[tokio::test]
async fn away_for_too_long_keys_cannot_be_checked_which_is_no_refusal_of_the_key() {
    let postgres = Postgres::start().await;
    let script = upstream().await;
    let start = Start::new(BINARY).setup(&Setup::simple(&script.url()).text());
    let start =
        start.flag("--database", postgres.url()).switch("--migrate").flag("--key-grace-ms", "1500");
    let gateway = start.up().await;
    let client = gateway.client(KEY);
    assert_eq!(client.chat("openai", "hi").await.status, 200);
    postgres.stop().await;
    let refusal = eventually(20, "a refusal", || async {
        let reply = client.chat("openai", "hi").await;
        assert!([200, 503].contains(&reply.status), "{}", reply.text());
        (reply.status == 503).then_some(reply)
    })
    .await;
    assert_eq!(refusal.at("/error/code"), "dependency_unavailable");
    assert!(refusal.header("retry-after").is_some());
    // A wrong key is not told that it is wrong either: nobody can know.
    let unknown = client.with_key("wl_unknown_0123456789abcdef").chat("openai", "hi").await;
    assert_eq!(unknown.status, 503);
    postgres.start_again().await;
    eventually(20, "keys are honoured again", || async {
        (client.chat("openai", "hi").await.status == 200).then_some(())
    })
    .await;
}
