//! Large and broken things on their way: uploads, sound, and answers that are none. Nothing large is
//! held in memory, and no error looks like an answer.

use serde_json::{Value, json};
use wayleave_testkit::client::Ending;
use wayleave_testkit::memory::peak_kib;
use wayleave_testkit::script::Ended;
use wayleave_testkit::setup::{CREDENTIAL, KEY};
use wayleave_testkit::{Answer, Client, Gateway, Received, Script, Setup, Start, within};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");
const MIB: usize = 1 << 20;
const LARGE: usize = 200 * MIB;
const SPEECH: &str = "/v1/audio/speech";
const TRANSCRIPTIONS: &str = "/v1/audio/transcriptions";

/// Two providers at `upstream`, with a model of each type; `name` leads to the first and then to the
/// second.
fn setup(upstream: &str) -> Setup {
    let (first, second) = (format!("{upstream}/one/v1"), format!("{upstream}/two/v1"));
    let mut setup = Setup::workspace("main")
        .provider("one", "openai", &first, CREDENTIAL)
        .provider("two", "openai", &second, CREDENTIAL)
        .key("test", KEY);
    for (name, model_type, unit) in [
        ("ears", "speech-to-text", "audio_second"),
        ("voice", "text-to-speech", "character"),
        ("vectors", "embedding", "input"),
    ] {
        for provider in ["one", "two"] {
            let price = json!({ unit: "2" });
            let model =
                json!({"provider": provider, "name": name, "type": model_type, "price": price});
            setup = setup.with("models", model);
        }
        setup = setup.alias(name, &[("one", name)]);
        setup = setup.alias(&format!("both/{name}"), &[("one", name), ("two", name)]);
    }
    setup
}

async fn with(
    answer: impl Fn(&Received) -> Answer + Send + Sync + 'static,
) -> (Script, Gateway, Client) {
    let script = Script::start(answer).await;
    let gateway = Start::new(BINARY).setup(&setup(&script.url()).text()).up().await;
    let client = gateway.client(KEY);
    (script, gateway, client)
}

fn spoken(model: &str, format: &str) -> String {
    json!({"model": model, "input": "Hello there.", "voice": "alloy", "response_format": format})
        .to_string()
}

/// The head of a form with a file of `length` bytes, what stands before the file, and after it.
fn form(model: &str, length: usize) -> (String, Vec<u8>, Vec<u8>) {
    let before =
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n";
    let after = format!(
        "\r\n--edge\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--edge--\r\n"
    );
    let length = before.len() + length + after.len();
    let head = format!(
        "POST {TRANSCRIPTIONS} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {KEY}\r\n\
         content-type: multipart/form-data; boundary=edge\r\ncontent-length: {length}\r\n\r\n"
    );
    (head, before.as_bytes().to_vec(), after.into_bytes())
}

/// The head of a WAV file, and bytes that differ from place to place.
fn recording(length: usize) -> Vec<u8> {
    let mut out = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xff\xff\xff\xff".to_vec();
    out.extend((out.len()..length).map(|at| (at % 251) as u8));
    out
}

/// Whether the file went up as it was.
fn holds(received: &Received, audio: &[u8]) -> bool {
    let at = received.body.windows(4).position(|it| it == b"RIFF");
    at.is_some_and(|at| received.body[at..].starts_with(audio))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_of_two_hundred_megabytes_is_not_held() {
    let (script, gateway, client) = with(|_| Answer::json(200, r#"{"text":"heard"}"#)).await;
    let audio = recording(LARGE);
    let (head, before, after) = form("ears", audio.len());
    let held = peak_kib(gateway.pid());
    let mut connection = client.connect().await;
    connection.send(head.as_bytes()).await;
    connection.send(&before).await;
    for piece in audio.chunks(MIB) {
        connection.send(piece).await;
    }
    connection.send(&after).await;
    let reply = within(120, "an answer to a large upload", connection.reply()).await;
    assert_eq!((reply.status, reply.at("/text")), (200, "heard".to_owned()), "{}", reply.text());
    let more = peak_kib(gateway.pid()) - held;
    assert!(more < 32 << 10, "{more} KiB more were held");
    let received = script.request(0).await;
    assert!(holds(&received, &audio), "the file arrived otherwise");
    assert!(received.text().contains("name=\"model\""));
    let row = gateway.usage_of(1).await.remove(0);
    assert_eq!((&row["operation"], &row["status"]), (&json!("transcribe"), &json!(200)));
    assert!(row["audio_seconds"].as_u64() > Some(10_000), "{row}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_of_two_hundred_megabytes_is_not_held_and_waits_for_its_listener() {
    let sound = vec![7_u8; LARGE];
    let (script, gateway, client) =
        with(move |_| Answer::chunks("audio/pcm").pieces_of(MIB, &sound)).await;
    let held = peak_kib(gateway.pid());
    let ask = || client.request("POST", SPEECH).json(spoken("voice", "pcm"));
    let mut slow = client.stream(&ask()).await;
    assert_eq!((slow.status, slow.header("content-type")), (200, Some("audio/pcm")));
    // Nobody listens for a while: the provider has to wait.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let more = peak_kib(gateway.pid()) - held;
    assert!(more < 32 << 10, "{more} KiB were held for a client that does not read");
    let got = within(120, "all of the sound", slow.rest()).await;
    assert_eq!((got.len(), slow.ending()), (LARGE, Ending::Clean));
    let more = peak_kib(gateway.pid()) - held;
    assert!(more < 32 << 10, "{more} KiB more were held");
    assert_eq!(script.ended(0).await, Ended::Played);
    let row = gateway.usage_of(1).await.remove(0);
    assert_eq!(
        (&row["characters"], &row["usage_source"]),
        (&json!(12), &json!("counted")),
        "{row}"
    );

    let gone = client.stream(&ask()).await;
    drop(gone);
    assert_eq!(within(5, "the upstream call is cancelled", script.ended(1)).await, Ended::PeerLeft);
    let rows = gateway.usage_of(2).await;
    assert!(rows.iter().any(|it| it["stream_end"] == "client_gone"), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_goes_to_the_next_target_when_the_first_fails() {
    let (script, gateway, client) = with(|got| match got.path.starts_with("/one/") {
        true => Answer::json(500, r#"{"error":{"message":"down"}}"#),
        false => Answer::json(200, r#"{"text":"heard"}"#),
    })
    .await;
    let audio = recording(3 * MIB);
    let (head, before, after) = form("both/ears", audio.len());
    let mut connection = client.connect().await;
    for part in [head.as_bytes(), &before, &audio, &after] {
        connection.send(part).await;
    }
    let reply = connection.reply().await;
    assert_eq!((reply.status, reply.at("/text")), (200, "heard".to_owned()), "{}", reply.text());
    for at in 0..2 {
        let received = script.request(at).await;
        assert!(holds(&received, &audio), "attempt {at}");
        assert!(!received.text().contains("both/ears"), "the model has the provider's own name");
    }
    assert_eq!(gateway.usage_of(1).await[0]["attempts"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_too_large_is_refused_before_it_is_read() {
    let (script, _gateway, client) = with(|_| Answer::json(200, "{}")).await;
    let (head, before, _) = form("ears", 600 * MIB);
    let mut connection = client.connect().await;
    connection.send(head.replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n").as_bytes()).await;
    drop(before);
    let reply = connection.reply().await;
    assert_eq!((reply.status, reply.at("/error/code")), (413, "request_too_large".to_owned()));
    assert_eq!(script.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_is_json_and_never_sound() {
    let answers: Vec<(Answer, u16, &str)> = vec![
        (
            Answer::json(
                400,
                r#"{"error":{"message":"no such voice","type":"invalid_request_error","param":"voice","code":null}}"#,
            ),
            400,
            "invalid_request_error",
        ),
        (Answer::json(401, r#"{"error":{"message":"bad key"}}"#), 502, "upstream_auth_failed"),
        (Answer::json(429, r#"{"error":{"message":"slow down"}}"#), 429, "upstream_rate_limited"),
        (Answer::json(500, r#"{"error":{"message":"down"}}"#), 502, "upstream_error"),
        (Answer::json(200, r#"{"error":{"message":"said so"}}"#), 502, "upstream_error"),
        (Answer::whole(200, "text/html", "<html>a page</html>"), 502, "upstream_error"),
        (Answer::whole(200, "audio/mpeg", ""), 502, "upstream_error"),
    ];
    for (answer, status, code) in answers {
        let (_script, gateway, client) = with(move |_| answer.clone()).await;
        let reply = client.post(SPEECH, spoken("voice", "mp3")).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/json"));
        let said = reply.json();
        let (told, kind) = (&said["error"]["code"], &said["error"]["type"]);
        assert!(told == code || kind == code, "{said}");
        let row = gateway.usage_of(1).await.remove(0);
        assert_eq!((&row["status"], &row["cost_nanos"]), (&json!(status), &json!(0)), "{row}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_that_breaks_off_is_not_taken_for_whole() {
    let (_script, gateway, client) =
        with(|_| Answer::chunks("audio/mpeg").piece(vec![9; 4_096]).pause(50).cut()).await;
    let request = client.request("POST", SPEECH).json(spoken("voice", "mp3"));
    let mut heard = client.stream(&request).await;
    assert_eq!(heard.status, 200);
    let got = heard.rest().await;
    assert_eq!((got.len(), heard.ending()), (4_096, Ending::Cut));
    let row = gateway.usage_of(1).await.remove(0);
    assert_eq!(row["stream_end"], "eof", "{row}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_goes_on_to_the_next_target_and_is_settled_once() {
    let vector = json!({
        "object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
        "usage": {"prompt_tokens": 3, "total_tokens": 3}, "more": {"kept": true},
    });
    let (script, gateway, client) = with(move |got| match got.path.starts_with("/one/") {
        true => Answer::json(503, r#"{"error":{"message":"busy"}}"#),
        false => Answer::json(200, vector.to_string()),
    })
    .await;
    let asked = r#"{"model": "both/vectors", "input": ["a b c"],  "own": 1.50}"#;
    let reply = client.post("/v1/embeddings", asked).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["more"], json!({"kept": true}), "unknown fields come back");
    let received = script.request(1).await;
    assert_eq!(received.text(), r#"{"model": "vectors", "input": ["a b c"],  "own": 1.50}"#);
    let row: Value = gateway.usage_of(1).await.remove(0);
    assert_eq!((&row["attempts"], &row["input_tokens"]), (&json!(2), &json!(3)));
    // Three tokens at two dollars a million.
    assert_eq!(row["cost_nanos"], 6_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_calls_those_that_were_answered_are_charged_though_the_last_failed() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let (script, gateway, client) = with(move |got| {
        let inputs = got.json()["input"].as_array().map_or(0, Vec::len);
        match calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => {
                let row = json!({"object": "embedding", "index": 0, "embedding": [0.5]});
                let usage = json!({"prompt_tokens": 2, "total_tokens": 2});
                let body = json!({"object": "list", "model": "m", "data": vec![row; inputs], "usage": usage});
                Answer::json(200, body.to_string())
            }
            _ => Answer::json(500, r#"{"error":{"message":"down"}}"#),
        }
    })
    .await;
    // One more than goes into one call.
    let asked = json!({"model": "vectors", "input": vec!["some words"; 2_049]});
    let reply = client.post("/v1/embeddings", asked.to_string()).await;
    assert_eq!(reply.status, 502, "{}", reply.text());
    assert_eq!(script.count(), 2);
    let row = gateway.usage_of(1).await.remove(0);
    assert_eq!(row["usage_source"], "estimated", "{row}");
    assert!(
        row["input_tokens"].as_u64() > Some(0) && row["cost_nanos"].as_u64() > Some(0),
        "{row}"
    );
}
