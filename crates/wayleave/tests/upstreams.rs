//! Providers that speak neither OpenAI's nor Anthropic's grammar: signed calls, binary events, lines
//! of JSON, and a stream of their own.

use serde_json::{Value, json};
use wayleave_testkit::client::CHAT;
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::{anthropic, bedrock, cohere, ollama, openai};
use wayleave_testkit::{Answer, Gateway, Received, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const ACCESS_KEY: &str = "AKIDEXAMPLE";

fn answer(got: &Received) -> Answer {
    let stream = !got.body.is_empty() && got.json()["stream"] == true;
    match (got.path.as_str(), stream) {
        ("/model/m%3A0/converse", _) => Answer::json(200, bedrock::whole("Hello", 7, 3)),
        ("/model/m%3A0/converse-stream", _) => {
            let bytes = bedrock::stream(&["Hel", "lo"], 7, 3).concat();
            Answer::chunks(bedrock::STREAM).pieces_of(50, &bytes)
        }
        ("/api/chat", false) => Answer::json(200, ollama::whole("Hello", 7, 3)),
        ("/api/chat", true) => {
            let lines = ollama::stream(&["Hel", "lo"], 7, 3).concat();
            Answer::chunks("application/x-ndjson").pieces_of(50, lines.as_bytes())
        }
        ("/v2/chat", false) => Answer::json(200, cohere::whole("Hello", 7, 3)),
        ("/v2/chat", true) => Answer::stream(cohere::stream(&["Hel", "lo"], 7, 3)),
        _ => Answer::json(404, r#"{"message":"nothing here"}"#),
    }
}

/// With the provider `bedrock`, whose keys may be called something else.
fn setup(upstream: &str) -> Setup {
    let keys = json!([{
        "name": "main",
        "settings": {"access_key_id": ACCESS_KEY},
        "fields": {"secret_access_key": CREDENTIAL, "session_token": "session-0123456789"},
    }]);
    Setup::workspace("main")
        .with(
            "providers",
            json!({
                "name": "bedrock", "kind": "bedrock", "base_url": upstream,
                "settings": {"region": "us-east-1"}, "credentials": keys,
            }),
        )
        .model("bedrock", "m:0")
        .alias("bedrock", &[("bedrock", "m:0")])
        .provider("ollama", "ollama", upstream, CREDENTIAL)
        .model("ollama", "m")
        .alias("ollama", &[("ollama", "m")])
        .provider("cohere", "cohere", upstream, CREDENTIAL)
        .model("cohere", "m")
        .alias("cohere", &[("cohere", "m")])
        .key("test", KEY)
}

async fn with(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> (Script, Gateway) {
    let script = Script::start(answer).await;
    let gateway = Start::new(BINARY).setup(&setup(&script.url()).text()).up().await;
    (script, gateway)
}

#[tokio::test]
async fn each_is_answered_whole_and_streamed_with_its_usage() {
    let (_script, gateway) = with(answer).await;
    let client = gateway.client(KEY);
    for alias in ["bedrock", "ollama", "cohere"] {
        let reply = client.messages(alias, "hello").await;
        assert_eq!((reply.status, reply.at("/content/0/text").as_str()), (200, "Hello"), "{alias}");
        let got = client.messages_stream(alias, "hello").await.frames().await;
        assert_eq!(anthropic::said(&got), "Hello", "{alias}: {got:?}");
        assert_eq!(got.last().map(String::as_str), Some(anthropic::STOP), "{alias}");
    }
    for alias in ["bedrock", "cohere"] {
        let reply = client.chat(alias, "hello").await;
        assert_eq!(reply.at("/choices/0/message/content"), "Hello", "{alias}: {}", reply.text());
        assert_eq!(reply.at("/choices/0/finish_reason"), "stop");
        let got = client.chat_stream(alias, "hello").await.frames().await;
        assert_eq!(openai::said(&got), "Hello", "{alias}: {got:?}");
        assert_eq!(got.last().map(String::as_str), Some(openai::DONE), "{alias}");
        assert!(!got.concat().contains("event:"), "{got:?}");
    }
    for row in gateway.usage_of(10).await {
        let figures = (row["input_tokens"].as_u64(), row["output_tokens"].as_u64());
        assert_eq!(figures, (Some(7), Some(3)), "{row}");
        assert_eq!(
            (&row["usage_source"], &row["stream_end"]),
            (&json!("provider"), &json!("done"))
        );
    }
}

#[tokio::test]
async fn a_call_of_bedrock_is_signed_and_its_secret_is_not_in_it() {
    let (script, gateway) = with(answer).await;
    let client = gateway.client(KEY);
    assert_eq!(client.chat("bedrock", "hello").await.status, 200);
    client.chat_stream("bedrock", "hello").await.rest().await;
    for (n, path) in ["/model/m%3A0/converse", "/model/m%3A0/converse-stream"].iter().enumerate() {
        let got = script.request(n).await;
        assert_eq!((got.method.as_str(), got.path.as_str()), ("POST", *path));
        let date = got.header("x-amz-date").expect("a date").to_owned();
        assert!(date.len() == 16 && date.ends_with('Z'), "{date}");
        let signed = got.header("authorization").expect("a signature");
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{}/us-east-1/bedrock/aws4_request, SignedHeaders=",
            &date[..8]
        );
        assert!(signed.starts_with(&scope), "{signed}");
        let (names, signature) = signed[scope.len()..].split_once(", Signature=").expect("both");
        for name in ["host", "x-amz-date", "x-amz-security-token"] {
            assert!(names.split(';').any(|it| it == name), "{names}");
        }
        assert!(signature.len() == 64 && signature.bytes().all(|it| it.is_ascii_hexdigit()));
        assert_eq!(got.header("x-amz-security-token"), Some("session-0123456789"));
        assert_eq!(got.header("host"), Some(script.addr().to_string().as_str()));
        let all = format!("{:?}{}", got.headers, got.text());
        assert!(!all.contains(CREDENTIAL), "{all}");
        let messages = got.json()["messages"].clone();
        assert_eq!(messages, json!([{"role": "user", "content": [{"text": "hello"}]}]));
    }
}

#[tokio::test]
async fn a_call_of_ollama_in_openais_dialect_stays_in_it() {
    let (script, gateway) = with(|got| match got.path.as_str() {
        "/v1/chat/completions" => Answer::json(200, openai::whole("Hello", 7, 3)),
        _ => answer(got),
    })
    .await;
    let body = r#"{"model":"m", "messages":[],"x":1}"#.replace("\"m\"", "\"ollama\"");
    let reply = gateway.client(KEY).post(CHAT, &body).await;
    assert_eq!((reply.status, reply.text()), (200, openai::whole("Hello", 7, 3)));
    let got = script.request(0).await;
    assert_eq!(got.text(), body.replace("\"ollama\"", "\"m\""));
    assert_eq!(got.header("authorization"), Some(format!("Bearer {CREDENTIAL}").as_str()));
}

#[tokio::test]
async fn what_breaks_in_the_middle_is_an_error_that_clients_notice() {
    let half = |got: &Received| match got.path.as_str() {
        "/api/chat" => {
            let lines = ollama::stream(&["Hel", "lo"], 7, 3);
            Answer::chunks("application/x-ndjson")
                .piece(lines[0].clone())
                .piece("{\"error\":\"broken\"}\n")
        }
        "/v2/chat" => {
            Answer::stream(cohere::stream(&["Hel", "lo"], 7, 3).into_iter().take(3)).cut()
        }
        _ => {
            let messages = bedrock::stream(&["Hel", "lo"], 7, 3);
            let broken = json!({"message": "The model broke."});
            let broken = bedrock::message("exception", "modelStreamErrorException", &broken);
            Answer::chunks(bedrock::STREAM).piece(messages[..2].concat()).piece(broken)
        }
    };
    let (_script, gateway) = with(half).await;
    let client = gateway.client(KEY);
    for alias in ["bedrock", "cohere", "ollama"] {
        let mut stream = client.messages_stream(alias, "hello").await;
        let got = stream.frames().await;
        assert_eq!(anthropic::said(&got), "Hel", "{alias}: {got:?}");
        let last = got.last().and_then(|it| it.strip_prefix("event: error\ndata: "));
        let last = last.unwrap_or_else(|| panic!("{alias}: {got:?}"));
        let last: Value = serde_json::from_str(last.trim()).expect("JSON");
        assert_eq!(last["error"]["code"], "upstream_error", "{alias}: {last}");
        let row = gateway.row(stream.header("request-id").expect("our id")).await;
        assert_eq!(row["error_code"], "upstream_error", "{alias}: {row}");
    }
}

#[tokio::test]
async fn a_damaged_event_stream_is_no_answer() {
    let damaged = |_: &Received| {
        let mut bytes = bedrock::stream(&["Hel", "lo"], 7, 3).concat();
        bytes[30] ^= 1;
        Answer::chunks(bedrock::STREAM).piece(bytes)
    };
    let (_script, gateway) = with(damaged).await;
    let streamed = gateway.client(KEY).chat_stream("bedrock", "hello").await;
    assert_eq!(streamed.status, 502);
}

#[tokio::test]
async fn a_refusal_of_bedrock_is_read_by_its_type() {
    let (_script, gateway) = with(|_| {
        Answer::json(429, r#"{"message":"Too many requests"}"#)
            .header("x-amzn-errortype", "ThrottlingException")
    })
    .await;
    let reply = gateway.client(KEY).chat("bedrock", "hello").await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (429, "upstream_rate_limited"));
    let (_script, gateway) = with(|_| {
        let message = "The security token included in the request is invalid.";
        Answer::json(403, json!({"message": message}).to_string())
            .header("x-amzn-errortype", "UnrecognizedClientException")
    })
    .await;
    let reply = gateway.client(KEY).chat("bedrock", "hello").await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (502, "upstream_auth_failed"));
}
