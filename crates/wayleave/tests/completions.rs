//! OpenAI's older completions: for models that have them, and a way to the right path for the rest.

use serde_json::json;
use wayleave_testkit::client::{CHAT, MESSAGES, chat_body, messages_body};
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::openai;
use wayleave_testkit::{Answer, Gateway, Received, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const COMPLETIONS: &str = "/v1/completions";
const WHOLE: &str = r#"{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":" a time","index":0,"logprobs":null,"finish_reason":"stop"}], "x":[1.50],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}"#;

fn stream() -> Vec<String> {
    let chunk = |text: &str, finish: &str| {
        format!(
            "data: {{\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1,\"choices\":[{{\"text\":\"{text}\",\"index\":0,\"logprobs\":null,\"finish_reason\":{finish}}}],\"model\":\"m\"}}\n\n"
        )
    };
    let usage = "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1,\"choices\":[],\"model\":\"m\",\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10}}\n\n";
    vec![chunk(" a", "null"), chunk(" time", "\"stop\""), usage.to_owned(), openai::DONE.to_owned()]
}

fn answer(got: &Received) -> Answer {
    match (got.path.as_str(), got.json()["stream"] == true) {
        (COMPLETIONS, true) => Answer::stream(stream()),
        (COMPLETIONS, false) => Answer::json(200, WHOLE),
        _ => Answer::json(200, openai::whole("Hello", 7, 3)),
    }
}

async fn with() -> (Script, Gateway) {
    let script = Script::start(answer).await;
    let base = format!("{}/v1", script.url());
    let model = |name: &str, families: &[&str]| {
        json!({
            "provider": "up", "name": name, "type": "llm",
            "price": {"input": "1", "output": "2"}, "facts": {"families": families},
        })
    };
    let setup = Setup::workspace("main")
        .provider("up", "openai-compatible", &base, CREDENTIAL)
        .with("models", model("m", &["completions"]))
        .with("models", model("c", &["chat"]))
        .with("models", model("all", &["chat", "completions"]))
        .alias("instruct", &[("up", "m")])
        .alias("chat", &[("up", "c")])
        .alias("all", &[("up", "all")])
        .alias("either", &[("up", "c"), ("up", "m")])
        .key("test", KEY);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    (script, gateway)
}

#[tokio::test]
async fn a_prompt_and_what_follows_it_are_passed_on_to_the_byte() {
    let (script, gateway) = with().await;
    let client = gateway.client(KEY);
    let body = r#"{ "model":"instruct", "prompt":"Once upon", "max_tokens":5, "x":{"a":[1.0]}, "suffix":"." }"#;
    let reply = client.post(COMPLETIONS, body).await;
    assert_eq!((reply.status, reply.text().as_str()), (200, WHOLE));
    let got = script.request(0).await;
    assert_eq!(
        (got.path.as_str(), got.text()),
        (COMPLETIONS, body.replace("\"instruct\"", "\"m\""))
    );

    let asked = json!({"model": "instruct", "prompt": "Once upon", "stream": true});
    let mut streamed =
        client.stream(&client.request("POST", COMPLETIONS).json(asked.to_string())).await;
    let frames: Vec<String> = stream().into_iter().filter(|it| !it.contains("\"usage\"")).collect();
    assert_eq!(streamed.frames().await, frames, "the usage that nobody asked for is kept back");
    let asked = json!({"model": "instruct", "prompt": "Once upon", "stream": true, "stream_options": {"include_usage": true}});
    let mut streamed =
        client.stream(&client.request("POST", COMPLETIONS).json(asked.to_string())).await;
    assert_eq!(streamed.frames().await, stream());
    for row in gateway.usage_of(3).await {
        assert_eq!(
            (&row["surface"], &row["cost_nanos"]),
            (&json!(COMPLETIONS), &json!(13_000)),
            "{row}"
        );
    }
}

#[tokio::test]
async fn the_wrong_path_names_the_right_one() {
    let (script, gateway) = with().await;
    let client = gateway.client(KEY);
    for stream in [false, true] {
        let prompt = json!({"model": "chat", "prompt": "Once upon", "stream": stream}).to_string();
        for (path, body, right) in [
            (COMPLETIONS, prompt, CHAT),
            (CHAT, chat_body("instruct", "hello", stream).to_string(), COMPLETIONS),
            (MESSAGES, messages_body("instruct", "hello", stream).to_string(), COMPLETIONS),
        ] {
            let reply = client.post(path, body).await;
            assert_eq!(reply.status, 400, "{path}: {}", reply.text());
            assert_eq!(reply.at("/error/code"), "wrong_endpoint", "{path}: {}", reply.text());
            assert_eq!(reply.at("/error/param"), "model");
            assert!(
                reply.at("/error/message").ends_with(&format!("use {right}")),
                "{}",
                reply.text()
            );
        }
    }
    assert_eq!(script.connections(), 0);
}

#[tokio::test]
async fn of_a_route_whichever_target_has_the_path_is_asked() {
    let (script, gateway) = with().await;
    let client = gateway.client(KEY);
    for alias in ["all", "either"] {
        let prompt = json!({"model": alias, "prompt": "Once upon"}).to_string();
        assert_eq!(client.post(COMPLETIONS, prompt).await.status, 200, "{alias}");
        assert_eq!(client.chat(alias, "hello").await.status, 200, "{alias}");
    }
    let sent: Vec<_> =
        script.received().iter().map(|it| (it.path.clone(), it.json()["model"].clone())).collect();
    let expected = [(COMPLETIONS, "all"), (CHAT, "all"), (COMPLETIONS, "m"), (CHAT, "c")];
    assert_eq!(sent, expected.map(|(path, model)| (path.to_owned(), json!(model))));
}

#[tokio::test]
async fn a_conversation_sent_to_the_older_path_is_told_where_it_belongs() {
    let (script, gateway) = with().await;
    let reply =
        gateway.client(KEY).post(COMPLETIONS, chat_body("instruct", "hi", false).to_string()).await;
    assert_eq!((reply.status, reply.at("/error/param").as_str()), (400, "prompt"));
    assert!(reply.at("/error/message").contains(CHAT), "{}", reply.text());
    assert_eq!(script.connections(), 0);
}
