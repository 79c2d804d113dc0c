//! What an upstream says.

use wayleave_model::Usage;

use super::{folded, read_stream, read_whole};
use crate::chat::{ChatEvent, Finish, PartKind, Seal, SealKind};
use crate::error::FaultKind;

/// Frames of events, from their data.
fn stream(events: &[&str]) -> Vec<u8> {
    let frame = |data: &&str| {
        let kind = data.split('"').nth(3).unwrap();
        format!("event: {kind}\ndata: {data}\n\n")
    };
    events.iter().map(frame).collect::<String>().into_bytes()
}

const START: &str = r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn open(index: u32, part: PartKind) -> ChatEvent {
    ChatEvent::Open { choice: 0, index, part }
}

fn delta(index: u32, text: &str) -> ChatEvent {
    ChatEvent::Delta { choice: 0, index, text: text.to_owned() }
}

fn close(index: u32) -> ChatEvent {
    ChatEvent::Close { choice: 0, index }
}

fn seal(index: u32, kind: SealKind, proof: &'static str) -> ChatEvent {
    ChatEvent::Seal { choice: 0, index, seal: Seal { kind, bytes: proof.into() } }
}

fn finish(reason: Finish) -> ChatEvent {
    ChatEvent::Finish { choice: 0, reason, stop: None }
}

fn call(id: &str, name: &str) -> PartKind {
    PartKind::ToolCall { id: id.to_owned(), name: name.to_owned(), custom: false }
}

fn usage(input: u64, cached: u64, output: u64) -> ChatEvent {
    ChatEvent::Usage(Usage { input, cached, output, ..Usage::default() })
}

#[test]
fn a_stream_with_thoughts_words_and_a_call() {
    let stream = stream(&[
        START,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"{"type": "ping"}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"Eq=="}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"Rd"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Hi \u00fc"}}"#,
        r#"{"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{"type":"char_location"}}}"#,
        r#"{"type":"content_block_stop","index":2}"#,
        r#"{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}"#,
        r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":""}}"#,
        r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}"#,
        r#"{"type":"content_block_delta","index":3,"delta":{"type":"input_json_delta","partial_json":" 1.50}"}}"#,
        r#"{"type":"content_block_stop","index":3}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":42}}"#,
        STOP,
    ]);
    let (kind, json) = ("citation".to_owned(), r#"{"type":"char_location"}"#.to_owned());
    let expected = vec![
        ChatEvent::Begin { id: "msg_1".to_owned(), model: "claude".to_owned() },
        usage(15, 5, 1),
        open(0, PartKind::Reasoning),
        delta(0, "hm"),
        seal(0, SealKind::Signature, "Eq=="),
        close(0),
        open(1, PartKind::Reasoning),
        seal(1, SealKind::Redacted, "Rd"),
        close(1),
        open(2, PartKind::Text),
        delta(2, "Hi ü"),
        ChatEvent::Annotation { choice: 0, index: 2, kind, json },
        close(2),
        open(3, call("toolu_1", "f")),
        delta(3, "{\"a\":"),
        delta(3, " 1.50}"),
        close(3),
        usage(15, 5, 42),
        finish(Finish::ToolCalls),
    ];
    assert_eq!(read_stream(&stream).unwrap(), expected);
    let whole = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[
        {"type":"thinking","thinking":"hm","signature":"Eq=="},
        {"type":"redacted_thinking","data":"Rd"},
        {"type":"text","text":"Hi \u00fc","citations":[{"type":"char_location"}]},
        {"type":"tool_use","id":"toolu_1","name":"f","input":{"a": 1.50}}],
        "stop_reason":"tool_use","stop_sequence":null,
        "usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":42}}"#;
    assert_eq!(folded(&read_whole(whole.as_bytes()).unwrap()), folded(&expected));
}

#[test]
fn half_a_sign_does_not_end_the_answer() {
    let events = read_stream(&stream(&[
        START,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"\ud83c"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\udf24 a"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"b\ud83c"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#,
        STOP,
    ]));
    let text: String = events
        .unwrap()
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Delta { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(text, "\u{fffd}\u{fffd} ab\u{fffd}");
}

#[test]
fn hosted_tools_stay_as_they_are() {
    let start = r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"srv","name":"web_search","input":{},"x":1.0}}"#;
    let events = read_stream(&stream(&[
        START,
        start,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"query\":"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"1}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"pause_turn"},"usage":{"output_tokens":2}}"#,
        STOP,
    ]))
    .unwrap();
    let json =
        r#"{"type":"server_tool_use","id":"srv","name":"web_search","x":1.0,"input":{"query":1}}"#;
    let kind = "server_tool_use".to_owned();
    assert_eq!(events[2..5], [open(0, PartKind::Vendor { kind }), delta(0, json), close(0)]);
    assert_eq!(events.last(), Some(&finish(Finish::Pause)));
}

#[test]
fn a_json_answer_through_our_tool_is_text() {
    let events = read_stream(&stream(&[
        START,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"wl_json_output_x","input":{}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":2}}"#,
        STOP,
    ]))
    .unwrap();
    assert_eq!(events[2..5], [open(0, PartKind::Text), delta(0, r#"{"a":1}"#), close(0)]);
    assert_eq!(events.last(), Some(&finish(Finish::Stop)));
    let whole = r#"{"type":"message","content":[{"type":"tool_use","id":"t","name":"wl_json_output","input":{"a" :1.0}}],"stop_reason":"tool_use"}"#;
    let events = read_whole(whole.as_bytes()).unwrap();
    assert_eq!(events[1..3], [open(0, PartKind::Text), delta(0, r#"{"a" :1.0}"#)]);
}

#[test]
fn a_call_without_arguments_has_an_empty_object() {
    let start = |input: &str| {
        format!(
            r#"{{"type":"content_block_start","index":0,"content_block":{{"type":"tool_use","id":"t","name":"f","input":{input}}}}}"#
        )
    };
    for (input, expected) in [("{}", "{}"), (r#"{"a":1}"#, r#"{"a":1}"#)] {
        let events = read_stream(&stream(&[START, &start(input), STOP])).unwrap();
        let rest =
            [open(0, call("t", "f")), delta(0, expected), close(0), finish(Finish::ToolCalls)];
        assert_eq!(events[2..], rest);
    }
}

#[test]
fn every_reason_is_known() {
    for (word, reason) in [
        ("end_turn", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::ContextLength),
        ("refusal", Finish::Refused),
        ("pause_turn", Finish::Pause),
        ("something_new", Finish::Stop),
    ] {
        let body = format!(r#"{{"type":"message","content":[],"stop_reason":"{word}"}}"#);
        assert_eq!(read_whole(body.as_bytes()).unwrap().last(), Some(&finish(reason)), "{word}");
    }
    let body =
        r#"{"type":"message","content":[],"stop_reason":"stop_sequence","stop_sequence":"END"}"#;
    let stop = Some("END".to_owned());
    let last = ChatEvent::Finish { choice: 0, reason: Finish::StopSequence, stop };
    assert_eq!(read_whole(body.as_bytes()).unwrap().last(), Some(&last));
}

#[test]
fn sloppy_servers_are_understood() {
    // No event names, no block starts or stops, a `[DONE]` from another dialect.
    let lines = [
        START,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"a"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"b"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":null}"#,
        "[DONE]",
    ];
    let stream: String = lines.iter().map(|data| format!("data: {data}\n\n")).collect();
    let events = read_stream(stream.as_bytes()).unwrap();
    let expected = [
        open(0, PartKind::Reasoning),
        delta(0, "a"),
        close(0),
        open(1, PartKind::Text),
        delta(1, "b"),
        close(1),
        finish(Finish::Stop),
    ];
    assert_eq!(events[2..], expected);
}

#[test]
fn faults_are_told_apart() {
    let overloaded =
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let fault = read_stream(&stream(&[START, overloaded])).unwrap_err();
    assert_eq!(
        (fault.kind, fault.code.as_deref()),
        (FaultKind::Reported, Some("overloaded_error"))
    );
    assert_eq!(read_whole(overloaded.as_bytes()).unwrap_err(), fault);
    assert_eq!(read_stream(&stream(&[START])).unwrap_err().kind, FaultKind::Cut);
    assert_eq!(read_stream(b"data: {\"type\":\n\n").unwrap_err().kind, FaultKind::Unreadable);
    let openai = b"data: {\"error\":{\"message\":\"no\",\"code\":\"x\"}}\n\n";
    assert_eq!(read_stream(openai).unwrap_err().kind, FaultKind::Reported);
    for body in ["<html>", "", "{}", r#"{"choices":[]}"#] {
        assert_eq!(read_whole(body.as_bytes()).unwrap_err().kind, FaultKind::Unreadable, "{body}");
    }
}
