//! Pictures end to end: from words and from other pictures, of vendors that are asked in different
//! grammars, metered by token or by size and quality.

use serde_json::{Value, json};
use wayleave_testkit::client::CHAT;
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::openai;
use wayleave_testkit::{Answer, Client, Gateway, Received, Reply, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const GENERATIONS: &str = "/v1/images/generations";
const EDITS: &str = "/v1/images/edits";
/// The beginning of a PNG file of 1024 by 1536, and its base64.
const FILE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x06\0\x08\x02\0\0\0";
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAABAAAAAYACAIAAAA=";

fn setup(upstream: &str) -> Setup {
    let prices = json!({
        "image": "0.02", "image@hd": "0.08", "image@1024x1536": "0.06", "image@1024x1536/hd": "0.12",
    });
    let mut setup = Setup::workspace("main").key("test", KEY).openai("words", upstream);
    for (name, kind, base, price) in [
        ("one", "openai", format!("{upstream}/one/v1"), prices.clone()),
        ("two", "openai", format!("{upstream}/two/v1"), prices.clone()),
        (
            "tokens",
            "openai",
            format!("{upstream}/one/v1"),
            json!({"input": "5", "image_output": "30"}),
        ),
        (
            "gemini",
            "gemini",
            upstream.to_owned(),
            json!({"input": "1", "output": "2", "image": "9"}),
        ),
        ("stability", "stability", upstream.to_owned(), prices),
    ] {
        let model = json!({"provider": name, "name": "stable-image-ultra", "type": "image", "price": price});
        setup = setup.provider(name, kind, &base, CREDENTIAL).with("models", model);
        setup = setup.alias(name, &[(name, "stable-image-ultra")]);
    }
    setup.alias("both", &[("one", "stable-image-ultra"), ("two", "stable-image-ultra")])
}

async fn with(
    answer: impl Fn(&Received) -> Answer + Send + Sync + 'static,
) -> (Script, Gateway, Client) {
    let script = Script::start(answer).await;
    let start = Start::new(BINARY).setup(&setup(&script.url()).text());
    let gateway = start.flag("--media-allow", "127.0.0.0/8").up().await;
    let client = gateway.client(KEY);
    (script, gateway, client)
}

fn asked(model: &str, more: &Value) -> String {
    let mut body = json!({"model": model, "prompt": "a cat"});
    let (body_fields, more) = (body.as_object_mut().unwrap(), more.as_object().unwrap());
    body_fields.extend(more.clone());
    body.to_string()
}

fn made() -> Answer {
    Answer::json(
        200,
        json!({"created": 1, "data": [{"b64_json": PNG}, {"b64_json": PNG}]}).to_string(),
    )
}

/// A form with one picture.
async fn edited(client: &Client, model: &str) -> Reply {
    let mut body = Vec::new();
    for (name, value) in [("model", model), ("prompt", "more hats")] {
        let field =
            format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(field.into_bytes());
    }
    let head =
        "--edge\r\nContent-Disposition: form-data; name=\"image[]\"; filename=\"cat\"\r\n\r\n";
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(FILE);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let request = client.request("POST", EDITS).json(body).without("content-type");
    client.send(&request.header("content-type", "multipart/form-data; boundary=edge")).await
}

#[tokio::test]
async fn pictures_are_charged_by_their_size_and_quality() {
    let (script, gateway, client) = with(|_| made()).await;
    let body = asked("one", &json!({"n": 2, "size": "1024x1536", "quality": "hd", "own": 1.50}));
    let reply = client.post(GENERATIONS, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["data"][1]["b64_json"], PNG);
    let received = script.request(0).await;
    assert_eq!(received.path, "/one/v1/images/generations");
    assert_eq!(received.json()["model"], "stable-image-ultra");
    assert_eq!(received.json()["own"], 1.5);
    let row = gateway.usage_of(1).await.remove(0);
    assert_eq!((&row["operation"], &row["surface"]), (&json!("image"), &json!(GENERATIONS)));
    assert_eq!((&row["images"], &row["usage_source"]), (&json!(2), &json!("counted")));
    assert_eq!(row["cost_nanos"], 240_000_000);
    let detail = gateway.detail(row["request_id"].as_str().unwrap()).await;
    let attempt = &detail["attempts"][0];
    assert_eq!(attempt["usage"]["variant"], "1024x1536/hd");
    assert_eq!(attempt["lines"][0]["unit"], "image@1024x1536/hd");
    assert_eq!(attempt["lines"][0]["unpriced"], false);
    // Two in the dearest variant.
    assert_eq!(attempt["max_cost_nanos"], 240_000_000);
}

#[tokio::test]
async fn pictures_that_are_told_by_token_are_charged_by_token() {
    let told = json!({
        "created": 1, "data": [{"b64_json": PNG}], "size": "1024x1024", "quality": "low",
        "usage": {"input_tokens": 10, "input_tokens_details": {"text_tokens": 10, "image_tokens": 0},
            "output_tokens": 272, "total_tokens": 282},
    });
    let (_script, gateway, client) = with(move |_| Answer::json(200, told.to_string())).await;
    let reply = client.post(GENERATIONS, asked("tokens", &json!({}))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let row = gateway.usage_of(1).await.remove(0);
    // 10 × $5 and 272 × $30 a million.
    assert_eq!((&row["cost_nanos"], &row["usage_source"]), (&json!(8_210_000), &json!("provider")));
    assert_eq!((&row["input_tokens"], &row["output_tokens"]), (&json!(10), &json!(272)));
    let detail = gateway.detail(row["request_id"].as_str().unwrap()).await;
    assert_eq!(detail["attempts"][0]["lines"][0]["unit"], "image_output");
}

#[tokio::test]
async fn a_form_reaches_a_vendor_of_another_grammar() {
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": PNG}});
    let told = json!({
        "candidates": [{"content": {"parts": [picture]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": 1290},
    });
    let (script, gateway, client) = with(move |_| Answer::json(200, told.to_string())).await;
    let reply = edited(&client, "gemini").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["data"], json!([{"b64_json": PNG}]));
    assert_eq!(reply.json()["usage"]["output_tokens"], 1290);
    let received = script.request(0).await;
    assert_eq!(received.path, "/v1beta/models/stable-image-ultra:generateContent");
    let parts = &received.json()["contents"][0]["parts"];
    assert_eq!(parts[0]["inlineData"], json!({"mimeType": "image/png", "data": PNG}));
    assert_eq!(parts[1]["text"], "more hats");
    let row = gateway.usage_of(1).await.remove(0);
    assert_eq!((&row["operation"], &row["images"]), (&json!("image_edit"), &json!(0)));
    // By token, for tokens of answers have a price: 20 × $1 and 1,290 × $2 a million.
    assert_eq!(row["cost_nanos"], 2_600_000);
}

#[tokio::test]
async fn what_a_vendor_has_no_word_for_is_named() {
    let told = json!({"image": PNG, "finish_reason": "SUCCESS", "seed": 1}).to_string();
    let (script, gateway, client) = with(move |_| Answer::json(200, told.clone())).await;
    let more = json!({"n": 2, "size": "1536x1024", "quality": "hd", "user": "u"});
    let reply = client.post(GENERATIONS, asked("stability", &more)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["data"].as_array().map(Vec::len), Some(2));
    let lossy = reply.header("x-wayleave-lossy").unwrap_or_default().to_owned();
    for name in ["size", "quality", "user"] {
        assert!(lossy.contains(name), "{lossy}");
    }
    let received = script.request(1).await;
    assert_eq!(received.path, "/v2beta/stable-image/generate/ultra");
    assert_eq!(received.header("accept"), Some("application/json"));
    assert!(received.text().contains("name=\"aspect_ratio\"\r\n\r\n3:2\r\n"));
    let row = gateway.usage_of(1).await.remove(0);
    // The files say how large they are.
    assert_eq!((&row["images"], &row["cost_nanos"]), (&json!(2), &json!(240_000_000)));
    // What would change the answer is refused before anybody is asked.
    let address = asked("stability", &json!({"response_format": "url"}));
    let reply = client.post(GENERATIONS, address).await;
    assert_eq!((reply.status, reply.at("/error/code")), (400, "capability_not_supported".into()));
    assert_eq!(reply.at("/error/param"), "response_format");
    assert_eq!(script.count(), 2);
}

#[tokio::test]
async fn an_address_is_fetched_where_bytes_are_wanted() {
    let files = Script::start(|_| Answer::whole(200, "image/png", FILE)).await;
    let url = format!("{}/a.png", files.url());
    let named = url.clone();
    let (_script, gateway, client) = with(move |_| {
        let data =
            json!([{"url": url, "revised_prompt": "b"}, {"url": "http://127.0.0.1:9/gone.png"}]);
        Answer::json(200, json!({"created": 1, "data": data}).to_string())
    })
    .await;
    let reply =
        client.post(GENERATIONS, asked("one", &json!({"response_format": "b64_json"}))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let data = &reply.json()["data"];
    assert_eq!(data[0], json!({"b64_json": PNG, "revised_prompt": "b"}));
    // What was made is paid for: better its address than nothing.
    assert_eq!(data[1], json!({"url": "http://127.0.0.1:9/gone.png"}));
    assert_eq!(reply.header("x-wayleave-lossy"), Some("answer.b64_json"));
    let row = gateway.usage_of(1).await.remove(0);
    assert_eq!(row["images"], 2);
    let reply = client.post(GENERATIONS, asked("one", &json!({}))).await;
    assert_eq!(reply.json()["data"][0]["url"], named);
    assert_eq!(files.count(), 1);
}

#[tokio::test]
async fn the_next_target_draws_when_the_first_fails() {
    let (script, gateway, client) = with(|got| match got.path.starts_with("/one/") {
        true => Answer::json(500, r#"{"error":{"message":"down"}}"#),
        false => made(),
    })
    .await;
    let reply = edited(&client, "both").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    for at in 0..2 {
        let received = script.request(at).await;
        let whole = received.body.windows(FILE.len()).any(|it| it == FILE);
        assert!(whole && !received.text().contains("both"), "attempt {at}");
    }
    let row = gateway.usage_of(1).await.remove(0);
    assert_eq!((&row["attempts"], &row["cost_nanos"]), (&json!(2), &json!(40_000_000)));
}

#[tokio::test]
async fn errors_are_told_in_openais_words() {
    let own = r#"{"error":{"message":"Your request was rejected by the safety system.","type":"image_generation_user_error","param":null,"code":"moderation_blocked"}}"#;
    for (answer, status, code) in [
        (Answer::json(400, own), 400, "moderation_blocked"),
        (Answer::json(401, r#"{"error":{"message":"bad key"}}"#), 502, "upstream_auth_failed"),
        (Answer::json(429, r#"{"error":{"message":"slow down"}}"#), 429, "upstream_rate_limited"),
        (Answer::json(500, r#"{"error":{"message":"down"}}"#), 502, "upstream_error"),
        (Answer::json(200, r#"{"error":{"message":"said so"}}"#), 502, "upstream_error"),
        (Answer::json(200, r#"{"created":1,"data":[]}"#), 502, "upstream_error"),
        (Answer::whole(200, "text/html", "<html>a page</html>"), 502, "upstream_error"),
    ] {
        let (_script, gateway, client) = with(move |_| answer.clone()).await;
        let reply = client.post(GENERATIONS, asked("one", &json!({}))).await;
        assert_eq!((reply.status, reply.at("/error/code")), (status, code.to_owned()));
        let row = gateway.usage_of(1).await.remove(0);
        assert_eq!((&row["status"], &row["cost_nanos"]), (&json!(status), &json!(0)), "{row}");
    }
}

#[tokio::test]
async fn a_model_of_another_type_names_its_path() {
    let (script, _gateway, client) = with(|_| Answer::json(200, openai::whole("hi", 1, 1))).await;
    let reply = client.post(GENERATIONS, asked("words", &json!({}))).await;
    assert_eq!((reply.status, reply.at("/error/code")), (400, "wrong_endpoint".into()));
    assert!(reply.at("/error/message").contains("/v1/chat/completions"), "{}", reply.text());
    let reply = client.chat("one", "hi").await;
    assert_eq!((reply.status, reply.at("/error/code")), (400, "wrong_endpoint".into()), "{CHAT}");
    assert!(reply.at("/error/message").contains(GENERATIONS), "{}", reply.text());
    let reply = client.post("/v1/images/variations", "{}").await;
    assert_eq!((reply.status, reply.at("/error/code")), (404, "unsupported_endpoint".into()));
    assert_eq!(script.count(), 0);
}

#[tokio::test]
async fn a_stream_of_pictures_passes_and_one_that_breaks_off_says_so() {
    let picture = PNG.repeat(1_000);
    let event = |kind: &str, more: &str| {
        format!("event: {kind}\ndata: {{\"type\":\"{kind}\",\"b64_json\":\"{picture}\"{more}}}\n\n")
    };
    let partial = event("image_generation.partial_image", ",\"partial_image_index\":0");
    let usage = ",\"usage\":{\"input_tokens\":10,\"output_tokens\":272,\"total_tokens\":282}";
    let done = event("image_generation.completed", usage);
    let (first, last) = (partial.clone(), done.clone());
    let (_script, gateway, client) = with(move |got| {
        let begun = Answer::events().piece(first.clone());
        if got.path.starts_with("/one/") {
            begun.piece(last.clone())
        } else {
            begun.pause(50).cut()
        }
    })
    .await;
    let ask = |model: &str| {
        let body = asked(model, &json!({"stream": true, "partial_images": 1}));
        client.request("POST", GENERATIONS).json(body)
    };
    let mut stream = client.stream(&ask("tokens")).await;
    assert_eq!((stream.status, stream.header("content-type")), (200, Some("text/event-stream")));
    assert_eq!(stream.text().await, format!("{partial}{done}"));
    let row = gateway.usage_of(1).await.remove(0);
    assert_eq!((&row["stream_end"], &row["cost_nanos"]), (&json!("done"), &json!(8_210_000)));
    assert_eq!(row["usage_source"], "provider");
    let mut stream = client.stream(&ask("two")).await;
    let text = stream.text().await;
    assert!(text.starts_with(&partial) && text.contains("event: error\n"), "it only stopped");
    let rows = gateway.usage_of(2).await;
    assert!(rows.iter().any(|it| it["stream_end"] == "eof"), "{rows:?}");
}
