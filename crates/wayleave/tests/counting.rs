//! How many tokens a conversation has: the provider's figure where it counts, else an estimate that
//! says so. Never a cost.

use serde_json::{Value, json};
use wayleave_testkit::client::messages_body;
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::{anthropic, gemini};
use wayleave_testkit::{Answer, Client, Gateway, Received, Reply, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const MESSAGES: &str = "/v1/messages/count_tokens";
const RESPONSES: &str = "/v1/responses/input_tokens";
const GEMINI: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hello"}]}],"generationConfig":{"maxOutputTokens":5}}"#;

fn answer(got: &Received) -> Answer {
    match got.path.as_str() {
        MESSAGES if got.text().contains("be down") => {
            Answer::json(500, anthropic::error("api_error", "broken"))
        }
        MESSAGES => Answer::json(200, r#"{"input_tokens": 42}"#).header("request-id", "up-1"),
        RESPONSES => Answer::json(200, r#"{"object":"response.input_tokens","input_tokens":43}"#),
        "/v1beta/models/m:countTokens" => {
            Answer::json(200, r#"{"totalTokens": 44, "promptTokensDetails": []}"#)
        }
        _ => Answer::json(404, gemini::error(404, "NOT_FOUND", "nothing counts here")),
    }
}

async fn stage() -> (Script, Gateway, Client) {
    let script = Script::start(answer).await;
    let url = script.url();
    let setup = Setup::simple(&url)
        .provider("responses", "openai", &format!("{url}/v1"), CREDENTIAL)
        .model("responses", "m")
        .alias("responses", &[("responses", "m")])
        .provider("gemini", "gemini", &url, CREDENTIAL)
        .model("gemini", "m")
        .alias("gemini", &[("gemini", "m")]);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);
    (script, gateway, client)
}

async fn messages(client: &Client, alias: &str, prompt: &str) -> Reply {
    let mut body = messages_body(alias, prompt, false);
    let fields = body.as_object_mut().expect("an object");
    fields.remove("max_tokens");
    fields.remove("stream");
    client.post(MESSAGES, body.to_string()).await
}

async fn row(gateway: &Gateway, reply: &Reply) -> Value {
    gateway.row(reply.header("x-request-id").expect("our id")).await
}

#[tokio::test]
async fn a_provider_of_the_same_dialect_counts() {
    let (script, gateway, client) = stage().await;
    let reply = messages(&client, "anthropic", "hello").await;
    assert_eq!((reply.status, reply.json()), (200, json!({"input_tokens": 42})));
    assert_eq!(reply.header("x-wayleave-estimated"), None);
    let got = script.request(0).await;
    let messages = json!([{"role": "user", "content": "hello"}]);
    assert_eq!(
        (got.path.as_str(), got.json()),
        (MESSAGES, json!({"model": "m", "messages": messages}))
    );
    assert_eq!(got.header("x-api-key"), Some(CREDENTIAL));
    assert!(got.header("anthropic-version").is_some());

    let body =
        json!({"model": "responses", "input": "hello", "max_output_tokens": 5, "stream": true});
    let counted = client.post(RESPONSES, body.to_string()).await;
    assert_eq!(counted.json(), json!({"object": "response.input_tokens", "input_tokens": 43}));
    let got = script.request(1).await;
    assert_eq!(
        (got.path.as_str(), got.json()),
        (RESPONSES, json!({"model": "m", "input": "hello"}))
    );

    let counted = client.post("/v1beta/models/gemini:countTokens", GEMINI).await;
    assert_eq!((counted.status, counted.json()), (200, json!({"totalTokens": 44})));
    let got = script.request(2).await;
    let mut asked: Value = serde_json::from_str(GEMINI).expect("JSON");
    asked["model"] = "models/m".into();
    assert_eq!(got.path, "/v1beta/models/m:countTokens");
    assert_eq!(got.json(), json!({"generateContentRequest": asked}));

    for reply in [reply, counted] {
        let row = row(&gateway, &reply).await;
        assert_eq!((&row["operation"], &row["cost_nanos"]), (&json!("count_tokens"), &json!(0)));
        assert_eq!((&row["status"], &row["attempts"]), (&json!(200), &json!(1)), "{row}");
    }
}

#[tokio::test]
async fn a_request_that_stands_inside_another_is_counted_too() {
    let (script, _gateway, client) = stage().await;
    let inner: Value = serde_json::from_str(GEMINI).expect("JSON");
    let body = json!({"generateContentRequest": inner}).to_string();
    let reply = client.post("/v1beta/models/gemini:countTokens", body).await;
    assert_eq!(reply.json(), json!({"totalTokens": 44}));
    let got = script.request(0).await.json();
    assert_eq!(got["generateContentRequest"]["contents"], inner["contents"]);
}

#[tokio::test]
async fn a_provider_of_another_dialect_that_counts_is_asked_in_its_own() {
    let (script, _gateway, client) = stage().await;
    let reply = messages(&client, "gemini", "hello").await;
    assert_eq!((reply.status, reply.json()), (200, json!({"input_tokens": 44})));
    assert_eq!(reply.header("x-wayleave-estimated"), None);
    let got = script.request(0).await;
    assert_eq!(got.path, "/v1beta/models/m:countTokens");
    let contents = got.json()["generateContentRequest"]["contents"].clone();
    assert_eq!(contents, json!([{"role": "user", "parts": [{"text": "hello"}]}]));

    let reply = client.post("/v1beta/models/anthropic:countTokens", GEMINI).await;
    assert_eq!((reply.status, reply.json()), (200, json!({"totalTokens": 42})));
    assert_eq!(script.request(1).await.path, MESSAGES);
}

#[tokio::test]
async fn where_nobody_counts_the_figure_is_an_estimate_and_says_so() {
    let (script, gateway, client) = stage().await;
    let short = messages(&client, "openai", "hello").await;
    let long = messages(&client, "openai", &"hello ".repeat(1_000)).await;
    let gemini = client.post("/v1beta/models/openai:countTokens", GEMINI).await;
    assert_eq!(script.connections(), 0);
    for reply in [&short, &long, &gemini] {
        assert_eq!((reply.status, reply.header("x-wayleave-estimated")), (200, Some("true")));
        let row = row(&gateway, reply).await;
        assert_eq!((&row["operation"], &row["cost_nanos"]), (&json!("count_tokens"), &json!(0)));
        assert_eq!((&row["status"], &row["attempts"]), (&json!(200), &json!(0)), "{row}");
    }
    let tokens = |reply: &Reply| reply.json()["input_tokens"].as_u64().expect("a figure");
    assert!((5..100).contains(&tokens(&short)), "{}", short.text());
    assert!((1_400..1_600).contains(&tokens(&long)), "{}", long.text());
    assert!(gemini.json()["totalTokens"].as_u64() > Some(5), "{}", gemini.text());
}

#[tokio::test]
async fn a_provider_that_fails_to_count_is_no_trouble_of_the_callers() {
    let (_script, gateway, client) = stage().await;
    let reply = messages(&client, "anthropic", "be down").await;
    assert_eq!((reply.status, reply.header("x-wayleave-estimated")), (200, Some("true")));
    let row = row(&gateway, &reply).await;
    assert_eq!((&row["status"], &row["attempts"]), (&json!(200), &json!(1)), "{row}");
    assert_eq!(row["cost_nanos"], 0);
    // Counting says nothing of whether it answers: the target is not at rest.
    assert_eq!(messages(&client, "anthropic", "hello").await.header("x-wayleave-estimated"), None);
}

#[tokio::test]
async fn what_cannot_be_counted_is_refused_in_the_callers_dialect() {
    let (script, gateway, client) = stage().await;
    let unknown = messages(&client, "nothing", "hello").await;
    assert_eq!((unknown.status, unknown.at("/type").as_str()), (404, "error"));
    assert_eq!(unknown.at("/error/code"), "model_not_found");
    let no_model = client.post(MESSAGES, r#"{"messages":[]}"#).await;
    assert_eq!((no_model.status, no_model.at("/error/param").as_str()), (400, "model"));
    let no_key = client.with_key("").post(MESSAGES, "{}").await;
    assert_eq!((no_key.status, no_key.at("/error/code").as_str()), (401, "missing_api_key"));
    let unknown = client.post("/v1beta/models/nothing:countTokens", GEMINI).await;
    assert_eq!((unknown.status, unknown.at("/error/status").as_str()), (404, "NOT_FOUND"));
    assert_eq!(script.connections(), 0);
    let rows = gateway.usage_of(3).await;
    assert!(rows.iter().all(|row| row["operation"] == "count_tokens"), "{rows:?}");
}
