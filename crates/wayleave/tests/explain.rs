//! `POST /v1/explain`: what would be sent where, and nothing is.

use serde_json::{Value, json};
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::{Answer, Client, Gateway, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

async fn stage() -> (Script, Gateway, Client) {
    let script = Script::start(|_| Answer::never()).await;
    let targets = [("openai", "m"), ("anthropic", "m"), ("gemini", "m")];
    let setup = Setup::simple(&script.url())
        .provider("gemini", "gemini", &script.url(), CREDENTIAL)
        .model("gemini", "m")
        .alias("all", &targets)
        .alias("gemini", &[("gemini", "m")])
        .alias_with("strict", &targets[1..], &json!({"losses": "refuse"}));
    let start = Start::new(BINARY).setup(&setup.text()).flag("--media-allow", "127.0.0.0/8");
    let gateway = start.up().await;
    let client = gateway.client(KEY);
    (script, gateway, client)
}

async fn explain(client: &Client, path: &str, body: &Value) -> Value {
    let question = json!({"path": path, "body": body}).to_string();
    let reply = client.post("/v1/explain", question).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Nothing was sent, and nothing is on record: the one row is of the request after.
async fn nothing_happened(script: &Script, gateway: &Gateway, client: &Client) {
    assert_eq!(script.connections(), 0);
    assert_eq!(client.chat("nothing", "hi").await.status, 404);
    let rows = gateway.usage_of(1).await;
    assert_eq!((rows.len(), &rows[0]["alias"]), (1, &json!("nothing")), "{rows:?}");
}

#[tokio::test]
async fn each_target_is_shown_with_its_body_edits_and_losses() {
    let (script, gateway, client) = stage().await;
    let body = json!({
        "model": "all",
        "messages": [{"role": "user", "content": "hello"}],
        "max_tokens": 10,
        "logprobs": true,
        "seed": 7,
        "stream": true,
    });
    let told = explain(&client, "/v1/chat/completions", &body).await;
    assert_eq!((&told["object"], &told["model"]), (&json!("explanation"), &json!("all")));
    assert_eq!(told["stream"], true);
    let targets = told["targets"].as_array().expect("targets");
    let seen: Vec<_> = targets
        .iter()
        .map(|it| (it["provider"].as_str(), it["dialect"].as_str(), it["translated"].as_bool()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some("openai"), Some("openai-chat"), Some(false)),
            (Some("anthropic"), Some("anthropic-messages"), Some(true)),
            (Some("gemini"), Some("gemini"), Some(true)),
        ]
    );
    let url = |path: &str| json!(format!("{}{path}", script.url()));
    assert_eq!(targets[0]["url"], url("/v1/chat/completions"));
    assert_eq!(targets[0]["edits"], json!(["model", "stream_options"]));
    assert_eq!((&targets[0]["losses"], &targets[0]["body"]["model"]), (&json!([]), &json!("m")));
    assert_eq!(targets[1]["url"], url("/v1/messages"));
    assert_eq!(
        (&targets[1]["body"]["max_tokens"], &targets[1]["body"]["stream"]),
        (&json!(10), &json!(true))
    );
    let lost: Vec<_> = targets[1]["losses"]
        .as_array()
        .expect("losses")
        .iter()
        .map(|it| (it["path"].as_str(), it["severity"].as_str()))
        .collect();
    assert!(lost.contains(&(Some("logprobs"), Some("meaning"))), "{lost:?}");
    assert!(lost.contains(&(Some("seed"), Some("hint"))), "{lost:?}");
    assert_eq!(targets[2]["url"], url("/v1beta/models/m:streamGenerateContent?alt=sse"));
    // Every byte a token of input at 1,000 nano-dollars, and 10 of output at 2,000.
    let most = body.to_string().len() as u64 * 1_000 + 20_000;
    for target in targets {
        assert_eq!(target["max_cost_nanos"].as_u64(), Some(most), "{target}");
        assert!(!target.to_string().contains(CREDENTIAL));
    }
    nothing_happened(&script, &gateway, &client).await;
}

#[tokio::test]
async fn what_a_target_would_refuse_is_said_beside_it() {
    let (script, gateway, client) = stage().await;
    let body = json!({"model": "strict", "messages": [{"role": "user", "content": "hi"}], "logprobs": true});
    let told = explain(&client, "/v1/chat/completions", &body).await;
    let refused = &told["targets"][0]["refused"];
    assert_eq!(
        (&refused["code"], &refused["param"]),
        (&json!("unsupported_parameter"), &json!("logprobs"))
    );
    assert_eq!(told["targets"][0].get("body"), None);
    nothing_happened(&script, &gateway, &client).await;
}

#[tokio::test]
async fn files_at_addresses_are_not_fetched_to_explain() {
    let (script, gateway, client) = stage().await;
    let url = format!("{}/a.png", script.url());
    let content = json!([{"type": "image_url", "image_url": {"url": url}}]);
    let body = json!({"model": "gemini", "messages": [{"role": "user", "content": content}]});
    let told = explain(&client, "/v1/chat/completions", &body).await;
    let part = &told["targets"][0]["body"]["contents"][0]["parts"][0]["inlineData"];
    assert_eq!(part, &json!({"mimeType": "image/png", "data": ""}), "{told}");
    nothing_happened(&script, &gateway, &client).await;
}

#[tokio::test]
async fn a_path_that_names_the_model_is_understood() {
    let (script, gateway, client) = stage().await;
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    let path = "/v1beta/models/all:streamGenerateContent?alt=sse";
    let told = explain(&client, path, &body).await;
    assert_eq!((&told["model"], &told["stream"]), (&json!("all"), &json!(true)));
    // In the order of the route, and the one of the same dialect as it is.
    assert_eq!(told["targets"][2]["body"], body);
    nothing_happened(&script, &gateway, &client).await;
}

#[tokio::test]
async fn a_question_that_is_none_is_refused() {
    let (script, gateway, client) = stage().await;
    let body = json!({"model": "all", "messages": []});
    for (question, code) in [
        (json!({"path": "/v1/chat/completions"}), "invalid_request"),
        (json!({"path": "/v1/models", "body": body}), "invalid_request"),
        (json!({"path": "/v1/explain", "body": body}), "invalid_request"),
        (
            json!({"path": "/v1/chat/completions", "body": {"model": "x", "messages": []}}),
            "model_not_found",
        ),
        (json!({"path": "/v1/chat/completions", "body": body, "more": 1}), "invalid_request"),
    ] {
        let reply = client.post("/v1/explain", question.to_string()).await;
        assert_eq!(reply.at("/error/code"), code, "{question}: {}", reply.text());
    }
    let nobody = client.with_key("").post("/v1/explain", "{}").await;
    assert_eq!(nobody.status, 401);
    nothing_happened(&script, &gateway, &client).await;
}
