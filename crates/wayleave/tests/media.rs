//! Files at addresses that callers name, for providers that take only bytes: fetched once, guarded,
//! and never from where only upstreams may be.

use serde_json::{Value, json};
use wayleave_testkit::client::{CHAT, MESSAGES};
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::talk::{bedrock, gemini, ollama, openai};
use wayleave_testkit::{Answer, Gateway, Received, Reply, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
/// The beginning of every PNG (RFC 2083, section 12.12), and its Base64.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const BASE64: &str = "iVBORw0KGgo=";

fn upstream(got: &Received) -> Answer {
    match got.path.as_str() {
        "/api/chat" => Answer::json(200, ollama::whole("a dot", 7, 3)),
        "/model/m/converse" => Answer::json(200, bedrock::whole("a dot", 7, 3)),
        "/v1/chat/completions" => Answer::json(200, openai::whole("a dot", 7, 3)),
        _ => Answer::json(200, gemini::whole("a dot", 7, 3)),
    }
}

/// Files, and what leads away from them to `other`.
fn file(got: &Received, other: &str) -> Answer {
    let to = |place: &str| Answer::whole(302, "text/html", "").header("location", place);
    match got.path.as_str() {
        "/a.png" => Answer::whole(200, "image/png; charset=binary", PNG),
        "/moved.png" => to("/a.png"),
        "/away.png" => to(&format!("{other}/a.png")),
        "/round.png" => to("/round.png"),
        "/page" => Answer::whole(200, "text/html", "<h1>no picture</h1>"),
        "/large.png" => Answer::whole(200, "image/png", vec![0; 30 << 20]),
        // Whoever does not count while it reads would read for ever.
        "/endless.png" => {
            let piece = vec![0; 1 << 20];
            (0..64).fold(Answer::chunks("image/png"), |it, _| it.piece(piece.clone())).silence()
        }
        _ => Answer::whole(404, "text/html", "nothing"),
    }
}

struct Stage {
    upstream: Script,
    files: Script,
    other: Script,
    gateway: Gateway,
}

impl Stage {
    async fn new(allow: bool) -> Stage {
        let upstream = Script::start(upstream).await;
        let other = Script::start(|_| Answer::whole(200, "image/png", PNG)).await;
        let elsewhere = other.url();
        let files = Script::start(move |got| file(got, &elsewhere)).await;
        let keys = json!([{
            "name": "main",
            "settings": {"access_key_id": "AKIDEXAMPLE"},
            "fields": {"secret_access_key": CREDENTIAL},
        }]);
        let setup = Setup::workspace("main")
            .with(
                "providers",
                json!({
                    "name": "bedrock", "kind": "bedrock", "base_url": upstream.url(),
                    "settings": {"region": "us-east-1"}, "credentials": keys,
                }),
            )
            .model("bedrock", "m")
            .alias("bedrock", &[("bedrock", "m")])
            .provider("gemini", "gemini", &upstream.url(), CREDENTIAL)
            .model("gemini", "m")
            .alias("gemini", &[("gemini", "m")])
            .provider("ollama", "ollama", &upstream.url(), CREDENTIAL)
            .model("ollama", "m")
            .alias("ollama", &[("ollama", "m")])
            .openai("openai", &upstream.url())
            .key("test", KEY);
        let start = Start::new(BINARY).setup(&setup.text());
        let start = if allow { start.flag("--media-allow", "127.0.0.0/8") } else { start };
        Stage { upstream, files, other, gateway: start.up().await }
    }

    async fn chat(&self, alias: &str, url: &str) -> Reply {
        let image = json!({"type": "image_url", "image_url": {"url": url}});
        let content = json!([{"type": "text", "text": "What is it?"}, image]);
        let body = json!({"model": alias, "messages": [{"role": "user", "content": content}]});
        self.gateway.client(KEY).post(CHAT, body.to_string()).await
    }

    /// Asks in a dialect that no Ollama server speaks.
    async fn messages(&self, alias: &str, url: &str) -> Reply {
        let image = json!({"type": "image", "source": {"type": "url", "url": url}});
        let content = json!([{"type": "text", "text": "What is it?"}, image]);
        let messages = json!([{"role": "user", "content": content}]);
        let body = json!({"model": alias, "max_tokens": 9, "messages": messages});
        self.gateway.client(KEY).post(MESSAGES, body.to_string()).await
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.files.url())
    }

    async fn sent(&self, n: usize) -> Value {
        self.upstream.request(n).await.json()
    }
}

#[tokio::test]
async fn a_picture_at_an_address_reaches_each_provider_as_its_bytes() {
    let stage = Stage::new(true).await;
    let url = stage.at("/a.png");
    assert_eq!(stage.chat("gemini", &url).await.at("/choices/0/message/content"), "a dot");
    let parts = stage.sent(0).await["contents"][0]["parts"].clone();
    assert_eq!(parts[1], json!({"inlineData": {"mimeType": "image/png", "data": BASE64}}));

    assert_eq!(stage.chat("bedrock", &url).await.at("/choices/0/message/content"), "a dot");
    let content = stage.sent(1).await["messages"][0]["content"].clone();
    assert_eq!(content[1], json!({"image": {"format": "png", "source": {"bytes": BASE64}}}));

    assert_eq!(stage.messages("ollama", &url).await.at("/content/0/text"), "a dot");
    let message = stage.sent(2).await["messages"][0].clone();
    assert_eq!(message["images"], json!([BASE64]), "{message}");

    assert_eq!(stage.files.count(), 3);
    let got = stage.files.request(0).await;
    assert_eq!((got.method.as_str(), got.path.as_str()), ("GET", "/a.png"));
    for name in ["authorization", "cookie", "x-api-key"] {
        assert_eq!(got.header(name), None, "who keeps the file learns nothing of the caller");
    }
}

#[tokio::test]
async fn a_provider_that_fetches_by_itself_gets_the_address() {
    let stage = Stage::new(true).await;
    let url = stage.at("/a.png");
    assert_eq!(stage.chat("openai", &url).await.status, 200);
    let got = stage.sent(0).await["messages"][0]["content"][1].clone();
    assert_eq!((&got["image_url"]["url"], stage.files.connections()), (&json!(url), 0));
}

#[tokio::test]
async fn an_address_inside_is_refused_by_name_and_never_connected_to() {
    let stage = Stage::new(false).await;
    let port = stage.files.addr().port();
    for url in [
        stage.at("/a.png"),
        format!("http://localhost:{port}/a.png"),
        format!("http://[::ffff:127.0.0.1]:{port}/a.png"),
        format!("http://2130706433:{port}/a.png"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ] {
        for reply in [stage.chat("gemini", &url).await, stage.messages("ollama", &url).await] {
            assert_eq!(reply.status, 400, "{url}: {}", reply.text());
            assert!(reply.at("/error/message").contains(&url), "{}", reply.text());
        }
    }
    for url in ["file:///etc/passwd", "ftp://127.0.0.1/a.png", "gopher://127.0.0.1/"] {
        let reply = stage.messages("ollama", url).await;
        assert_eq!(reply.status, 400, "{url}: {}", reply.text());
    }
    assert_eq!((stage.files.connections(), stage.upstream.connections()), (0, 0));
    // The same addresses as an upstream's are allowed: the two lists are not one.
    assert_eq!(stage.gateway.client(KEY).chat("gemini", "hello").await.status, 200);
}

#[tokio::test]
async fn a_redirect_is_followed_on_the_same_host_and_no_further() {
    let stage = Stage::new(true).await;
    assert_eq!(stage.chat("gemini", &stage.at("/moved.png")).await.status, 200);
    let parts = stage.sent(0).await["contents"][0]["parts"].clone();
    assert_eq!(parts[1]["inlineData"]["data"], BASE64);
    for path in ["/away.png", "/round.png"] {
        let url = stage.at(path);
        let reply = stage.chat("gemini", &url).await;
        assert_eq!((reply.status, reply.at("/error/code").as_str()), (400, "invalid_request"));
        assert!(reply.at("/error/message").contains(&url), "{}", reply.text());
    }
    assert_eq!((stage.other.connections(), stage.upstream.count()), (0, 1));
}

#[tokio::test]
async fn what_is_too_large_or_no_picture_or_not_there_is_refused() {
    let stage = Stage::new(true).await;
    for path in ["/large.png", "/endless.png", "/page", "/nothing.png"] {
        let url = stage.at(path);
        let reply = stage.chat("gemini", &url).await;
        assert_eq!((reply.status, reply.at("/error/code").as_str()), (400, "invalid_request"));
        assert!(reply.at("/error/message").contains(&url), "{path}: {}", reply.text());
    }
    assert_eq!(stage.upstream.count(), 0);
    let rows = stage.gateway.usage_of(4).await;
    assert!(rows.iter().all(|row| row["status"] == 400 && row["attempts"] == 0), "{rows:?}");
}

#[tokio::test]
async fn a_caller_does_not_have_one_fetch_many_files() {
    let stage = Stage::new(true).await;
    let image = json!({"type": "image_url", "image_url": {"url": stage.at("/a.png")}});
    let content: Vec<Value> = (0..21).map(|_| image.clone()).collect();
    let body = json!({"model": "gemini", "messages": [{"role": "user", "content": content}]});
    let reply = stage.gateway.client(KEY).post(CHAT, body.to_string()).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert!(stage.files.count() <= 20 && stage.upstream.count() == 0);
}
