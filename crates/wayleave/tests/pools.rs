//! Pools in a running server: who is called, who rests, who tries again, and what a client sees.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, sleep};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::openai;
use wayleave_testkit::{
    Answer, Client, Gate, Gateway, Received, Reply, Script, Setup, Start, on_each_engine,
};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

/// A provider `up` with these credentials, the first the default, its model `m` behind the alias
/// `shared`, and a pool of `entries`; each `default` stands for Default Config.
fn setup(upstream: &Script, credentials: &[&str], entries: &[&str]) -> Setup {
    let credential = |name: &&str| json!({"name": name, "api_key": secret(name)});
    let credentials: Vec<Value> = credentials.iter().map(credential).collect();
    let base = format!("{}/v1", upstream.url());
    let entry = |name: &&str| match *name {
        "default" => json!({}),
        name => json!({ "credential": name }),
    };
    let entries: Vec<Value> = entries.iter().map(entry).collect();
    let setup = Setup::workspace("main")
        .with(
            "providers",
            json!({"name": "up", "kind": "openai-compatible", "base_url": base, "credentials": credentials}),
        )
        .model("up", "m")
        .alias("shared", &[("up", "m")])
        .key("test", KEY);
    match entries.is_empty() {
        true => setup,
        false => setup.with("pools", json!({"provider": "up", "model": "m", "entries": entries})),
    }
}

fn secret(name: &str) -> String {
    format!("sk-{name}-0123456789abcdef")
}

/// The name of the credential that a request came with.
fn by(got: &Received) -> String {
    let shown = got.header("authorization").unwrap_or_default();
    shown.trim_start_matches("Bearer sk-").split('-').next().unwrap_or_default().to_owned()
}

fn well(got: &Received) -> Answer {
    let name = by(got);
    match got.json()["stream"] == true {
        true => Answer::stream(openai::stream(&[&name], 3, 2)),
        false => Answer::json(200, openai::whole(&name, 3, 2)),
    }
}

fn limited(seconds: &str) -> Answer {
    Answer::json(429, openai::error("rate_limit_error", "slow down")).header("retry-after", seconds)
}

fn refused() -> Answer {
    Answer::json(401, openai::error("invalid_request_error", "no"))
}

fn who(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.at("/choices/0/message/content")
}

async fn ask(client: &Client, streamed: bool) -> String {
    if !streamed {
        return who(&client.chat("shared", "hi").await);
    }
    let mut stream = client.chat_stream("shared", "hi").await;
    assert_eq!(stream.status, 200);
    openai::said(&stream.frames().await)
}

async fn model(gateway: &Gateway) -> String {
    let reply = gateway.api("GET", "/workspaces/main/models?provider=up", None).await;
    reply.at("/items/0/id")
}

async fn pool(gateway: &Gateway) -> Value {
    let path = format!("/workspaces/main/models/{}/pool", model(gateway).await);
    gateway.api("GET", &path, None).await.json()
}

/// The entry of a credential as the pool shows it.
fn entry<'p>(pool: &'p Value, name: &str) -> &'p Value {
    let mut entries = pool["entries"].as_array().expect("entries").iter();
    entries.find(|it| it["credential_name"] == name).expect("an entry")
}

async fn change(gateway: &Gateway, credential: &str, rest: &str, body: Value) -> Reply {
    let path = format!("/workspaces/main/providers/up/credentials/{credential}{rest}");
    let method = if rest.is_empty() { "PATCH" } else { "POST" };
    let reply = gateway.api(method, &path, Some(&body)).await;
    assert!(reply.status < 300, "{}", reply.text());
    reply
}

/// When each credential was called, in order of arrival.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<(String, Instant)>>>);

impl Calls {
    fn note(&self, got: &Received) {
        self.0.lock().expect("calls").push((by(got), Instant::now()));
    }

    fn of(&self, name: &str) -> Vec<Instant> {
        let calls = self.0.lock().expect("calls");
        calls.iter().filter(|(it, _)| it == name).map(|(_, at)| *at).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g18_one_limited_one_broken_one_slow_one_well_and_the_client_sees_only_successes() {
    let (calls, mended, gate) =
        (Calls::default(), Arc::new(AtomicBool::new(false)), Gate::closed());
    let (noted, is_mended, held) = (calls.clone(), Arc::clone(&mended), gate.clone());
    let upstream = Script::start(move |got| {
        noted.note(got);
        match (by(got).as_str(), is_mended.load(Ordering::SeqCst)) {
            ("limited", true) => well(got).held(&held),
            ("limited", false) => limited("2"),
            ("broken", false) => refused(),
            ("slow", _) => well(got).late(100),
            _ => well(got),
        }
    })
    .await;
    let names = ["well", "limited", "broken", "slow"];
    let setup = setup(&upstream, &names, &["limited", "broken", "slow", "default"]);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);

    // The first calls find out, one of each.
    for streamed in [false, true, false, true] {
        ask(&client, streamed).await;
    }
    assert_eq!((calls.of("limited").len(), calls.of("broken").len()), (1, 1));
    let shown = pool(&gateway).await;
    let of_limited = &entry(&shown, "limited")["model_health"];
    assert_eq!(
        (&of_limited["state"], &of_limited["cause"]),
        (&json!("resting"), &json!("throttled"))
    );
    assert!(of_limited["seconds_left"].as_u64().is_some_and(|it| it <= 2), "{of_limited}");
    let of_broken = &entry(&shown, "broken")["credential_health"];
    assert_eq!((&of_broken["state"], &of_broken["cause"]), (&json!("resting"), &json!("refused")));
    assert!(of_broken["seconds_left"].as_u64().is_some_and(|it| it <= 10), "{of_broken}");
    assert!(of_broken["since"].is_string());

    // Under load, streamed and not, for longer than the limited one rests.
    let before = (calls.of("slow").len(), calls.of("well").len());
    let until = Instant::now() + Duration::from_secs(5);
    let load = |streamed: bool| {
        let client = client.clone();
        tokio::spawn(async move {
            let mut count = 0;
            while Instant::now() < until {
                let said = ask(&client, streamed).await;
                assert!(said == "slow" || said == "well", "{said}");
                count += 1;
            }
            count
        })
    };
    let loads: Vec<_> = (0..8).map(|it| load(it % 2 == 0)).collect();
    let mut asked = 0;
    for load in loads {
        asked += load.await.expect("only successes");
    }
    let slow = calls.of("slow").len() - before.0;
    let others = calls.of("well").len() - before.1;
    assert_eq!(slow + others, asked, "each was answered once");
    assert!(slow.abs_diff(others) <= 1, "{slow} {others}");
    // It was tried by one request each time it had rested, and by none before.
    for who in [("limited", 2), ("broken", 10)] {
        let tried = calls.of(who.0);
        let gaps = tried.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.into_iter().all(|it| it >= Duration::from_secs(who.1)), "{} {tried:?}", who.0);
    }
    assert!(calls.of("limited").len() >= 2, "it was tried again");

    // What the client never saw is on record: each call that was made, beside 200 for each request.
    let rows = gateway.usage_of(asked + 4).await;
    assert!(rows.iter().all(|it| it["status"] == 200), "{rows:?}");
    let attempts: u64 = rows.iter().filter_map(|it| it["attempts"].as_u64()).sum();
    assert_eq!(attempts, upstream.count() as u64);

    // Well again: one request tries it while the others avoid it.
    mended.store(true, Ordering::SeqCst);
    sleep(Duration::from_millis(2_200)).await;
    let tried = calls.of("limited").len();
    let trial = tokio::spawn({
        let client = client.clone();
        async move { ask(&client, false).await }
    });
    while calls.of("limited").len() == tried {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(entry(&pool(&gateway).await, "limited")["model_health"]["state"], "trying");
    for streamed in [false, true, false, true, false, true] {
        assert_ne!(ask(&client, streamed).await, "limited");
    }
    assert_eq!(calls.of("limited").len(), tried + 1);
    gate.open();
    assert_eq!(trial.await.expect("the trial"), "limited");
    let after = &pool(&gateway).await;
    assert_eq!(entry(after, "limited")["model_health"]["state"], "ready");
    assert!(entry(after, "limited")["model_health"]["first_byte_ms"].is_u64());

    // A person knows that the broken one is mended, and says so.
    let said = change(&gateway, "broken", "/health", json!({"action": "clear"})).await;
    assert_eq!(said.at("/state"), "ready");
    let mut all: Vec<String> = Vec::new();
    for _ in 0..8 {
        all.push(ask(&client, false).await);
    }
    for name in names {
        assert_eq!(all.iter().filter(|it| *it == name).count(), 2, "{all:?}");
    }
}

#[tokio::test]
async fn d13_when_all_rest_the_client_is_told_at_once_when_to_come_back() {
    let upstream = Script::start(|got| match by(got).as_str() {
        "b" => limited("30"),
        _ => limited("20"),
    })
    .await;
    let throttled = setup(&upstream, &["a", "b"], &["a", "b"]);
    on_each_engine(BINARY, &throttled, async |gateway| all_throttled(gateway, &upstream).await)
        .await;
    let upstream = Script::start(|_| refused()).await;
    let refused = setup(&upstream, &["a", "b"], &["a", "b"]);
    on_each_engine(BINARY, &refused, async |gateway| all_refused(gateway, &upstream).await).await;
}

async fn all_throttled(gateway: Gateway, upstream: &Script) {
    let (client, before) = (gateway.client(KEY), upstream.count());
    assert_eq!(client.chat("shared", "hi").await.status, 429);
    assert_eq!(upstream.count(), before + 2, "each was tried");
    for _ in 0..3 {
        let reply = client.chat("shared", "hi").await;
        assert_eq!(
            (reply.status, reply.at("/error/code").as_str()),
            (429, "upstream_rate_limited")
        );
        let wait: u64 = reply.header("retry-after").expect("when").parse().expect("seconds");
        assert!((15..=20).contains(&wait), "{wait}");
    }
    assert_eq!(upstream.count(), before + 2, "none was called while all rest");
}

async fn all_refused(gateway: Gateway, upstream: &Script) {
    let (client, before) = (gateway.client(KEY), upstream.count());
    assert_eq!(client.chat("shared", "hi").await.status, 502);
    let reply = client.chat_stream("shared", "hi").await;
    assert_eq!(reply.status, 503);
    assert!(
        reply.header("retry-after").is_some_and(|it| it.parse::<u64>().is_ok_and(|it| it <= 10))
    );
    assert_eq!(upstream.count(), before + 2);
}

#[tokio::test]
async fn g18_a_stream_that_has_not_begun_moves_on_to_another_credential() {
    let upstream = Script::start(|got| match by(got).as_str() {
        "a" => Answer::stream([openai::role()]).cut(),
        _ => well(got),
    })
    .await;
    let setup = setup(&upstream, &["a", "b"], &["a", "b"]);
    on_each_engine(BINARY, &setup, async |gateway: Gateway| {
        let mut stream = gateway.client(KEY).chat_stream("shared", "hi").await;
        assert_eq!(openai::said(&stream.frames().await), "b");
        let row = gateway.row(stream.header("x-request-id").expect("our id")).await;
        assert_eq!((row["status"].as_u64(), row["attempts"].as_u64()), (Some(200), Some(2)));
    })
    .await;
}

#[tokio::test]
async fn d9_to_d14_a_pool_is_switched_kept_marked_and_follows_the_default() {
    let upstream = Script::start(well).await;
    on_each_engine(BINARY, &setup(&upstream, &["a", "b", "c"], &[]), life_of_a_pool).await;
}

async fn life_of_a_pool(gateway: Gateway) {
    let client = gateway.client(KEY);
    let asked = async |count: usize| {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(ask(&client, false).await);
        }
        all.sort_unstable();
        all.join("")
    };
    assert_eq!(asked(3).await, "aaa", "no pool: the default");

    // D10: one entry is too few; D9: two, one of them the live default.
    let few = gateway.command(&["pool", "set", "up", "m", "--on", "--entry", "b"]).await;
    let told = String::from_utf8_lossy(&few.stderr).into_owned();
    assert!(!few.status.success() && told.contains("entries"), "{told}");
    let on = ["pool", "set", "up", "m", "--on", "--entry", "b", "--entry", "default"];
    let shown = gateway.run(&on).await;
    assert!(shown.contains("the pool of up/m shares the load, round_robin"), "{shown}");
    assert!(shown.contains("(default: a)"), "{shown}");
    assert_eq!(asked(4).await, "aabb");
    gateway.run(&["provider", "credential", "default", "up", "c"]).await;
    assert_eq!(asked(4).await, "bbcc", "it follows the switch");

    // D12: off and on again.
    gateway.run(&["pool", "off", "up", "m"]).await;
    assert_eq!(asked(3).await, "ccc");
    gateway.run(&["pool", "on", "up", "m"]).await;
    assert_eq!(asked(4).await, "bbcc");

    // D10, D11: below two, the default serves and lists are marked.
    change(&gateway, "b", "", json!({"enabled": false})).await;
    assert_eq!(asked(3).await, "ccc");
    let models = gateway.run(&["model", "list", "--json"]).await;
    let listed: Value = models
        .lines()
        .map(|it| serde_json::from_str(it).expect("JSON"))
        .find(|it: &Value| it["name"] == "m")
        .expect("the model");
    assert_eq!(listed["load_balancing_enabled"], true);
    assert_eq!(listed["load_balancing_active"], false);
    assert_eq!(listed["has_invalid_load_balancing_entries"], true);
    change(&gateway, "b", "", json!({"enabled": true})).await;
    assert_eq!(asked(4).await, "bbcc");

    // D14: a plan without pools ignores it and keeps it.
    gateway.run(&["plan", "create", "small"]).await;
    gateway.run(&["workspace", "plan", "main", "small"]).await;
    assert_eq!(asked(3).await, "ccc");
    gateway.run(&["plan", "set", "small", "--feature", "pools"]).await;
    assert_eq!(asked(4).await, "bbcc");
    gateway.run(&["workspace", "plan", "main", "--none"]).await;
    gateway.run(&["plan", "delete", "small"]).await;

    // A person puts one to rest, and clears it.
    gateway.run(&["provider", "credential", "rest", "up", "b"]).await;
    assert_eq!(asked(4).await, "cccc");
    let health = gateway.run(&["provider", "credential", "health", "up", "b"]).await;
    assert!(health.contains("resting") && health.contains("by_hand"), "{health}");
    gateway.run(&["provider", "credential", "clear", "up", "b"]).await;
    assert_eq!(asked(4).await, "bbcc");
    gateway.run(&["provider", "credential", "delete", "up", "b"]).await;
    assert_eq!(asked(3).await, "ccc");
}

#[tokio::test]
async fn d16_a_call_under_way_ends_on_the_credential_it_began_with() {
    // One for each engine.
    let gates = [Gate::closed(), Gate::closed()];
    let (held, met) = (gates.clone(), Arc::new(Mutex::new(0_usize)));
    let upstream = Script::start(move |got| match by(got).as_str() {
        "a" => {
            let mut met = met.lock().expect("a count");
            *met += 1;
            well(got).held(&held[*met - 1])
        }
        _ => well(got),
    })
    .await;
    let setup = setup(&upstream, &["a", "b"], &[]);
    let at = AtomicUsize::new(0);
    on_each_engine(BINARY, &setup, async |gateway: Gateway| {
        let gate = &gates[at.fetch_add(1, Ordering::SeqCst)];
        let (client, before) = (gateway.client(KEY), upstream.count());
        let old = tokio::spawn({
            let client = client.clone();
            async move { ask(&client, true).await }
        });
        upstream.request(before).await;
        change(&gateway, "b", "/default", json!({})).await;
        assert_eq!(ask(&client, false).await, "b", "the next request");
        gate.open();
        assert_eq!(old.await.expect("the old call"), "a");
        let log = gateway.api("GET", "/workspaces/main/audit", None).await;
        assert_eq!(log.at("/items/0/action"), "provider.update");
    })
    .await;
}

/// How often the default is switched, and how many requests a second are sent meanwhile, answered or
/// not.
const SWITCHES: usize = 50;
const PER_SECOND: u64 = 200;
/// The most under way at once: more would need more sockets than a process is usually given.
const AT_ONCE: usize = 256;

/// What is known of the switches while requests are sent.
#[derive(Clone, Copy, Default)]
struct Switched {
    begun: usize,
    answered: usize,
    /// Of the last answer.
    revision: i64,
}

/// What became of a request.
struct Asked {
    id: String,
    said: String,
    /// As it stood when the request was sent, and when it was answered.
    before: Switched,
    after: Switched,
}

async fn asked(client: Client, switched: Arc<Mutex<Switched>>) -> Asked {
    let before = *switched.lock().expect("switches");
    let reply = client.chat("shared", "hi").await;
    let after = *switched.lock().expect("switches");
    let id = reply.header("x-request-id").expect("our id").to_owned();
    Asked { id, said: who(&reply), before, after }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d9_d16_a_default_switched_fifty_times_under_load_fails_no_request() {
    let upstream = Script::start(well).await;
    on_each_engine(BINARY, &setup(&upstream, &NAMES, &[]), switches_under_load).await;
}

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

async fn switches_under_load(gateway: Gateway) {
    let names = NAMES;
    let switched = Arc::new(Mutex::new(Switched::default()));
    let stop = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn({
        let (client, stop) = (gateway.client(KEY), Arc::clone(&stop));
        let (switched, places) = (Arc::clone(&switched), Arc::new(Semaphore::new(AT_ONCE)));
        async move {
            let mut tick = tokio::time::interval(Duration::from_micros(1_000_000 / PER_SECOND));
            // A tick that came late is made up for: the load does not wait for the server.
            tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut sent = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                tick.tick().await;
                let place = Arc::clone(&places).acquire_owned().await.expect("a place");
                let asked = asked(client.clone(), Arc::clone(&switched));
                sent.push(tokio::spawn(async move {
                    let asked = asked.await;
                    drop(place);
                    asked
                }));
            }
            sent
        }
    });
    let mut revisions = 0;
    for switch in 1..=SWITCHES {
        switched.lock().expect("switches").begun = switch;
        let answer = change(&gateway, names[switch % names.len()], "/default", json!({})).await;
        // A machine that is too busy answers before it serves by the change, and says no revision.
        if let Some(revision) = answer.header("x-wayleave-revision") {
            revisions += 1;
            let mut switched = switched.lock().expect("switches");
            (switched.answered, switched.revision) = (switch, revision.parse().expect("a number"));
        }
        sleep(Duration::from_millis(20)).await;
    }
    stop.store(true, Ordering::SeqCst);
    let mut requests = Vec::new();
    for sent in sending.await.expect("the load") {
        requests.push(sent.await.expect("no failed request"));
    }
    assert!(requests.len() > SWITCHES && revisions > SWITCHES / 2, "{revisions}");
    gateway.usage_of(requests.len()).await;
    for Asked { id, said, before, after } in requests {
        // The default of some switch between the last that was answered and the last begun.
        let possible = (before.answered..=after.begun).any(|it| names[it % names.len()] == said);
        assert!(possible, "{said} after {} and before {}", before.answered, after.begun);
        let reply = gateway.api("GET", &format!("/workspaces/main/usage/{id}"), None).await;
        let row = reply.json()["revision"].as_i64().expect("a revision");
        assert!(row >= before.revision, "{row} {}", before.revision);
    }
}
