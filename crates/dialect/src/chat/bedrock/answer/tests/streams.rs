//! Streams, and that each is the same answer as its whole body.

use super::*;

const START: (&str, &str) = ("messageStart", r#"{"p":"abcdefgh","role":"assistant"}"#);
const METADATA: (&str, &str) = (
    "metadata",
    r#"{"metrics":{"latencyMs":531},"p":"abc","usage":{"inputTokens":12,"outputTokens":9,"totalTokens":21}}"#,
);

#[test]
fn a_text_begins_without_an_announcement() {
    let events = read_stream(&[
        START,
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Hel"},"p":"ab"}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"lo"},"p":"abcd"}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0,"p":"abcdef"}"#),
        ("messageStop", r#"{"p":"abcde","stopReason":"end_turn"}"#),
        METADATA,
    ]);
    let expected = [
        begin(),
        open(0, PartKind::Text),
        delta(0, "Hel"),
        delta(0, "lo"),
        close(0),
        finish(Finish::Stop),
        usage(12, 9),
    ];
    assert_eq!(events.unwrap(), expected);
}

#[test]
fn thoughts_words_and_two_calls_are_the_same_whole_and_streamed() {
    let streamed = read_stream(&[
        START,
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"h"}}}"#,
        ),
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"m"}}}"#,
        ),
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"Eq=="}}}"#,
        ),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":1,"delta":{"reasoningContent":{"redactedContent":"Rd=="}}}"#,
        ),
        ("contentBlockStop", r#"{"contentBlockIndex":1}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"text":"Hi \u00fc"}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":2}"#),
        (
            "contentBlockStart",
            r#"{"contentBlockIndex":3,"start":{"toolUse":{"name":"f","toolUseId":"tooluse_1"}}}"#,
        ),
        ("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"toolUse":{"input":""}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"toolUse":{"input":"{\"a\":"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"toolUse":{"input":"1.50}"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":3}"#),
        (
            "contentBlockStart",
            r#"{"contentBlockIndex":4,"start":{"toolUse":{"name":"g","toolUseId":"tooluse_2"}}}"#,
        ),
        ("contentBlockStop", r#"{"contentBlockIndex":4}"#),
        ("messageStop", r#"{"stopReason":"tool_use"}"#),
        METADATA,
    ])
    .unwrap();
    let whole = read_whole(
        r#"{"metrics":{"latencyMs":531},"output":{"message":{"content":[
            {"reasoningContent":{"reasoningText":{"signature":"Eq==","text":"hm"}}},
            {"reasoningContent":{"redactedContent":"Rd=="}},
            {"text":"Hi ü"},
            {"toolUse":{"input":{"a":1.50},"name":"f","toolUseId":"tooluse_1"}},
            {"toolUse":{"input":{},"name":"g","toolUseId":"tooluse_2"}}],"role":"assistant"}},
            "stopReason":"tool_use","usage":{"inputTokens":12,"outputTokens":9,"totalTokens":21}}"#,
    )
    .unwrap();
    let expected = [
        begin(),
        open(0, PartKind::Reasoning),
        delta(0, "hm"),
        seal(0, SealKind::Signature, "Eq=="),
        close(0),
        open(1, PartKind::Reasoning),
        seal(1, SealKind::Redacted, "Rd=="),
        close(1),
        open(2, PartKind::Text),
        delta(2, "Hi ü"),
        close(2),
        open(3, call("tooluse_1", "f")),
        delta(3, r#"{"a":1.50}"#),
        close(3),
        open(4, call("tooluse_2", "g")),
        delta(4, "{}"),
        close(4),
        finish(Finish::ToolCalls),
        usage(12, 9),
    ];
    assert_eq!(folded(&streamed), expected);
    assert_eq!(folded(&whole), expected);
}

#[test]
fn citations_and_pictures_are_the_same_whole_and_streamed() {
    let cited =
        r#"{"title":"T","location":{"documentChar":{"documentIndex":0,"start":1,"end":2}}}"#;
    let citation = format!(r#"{{"contentBlockIndex":0,"delta":{{"citation":{cited}}}}}"#);
    let streamed = read_stream(&[
        START,
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"so"}}"#),
        ("contentBlockDelta", &citation),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":1,"start":{"image":{"format":"jpeg"}}}"#),
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":1,"delta":{"image":{"source":{"bytes":"/9j/"}}}}"#,
        ),
        ("contentBlockStop", r#"{"contentBlockIndex":1}"#),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
    ])
    .unwrap();
    let whole = read_whole(&format!(
        r#"{{"output":{{"message":{{"role":"assistant","content":[
            {{"citationsContent":{{"content":[{{"text":"so"}}],"citations":[{cited}]}}}},
            {{"image":{{"format":"jpeg","source":{{"bytes":"/9j/"}}}}}}]}}}},"stopReason":"end_turn"}}"#
    ))
    .unwrap();
    let (kind, json) = ("citation".to_owned(), cited.to_owned());
    let expected = [
        begin(),
        open(0, PartKind::Text),
        delta(0, "so"),
        ChatEvent::Annotation { choice: 0, index: 0, kind, json },
        close(0),
        open(1, PartKind::Image { mime: "image/jpeg".to_owned() }),
        delta(1, "/9j/"),
        close(1),
        finish(Finish::Stop),
    ];
    assert_eq!(streamed, expected);
    assert_eq!(whole, expected);
}

#[test]
fn tools_that_the_provider_runs_are_its_own_and_the_same_whole_and_streamed() {
    let streamed = read_stream(&[
        START,
        ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"nova_grounding","type":"server_tool_use"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"q\":1}"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":1,"start":{"toolResult":{"toolUseId":"t"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"toolResult":[{"text":"r"}]}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":1}"#),
        ("messageStop", r#"{"stopReason":"tool_use"}"#),
    ])
    .unwrap();
    let whole = read_whole(
        r#"{"output":{"message":{"role":"assistant","content":[
            {"toolUse":{"toolUseId":"t","name":"nova_grounding","type":"server_tool_use","input":{"q":1}}},
            {"toolResult":{"toolUseId":"t","content":[{"text":"r"}]}}]}},"stopReason":"tool_use"}"#,
    )
    .unwrap();
    let vendor = |kind: &str| PartKind::Vendor { kind: kind.to_owned() };
    let expected = [
        begin(),
        open(0, vendor("toolUse")),
        delta(
            0,
            r#"{"toolUse":{"toolUseId":"t","name":"nova_grounding","type":"server_tool_use","input":{"q":1}}}"#,
        ),
        close(0),
        open(1, vendor("toolResult")),
        delta(1, r#"{"toolResult":{"toolUseId":"t","content":[{"text":"r"}]}}"#),
        close(1),
        // Nothing is left for the client to run.
        finish(Finish::Stop),
    ];
    assert_eq!(streamed, expected);
    assert_eq!(whole, expected);
}

#[test]
fn the_stop_text_that_was_met_is_told() {
    let stop =
        r#"{"additionalModelResponseFields":{"stop_sequence":"END"},"stopReason":"stop_sequence"}"#;
    let streamed = read_stream(&[START, ("messageStop", stop)]).unwrap();
    let stop = Some("END".to_owned());
    let last = ChatEvent::Finish { choice: 0, reason: Finish::StopSequence, stop };
    assert_eq!(streamed.last(), Some(&last));
}
