//! Credentials as their admin meets them: proven over the wire before they are saved, switched,
//! removed, and never without a word about what serves next.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::openai;
use wayleave_testkit::{
    Answer, Gateway, Received, Reply, Script, Setup, Start, eventually, on_each_engine,
};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const LIST: &str = r#"{"object":"list","data":[{"id":"m"},{"id":"n"}]}"#;

/// A provider that knows the keys that begin with `sk-`, and repeats those it refuses.
async fn vendor() -> Script {
    Script::start(|it: &Received| {
        let shown = it.header("authorization").unwrap_or_default();
        if !shown.starts_with("Bearer sk-") {
            let message = format!("Incorrect API key provided: {shown}");
            let error = json!({"error": {"message": message, "code": "invalid_api_key"}});
            return Answer::json(401, error.to_string());
        }
        match it.method.as_str() {
            "GET" => Answer::json(200, LIST),
            _ => Answer::json(200, openai::whole("hello", 3, 2)),
        }
    })
    .await
}

fn setup(vendor: &Script) -> Setup {
    Setup::workspace("main").openai("p", &vendor.url()).key("test", KEY)
}

async fn gateway(vendor: &Script) -> Gateway {
    Start::new(BINARY).setup(&setup(vendor).text()).up().await
}

/// Writes a key where a command can read it; the option that names it.
fn secret(gateway: &Gateway, key: &str) -> String {
    let path = gateway.folder().join(key);
    std::fs::write(&path, key).expect("a file");
    format!("api_key=file:{}", path.display())
}

async fn listed(gateway: &Gateway) -> Vec<Value> {
    let text = gateway.run(&["credential", "list", "p", "--json"]).await;
    text.lines().map(|line| serde_json::from_str(line).expect("a credential")).collect()
}

async fn chat(gateway: &Gateway) -> Reply {
    gateway.client(KEY).chat("p", "hi").await
}

/// The key that the last call was made with.
fn last_key(vendor: &Script) -> String {
    let all = vendor.received();
    all.last().and_then(|it| it.header("authorization")).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn d3_a_credential_is_proven_over_the_wire_before_it_is_saved() {
    let vendor = vendor().await;
    on_each_engine(BINARY, &setup(&vendor), async |gateway| proven_first(gateway, &vendor).await)
        .await;
}

async fn proven_first(gateway: Gateway, vendor: &Script) {
    let before = vendor.count();
    let since = || vendor.received().split_off(before);
    let declared = format!("Bearer {CREDENTIAL}");
    let asked = |it: &Received| it.header("authorization") == Some(declared.as_str());
    assert!(!vendor.received().iter().any(asked), "a setup file asks nobody");
    let bad = secret(&gateway, "canary-0123456789");
    let refused = gateway.command(&["credential", "add", "p", "new", "--secret", &bad]).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("Incorrect API key provided: "), "{said}");
    assert!(said.contains("  models failed: GET ") && said.contains("/v1/models 401"), "{said}");
    assert!(said.contains("fields.api_key: "), "{said}");
    assert!(!said.contains("canary"), "{said}");
    assert_eq!(listed(&gateway).await.len(), 1, "nothing is stored");

    let good = secret(&gateway, "sk-second-0123456789");
    let tried = gateway.run(&["credential", "validate", "p", "--secret", &good]).await;
    assert!(tried.starts_with("proven: "), "{tried}");
    assert_eq!(listed(&gateway).await.len(), 1, "validate stores nothing");
    let added = gateway.run(&["credential", "add", "p", "--secret", &good]).await;
    assert!(added.starts_with("credential API KEY 1 added, active: "), "{added}");
    assert!(since().iter().all(|it| it.method == "GET"), "nothing that costs");

    let paid = ["credential", "check", "p", "API KEY 1", "--paid-call", "m", "--json"];
    let done: Value = serde_json::from_str(&gateway.run(&paid).await).expect("JSON");
    assert_eq!(done["proof"]["outcome"], "proven", "{done}");
    let steps = done["proof"]["steps"].as_array().expect("steps");
    assert_eq!(steps.last().expect("a step")["paid"], true);
    assert!(since().iter().any(|it| it.method == "POST"));
    let rows = gateway.run(&["credential", "proofs", "--json"]).await;
    let row: Value = serde_json::from_str(rows.trim()).expect("one row");
    assert_eq!((&row["outcome"], &row["calls"]), (&json!("proven"), &json!(1)), "{row}");
    assert_eq!((&row["input_tokens"], &row["output_tokens"]), (&json!(3), &json!(2)), "{row}");
    assert_eq!(row["usage_source"], "provider");

    let unasked = ["credential", "add", "p", "blind", "--secret", &bad, "--skip-validation"];
    let added = gateway.run(&unasked).await;
    assert_eq!(added, "credential blind added, unverified: its provider was not asked\n");
    let checked = gateway.command(&["credential", "check", "p", "blind"]).await;
    assert_eq!(checked.status.code(), Some(1));
    let found = listed(&gateway).await;
    let blind = found.iter().find(|it| it["name"] == "blind").expect("it");
    assert_eq!((&blind["status"], &blind["validated"]), (&json!("invalid"), &json!("refused")));
}

#[tokio::test]
async fn d7_without_a_default_calls_fail_until_one_is_chosen() {
    let vendor = vendor().await;
    on_each_engine(BINARY, &setup(&vendor), async |gateway| unset(gateway, &vendor).await).await;
}

async fn unset(gateway: Gateway, vendor: &Script) {
    assert_eq!(chat(&gateway).await.status, 200);
    let refused = gateway.command(&["credential", "delete", "p", "main"]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(chat(&gateway).await.status, 200, "nothing changed");
    let next = secret(&gateway, "sk-next-0123456789");
    gateway.run(&["credential", "add", "p", "next", "--secret", &next]).await;
    gateway.run(&["credential", "delete", "p", "main", "--leave-unset"]).await;
    let without = async |gateway: &Gateway| {
        let reply = chat(gateway).await;
        assert_eq!(
            (reply.status, reply.at("/error/code").as_str()),
            (503, "no_default_credential")
        );
    };
    without(&gateway).await;
    let last = secret(&gateway, "sk-last-0123456789");
    gateway.run(&["credential", "add", "p", "last", "--secret", &last]).await;
    without(&gateway).await;
    gateway.run(&["credential", "default", "p", "next"]).await;
    assert_eq!(chat(&gateway).await.status, 200);
    assert_eq!(last_key(vendor), "Bearer sk-next-0123456789");
    gateway.run(&["credential", "delete", "p", "next", "--successor", "last"]).await;
    assert_eq!(chat(&gateway).await.status, 200);
    assert_eq!(last_key(vendor), "Bearer sk-last-0123456789");
}

#[tokio::test]
async fn a_credential_says_when_it_was_last_used() {
    let vendor = vendor().await;
    let gateway = gateway(&vendor).await;
    assert_eq!(listed(&gateway).await[0]["last_used_at"], Value::Null);
    assert_eq!(chat(&gateway).await.status, 200);
    let used = eventually(15, "the use is noted", || async {
        listed(&gateway).await[0]["last_used_at"].as_str().map(str::to_owned)
    });
    assert!(used.await.ends_with('Z'));
}

#[tokio::test]
async fn a_stored_credential_is_checked_again_by_itself_and_for_free() {
    let revoked = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&revoked);
    let vendor = Script::start(move |it: &Received| {
        let known = it.header("authorization").is_some() && !told.load(Ordering::SeqCst);
        match known {
            true => Answer::json(200, LIST),
            false => Answer::json(401, r#"{"error":{"message":"no"}}"#),
        }
    })
    .await;
    let setup = Setup::workspace("main").openai("p", &vendor.url()).key("test", KEY);
    let start = Start::new(BINARY).setup(&setup.text()).flag("--check-credentials", "1s");
    let gateway = start.up().await;
    let becomes = async |status: &str| {
        eventually(30, status, || async {
            listed(&gateway).await.into_iter().find(|it| it["status"] == status)
        })
        .await
    };
    let active = becomes("active").await;
    assert_eq!(active["proven_by"], "scheduled check");
    revoked.store(true, Ordering::SeqCst);
    let invalid = becomes("invalid").await;
    assert_eq!(invalid["validated"], "refused");
    revoked.store(false, Ordering::SeqCst);
    becomes("active").await;
    assert!(vendor.received().iter().all(|it| it.method == "GET"), "never paid");
}

#[tokio::test]
async fn d8_a_custom_model_has_its_own_credential_and_all_others_the_providers() {
    let vendor = vendor().await;
    let setup = Setup::workspace("main").openai("p", &vendor.url()).key("test", KEY);
    let setup = setup.model("p", "n").alias("other", &[("p", "n")]);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let models = gateway.api("GET", "/workspaces/main/models", None).await.json();
    let model = models["items"].as_array().expect("models").iter().find(|it| it["name"] == "n");
    let model = model.expect("it")["id"].as_str().expect("an id").to_owned();
    let own = secret(&gateway, "sk-own-0123456789");
    let add = ["credential", "add", "p", "--secret", &own, "--model", &model, "--json"];
    let made: Value = serde_json::from_str(&gateway.run(&add).await).expect("JSON");
    assert_eq!((&made["name"], &made["default"]), (&json!("API KEY 1"), &json!(true)));
    assert_eq!(chat(&gateway).await.status, 200);
    assert_eq!(last_key(&vendor), format!("Bearer {CREDENTIAL}"));
    assert_eq!(gateway.client(KEY).chat("other", "hi").await.status, 200);
    assert_eq!(last_key(&vendor), "Bearer sk-own-0123456789");
}

#[tokio::test]
async fn apply_proves_what_is_new_and_saves_nothing_unless_all_of_it_is_good() {
    let vendor = vendor().await;
    let gateway = gateway(&vendor).await;
    let setup = |key: &str| {
        format!(
            "version: 1\nworkspace: main\nproviders:\n  - name: q\n    kind: openai-compatible\n    \
             base_url: {}\n    credentials:\n      - {{name: a, api_key: sk-first-0123456789}}\n      \
             - {{name: b, api_key: {key}}}\nmodels:\n  \
             - {{provider: q, name: m, type: llm, free: true, settings: {{tools: \"true\"}}}}\n",
            vendor.url()
        )
    };
    let file = |key: &str| {
        let path = gateway.folder().join("more.yaml");
        std::fs::write(&path, setup(key)).expect("a file");
        path.display().to_string()
    };
    let bad = file("canary-0123456789");
    let refused = gateway.command(&["apply", "-f", &bad, "--validate"]).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("providers[0].credentials[1].fields.api_key: "), "{said}");
    assert!(said.contains("q/b (providers[0].credentials[1])\n  address passed: "), "{said}");
    assert!(said.contains("  models failed: GET ") && !said.contains("canary"), "{said}");
    let there = gateway.api("GET", "/workspaces/main/providers/q", None).await;
    assert_eq!(there.status, 404, "nothing is saved");

    let good = file("sk-second-0123456789");
    let paid = gateway.run(&["apply", "-f", &good, "--validate=paid"]).await;
    assert!(paid.contains("proven q/b: the model answers with the credential\n"), "{paid}");
    let calls = vendor.received().iter().filter(|it| it.method == "POST").count();
    assert_eq!(calls, 2, "one for each");
    let shown = gateway.run(&["credential", "list", "q", "--json"]).await;
    let active = shown.lines().filter(|it| it.contains("\"status\":\"active\"")).count();
    assert_eq!(active, 2, "{shown}");
    let before = vendor.count();
    gateway.run(&["apply", "-f", &good, "--validate"]).await;
    assert_eq!(vendor.count(), before, "what is as it was is asked of nobody");
    let other = file("sk-third-0123456789");
    gateway.run(&["apply", "-f", &other]).await;
    let shown = gateway.run(&["credential", "list", "q", "--json"]).await;
    assert!(shown.contains("\"status\":\"unverified\""), "not asked, not proven: {shown}");
}
