//! What a guide for connecting Dify warns of, row by row: each failure is told in words that lead
//! out of it.

use serde_json::{Value, json};
use wayleave_testkit::client::{CHAT, MESSAGES, chat_body};
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::openai;
use wayleave_testkit::{Answer, Gateway, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const SCOPED_KEY: &str = "wl_scoped_0123456789abcdef0123456789";

async fn with(facts: Value, answer: Answer) -> (Script, Gateway) {
    let script = Script::start(move |_| answer.clone()).await;
    let base = format!("{}/v1", script.url());
    let price = json!({"input": "1", "output": "2"});
    let model = json!({
        "provider": "up", "name": "m", "type": "llm", "price": price, "facts": facts,
    });
    let setup = Setup::workspace("main")
        .provider("up", "openai-compatible", &base, CREDENTIAL)
        .with("models", model)
        .alias("Team GPT/4:fast", &[("up", "m")])
        .alias("other", &[("up", "m")])
        .key("test", KEY)
        .with(
            "keys",
            json!({
                "name": "scoped", "secret": SCOPED_KEY, "owner": "team", "environment": "test",
                "aliases": ["other"],
            }),
        );
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    (script, gateway)
}

fn fine() -> Answer {
    Answer::json(200, openai::whole("Hello", 7, 3))
}

#[tokio::test]
async fn g6_a_model_that_is_not_there_and_one_that_is_not_allowed_are_told_apart() {
    let (script, gateway) = with(json!({}), fine()).await;
    let (all, scoped) = (gateway.client(KEY), gateway.client(SCOPED_KEY));
    for stream in [false, true] {
        let ask = |model: &str| chat_body(model, "hello", stream).to_string();
        let reply = all.post(CHAT, ask("team gpt/4:fast")).await;
        assert_eq!(reply.header("content-type"), Some("application/json"), "never a stream");
        assert_eq!((reply.status, reply.at("/error/code").as_str()), (404, "model_not_found"));
        let message = reply.at("/error/message");
        assert!(message.contains("team gpt/4:fast") && message.contains("Team GPT/4:fast"));
        let reply = scoped.post(CHAT, ask("Team GPT/4:fast")).await;
        assert_eq!((reply.status, reply.at("/error/code").as_str()), (403, "model_not_allowed"));
        let reply = scoped.post(CHAT, ask("Team GPT/4:fas")).await;
        let message = reply.at("/error/message");
        assert!(reply.status == 404 && !message.contains("Team GPT/4:fast"), "{message}");
    }
    assert_eq!(script.count(), 0);
    assert_eq!(all.chat("Team GPT/4:fast", "hello").await.status, 200, "exact, case and all");
}

#[tokio::test]
async fn g9_the_answer_limit_goes_up_under_the_name_and_in_the_bounds_that_the_model_takes() {
    let facts =
        json!({"token_limit": "max_completion_tokens", "min_output": 16, "max_output": 100});
    let (script, gateway) = with(facts, fine()).await;
    let client = gateway.client(KEY);
    for (n, (field, asked, sent)) in
        [("max_tokens", 5, 16), ("max_completion_tokens", 32, 32), ("max_tokens", 4_000, 100)]
            .into_iter()
            .enumerate()
    {
        let mut body = chat_body("other", "hello", false);
        body[field] = asked.into();
        assert_eq!(client.post(CHAT, body.to_string()).await.status, 200);
        let got = script.request(n).await.json();
        assert_eq!(got["max_completion_tokens"], sent, "{field}: {asked}");
        assert_eq!(got.get("max_tokens"), None);
    }
}

#[tokio::test]
async fn g9_what_the_provider_refuses_all_the_same_is_told_in_its_own_words() {
    let says = r#"{"error":{"message":"max_tokens is too large: 4000","type":"invalid_request_error","param":"max_tokens","code":"invalid_value"}}"#;
    let (_script, gateway) = with(json!({}), Answer::json(400, says)).await;
    let mut body = chat_body("other", "hello", false);
    body["max_tokens"] = 4_000.into();
    let reply = gateway.client(KEY).post(CHAT, body.to_string()).await;
    assert_eq!((reply.status, reply.text().as_str()), (400, says));
}

#[tokio::test]
async fn g13_a_capability_that_is_switched_off_is_refused_by_name() {
    let facts = json!({"tools": false, "vision": false, "json_schema": false});
    let (script, gateway) = with(facts, fine()).await;
    let client = gateway.client(KEY);
    let tool = json!([{"type": "function", "function": {"name": "f", "parameters": {}}}]);
    let picture = json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
    ]}]);
    let schema = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": {}}});
    for (param, value, names) in [
        ("tools", tool, "tools: false"),
        ("messages", picture, "vision: false"),
        ("response_format", schema, "json_schema: false"),
    ] {
        let mut body = chat_body("other", "hello", false);
        body[param] = value;
        let reply = client.post(CHAT, body.to_string()).await;
        assert_eq!(
            (reply.status, reply.at("/error/code").as_str()),
            (400, "capability_not_supported"),
            "{}",
            reply.text()
        );
        assert_eq!(reply.at("/error/param"), param);
        let message = reply.at("/error/message");
        assert!(message.contains(names) && message.contains("`m`"), "{message}");
    }
    let across = json!({
        "model": "other", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    });
    let reply = client.post(MESSAGES, across.to_string()).await;
    assert_eq!((reply.status, script.count()), (400, 0), "{}", reply.text());
    assert_eq!(client.chat("other", "hello").await.status, 200, "plain chat goes on");
}

#[tokio::test]
async fn g14_the_first_curl_is_answered_with_its_usage() {
    let (_script, gateway) = with(json!({}), fine()).await;
    let mut body = chat_body("other", "Say hello", false);
    body["max_tokens"] = 32.into();
    let reply = gateway.client(KEY).post(CHAT, body.to_string()).await;
    assert_eq!((reply.status, reply.at("/object").as_str()), (200, "chat.completion"));
    let usage = &reply.json()["usage"];
    assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"]), (&json!(7), &json!(3)));
    assert!(reply.header("x-request-id").is_some_and(|id| id.starts_with("req_")));
}

#[tokio::test]
async fn g20_a_program_can_read_the_models_their_prices_and_where_they_are_served() {
    let (_script, gateway) = with(json!({}), fine()).await;
    let catalog = gateway.client("").get("/api/catalog").await.json();
    let models = catalog["models"].as_array().expect("models");
    let priced = models.iter().find(|it| it["model"] == "gpt-4o" && it["provider"] == "openai");
    let priced = priced.expect("a well-known model");
    assert_eq!((&priced["type"], &priced["families"][0]), (&json!("llm"), &json!("chat")));
    let prices = priced["prices"].as_object().expect("prices");
    assert!(prices.values().all(|price| {
        price.as_str().is_some_and(|it| it.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    }));
    assert!(priced["source"].is_string() && priced["as_of"].is_string());
}
