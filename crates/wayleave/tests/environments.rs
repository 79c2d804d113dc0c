//! One alias for keys of several environments: each is served by the credential of its own.

use serde_json::{Value, json};
use wayleave_testkit::talk::{openai, responses};
use wayleave_testkit::{Answer, Client, Gateway, Received, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
/// The provider's own id, as long as they are.
const THEIRS: &str = "resp_67c9fdcecf488190bdd9a0409de3a1ec07b8b0ad4e5eb654";

fn secret(credential: &str) -> String {
    format!("sk-{credential}-0123456789abcdef")
}

fn key(environment: &str) -> String {
    format!("wl_{environment}_0123456789abcdef0123456789abcdef")
}

/// The name of the credential that a request came with.
fn by(got: &Received) -> String {
    let shown = got.header("authorization").unwrap_or_default();
    shown.trim_start_matches("Bearer sk-").split('-').next().unwrap_or_default().to_owned()
}

fn answer(got: &Received) -> Answer {
    match (got.method.as_str(), got.path.as_str()) {
        ("POST", "/v1/chat/completions") => Answer::json(200, openai::whole(&by(got), 3, 2)),
        _ => {
            let said = by(got);
            let body = responses::response(THEIRS, "completed", Some(&said), Some((7, 3)));
            Answer::json(200, body.to_string())
        }
    }
}

/// The alias `fast` for keys of `production`, `test` and `staging`, of which the first two have a
/// credential of their own there.
async fn up(upstream: &Script) -> Gateway {
    let names = ["default", "live", "trial"];
    let credential = |name: &str| json!({"name": name, "api_key": secret(name)});
    let credentials: Vec<Value> = names.into_iter().map(credential).collect();
    let base = format!("{}/v1", upstream.url());
    let environments = json!({"production": "live", "test": "trial"});
    let target = json!({"provider": "up", "model": "m", "environments": environments});
    let mut setup = Setup::workspace("main")
        .with(
            "providers",
            json!({"name": "up", "kind": "openai", "base_url": base, "credentials": credentials}),
        )
        .model("up", "m")
        .with("aliases", json!({"name": "fast", "targets": [target]}));
    for environment in ["production", "test", "staging"] {
        let secret = key(environment);
        let key = json!({"name": environment, "secret": secret, "owner": "team", "environment": environment});
        setup = setup.with("keys", key);
    }
    Start::new(BINARY).setup(&setup.text()).up().await
}

async fn served(client: &Client) -> String {
    let reply = client.chat("fast", "hi").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.at("/choices/0/message/content")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_key_is_served_by_the_credential_of_its_environment() {
    let upstream = Script::start(answer).await;
    let gateway = up(&upstream).await;
    let clients = ["production", "test", "staging"].map(|it| gateway.client(&key(it)));
    for (client, credential) in clients.iter().zip(["live", "trial", "default"]) {
        assert_eq!(served(client).await, credential);
        let listed = client.get("/v1/models").await.json();
        let data = listed["data"].as_array().expect("data");
        assert_eq!(data.iter().filter(|it| it["id"] == "fast").count(), 1, "{listed}");
    }
    let rows = gateway.usage_of(3).await;
    let mut environments: Vec<&str> =
        rows.iter().filter_map(|it| it["environment"].as_str()).collect();
    environments.sort_unstable();
    assert_eq!(environments, ["production", "staging", "test"]);

    let disabled = json!({"enabled": false});
    let path = "/workspaces/main/providers/up/credentials/trial";
    let reply = gateway.api("PATCH", path, Some(&disabled)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let refused = clients[1].chat("fast", "hi").await;
    assert_eq!(refused.status, 503, "never another environment's: {}", refused.text());
    assert!(refused.text().contains("credential trial of up is disabled"), "{}", refused.text());
    assert_eq!(served(&clients[0]).await, "live");

    gateway.run(&["alias", "set", "fast", "--target", "up/m;credential.staging=live"]).await;
    for (client, credential) in clients.iter().zip(["default", "default", "live"]) {
        assert_eq!(served(client).await, credential);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_response_is_not_for_keys_whose_environment_has_another_credential() {
    let upstream = Script::start(answer).await;
    let gateway = up(&upstream).await;
    let [live, trial] = ["production", "test"].map(|it| gateway.client(&key(it)));
    let made =
        live.post("/v1/responses", json!({"model": "fast", "input": "hi"}).to_string()).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let id: String = made.at("/id");
    let more = json!({"model": "fast", "input": "more", "previous_response_id": id}).to_string();
    for reply in
        [live.post("/v1/responses", &more).await, live.get(&format!("/v1/responses/{id}")).await]
    {
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.at("/output/0/content/0/text"), "live");
    }
    let asked = upstream.count();
    for reply in
        [trial.post("/v1/responses", &more).await, trial.get(&format!("/v1/responses/{id}")).await]
    {
        assert_eq!(reply.status, 410, "{}", reply.text());
        assert_eq!(reply.at("/error/code"), "response_gone");
    }
    assert_eq!(upstream.count(), asked, "nobody is asked with another's credential");
}
