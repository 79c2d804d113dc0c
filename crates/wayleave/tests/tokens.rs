//! Credentials that are exchanged for a token: once for all who wait, and again when the provider
//! no longer takes it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;
use wayleave_testkit::canary::{Canary, files};
use wayleave_testkit::client::{CHAT, chat_body};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::gemini;
use wayleave_testkit::{Answer, Gate, Gateway, Received, Script, Setup, Start, google};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const PATH: &str = "/v1/projects/proj/locations/global/publishers/google/models/m:generateContent";

/// A token service whose tokens are numbered.
async fn tokens(gate: &Gate, expires_in: u64) -> Script {
    let (gate, issued) = (gate.clone(), AtomicUsize::new(0));
    Script::start(move |_| {
        let token = format!("ya29.token-number-{}", issued.fetch_add(1, Ordering::SeqCst));
        let body = json!({"access_token": token, "expires_in": expires_in, "token_type": "Bearer"});
        Answer::json(200, body.to_string()).held(&gate)
    })
    .await
}

fn open() -> Gate {
    let gate = Gate::closed();
    gate.open();
    gate
}

async fn gateway(vertex: &Script, token_uri: &str) -> Gateway {
    let credentials = json!([{
        "name": "main",
        "settings": {"auth": "service_account_key"},
        "fields": {"service_account_key": google::key_file(token_uri)},
    }]);
    let setup = Setup::workspace("main")
        .with("providers", json!({
            "name": "vertex", "kind": "vertex", "base_url": vertex.url(), "credentials": credentials,
        }))
        .model("vertex", "m")
        .alias("vertex", &[("vertex", "m")])
        .key("test", KEY);
    Start::new(BINARY).setup(&setup.text()).up().await
}

fn bearers(vertex: &Script) -> Vec<String> {
    let all = vertex.received();
    all.iter().map(|it| it.header("authorization").unwrap_or_default().to_owned()).collect()
}

fn fine(_: &Received) -> Answer {
    Answer::json(200, gemini::whole("Hello", 7, 3))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_at_once_make_one_exchange() {
    let gate = Gate::closed();
    let (service, vertex) = (tokens(&gate, 3_600).await, Script::start(fine).await);
    let gateway = gateway(&vertex, &format!("{}/token", service.url())).await;
    let client = gateway.client(KEY);
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.chat("vertex", "hello").await })
        })
        .collect();
    service.request(0).await;
    gate.open();
    for call in calls {
        let reply = call.await.expect("an answer");
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.at("/choices/0/message/content"), "Hello");
    }
    assert_eq!((service.count(), vertex.count()), (1, 10));
    assert_eq!(bearers(&vertex), vec!["Bearer ya29.token-number-0"; 10]);
    assert_eq!(vertex.request(0).await.path, PATH);
    let got = service.request(0).await;
    assert_eq!((got.method.as_str(), got.path.as_str()), ("POST", "/token"));
    assert_eq!(got.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(got.header("authorization"), None);
    let grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=ey";
    assert!(got.text().starts_with(grant), "{}", got.text());
    let canary = Canary::new("token", "ya29.token-number-0");
    for (path, bytes) in files(&gateway.folder()) {
        assert_eq!(canary.found_in(&bytes), None, "{}", path.display());
    }
}

#[tokio::test]
async fn a_token_that_the_provider_refuses_is_forgotten() {
    let refused = |got: &Received| match got.header("authorization") {
        Some("Bearer ya29.token-number-0") => Answer::json(
            401,
            gemini::error(401, "UNAUTHENTICATED", "Request had invalid credentials"),
        ),
        _ => fine(got),
    };
    let (service, vertex) = (tokens(&open(), 3_600).await, Script::start(refused).await);
    let gateway = gateway(&vertex, &service.url()).await;
    let client = gateway.client(KEY);
    let reply = client.chat("vertex", "hello").await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (502, "upstream_auth_failed"));
    for _ in 0..2 {
        let reply = client.chat("vertex", "hello").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert_eq!(service.count(), 2);
    let used = bearers(&vertex);
    assert_eq!(used[1..], ["Bearer ya29.token-number-1", "Bearer ya29.token-number-1"]);
}

#[tokio::test]
async fn a_token_refused_while_counting_is_forgotten_too() {
    let refused = |got: &Received| match got.header("authorization") {
        Some("Bearer ya29.token-number-0") => Answer::json(
            401,
            gemini::error(401, "UNAUTHENTICATED", "Request had invalid credentials"),
        ),
        _ => Answer::json(200, r#"{"totalTokens":44}"#),
    };
    let (service, vertex) = (tokens(&open(), 3_600).await, Script::start(refused).await);
    let gateway = gateway(&vertex, &service.url()).await;
    let client = gateway.client(KEY);
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}"#;
    for estimated in [Some("true"), None] {
        let reply = client.post("/v1beta/models/vertex:countTokens", body).await;
        assert_eq!((reply.status, reply.header("x-wayleave-estimated")), (200, estimated));
    }
    assert_eq!(service.count(), 2);
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_not_used_again() {
    // A minute is left for clocks and long requests, so this one serves for a second.
    let (service, vertex) = (tokens(&open(), 61).await, Script::start(fine).await);
    let gateway = gateway(&vertex, &service.url()).await;
    for exchanges in [1, 2] {
        assert_eq!(gateway.client(KEY).chat("vertex", "hello").await.status, 200);
        assert_eq!(service.count(), exchanges);
        sleep(Duration::from_millis(1_200)).await;
    }
    assert_eq!(bearers(&vertex), ["Bearer ya29.token-number-0", "Bearer ya29.token-number-1"]);
}

#[tokio::test]
async fn a_token_service_that_refuses_or_is_away_is_told_apart() {
    let vertex = Script::start(fine).await;
    let refusing = Script::start(|_| {
        let body = json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."});
        Answer::json(400, body.to_string())
    })
    .await;
    let gateway_a = gateway(&vertex, &refusing.url()).await;
    let reply = gateway_a.client(KEY).chat("vertex", "hello").await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (502, "upstream_auth_failed"));
    assert!(reply.at("/error/message").contains("Invalid JWT Signature."), "{}", reply.text());

    let away = Script::start(|_| Answer::wire("")).await;
    let gateway_b = gateway(&vertex, &away.url()).await;
    let reply = gateway_b.client(KEY).chat("vertex", "hello").await;
    assert!([502, 503].contains(&reply.status), "{}", reply.text());
    assert_ne!(reply.at("/error/code"), "upstream_auth_failed");
    assert_eq!(vertex.connections(), 0);
}

#[tokio::test]
async fn a_token_that_is_repeated_in_an_error_does_not_reach_the_client() {
    fn echoing(got: &Received) -> Answer {
        let bearer = got.header("authorization").unwrap_or_default();
        let said = |code: u16, status: &str| {
            gemini::error(code, status, &format!("the request came with {bearer}"))
        };
        let (code, status) = match got.text().contains("be unknown") {
            true => (401, "UNAUTHENTICATED"),
            false => (400, "INVALID_ARGUMENT"),
        };
        if !got.path.contains("alt=sse") || code == 401 {
            return Answer::json(code, said(code, status)).header("x-request-id", bearer);
        }
        let mut events = gemini::stream(&["Hel", "lo"], 7, 3);
        events.truncate(1);
        events.push(format!("data: {}\n\n", said(503, "UNAVAILABLE").replace('\n', " ")));
        Answer::stream(events)
    }
    let (service, vertex) = (tokens(&open(), 3_600).await, Script::start(echoing).await);
    let gateway = gateway(&vertex, &service.url()).await;
    let client = gateway.client(KEY);
    for prompt in ["hello", "be unknown"] {
        let chat = chat_body("vertex", prompt, false).to_string();
        let own = format!(r#"{{"contents":[{{"role":"user","parts":[{{"text":"{prompt}"}}]}}]}}"#);
        for (path, body) in [(CHAT, &chat), ("/v1beta/models/vertex:generateContent", &own)] {
            let reply = client.post(path, body).await;
            let text = reply.text();
            assert!(
                reply.status >= 400 && text.contains("the request came with Bearer ***"),
                "{text}"
            );
            assert_eq!(reply.header("x-upstream-request-id"), None);
            assert!(!text.contains("token-number"), "{text}");
        }
        let chat = chat_body("vertex", prompt, true).to_string();
        for (path, body) in
            [(CHAT, &chat), ("/v1beta/models/vertex:streamGenerateContent?alt=sse", &own)]
        {
            let request = client.request("POST", path).json(body);
            let text = client.stream(&request).await.text().await;
            assert!(text.contains("the request came with Bearer ***"), "{text}");
            assert!(!text.contains("token-number"), "{text}");
        }
    }
    let canary = Canary::new("token", "ya29.token-number");
    for (path, bytes) in files(&gateway.folder()) {
        assert_eq!(canary.found_in(&bytes), None, "{}", path.display());
    }
}

#[tokio::test]
async fn an_assertion_that_the_token_service_repeats_does_not_reach_the_client() {
    let vertex = Script::start(fine).await;
    let echoing = Script::start(|got| {
        let said = format!("cannot use {}", got.text());
        let body = json!({"error": "invalid_grant", "error_description": said});
        Answer::json(400, body.to_string())
    })
    .await;
    let gateway = gateway(&vertex, &echoing.url()).await;
    let reply = gateway.client(KEY).chat("vertex", "hello").await;
    let sent = echoing.request(0).await.text();
    let (_, assertion) = sent.split_once("assertion=").expect("an assertion");
    let text = reply.text();
    assert!(text.contains("assertion=***") && !text.contains(assertion), "{text}");
}
