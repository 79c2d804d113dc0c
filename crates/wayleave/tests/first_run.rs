//! What somebody meets who starts the binary for the first time, and for the second.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use tokio::process::Command;
use wayleave_testkit::{Gateway, Start, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_wayleave");

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("a file").permissions().mode() & 0o7777
}

/// The words behind a label of the banner.
fn labelled(banner: &str, label: &str) -> String {
    let line = banner.lines().find_map(|line| line.trim().strip_prefix(label)).expect(label);
    line.trim().to_owned()
}

/// The command to paste, with its continued lines.
fn pasted(banner: &str) -> String {
    let from = banner.find("    curl ").expect("a curl line");
    let mut command = String::new();
    for line in banner[from..].lines() {
        command.push_str(line);
        command.push('\n');
        if !line.ends_with('\\') {
            break;
        }
    }
    command
}

async fn shell(command: &str) -> Value {
    let command = format!("{command} --silent --show-error");
    let output = Command::new("sh").args(["-c", &command]).output().await.expect("a shell");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("an answer in JSON")
}

fn curl(banner: &str) -> String {
    pasted(banner).trim().replace("\\\n", " ")
}

#[tokio::test]
async fn the_printed_curl_line_works_and_its_call_is_on_record() {
    let mut gateway = Start::new(BINARY).up().await;
    let banner = gateway.stderr();
    assert_eq!(labelled(&banner, "base URL"), format!("{}/v1", gateway.url()));
    let answer = shell(&curl(&banner)).await;
    let said =
        answer.pointer("/choices/0/message/content").and_then(Value::as_str).expect("an answer");
    assert!(said.contains("Hello"), "{said}");
    let rows = eventually(5, "the call is on record", || async {
        Some(gateway.usage().await).filter(|rows| !rows.is_empty())
    })
    .await;
    let row = &rows[0];
    assert_eq!((rows.len(), row["status"].as_u64()), (1, Some(200)));
    assert_eq!(row["alias"], "sandbox/echo");
    assert_eq!(row["stream_end"], "done");
    assert_eq!(row["usage_source"], "provider");
    assert_eq!(row["input_tokens"], answer["usage"]["prompt_tokens"]);
    assert_eq!(row["output_tokens"], answer["usage"]["completion_tokens"]);
    assert_eq!(row["cost_nanos"], 0);
    assert_eq!(gateway.sigterm().await, 0);
}

#[tokio::test]
async fn a_row_has_exactly_the_documented_keys() {
    let gateway = Start::new(BINARY).up().await;
    shell(&curl(&gateway.stderr())).await;
    let rows = gateway.usage_of(1).await;
    let keys: Vec<&str> =
        rows[0].as_object().expect("an object").keys().map(String::as_str).collect();
    let mut documented = [
        "request_id",
        "started_at",
        "workspace",
        "key",
        "key_version",
        "owner",
        "environment",
        "alias",
        "provider",
        "model",
        "surface",
        "operation",
        "status",
        "error_code",
        "stream_end",
        "input_tokens",
        "output_tokens",
        "cached_tokens",
        "cache_write_tokens",
        "reasoning_tokens",
        "images",
        "characters",
        "audio_seconds",
        "video_seconds",
        "searches",
        "cost_nanos",
        "usage_source",
        "attempts",
        "total_ms",
        "first_token_ms",
        "tags",
        "supply",
        "quota_type",
    ];
    documented.sort_unstable();
    let mut keys = keys;
    keys.sort_unstable();
    assert_eq!(keys, documented);
}

#[tokio::test]
async fn secrets_and_sockets_are_for_their_owner_only() {
    let gateway = Start::new(BINARY).up().await;
    let data = gateway.data();
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("kek")), 0o600);
    assert_eq!(mode(&data.join("admin.sock")), 0o600);
    assert_eq!(mode(&data.join("wayleave.db")) & 0o077, 0);
}

#[tokio::test]
async fn a_second_start_keeps_everything_and_shows_no_secret() {
    let mut gateway = Start::new(BINARY).up().await;
    let first = gateway.stderr();
    let (key, token) = (labelled(&first, "client key"), labelled(&first, "admin token"));
    let call = |gateway: &Gateway| {
        let client = gateway.client(&key);
        async move { client.chat("sandbox/echo", "x").await.status }
    };
    assert_eq!(call(&gateway).await, 200);
    assert_eq!(gateway.sigterm().await, 0);
    gateway.start_again().await;
    assert_eq!(call(&gateway).await, 200);
    gateway.usage_of(2).await;
    let second = gateway.stderr().replacen(&first, "", 1);
    for secret in [&key, &token] {
        assert!(first.contains(secret.as_str()));
        assert!(!second.contains(secret.as_str()), "{second}");
    }
    assert!(second.contains(gateway.url()), "{second}");
}

#[tokio::test]
async fn one_line_on_standard_output_says_where_it_is() {
    let gateway = Start::new(BINARY).up().await;
    let stdout = gateway.stdout();
    let line: Value = serde_json::from_str(stdout.trim()).expect("one line of JSON");
    assert_eq!(line["event"], "ready");
    assert_eq!(line["url"], gateway.url());
    assert_ne!(gateway.addr().port(), 0);
}

#[tokio::test]
async fn a_folder_serves_one_process_at_a_time() {
    let start = Start::new(BINARY);
    let second = start.clone();
    let mut gateway = start.up().await;
    let (code, said) = second.refused().await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("data"), "{said}");
    assert!(gateway.is_up());
}

#[tokio::test]
async fn a_lost_key_file_is_a_refusal_and_not_a_new_key() {
    let start = Start::new(BINARY);
    let again = start.clone();
    let mut gateway = start.up().await;
    assert_eq!(gateway.sigterm().await, 0);
    std::fs::rename(gateway.data().join("kek"), gateway.data().join("kek.away"))
        .expect("a key file");
    let (code, said) = again.refused().await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("kek"), "{said}");
    assert!(!gateway.data().join("kek").exists());
}
