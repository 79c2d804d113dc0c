//! Whole bodies: why they end, and what is no answer.

use super::*;
use crate::error::FaultKind;

fn reason(word: &str) -> ChatEvent {
    let body = format!(
        r#"{{"output":{{"message":{{"role":"assistant","content":[{{"text":"x"}}]}}}},"stopReason":"{word}"}}"#
    );
    read_whole(&body).unwrap().pop().unwrap()
}

#[test]
fn every_reason_has_a_word() {
    for (word, expected) in [
        ("end_turn", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("stop_sequence", Finish::StopSequence),
        ("guardrail_intervened", Finish::Refused),
        ("content_filtered", Finish::Refused),
        ("model_context_window_exceeded", Finish::ContextLength),
        ("something_new", Finish::Stop),
    ] {
        assert_eq!(reason(word), finish(expected), "{word}");
    }
}

#[test]
fn an_error_in_place_of_an_answer_is_a_fault() {
    let fault = read_whole(r#"{"message":"The provided model identifier is invalid."}"#);
    let fault = fault.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Reported);
    assert_eq!(fault.message, "The provided model identifier is invalid.");
    let unknown = r#"{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}"#;
    let fault = read_whole(unknown).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("UnknownOperationException"));
    for body in ["", "<html>", "[]", "{}", r#"{"output":{}}"#, r#"{"output":{"message":7}}"#] {
        let fault = read_whole(body).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unreadable, "{body}");
    }
}

#[test]
fn arguments_given_as_a_text_are_what_stands_in_it() {
    let events = read_whole(
        r#"{"output":{"message":{"content":[{"toolUse":{"toolUseId":"","name":"f","input":"{\"a\":1}"}}]}},"stopReason":"tool_use"}"#,
    );
    let expected = [
        begin(),
        open(0, call("tooluse_0", "f")),
        delta(0, r#"{"a":1}"#),
        close(0),
        finish(Finish::ToolCalls),
    ];
    assert_eq!(events.unwrap(), expected);
}

#[test]
fn a_broken_answer_is_a_fault_that_was_paid_for() {
    let body = r#"{"output":{"message":{"content":[{"text":"x"}]}},"stopReason":"malformed_tool_use","usage":{"inputTokens":3,"outputTokens":2}}"#;
    let mut out = Vec::new();
    let fault = Reader::default().whole(body.as_bytes(), &mut out).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("malformed_tool_use"));
    assert_eq!(out.last(), Some(&usage(3, 2)));
}
