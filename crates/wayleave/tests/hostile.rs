//! What a hostile or broken client or upstream sends: a clear error in the caller's dialect, bounded
//! memory, and a process that stays up.

use std::time::Duration;

use wayleave_testkit::client::{CHAT, MESSAGES, chat_body, messages_body};
use wayleave_testkit::memory::{cpu_us, peak_kib, resident_kib};
use wayleave_testkit::setup::KEY;
use wayleave_testkit::talk::openai;
use wayleave_testkit::{Answer, Client, Gateway, Reply, Script, Setup, Start};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const MIB: usize = 1 << 20;
/// Both surfaces, each with the alias of the other grammar beside its own.
const SURFACES: [(&str, &str, &str); 2] =
    [(CHAT, "openai", "anthropic"), (MESSAGES, "anthropic", "openai")];

async fn with(answer: Answer) -> (Script, Gateway, Client) {
    let script = Script::start(move |_| answer.clone()).await;
    let setup = Setup::simple(&script.url()).alias("m", &[("openai", "m")]);
    let gateway = Start::new(BINARY).setup(&setup.text()).up().await;
    let client = gateway.client(KEY);
    (script, gateway, client)
}

async fn quiet() -> (Script, Gateway, Client) {
    with(Answer::json(200, openai::whole("hi", 1, 1))).await
}

/// That is an error of that surface's dialect with these particulars; its message.
fn assert_error(reply: &Reply, path: &str, status: u16, code: &str) -> String {
    let text = reply.text();
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (status, code), "{path}: {text}");
    assert_eq!(reply.header("content-type"), Some("application/json"), "{path}: {text}");
    let envelope = reply.json();
    assert_eq!(envelope["type"] == "error", path == MESSAGES, "{path}: {text}");
    assert!(envelope["error"]["type"].as_str().is_some_and(|it| !it.is_empty()), "{path}: {text}");
    assert!(reply.header("x-request-id").is_some_and(|it| it.starts_with("req_")), "{path}");
    let message = reply.at("/error/message");
    assert!(!message.is_empty() && !message.contains('\n'), "{path}: {text}");
    message
}

fn body(path: &str, model: &str) -> String {
    if path == CHAT {
        chat_body(model, "hi", false).to_string()
    } else {
        messages_body(model, "hi", false).to_string()
    }
}

#[tokio::test]
async fn bodies_that_are_no_request() {
    let (script, mut gateway, client) = quiet().await;
    for (path, own, _) in SURFACES {
        let twice = format!(r#"{{"model":"{own}","messages":[],"model":"other","max_tokens":1}}"#);
        let mut not_text = body(path, own).into_bytes();
        not_text.splice(2..2, [0xff, 0xfe]);
        let cases: [(&str, Vec<u8>); 9] = [
            ("half of it", b"{\"model\":".to_vec()),
            ("no JSON", b"model=gpt".to_vec()),
            ("nothing", Vec::new()),
            ("a list", b"[]".to_vec()),
            ("no model", b"{\"messages\":[]}".to_vec()),
            ("a model that is no text", b"{\"model\":7,\"messages\":[]}".to_vec()),
            ("two of a key", twice.into_bytes()),
            ("something after it", format!("{}}}", body(path, own)).into_bytes()),
            ("bytes that are no text", not_text),
        ];
        for (what, body) in cases {
            let reply = client.post(path, body).await;
            let message = assert_error(&reply, path, 400, "invalid_request");
            if what == "two of a key" {
                assert!(message.contains("model"), "{message}");
            }
        }
    }
    assert_eq!(script.count(), 0);
    assert!(gateway.is_up());
    // Every refusal of a known key leaves a row.
    let rows = gateway.usage_of(18).await;
    assert!(
        rows.iter().all(|row| row["status"] == 400
            && row["stream_end"] == "refused"
            && row["attempts"] == 0)
    );
}

#[tokio::test]
async fn paths_methods_and_models_that_are_not_there() {
    let (script, gateway, client) = quiet().await;
    for (path, own, _) in SURFACES {
        let reply = client.post(path, body(path, &format!("{own}x"))).await;
        let message = assert_error(&reply, path, 404, "model_not_found");
        assert!(message.contains(&format!("`{own}`")), "it is suggested: {message}");
        for method in ["GET", "PUT", "DELETE"] {
            let reply = client.send(&client.request(method, path)).await;
            assert_error(&reply, path, 405, "method_not_allowed");
            assert_eq!(reply.header("allow"), Some("POST"));
        }
        let pasted = format!("{path}{}", path.trim_start_matches("/v1"));
        let reply = client.post(&pasted, body(path, own)).await;
        assert_eq!((reply.status, reply.at("/error/code").as_str()), (404, "unknown_url"));
        let message = reply.at("/error/message");
        assert!(message.contains(&format!("{}/v1", gateway.url())), "{message}");
    }
    let version = client.request("GET", "/v1/nothing").header("anthropic-version", "2023-06-01");
    assert_error(&client.send(&version).await, MESSAGES, 404, "unknown_url");
    assert_error(&client.get("/v1/nothing").await, CHAT, 404, "unknown_url");
    assert_error(&client.get("/nothing").await, CHAT, 404, "unknown_url");
    assert_eq!(script.count(), 0);
    for path in ["/v1/v1/chat/completions", "/chat/completions", "/v1/chat/completions/"] {
        assert_eq!(client.post(path, body(CHAT, "openai")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn keys_that_are_none_are_refused_and_never_repeated() {
    let (script, gateway, client) = quiet().await;
    let nobody = gateway.client("");
    for (path, own, _) in SURFACES {
        let reply = nobody.post(path, body(path, own)).await;
        assert_error(&reply, path, 401, "missing_api_key");
        for (key, code) in [
            ("sk-ant-api03-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789", "foreign_key_format"),
            ("sk-proj-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789", "foreign_key_format"),
            ("AIzaSyAbCdEfGhIjKlMnOpQrStUvWxYz0123456", "foreign_key_format"),
            ("wl_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789", "invalid_api_key"),
            ("nonsense-that-nobody-ever-declared", "invalid_api_key"),
        ] {
            for header in ["x-api-key", "api-key", "x-goog-api-key"] {
                let reply = nobody
                    .send(&nobody.request("POST", path).header(header, key).json(body(path, own)))
                    .await;
                assert_error(&reply, path, 401, code);
                assert!(!reply.text().contains(&key[8..]), "{}", reply.text());
            }
            assert_error(&client.with_key(key).post(path, body(path, own)).await, path, 401, code);
            assert!(!gateway.stderr().contains(&key[8..]));
        }
        let two = client
            .request("POST", path)
            .header("x-api-key", "wl_another_0123456789abcdef")
            .json(body(path, own));
        assert_error(&client.send(&two).await, path, 400, "invalid_request");
        let same = client.request("POST", path).header("x-api-key", KEY).json("{}");
        assert_error(&client.send(&same).await, path, 400, "invalid_request");
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test]
async fn lengths_that_lie() {
    let (script, mut gateway, client) = quiet().await;
    let request = client.request("POST", CHAT).json(body(CHAT, "openai"));
    let mut short = client.connect().await;
    short.send(&request.clone().claiming("100000").bytes()).await;
    short.finish_sending().await;
    if let Some(reply) = short.maybe_reply().await {
        assert_eq!(reply.status, 400, "{}", reply.text());
    }
    for length in ["-1", "ten", "18446744073709551616"] {
        let reply = client.send(&request.clone().claiming(length)).await;
        assert_eq!(reply.status, 400, "{length}");
    }
    let both = request.clone().header("content-length", "5").header("transfer-encoding", "chunked");
    let mut both = {
        let mut it = client.connect().await;
        it.send(&both.bytes()).await;
        it
    };
    if let Some(reply) = both.maybe_reply().await {
        assert!(reply.status >= 400, "{}", reply.status);
    }
    assert_eq!(script.count(), 0);
    let too_long = client.request("POST", CHAT).header("x-long", &"x".repeat(MIB)).json("{}");
    let mut connection = client.connect().await;
    // It may stop reading before all of it is sent.
    let _ = connection.try_send(&too_long.bytes()).await;
    if let Some(reply) = connection.maybe_reply().await {
        assert_eq!(reply.status, 431);
    }
    assert_eq!(client.chat("openai", "hi").await.status, 200);
    assert!(gateway.is_up());
}

#[tokio::test]
async fn more_than_the_size_that_is_taken() {
    let (script, gateway, client) = quiet().await;
    let before = peak_kib(gateway.pid());
    let huge = vec![b' '; 100_000_000];
    for (path, ..) in SURFACES {
        let reply = client.post(path, &huge).await;
        let message = assert_error(&reply, path, 413, "request_too_large");
        assert!(message.contains("64 MiB"), "{message}");
    }
    // Without an announced length, so that it is noticed on the way.
    let mut connection = client.connect().await;
    let head = client.request("POST", CHAT).header("transfer-encoding", "chunked").head();
    connection.send(head.as_bytes()).await;
    for _ in 0..100 {
        connection.send(format!("{MIB:x}\r\n").as_bytes()).await;
        connection.send(&huge[..MIB]).await;
        connection.send(b"\r\n").await;
    }
    connection.send(b"0\r\n\r\n").await;
    assert_error(&connection.reply().await, CHAT, 413, "request_too_large");
    let grown = (peak_kib(gateway.pid()) - before) / 1024;
    assert!(grown < 200, "{grown} MiB for bodies of which 64 are taken");
    assert_eq!(script.count(), 0);
}

/// 63 MiB of `"k123":1`.
fn keys() -> String {
    let mut keys = String::with_capacity(64 * MIB);
    keys.push_str("{\"a\":1");
    for n in 0.. {
        if keys.len() > 63 * MIB {
            break;
        }
        keys.push_str(&format!(",\"k{n}\":1"));
    }
    keys.push('}');
    keys
}

#[tokio::test]
async fn a_body_of_nothing_but_keys() {
    let (script, gateway, client) = quiet().await;
    let keys = keys();
    let before = (peak_kib(gateway.pid()), cpu_us(gateway.pid()));
    let reply = client.post(CHAT, &keys).await;
    assert_error(&reply, CHAT, 400, "invalid_request");
    let grown = (peak_kib(gateway.pid()) - before.0) / 1024;
    assert!(grown < 200, "{grown} MiB for a body of 63");
    // Receiving 63 MiB is most of it; every key on its own would be tens of seconds without
    // optimisation.
    let cpu = (cpu_us(gateway.pid()) - before.1) / 1_000;
    assert!(cpu < 3_000, "{cpu} ms of CPU");
    assert_eq!(script.count(), 0);
}

/// Only an optimised build is meant to keep this figure. What it costs to receive as many bytes at
/// all is told beside it: that is the kernel's and the machine's.
#[tokio::test]
#[ignore = "for the soak test, with an optimised build"]
async fn a_body_of_nothing_but_keys_costs_little() {
    let (_script, gateway, client) = quiet().await;
    let keys = keys();
    let text = format!("{{\"model\":7,\"x\":\"{}\"}}", "x".repeat(63 * MIB));
    let (mut for_keys, mut for_text) = (Vec::new(), Vec::new());
    for _ in 0..9 {
        for (body, spent) in [(&keys, &mut for_keys), (&text, &mut for_text)] {
            let before = cpu_us(gateway.pid());
            assert_error(&client.post(CHAT, body).await, CHAT, 400, "invalid_request");
            spent.push((cpu_us(gateway.pid()) - before) / 1_000);
        }
    }
    for_keys.sort_unstable();
    for_text.sort_unstable();
    figure(&format!(
        "63 MiB of keys: refused with {} ms of CPU, 63 MiB of text with {} (medians of 9, receiving included)",
        for_keys[4], for_text[4]
    ));
    assert!(for_keys[4] < for_text[4] + 50, "{for_keys:?} ms of CPU, text {for_text:?}");
}

#[tokio::test]
#[ignore = "for the soak test: it waits for half a minute"]
async fn who_sends_too_slowly_is_let_go() {
    let (script, mut gateway, client) = quiet().await;
    let body = body(CHAT, "openai");
    let bytes = client.request("POST", CHAT).json(&body).bytes();
    let mut head = client.connect().await;
    let mut rest = client.connect().await;
    rest.send(&bytes[..bytes.len() - 5]).await;
    let began = tokio::time::Instant::now();
    let mut gone = None;
    for byte in &bytes {
        if head.try_send(&[*byte]).await.is_err()
            || head.closed_within(Duration::from_millis(900)).await
        {
            gone = Some(began.elapsed());
            break;
        }
    }
    let gone = gone.expect("the head is not waited for any longer");
    assert!(gone < Duration::from_secs(35), "{gone:?}");
    let reply = rest.maybe_reply().await.expect("a word before it is closed");
    assert_error(&reply, CHAT, 408, "invalid_request");
    assert!(began.elapsed() < Duration::from_secs(40));
    assert_eq!(script.count(), 0);
    assert!(gateway.is_up());
    figure(&format!("a head that dribbles in: connection closed after {} s", gone.as_secs()));
}

#[allow(clippy::print_stdout, reason = "the figure that the soak test shows")]
fn figure(text: &str) {
    println!("figure: {text}");
}

#[tokio::test]
async fn nesting_without_end() {
    let (script, mut gateway, client) = quiet().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    // Nothing has to be changed, so nothing is looked into.
    let same = format!(r#"{{"model":"m","messages":[],"x":{deep}}}"#);
    assert_eq!(client.post(CHAT, &same).await.status, 200);
    assert_eq!(script.request(0).await.text(), same);
    for (path, _, crossed) in SURFACES {
        let body = format!(
            r#"{{"model":"{crossed}","max_tokens":1,"messages":[{{"role":"user","content":{deep}}}]}}"#
        );
        assert_error(&client.post(path, &body).await, path, 400, "invalid_request");
        let body = format!(
            r#"{{"model":"{crossed}","max_tokens":1,"messages":[{{"role":"user","content":"x"}}],"x":{deep}}}"#
        );
        assert_error(&client.post(path, &body).await, path, 400, "invalid_request");
    }
    assert_eq!(script.count(), 1);
    assert!(gateway.is_up());
}

#[tokio::test]
async fn an_answer_that_nests_without_end() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body =
        openai::whole("hi", 1, 1).replace("\"chatcmpl-1\"", &format!("\"x\",\"deep\":{deep}"));
    let (_script, mut gateway, client) = with(Answer::json(200, body.clone())).await;
    let own = client.chat("openai", "hi").await;
    assert!(own.status == 200 && own.text() == body || own.status == 502, "{}", own.status);
    let crossed = client.messages("openai", "hi").await;
    assert!([200, 502].contains(&crossed.status), "{}", crossed.text());
    assert!(gateway.is_up());
}

#[tokio::test]
async fn a_frame_of_a_stream_that_never_ends() {
    let mut answer = Answer::stream([openai::role(), openai::text("hi")]).piece("data: {\"x\":\"");
    for _ in 0..48 {
        answer = answer.piece(vec![b'x'; MIB]);
    }
    let (_script, mut gateway, client) = with(answer.silence()).await;
    let before = resident_kib(gateway.pid());
    for path in [CHAT, MESSAGES] {
        let mut stream = match path {
            CHAT => client.chat_stream("openai", "hi").await,
            _ => client.messages_stream("openai", "hi").await,
        };
        let frames = stream.frames().await;
        let last = frames.last().expect("frames");
        assert!(last.contains("\"upstream_error\""), "{path}: {}", &last[..last.len().min(300)]);
    }
    let grown = peak_kib(gateway.pid()).saturating_sub(before) / 1024;
    assert!(grown < 150, "{grown} MiB for a frame of which 16 are read");
    assert!(gateway.is_up());
    let rows = gateway.usage_of(2).await;
    assert!(rows.iter().all(|row| row["stream_end"] == "upstream_error"), "{rows:?}");
}

#[tokio::test]
async fn an_error_body_that_never_ends() {
    let mut answer = Answer::events();
    for _ in 0..32 {
        answer = answer.piece(vec![b'x'; MIB]);
    }
    let script = Script::start(move |_| answer.clone().status(500)).await;
    let mut gateway = Start::new(BINARY).setup(&Setup::simple(&script.url()).text()).up().await;
    let before = peak_kib(gateway.pid());
    let reply = gateway.client(KEY).chat("openai", "hi").await;
    assert_eq!((reply.status, reply.at("/error/code").as_str()), (502, "upstream_error"));
    assert!(reply.body.len() < 2_000);
    assert!((peak_kib(gateway.pid()) - before) / 1024 < 50);
    assert!(gateway.is_up());
}

#[tokio::test]
async fn many_connections_that_say_nothing_keep_nobody_out() {
    let (_script, mut gateway, client) = quiet().await;
    let mut idle = Vec::new();
    for _ in 0..300 {
        let mut connection = client.connect().await;
        connection.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: h\r\nx-slow: ").await;
        idle.push(connection);
    }
    assert_eq!(client.chat("openai", "hi").await.status, 200);
    assert!(!idle[0].closed_within(Duration::from_millis(10)).await);
    assert!(gateway.is_up());
}

#[tokio::test]
async fn a_compressed_body_is_refused_in_words() {
    let (script, _gateway, client) = quiet().await;
    for (path, own, _) in SURFACES {
        let request =
            client.request("POST", path).header("content-encoding", "gzip").json(body(path, own));
        let message = assert_error(&client.send(&request).await, path, 415, "invalid_request");
        assert!(message.contains("gzip"), "{message}");
    }
    assert_eq!(script.count(), 0);
}
