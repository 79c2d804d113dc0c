//! Failures on purpose, bad requests, and whom they count against.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::PlayEnd;
use crate::failure::{Elsewhere, Show};

#[test]
fn errors_are_openais_with_the_status_in_the_name() {
    for (model, kind, code) in [
        ("error-400", "invalid_request_error", "null"),
        ("error-401", "invalid_request_error", "\"invalid_api_key\""),
        ("error-404", "invalid_request_error", "\"model_not_found\""),
        ("error-429", "requests", "\"rate_limit_exceeded\""),
        ("error-500", "server_error", "null"),
        ("error-503", "server_error", "\"overloaded\""),
    ] {
        let play = play(model, &streamed(says("hi")));
        let status = &model[6..];
        assert_eq!(play.status.as_str(), status);
        assert_eq!(
            text(&play),
            format!(
                r#"{{"error":{{"message":"The sandbox answers {status}: this model always does.","type":"{kind}","param":null,"code":{code}}}}}"#
            )
        );
        let told = play.headers.get("retry-after").map(|it| it.to_str().expect("text"));
        assert_eq!(told, (status == "429").then_some("1"));
    }
}

#[test]
fn error_stream_breaks_off_with_an_error_frame_after_five_tokens() {
    let play = play("error-stream", &streamed(says("hi")));
    let text = text(&play);
    assert_eq!(play.steps.len(), 1 + 5 + 1);
    let last = text.split_terminator("\n\n").last().expect("a frame");
    assert_eq!(
        last,
        r#"data: {"error":{"message":"The sandbox breaks off: this model always does.","type":"server_error","param":null,"code":null}}"#
    );
    assert_eq!(play.end, PlayEnd::Clean);
    assert_eq!(super::play("error-stream", &says("hi")).status.as_u16(), 500);
}

#[test]
fn cut_breaks_the_connection_before_the_answer_is_complete() {
    let streamed = play("cut", &streamed(says("hi")));
    assert_eq!((streamed.steps.len(), streamed.end), (1 + 5, PlayEnd::Reset));
    assert!(!text(&streamed).contains("finish_reason\":\""));
    let whole = play("cut", &says("hi"));
    assert_eq!((whole.status, whole.end), (StatusCode::OK, PlayEnd::Reset));
    assert!(serde_json::from_str::<Value>(&text(&whole)).is_err());
}

#[test]
fn silent_sends_a_head_and_hang_not_even_that() {
    for body in [says("hi"), streamed(says("hi"))] {
        let silent = play("silent", &body);
        assert_eq!((silent.steps.len(), silent.end), (0, PlayEnd::Silence));
        assert!(silent.head_after < Duration::from_secs(1));
        let hang = play("hang", &body);
        assert_eq!((hang.steps.len(), hang.end), (0, PlayEnd::Silence));
        assert!(hang.head_after > Duration::from_secs(3_600));
    }
}

#[test]
fn a_load_test_scripts_echo_by_its_prompt() {
    let timed = says("Hi #sandbox tokens=50 pause_ms=20 first_ms=100#");
    let play_streamed = play("echo", &streamed(timed.clone()));
    assert_eq!(play_streamed.steps.len(), 1 + 50 + 3);
    let total: Duration = play_streamed.steps.iter().map(|(pause, _)| *pause).sum();
    assert_eq!(play_streamed.head_after + total, Duration::from_millis(100 + 49 * 20));
    assert_eq!(play("echo", &timed).head_after, Duration::from_millis(100 + 49 * 20));

    let throttled = play("echo", &says("#sandbox status=429 first_ms=20000#"));
    assert_eq!(throttled.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(throttled.head_after, Duration::from_secs(20));
    assert_eq!(play("echo", &says("#sandbox speed=9#")).status, StatusCode::BAD_REQUEST);
    assert_eq!(play("long", &says("#sandbox status=429#")).status, StatusCode::OK);
}

#[test]
fn staged_failures_never_count_against_the_credential() {
    let judged = |play: &Play| {
        Sandbox.diagnose(&Refused {
            status: play.status,
            headers: &play.headers,
            code: Some("invalid_api_key"),
            message: "staged",
        })
    };
    let named = judged(&play("error-401", &says("hi")));
    assert_eq!(
        (named.show, named.elsewhere, named.blame),
        (Show::AuthFailed, Elsewhere::Credential, Blame::Model)
    );
    let asked = judged(&play("echo", &says("#sandbox status=401#")));
    assert_eq!((asked.show, asked.blame, asked.rest), (Show::AuthFailed, Blame::None, None));
    let throttled = judged(&play("error-429", &says("hi")));
    assert_eq!((throttled.blame, throttled.rest), (Blame::Model, Some(Duration::from_secs(1))));
}

#[test]
fn a_bad_request_is_refused_with_the_field_that_is_to_blame() {
    let refused = |change: fn(&mut Value)| {
        let mut body = says("hi");
        change(&mut body);
        let play = play("echo", &body);
        assert_eq!(play.status, StatusCode::BAD_REQUEST, "{}", text(&play));
        let error: Value = serde_json::from_str(&text(&play)).expect("JSON");
        assert_eq!(error["error"]["type"], "invalid_request_error");
        error["error"]["param"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(refused(|it| it["messages"] = json!([])), "messages");
    assert_eq!(refused(|it| it["messages"][0]["role"] = json!("boss")), "messages[0].role");
    assert_eq!(refused(|it| it["messages"][0]["content"] = json!(7)), "messages[0].content");
    assert_eq!(
        refused(|it| it["messages"][0]["content"] = json!([{"type": "input_audio"}])),
        "messages[0].content[0].type"
    );
    assert_eq!(refused(|it| it["stream"] = json!("yes")), "stream");
    assert_eq!(refused(|it| it["n"] = json!(2)), "n");
    assert_eq!(refused(|it| it["max_tokens"] = json!(0)), "max_tokens");
    assert_eq!(refused(|it| it["stop"] = json!({})), "stop");
    assert_eq!(refused(|it| it["stop"] = json!(["a", 1])), "stop");
    assert_eq!(refused(|it| it["tools"] = json!([{"type": "web_search"}])), "tools[0]");
    assert_eq!(refused(|it| it["tool_choice"] = json!("required")), "tool_choice");
    assert_eq!(refused(|it| it["functions"] = json!([])), "functions");
    assert_eq!(refused(|it| it["logprobs"] = json!(true)), "logprobs");
    assert_eq!(refused(|it| it["stream_options"] = json!({})), "stream_options");
    assert_eq!(
        refused(|it| it["response_format"] = json!({"type": "json_schema", "json_schema": {}})),
        "response_format.json_schema.name"
    );
    assert_eq!(refused(|it| it["response_format"] = json!({"type": "x"})), "response_format.type");
    for body in [&b""[..], b"{", b"[]", b"{\"messages\":[]} x", b"\xff"] {
        let play =
            Sandbox.play("echo", &[bytes::Bytes::copy_from_slice(body)], NOW).expect("an answer");
        assert_eq!(play.status, StatusCode::BAD_REQUEST);
    }
}

#[test]
fn a_model_it_does_not_have_is_404_and_names_those_it_has() {
    let play = play("gpt-9", &says("hi"));
    assert_eq!(play.status, StatusCode::NOT_FOUND);
    assert!(text(&play).contains("no model `gpt-9`; it has echo, slow, "));
}

#[test]
fn a_prompt_beyond_the_window_is_told_so_in_openais_words() {
    let play = play("echo", &says(&"abcd ".repeat(1_000_001)));
    assert_eq!(play.status, StatusCode::BAD_REQUEST);
    assert!(text(&play).contains(r#""code":"context_length_exceeded""#));
    assert!(text(&play).contains("maximum context length is 1000000 tokens"));
}

#[test]
fn a_huge_prompt_gives_no_huge_answer() {
    let play = play("echo", &streamed(says(&"word ".repeat(500_000))));
    assert!(play.steps.len() < 1_200, "{}", play.steps.len());
}

#[test]
fn it_has_no_other_address() {
    assert_eq!(Sandbox.base_url("sandbox:").expect("its own").url, "sandbox:");
    assert!(Sandbox.base_url("http://127.0.0.1").is_err());
    let (settings, secrets) = Default::default();
    let account = Account { base_url: ADDRESS, settings: &settings, secrets: &secrets };
    let offer = Sandbox.offers(Operation::Chat, &ModelFacts::default())[0];
    let url = Sandbox.url(&account, &offer, "echo", true).expect("an address");
    assert_eq!(url, "sandbox://local/chat/completions");
    assert_eq!(url.parse::<http::Uri>().expect("one that parses").scheme_str(), Some("sandbox"));
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Sandbox.play("echo", &[body.into()], NOW).is_some());
    }
}
