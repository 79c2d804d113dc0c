//! The walk against scripted endpoints: each known mistake gets its own finding.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::cli::Cli;
use clap::Parser;

/// Pieces of a raw answer, each after its pause in milliseconds.
type Script = Vec<(u64, String)>;

const MODELS: &str = r#"{"object":"list","data":[{"id":"gpt-x"},{"id":"gpt-y"}]}"#;
const CHAT: &str = r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}"#;
const TOOLS: &str = r#"{"choices":[{"message":{"tool_calls":[{"id":"c","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Oslo\"}"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"completion_tokens":1}}"#;
const STREAM: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"1\"},\"finish_reason\":null}]}\n\n\
                      data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
                      data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n\
                      data: [DONE]\n\n";

fn answer(status: &str, content_type: &str, body: &str) -> Script {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    vec![(0, head + body)]
}

fn json(body: &str) -> Script {
    answer("200 OK", "application/json", body)
}

/// An endpoint that is as it should be.
fn good(request: &str, body: &str) -> Script {
    match request {
        "GET /v1/models" => json(MODELS),
        "POST /v1/chat/completions" if body.contains("\"stream\":true") => {
            answer("200 OK", "text/event-stream", STREAM)
        }
        "POST /v1/chat/completions" if body.contains("get_weather") => json(TOOLS),
        "POST /v1/chat/completions" => json(CHAT),
        _ => answer("404 Not Found", "text/html", "<html>nothing here</html>"),
    }
}

/// What the doctor prints about an endpoint, and whether it found something broken.
async fn walked(
    script: impl Fn(&str, &str) -> Script + Send + Sync + 'static,
    path: &str,
    rest: &[&str],
) -> (String, bool) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let script = Arc::new(script);
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let script = Arc::clone(&script);
            tokio::spawn(async move { serve(stream, &*script).await });
        }
    });
    let line = ["wayleave", "doctor", "--url", &url].into_iter().chain(rest.iter().copied());
    let cli = Cli::try_parse_from(line).unwrap();
    let crate::cli::Command::Doctor(args) = cli.command else { panic!("not the doctor") };
    let context = Context { reach: &cli.reach, env: &|_| None };
    let mut text = Vec::new();
    let done = run(&args, &context, &mut Out::new(false, &mut text)).await;
    server.abort();
    let text = String::from_utf8(text).unwrap().replace(&url[7..url.len() - path.len()], "HOST");
    (text, matches!(done, Err(Failure::Findings)))
}

async fn serve(mut stream: TcpStream, script: &(impl Fn(&str, &str) -> Script + ?Sized)) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.unwrap();
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|it| it.strip_prefix("content-length: "));
        if read == 0 || body.len() >= length.map_or(0, |it| it.parse().unwrap()) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let request = head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    for (pause, piece) in script(&request, &body) {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if stream.write_all(piece.as_bytes()).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_good_endpoint_is_good_from_end_to_end() {
    let (text, broken) = walked(good, "/v1", &["--key", "sk-x", "--model", "gpt-x"]).await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "ok       url       http://HOST/v1");
    assert_eq!(lines[1], "ok       models    2 models");
    assert_eq!(lines[2], "ok       chat      answered; 9 tokens in, 1 out");
    assert!(lines[3].starts_with("ok       stream    4 events, the first after "), "{}", lines[3]);
    assert_eq!(lines[4], "ok       tools     the tool was called with {\"city\":\"Oslo\"}");
    assert!(!broken && lines.len() == 5, "{text}");
}

#[tokio::test]
async fn a_pasted_operation_and_a_doubled_version_are_named_and_the_walk_goes_on() {
    for (path, word) in [("/v1/chat/completions", "is an operation"), ("/v1/v1", "twice")] {
        let (text, broken) = walked(good, path, &["--model", "gpt-x"]).await;
        assert!(text.starts_with("broken   url ") && text.contains(word), "{text}");
        assert!(text.contains("→ use http://HOST/v1\n"), "{text}");
        assert!(text.contains("ok       chat") && broken, "{text}");
    }
}

#[tokio::test]
async fn a_forgotten_version_is_found() {
    let (text, broken) = walked(good, "", &["--model", "gpt-x"]).await;
    assert!(text.contains("broken   models    nothing of an API is at this path"), "{text}");
    assert!(text.contains("→ use http://HOST/v1\n") && broken, "{text}");
}

#[tokio::test]
async fn a_website_is_not_an_api() {
    let page =
        |_: &str, _: &str| answer("200 OK", "text/html", "<!doctype html><title>Shop</title>");
    let (text, broken) = walked(page, "/v1", &["--model", "gpt-x"]).await;
    assert!(text.contains("this is the address of a website or a console"), "{text}");
    assert!(broken);
}

#[tokio::test]
async fn a_refused_key_stops_the_walk_and_is_not_shown() {
    let refuse = |_: &str, _: &str| {
        answer(
            "401 Unauthorized",
            "application/json",
            r#"{"error":{"message":"unknown key","code":"invalid_api_key"}}"#,
        )
    };
    let (text, broken) = walked(refuse, "/v1", &["--key", "wl_canary", "--model", "gpt-x"]).await;
    assert!(text.contains("broken   models    401: unknown key"), "{text}");
    assert!(text.contains("mistyped or cut off"), "{text}");
    assert!(text.contains("skipped  stream") && text.contains("skipped  tools"), "{text}");
    assert!(broken && !text.contains("canary"));
}

#[tokio::test]
async fn an_unknown_model_gets_suggestions() {
    let script = |request: &str, body: &str| match request {
        "POST /v1/chat/completions" => answer(
            "404 Not Found",
            "application/json",
            r#"{"error":{"message":"no such model","code":"model_not_found"}}"#,
        ),
        _ => good(request, body),
    };
    let (text, broken) = walked(script, "/v1", &["--model", "gpt-z"]).await;
    assert!(text.contains("warning  model     `gpt-z` is not in the list"), "{text}");
    assert!(text.contains("broken   chat      404: no such model"), "{text}");
    assert!(text.contains("→ did you mean gpt-x, gpt-y?") && broken, "{text}");
}

#[tokio::test]
async fn a_proxy_that_holds_a_stream_back_is_noticed() {
    let script = |request: &str, body: &str| {
        if !body.contains("\"stream\":true") {
            return good(request, body);
        }
        let chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"1\"}}]}\n\n";
        let mut held = answer("200 OK", "text/event-stream", &(chunk.repeat(5) + STREAM));
        held[0].0 = 400;
        held
    };
    let (text, broken) = walked(script, "/v1", &["--model", "gpt-x"]).await;
    assert!(text.contains("events came at once") && text.contains("proxy_buffering off"), "{text}");
    assert!(!broken, "{text}");
}

#[tokio::test]
async fn a_stream_with_crlf_is_noticed() {
    let script = |request: &str, body: &str| {
        if body.contains("\"stream\":true") {
            return answer("200 OK", "text/event-stream", &STREAM.replace('\n', "\r\n"));
        }
        good(request, body)
    };
    let (text, _) = walked(script, "/v1", &["--model", "gpt-x"]).await;
    assert!(text.contains("warning  stream    lines end in CRLF"), "{text}");
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_broken() {
    let script = |request: &str, body: &str| {
        if body.contains("\"stream\":true") {
            let mut cut = answer("200 OK", "text/event-stream", STREAM);
            let whole = cut[0].1.len();
            cut[0].1.truncate(whole - 100);
            return cut;
        }
        good(request, body)
    };
    let (text, broken) = walked(script, "/v1", &["--model", "gpt-x"]).await;
    assert!(
        text.contains("broken   stream    the connection broke in the middle") && broken,
        "{text}"
    );
}

#[tokio::test]
async fn an_error_with_status_200_is_broken() {
    let script = |request: &str, body: &str| match request {
        "POST /v1/chat/completions" => json(r#"{"error":{"message":"quota"}}"#),
        _ => good(request, body),
    };
    let (text, broken) = walked(script, "/v1", &["--model", "gpt-x"]).await;
    assert!(text.contains("status 200, but the body is an error") && broken, "{text}");
}

#[tokio::test]
async fn a_model_that_wants_the_newer_token_limit_gets_it() {
    let script = |request: &str, body: &str| {
        if body.contains("\"max_tokens\"") {
            let error = r#"{"error":{"message":"Use 'max_completion_tokens' instead.","code":"unsupported_parameter"}}"#;
            return answer("400 Bad Request", "application/json", error);
        }
        good(request, body)
    };
    let (text, broken) = walked(script, "/v1", &["--model", "gpt-x"]).await;
    assert!(text.contains("ok       chat") && text.contains("ok       tools") && !broken, "{text}");
}

#[tokio::test]
async fn a_model_is_chosen_when_none_is_named() {
    let (text, broken) = walked(good, "/v1", &[]).await;
    assert!(text.contains("none was named with --model: asking gpt-x") && !broken, "{text}");
}

#[tokio::test]
async fn nobody_there_is_said_to_be_so() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://{free}/v1");
    let cli = Cli::try_parse_from(["wayleave", "doctor", "--url", &url, "--model", "m"]).unwrap();
    let crate::cli::Command::Doctor(args) = cli.command else { panic!("not the doctor") };
    let mut text = Vec::new();
    let context = Context { reach: &cli.reach, env: &|_| None };
    let done = run(&args, &context, &mut Out::new(true, &mut text)).await;
    assert!(matches!(done, Err(Failure::Findings)));
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(r#""grade":"broken""#) && text.contains("no connection to"), "{text}");
}
