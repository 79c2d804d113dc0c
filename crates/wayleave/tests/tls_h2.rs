//! TLS and HTTP/2, on both sides.

use std::sync::Arc;
use std::time::Duration;

use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustix::process::Signal;
use tokio::net::TcpStream;
use wayleave_testkit::client::{CHAT, chat_body};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::openai;
use wayleave_testkit::tls::Authority;
use wayleave_testkit::{Answer, Client, Gate, Gateway, Script, Setup, Start, eventually, within};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

/// As many as one HTTP/2 connection would let wait: more than its limit of 100. The soak test takes
/// 500.
const STREAMS: usize = 150;

fn with_authority(authority: &Authority, setup: &Setup) -> Start {
    let start = Start::new(BINARY).setup(&setup.text());
    let file = start.folder().join("authority.pem");
    std::fs::write(&file, authority.pem()).expect("a file");
    start.flag("--upstream-ca", file.to_str().expect("a path"))
}

#[tokio::test]
async fn no_stream_waits_for_a_server_that_offers_http2_with_a_limit() {
    let count =
        std::env::var("WAYLEAVE_STREAMS").ok().and_then(|it| it.parse().ok()).unwrap_or(STREAMS);
    let authority = Authority::new();
    let gate = Gate::closed();
    let held = gate.clone();
    let script = Script::start_tls(&authority, move |_| {
        let frames = openai::stream(&["a", "b"], 3, 2);
        frames[2..]
            .iter()
            .fold(Answer::stream(&frames[..2]).wait(&held), |answer, it| answer.piece(it.clone()))
    })
    .await;
    let gateway = with_authority(&authority, &Setup::simple(&script.url())).up().await;
    let mut streams = Vec::new();
    for _ in 0..count {
        let client = gateway.client(KEY);
        streams.push(tokio::spawn(async move {
            let mut stream = client.chat_stream("openai", "hi").await;
            let begun =
                [stream.event().await.expect("a role"), stream.event().await.expect("a word")];
            (stream, begun)
        }));
    }
    // None has ended, and each has its first word: so none waits for another.
    let began = tokio::time::Instant::now();
    let mut begun = Vec::new();
    for stream in streams {
        begun.push(within(60, "the first word of every stream", stream).await.expect("a stream"));
    }
    assert_eq!(script.count(), count);
    let all = began.elapsed().as_millis();
    let resident = wayleave_testkit::memory::resident_kib(gateway.pid()) / 1024;
    gate.open();
    for (mut stream, frames) in begun {
        let mut frames = frames.to_vec();
        frames.extend(stream.frames().await);
        assert_eq!(openai::said(&frames), "ab");
    }
    let rows = gateway.usage_of(count).await;
    assert!(rows.iter().all(|row| row["stream_end"] == "done"));
    #[allow(clippy::print_stdout, reason = "the figure that the soak test shows")]
    {
        println!(
            "figure: {count} open streams over TLS, each with its first word after {all} ms, {resident} MiB resident"
        );
    }
}

#[tokio::test]
async fn an_upstream_that_nobody_vouches_for_is_not_called() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let script =
        Script::start_tls(&stranger, |_| Answer::json(200, openai::whole("x", 1, 1))).await;
    let gateway = with_authority(&authority, &Setup::simple(&script.url())).up().await;
    let reply = gateway.client(KEY).chat("openai", "hi").await;
    assert_eq!(
        (reply.status, reply.at("/error/code").as_str()),
        (502, "upstream_error"),
        "{}",
        reply.text()
    );
    assert!(reply.at("/error/message").contains("ertificate"), "{}", reply.text());
    assert_eq!(script.count(), 0);
}

fn tls_client(gateway: &Gateway, authority: &Authority, protocols: &[&[u8]]) -> Client {
    let port = gateway.url().rsplit(':').next().expect("a port").parse::<u16>().expect("a port");
    Client::new(([127, 0, 0, 1], port).into(), KEY).tls(authority.client(protocols))
}

#[tokio::test]
async fn a_certificate_is_exchanged_without_a_restart() {
    let authority = Authority::new();
    let script = Script::start(|_| Answer::json(200, openai::whole("x", 1, 1))).await;
    let start = Start::new(BINARY).setup(&Setup::simple(&script.url()).text());
    let (certificate, key) = (start.folder().join("tls.pem"), start.folder().join("tls.key"));
    let (first, second) = (authority.certificate(), authority.certificate());
    first.write(&certificate, &key);
    let start = start.flag("--tls-cert", certificate.to_str().expect("a path"));
    let mut gateway = start.flag("--tls-key", key.to_str().expect("a path")).up().await;
    assert!(gateway.url().starts_with("https://"), "{}", gateway.url());
    let client = tls_client(&gateway, &authority, &[b"http/1.1"]);
    let mut old = client.connect().await;
    assert_eq!(old.certificate(), Some(first.der()));
    assert_eq!(client.chat("openai", "hi").await.status, 200);

    second.write(&certificate, &key);
    gateway.signal(Signal::HUP);
    eventually(10, "the new certificate", || async {
        (client.connect().await.certificate() == Some(second.der())).then_some(())
    })
    .await;
    let body = chat_body("openai", "hi", false).to_string();
    old.send(&client.request("POST", CHAT).json(body).bytes()).await;
    assert_eq!(old.reply().await.status, 200, "connections under way go on");

    std::fs::write(&certificate, "nonsense").expect("a file");
    gateway.signal(Signal::HUP);
    eventually(10, "a word about it", || async {
        gateway.stderr().contains("certificate cannot be used").then_some(())
    })
    .await;
    assert_eq!(client.connect().await.certificate(), Some(second.der()));
    assert!(gateway.is_up());
}

#[tokio::test]
async fn somebody_without_tls_is_not_answered_and_does_no_harm() {
    let authority = Authority::new();
    let start = Start::new(BINARY).setup(&Setup::workspace("main").text());
    let (certificate, key) = (start.folder().join("tls.pem"), start.folder().join("tls.key"));
    authority.certificate().write(&certificate, &key);
    let start = start.flag("--tls-cert", certificate.to_str().expect("a path"));
    let gateway = start.flag("--tls-key", key.to_str().expect("a path")).up().await;
    let client = tls_client(&gateway, &authority, &[b"http/1.1"]);
    let port = client.connect().await;
    drop(port);
    let plain = Client::new(gateway.addr(), KEY);
    let mut connection = plain.connect().await;
    connection.send(b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n").await;
    assert!(connection.closed_within(Duration::from_secs(5)).await);
    assert_eq!(client.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn one_connection_without_tls_carries_many_streams() {
    let gate = Gate::closed();
    let held = gate.clone();
    let script = Script::start(move |_| {
        let frames = openai::stream(&["a", "b"], 3, 2);
        frames[2..]
            .iter()
            .fold(Answer::stream(&frames[..2]).wait(&held), |answer, it| answer.piece(it.clone()))
    })
    .await;
    let gateway = Start::new(BINARY).setup(&Setup::simple(&script.url()).text()).up().await;
    #[allow(clippy::disallowed_methods, reason = "a client of the server under test")]
    let tcp = TcpStream::connect(gateway.addr()).await.expect("a server");
    let (sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(tcp)).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let uri = Arc::new(format!("http://{}{CHAT}", gateway.addr()));
    let mut calls = Vec::new();
    for _ in 0..20 {
        let (mut sender, uri) = (sender.clone(), Arc::clone(&uri));
        calls.push(tokio::spawn(async move {
            let request = Request::post(uri.as_str())
                .header("authorization", format!("Bearer {KEY}"))
                .body(Full::<bytes::Bytes>::from(chat_body("openai", "hi", true).to_string()))
                .expect("a request");
            let answer = sender.send_request(request).await.expect("an answer");
            assert_eq!(answer.status(), 200);
            let body = answer.into_body().collect().await.expect("a body").to_bytes();
            String::from_utf8_lossy(&body).into_owned()
        }));
    }
    script.request(19).await;
    gate.open();
    for call in calls {
        let text = call.await.expect("a call");
        let frames: Vec<String> = text.split_inclusive("\n\n").map(str::to_owned).collect();
        assert_eq!(openai::said(&frames), "ab");
        assert_eq!(frames.last().map(String::as_str), Some(openai::DONE));
    }
    drop(sender);
    connection.abort();
}
