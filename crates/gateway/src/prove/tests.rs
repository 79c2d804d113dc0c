//! The ladder against providers that answer as vendors do.

#![allow(clippy::disallowed_methods, reason = "a provider of the test's own, on loopback")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wayleave_model::credential::SecretFields;
use wayleave_model::provider::ModelType;
use wayleave_model::target::ModelFacts;
use wayleave_model::{Clock, Secret};
use wayleave_provider::proof::{Callee, Claim, Outcome, Proof, Rung, StepResult};

use super::ladder;
use crate::settings::Settings;
use crate::upstream::Upstream;

const KEY: &str = "sk-canary-0123456789";
const LIST: &str = r#"{"object":"list","data":[{"id":"gpt-x"},{"id":"gpt-y"}]}"#;

/// A provider that answers by a function of each request's text, and keeps what it was asked.
struct Vendor {
    base_url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Vendor {
    async fn new(answer: impl Fn(&str) -> (u16, String) + Send + Sync + 'static) -> Vendor {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base_url = format!("http://{}/v1", listener.local_addr().expect("bound"));
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (heard, answer) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut text = String::new();
                    let mut piece = [0; 4096];
                    while let Ok(read @ 1..) = socket.read(&mut piece).await {
                        text.push_str(&String::from_utf8_lossy(&piece[..read]));
                        if !is_whole(&text) {
                            continue;
                        }
                        let (status, body) = answer(&text);
                        heard.lock().expect("alive").push(std::mem::take(&mut text));
                        let head = format!(
                            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}",
                            body.len()
                        );
                        if socket.write_all(head.as_bytes()).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Vendor { base_url, asked }
    }

    fn lines(&self) -> Vec<String> {
        let asked = self.asked.lock().expect("alive");
        asked.iter().filter_map(|it| Some(it.lines().next()?.to_owned())).collect()
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .to_lowercase()
        .lines()
        .find_map(|it| it.strip_prefix("content-length:").and_then(|it| it.trim().parse().ok()));
    body.len() >= length.unwrap_or(0)
}

async fn prove(kind: &str, base_url: &str, key: Option<&str>, model: Option<&str>) -> Proof {
    let settings = Settings {
        upstream_allow: vec!["127.0.0.0/8".parse().expect("a range")],
        ..Settings::default()
    };
    let client = Upstream::new(&settings).expect("a client");
    let secrets = key.map(|key| ("api_key".to_owned(), Secret::new(key)));
    let kind = wayleave_provider::kind(kind).expect("a kind");
    let own = kind.manifest().default_base_url.unwrap_or_default();
    let claim = Claim {
        kind,
        base_url: if base_url.is_empty() { own } else { base_url }.to_owned(),
        settings: BTreeMap::new(),
        secrets: SecretFields::new(secrets),
        call: model.map(|model| Callee {
            model: model.to_owned(),
            model_type: ModelType::Llm,
            facts: ModelFacts::default(),
        }),
    };
    let proof = ladder::climb(&client, &Clock::system(), &claim).await;
    assert!(!format!("{proof:?}").contains("canary"), "{proof:?}");
    proof
}

fn rungs(proof: &Proof) -> Vec<(Rung, StepResult)> {
    proof.steps.iter().map(|it| (it.rung, it.result)).collect()
}

fn with_key(request: &str) -> bool {
    request.contains(KEY)
}

#[tokio::test]
async fn a_key_that_the_list_asks_for_is_proved_without_a_paid_call() {
    let vendor = Vendor::new(|it| match with_key(it) {
        true => (200, LIST.to_owned()),
        false => (401, r#"{"error":{"message":"no key"}}"#.to_owned()),
    })
    .await;
    let proof = prove("openai-compatible", &vendor.base_url, Some(KEY), None).await;
    assert_eq!(proof.outcome, Outcome::Proven, "{proof:?}");
    assert_eq!(
        rungs(&proof),
        [(Rung::Address, StepResult::Passed), (Rung::Models, StepResult::Passed)]
    );
    let names: Vec<_> = proof.listed.iter().flatten().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["gpt-x", "gpt-y"]);
    assert!(vendor.lines().iter().all(|it| it == "GET /v1/models HTTP/1.1"));
}

#[tokio::test]
async fn a_list_that_is_open_to_everybody_proves_nothing() {
    let vendor = Vendor::new(|_| (200, LIST.to_owned())).await;
    let proof = prove("openai-compatible", &vendor.base_url, Some(KEY), None).await;
    assert_eq!(proof.outcome, Outcome::Unproven, "{proof:?}");
    assert!(proof.summary.contains("name a model"), "{}", proof.summary);
    assert_eq!(proof.steps[1].result, StepResult::Inconclusive);
    let keyless = prove("openai-compatible", &vendor.base_url, None, None).await;
    assert_eq!(keyless.outcome, Outcome::Proven, "a server of one's own wants no key");
}

#[tokio::test]
async fn a_refused_key_fails_with_the_providers_words_and_without_the_key() {
    let vendor = Vendor::new(|_| {
        let message = format!("Incorrect API key provided: {KEY}. You can find your API key at x");
        let body = serde_json::json!({"error": {"message": message, "code": "invalid_api_key"}});
        (401, body.to_string())
    })
    .await;
    let proof = prove("openai", &vendor.base_url, Some(KEY), Some("gpt-x")).await;
    assert_eq!(proof.outcome, Outcome::Refused);
    assert!(proof.summary.contains("Incorrect API key provided: ***"), "{}", proof.summary);
    let step = proof.steps.last().expect("a step");
    assert_eq!((step.rung, step.status, step.method), (Rung::Models, Some(401), "GET"));
    assert_eq!(step.url, format!("{}/models", vendor.base_url));
    assert!(step.body.as_deref().is_some_and(|it| it.contains("***")));
}

#[tokio::test]
async fn a_model_is_called_in_the_way_that_the_provider_asks_for() {
    let vendor = Vendor::new(|it| {
        let refuse =
            |message: &str| (400, serde_json::json!({"error": {"message": message}}).to_string());
        if it.starts_with("GET") {
            (404, "Not Found".to_owned())
        } else if it.contains("\"max_tokens\"") {
            refuse("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        } else if it.contains("\"max_completion_tokens\":16") {
            refuse("Could not finish: max_completion_tokens must be at least 64")
        } else {
            (200, r#"{"object":"chat.completion","choices":[]}"#.to_owned())
        }
    })
    .await;
    let proof = prove("openai-compatible", &vendor.base_url, Some(KEY), Some("gpt-x")).await;
    assert_eq!(proof.outcome, Outcome::Proven, "{proof:?}");
    let calls = proof.steps.iter().filter(|it| it.rung == Rung::Call);
    let notes: Vec<_> = calls.map(|it| (it.result, it.note.as_str())).collect();
    assert_eq!(notes.last().expect("one"), &(StepResult::Passed, "the model answers"));
    assert!(notes[notes.len() - 2].1.contains("Next: the answer limit is 65 tokens"), "{notes:?}");
    assert!(notes[..notes.len() - 1].iter().all(|it| it.0 == StepResult::Inconclusive));
}

#[tokio::test]
async fn a_model_that_is_missing_and_a_web_page_are_told_apart() {
    let vendor = Vendor::new(|it| match it.starts_with("GET") {
        true => (200, LIST.to_owned()),
        false => (
            404,
            r#"{"error":{"message":"The model `m` does not exist","code":"model_not_found"}}"#
                .into(),
        ),
    })
    .await;
    let proof = prove("openai-compatible", &vendor.base_url, Some(KEY), Some("m")).await;
    assert_eq!(proof.outcome, Outcome::ModelMissing, "{proof:?}");
    let page = Vendor::new(|_| (200, "<html>Sign in</html>".to_owned())).await;
    let proof = prove("openai-compatible", &page.base_url, Some(KEY), Some("m")).await;
    assert_eq!(proof.outcome, Outcome::Failed);
    assert!(proof.steps[1].note.contains("is this the base URL?"), "{proof:?}");
}

#[tokio::test]
async fn an_address_that_nobody_answers_at_says_so_and_a_private_one_is_not_tried() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/v1", free.local_addr().expect("bound"));
    drop(free);
    let proof = prove("openai-compatible", &address, Some(KEY), None).await;
    assert_eq!(proof.outcome, Outcome::Unreachable);
    assert_eq!(proof.field.as_deref(), Some("base_url"));
    assert_eq!(proof.steps.len(), 1, "nothing is sent");
    let proof = prove("openai-compatible", "http://169.254.169.254/v1", Some(KEY), None).await;
    assert_eq!(proof.outcome, Outcome::Unreachable);
    assert!(proof.summary.contains("never called"), "{}", proof.summary);
}

#[tokio::test]
async fn a_key_that_may_not_list_is_proved_by_a_call_and_not_condemned() {
    let vendor = Vendor::new(|it| match it.starts_with("GET") {
        true => (403, r#"{"error":{"message":"Missing scopes: api.model.read"}}"#.to_owned()),
        false => (200, r#"{"object":"chat.completion","choices":[]}"#.to_owned()),
    })
    .await;
    let proof = prove("openai", &vendor.base_url, Some(KEY), Some("gpt-x")).await;
    assert_eq!(proof.outcome, Outcome::Proven, "{proof:?}");
    let alone = prove("openai", &vendor.base_url, Some(KEY), None).await;
    assert_eq!(alone.outcome, Outcome::Refused);
}

#[tokio::test]
async fn what_is_missing_is_named_before_anything_is_sent() {
    let proof = prove("openai", "http://127.0.0.1:9/v1", None, None).await;
    assert_eq!((proof.outcome, proof.field.as_deref()), (Outcome::Unusable, Some("api_key")));
    assert!(proof.steps.is_empty());
    let sandbox = prove("sandbox", "", None, None).await;
    assert_eq!(sandbox.outcome, Outcome::Proven, "{sandbox:?}");
}
