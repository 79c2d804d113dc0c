//! System and custom providers side by side in a running server: who serves, what counts, and what is
//! said when a quota is used up.

use serde_json::{Value, json};
use wayleave_model::{Clock, Secret};
use wayleave_store::models::{self, ModelDraft};
use wayleave_store::{Actor, DatabaseUrl, Keyring, Listing, Store, workspaces};
use wayleave_testkit::postgres::Postgres;
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::openai;

use wayleave_testkit::{Answer, Gateway, Reply, Script, Setup, Start, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const HOUSE: &str = "sk-house-0123456789abcdef";
const OWN: &str = "sk-own-0123456789abcdef";

/// A server, the provider that the system uses, and the one that the workspace uses.
struct Bench {
    gateway: Gateway,
    house: Script,
    own: Script,
}

/// Five tokens: three in, two out; 7,000 nano-dollars.
async fn upstream(name: &'static str) -> Script {
    Script::start(move |got| match got.json()["stream"] == true {
        true => Answer::stream(openai::stream(&[name], 3, 2)),
        false => Answer::json(200, openai::whole(name, 3, 2)),
    })
    .await
}

impl Bench {
    /// The workspace `main`: a provider `up` without a credential, its predefined model `m` behind the
    /// alias `fast`; supplied by the system's provider `house` within `quotas`.
    async fn new(database: Option<&str>, quotas: Value) -> Bench {
        let (house, own) = (upstream("house").await, upstream("own").await);
        let base = format!("{}/v1", own.url());
        let setup = Setup::workspace("main")
            .with("providers", json!({"name": "up", "kind": "openai-compatible", "base_url": base}))
            .model("up", "m")
            .alias("fast", &[("up", "m")])
            .key("test", KEY);
        let start = Start::new(BINARY).setup(&setup.text());
        let gateway = match database {
            Some(url) => start.flag("--database", url).switch("--migrate").up().await,
            None => start.up().await,
        };
        let bench = Bench { gateway, house, own };
        bench.predefine(database).await;
        let base = format!("{}/v1", bench.house.url());
        let system = json!({"name": "house", "kind": "openai-compatible", "base_url": base});
        bench.make("/workspaces/system/providers", &system).await;
        let key =
            json!({"name": "house key", "fields": {"api_key": HOUSE}, "skip_validation": true});
        bench.make("/workspaces/system/providers/house/credentials", &key).await;
        let grant = json!({"workspace": "main", "system_provider": "house", "quotas": quotas});
        bench.make("/system/grants", &grant).await;
        bench
    }

    /// Makes the workspace's models predefined ones, as those of the catalog are.
    async fn predefine(&self, database: Option<&str>) {
        let data = self.gateway.data();
        let url = match database {
            Some(url) => DatabaseUrl::parse(url).expect("a database"),
            None => DatabaseUrl::sqlite(data.join("wayleave.db")),
        };
        let text = std::fs::read(data.join("kek")).expect("a key file");
        let ring = Keyring::parse(&Secret::new(text)).expect("keys");
        let store = Store::open(&url, ring, Clock::system()).await.expect("a store");
        let mut tx = store.read().await.expect("a view");
        let main = workspaces::by_name(&mut tx, "main").await.expect("a look").expect("main");
        let found = models::list(&mut tx, main.id, None, &Listing::default()).await;
        let found = found.expect("models").items.into_iter().filter(|it| it.name == "m");
        drop(tx);
        for model in found {
            let mut change = store.change(main.id, &Actor::system("test"), "").await.expect("it");
            let draft = ModelDraft { custom: false, ..ModelDraft::from(&model) };
            models::update(&mut change, model.id, None, &draft).await.expect("a change");
            change.commit().await.expect("a commit");
        }
        store.close().await;
    }

    async fn make(&self, path: &str, body: &Value) -> Value {
        let made = self.gateway.api("POST", path, Some(body)).await;
        assert_eq!(made.status, 201, "{path}: {}", made.text());
        made.json()
    }

    async fn change(&self, path: &str, body: &Value) -> Value {
        let changed = self.gateway.api("PATCH", path, Some(body)).await;
        assert_eq!(changed.status, 200, "{path}: {}", changed.text());
        changed.json()
    }

    async fn prefer(&self, preference: Value) {
        self.change("/workspaces/main/providers/up", &json!({"preference": preference})).await;
        // What is changed is live on the next request of this node; it is told in a moment.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }

    async fn own_credential(&self) -> Value {
        let key = json!({"name": "mine", "fields": {"api_key": OWN}, "skip_validation": true});
        let made = self.make("/workspaces/main/providers/up/credentials", &key).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        made
    }

    async fn grant(&self) -> Value {
        self.gateway.api("GET", "/system/grants", None).await.json()["items"][0].clone()
    }

    async fn ask(&self) -> Reply {
        self.gateway.client(KEY).chat("fast", "hi").await
    }

    /// Who answered.
    async fn who(&self) -> String {
        let reply = self.ask().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.at("/choices/0/message/content")
    }

    /// What is used of each quota, once that is `expected`.
    async fn uses(&self, expected: &[i64]) {
        eventually(15, &format!("{expected:?} used"), || async {
            let grant = self.grant().await;
            let quotas = grant["quotas"].as_array().cloned().unwrap_or_default();
            let used: Vec<_> = quotas.iter().filter_map(|it| it["used"].as_i64()).collect();
            (used == expected).then_some(())
        })
        .await;
    }
}

fn quota(quota_type: &str, unit: &str, limit: i64) -> Value {
    json!({"type": quota_type, "unit": unit, "limit": limit})
}

/// Runs the test on SQLite, then on PostgreSQL.
async fn on_each_engine(quotas: Value, test: impl AsyncFn(Bench)) {
    test(Bench::new(None, quotas.clone()).await).await;
    let postgres = Postgres::start().await;
    test(Bench::new(Some(postgres.url()), quotas).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d15_quotas_serve_in_their_order_then_402_then_its_own_and_only_the_systems_use_counts() {
    let quotas = json!([
        quota("trial", "tokens", 5),
        quota("free", "money", 7_000),
        quota("paid", "calls", 1),
    ]);
    on_each_engine(quotas, async |bench| {
        let mut ids = Vec::new();
        for _ in 0..3 {
            let reply = bench.ask().await;
            assert_eq!(reply.at("/choices/0/message/content"), "house", "{}", reply.text());
            ids.push(reply.header("x-request-id").expect("an id").to_owned());
        }
        assert!(
            bench
                .house
                .received()
                .iter()
                .all(|got| got.header("authorization") == Some(format!("Bearer {HOUSE}").as_str()))
        );
        bench.uses(&[1, 7_000, 5]).await;
        for (id, quota_type) in ids.iter().zip(["paid", "free", "trial"]) {
            let row = bench.gateway.detail(id).await;
            assert_eq!(row["request"]["supply"], "system", "{row}");
            assert_eq!(row["request"]["quota_type"], quota_type);
            let attempt = &row["attempts"][0];
            assert_eq!(attempt["supply"], "system", "{row}");
            assert_eq!(
                (&attempt["quota_type"], &attempt["credential_id"]),
                (&json!(quota_type), &json!(null))
            );
            assert_eq!(row["request"]["provider"], "up", "the workspace's own names");
        }

        let refused = bench.ask().await;
        assert_eq!((refused.status, refused.at("/error/code").as_str()), (402, "quota_exceeded"));
        let told = refused.at("/error/message");
        assert!(told.contains("trial quota of 5 tokens, 5 tokens used"), "{told}");
        let refused = bench.gateway.client(KEY).messages("fast", "hi").await;
        assert_eq!((refused.status, refused.at("/error/type").as_str()), (402, "billing_error"));

        bench.own_credential().await;
        let reply = bench.ask().await;
        assert_eq!(reply.at("/choices/0/message/content"), "own", "{}", reply.text());
        let row = bench.gateway.row(reply.header("x-request-id").expect("an id")).await;
        assert_eq!((&row["supply"], &row["quota_type"]), (&json!("custom"), &json!(null)));
        bench.uses(&[1, 7_000, 5]).await;
        assert_eq!((bench.house.count(), bench.own.count()), (3, 1));
        // Preferred, and used up: its own, and the row says so.
        bench.prefer(json!("system")).await;
        assert_eq!(bench.who().await, "own");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_a_preference_decides_from_the_next_request_and_minus_one_is_no_limit() {
    let bench = Bench::new(None, json!([quota("free", "calls", -1)])).await;
    assert_eq!(bench.who().await, "house");
    let mine = bench.own_credential().await;
    assert_eq!(bench.who().await, "own", "the first credential of its own switches");
    bench.prefer(json!("system")).await;
    assert_eq!(bench.who().await, "house");
    bench.prefer(json!("custom")).await;
    assert_eq!(bench.who().await, "own");
    bench.prefer(json!(null)).await;
    let at = format!(
        "/workspaces/main/providers/up/credentials/{}?leave_unset=true",
        mine["id"].as_str().expect("an id")
    );
    let gone = bench.gateway.api("DELETE", &at, None).await;
    assert_eq!(gone.status, 204, "{}", gone.text());
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(bench.who().await, "house", "without one of its own the system serves again");
    bench.uses(&[3]).await;
    // What the operator does with its provider is live too.
    bench.change("/workspaces/system/providers/house", &json!({"enabled": false})).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let refused = bench.ask().await;
    assert_eq!(refused.status, 503);
    assert!(
        refused.at("/error/message").contains("supplied by the operator"),
        "{}",
        refused.text()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d15_of_many_calls_at_once_no_more_are_supplied_than_the_quota_allows() {
    let bench = Bench::new(None, json!([quota("paid", "calls", 7)])).await;
    bench.own_credential().await;
    bench.prefer(json!("system")).await;
    let client = bench.gateway.client(KEY);
    let calls: Vec<_> = (0..20)
        .map(|at| {
            let client = client.clone();
            tokio::spawn(async move {
                if at % 2 == 0 {
                    return client.chat("fast", "hi").await.at("/choices/0/message/content");
                }
                openai::said(&client.chat_stream("fast", "hi").await.frames().await)
            })
        })
        .collect();
    let mut said = Vec::new();
    for call in calls {
        said.push(call.await.expect("an answer"));
    }
    assert_eq!(said.iter().filter(|it| *it == "house").count(), 7, "{said:?}");
    assert_eq!(said.iter().filter(|it| *it == "own").count(), 13, "{said:?}");
    bench.uses(&[7]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d15_killed_and_started_again_each_use_counts_once() {
    let mut bench = Bench::new(None, json!([quota("paid", "calls", 100)])).await;
    for round in 1..=3 {
        for _ in 0..5 {
            assert_eq!(bench.who().await, "house");
        }
        bench.gateway.kill9().await;
        bench.gateway.start_again().await;
        bench.uses(&[round * 5]).await;
    }
    assert_eq!(bench.gateway.usage_of(15).await.len(), 15);
    bench.uses(&[15]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_grants_on_the_command_line_and_nothing_of_the_systems_secret_in_the_workspace() {
    let bench = Bench::new(None, json!([quota("trial", "calls", 5)])).await;
    let run = async |arguments: &[&str]| bench.gateway.run(arguments).await;
    assert_eq!(bench.who().await, "house");
    bench.uses(&[1]).await;
    let listed = run(&["grant", "list"]).await;
    assert!(listed.contains("trial 1/5 calls"), "{listed}");
    let id = bench.grant().await["id"].as_str().expect("an id").to_owned();
    run(&["grant", "update", &id, "--quota", "trial:calls:9", "--quota", "paid:money:1.5"]).await;
    let shown = run(&["grant", "show", &id]).await;
    assert!(shown.contains("1.5") && shown.contains("USD"), "{shown}");
    bench.own_credential().await;
    let said = run(&["provider", "prefer", "up", "system"]).await;
    assert!(said.contains("system"), "{said}");
    let everything = [
        run(&["provider", "list", "--json"]).await,
        run(&["credential", "list", "up", "--json"]).await,
        run(&["usage", "--json"]).await,
    ]
    .concat();
    for hidden in [HOUSE, "house key", &bench.house.url()] {
        assert!(!everything.contains(hidden), "{hidden} in {everything}");
    }
    let rows = run(&["usage"]).await;
    assert!(rows.contains("system/trial"), "{rows}");
    run(&["grant", "delete", &id]).await;
    assert!(run(&["grant", "list", "--json"]).await.trim().len() < 3);
}
