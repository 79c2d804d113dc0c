//! Streams and bodies of the forms that Cohere's reference and its SDK's types give.

use bytes::Bytes;

use super::Reader;
use crate::carry::{Answer, Carried, Carry, Translate, translate_whole};
use crate::chat::{ChatEvent, Finish, PartKind, ReadEvents};
use crate::error::{Fault, FaultKind};
use crate::frame::sse::Sse;
use crate::{ClientDialect, Dialect};

fn event(data: &str) -> String {
    let kind = data.split('"').nth(3).unwrap();
    format!("event: {kind}\ndata: {data}\n\n")
}

fn start() -> String {
    event(
        r#"{"type":"message-start","id":"29f14a5a","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}"#,
    )
}

fn end(reason: &str) -> String {
    event(&format!(
        r#"{{"type":"message-end","id":"29f14a5a","delta":{{"finish_reason":"{reason}","usage":{{"billed_units":{{"input_tokens":10,"output_tokens":5}},"tokens":{{"input_tokens":80,"output_tokens":7}},"cached_tokens":4}}}}}}"#
    ))
}

/// What it thinks, says and cites.
fn said() -> String {
    [
        start(),
        event(r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}"#),
        event(r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"Hm"}}}}"#),
        event(r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"."}}}}"#),
        event(r#"{"type":"content-end","index":0}"#),
        event(r#"{"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":""}}}}"#),
        event(r#"{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"Hel"}}}}"#),
        event(r#"{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"lo"}}}}"#),
        event(r#"{"type":"content-end","index":1}"#),
        event(r#"{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":0,"end":5,"text":"Hello","sources":[{"type":"tool","id":"w:0","tool_output":{}}],"type":"TEXT_CONTENT"}}}}"#),
        event(r#"{"type":"citation-end","index":0}"#),
        end("COMPLETE"),
    ]
    .concat()
}

const SAID: &str = r#"{"id":"29f14a5a","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"thinking","thinking":"Hm."},{"type":"text","text":"Hello"}],"citations":[{"start":0,"end":5,"text":"Hello","sources":[{"type":"tool","id":"w:0","tool_output":{}}],"type":"TEXT_CONTENT"}]},"usage":{"billed_units":{"input_tokens":10,"output_tokens":5},"tokens":{"input_tokens":80,"output_tokens":7},"cached_tokens":4}}"#;

/// A plan and two calls.
fn called() -> String {
    [
        start(),
        event(r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I will"}}}"#),
        event(r#"{"type":"tool-plan-delta","delta":{"message":{"tool_plan":" look."}}}"#),
        event(r#"{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"weather_1","type":"function","function":{"name":"weather","arguments":""}}}}}"#),
        event(r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"city\":"}}}}}"#),
        event(r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"\"Oslo\"}"}}}}}"#),
        event(r#"{"type":"tool-call-end","index":0}"#),
        event(r#"{"type":"tool-call-start","index":1,"delta":{"message":{"tool_calls":{"id":"","type":"function","function":{"name":"time","arguments":"{}"}}}}}"#),
        event(r#"{"type":"tool-call-end","index":1}"#),
        end("TOOL_CALL"),
    ]
    .concat()
}

const CALLED: &str = r#"{"id":"29f14a5a","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_plan":"I will look.","tool_calls":[{"id":"weather_1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}},{"type":"function","function":{"name":"time","arguments":"{}"}}]},"usage":{"billed_units":{"input_tokens":10,"output_tokens":5},"tokens":{"input_tokens":80,"output_tokens":7},"cached_tokens":4}}"#;

fn streamed(stream: &str, size: usize) -> (Vec<ChatEvent>, Result<(), Fault>) {
    let (mut reader, mut sse, mut out) = (Reader::new("wl_1"), Sse::default(), Vec::new());
    for chunk in stream.as_bytes().chunks(size) {
        sse.push(Bytes::copy_from_slice(chunk));
        while let Some(frame) = sse.next_frame().unwrap() {
            if let Err(fault) = reader.frame(&frame, &mut out) {
                return (out, Err(fault));
            }
        }
    }
    let end = reader.end(&mut out);
    (out, end)
}

fn whole(body: &str) -> Result<Vec<ChatEvent>, Fault> {
    let mut out = Vec::new();
    Reader::new("wl_1").whole(body.as_bytes(), &mut out).map(|()| out)
}

/// Neighbouring deltas joined: how a text was cut says nothing.
fn joined(events: Vec<ChatEvent>) -> Vec<ChatEvent> {
    let mut out: Vec<ChatEvent> = Vec::new();
    for event in events {
        if let (Some(ChatEvent::Delta { text, .. }), ChatEvent::Delta { text: more, .. }) =
            (out.last_mut(), &event)
        {
            text.push_str(more);
        } else {
            out.push(event);
        }
    }
    out
}

#[test]
fn a_stream_adds_up_to_the_whole_in_any_chunks() {
    for (stream, body) in [(said(), SAID), (called(), CALLED)] {
        for size in [1, 7, 64, 1 << 16] {
            let (events, end) = streamed(&stream, size);
            assert_eq!(end, Ok(()));
            assert_eq!(joined(events), whole(body).unwrap());
        }
    }
}

#[test]
fn thoughts_text_and_citations_are_parts_in_order() {
    let parts: Vec<_> = whole(SAID)
        .unwrap()
        .into_iter()
        .filter_map(|event| match event {
            ChatEvent::Open { index, part, .. } => Some(format!("{index} {part:?}")),
            ChatEvent::Delta { index, text, .. } => Some(format!("{index} {text}")),
            ChatEvent::Annotation { index, kind, .. } => Some(format!("{index} {kind}")),
            _ => None,
        })
        .collect();
    assert_eq!(parts, ["0 Reasoning", "0 Hm.", "1 Text", "1 Hello", "1 citation"]);
}

#[test]
fn calls_without_an_id_get_one_of_the_answer() {
    let calls: Vec<_> = whole(CALLED)
        .unwrap()
        .into_iter()
        .filter_map(|event| match event {
            ChatEvent::Open { part: PartKind::ToolCall { id, name, .. }, .. } => Some((id, name)),
            _ => None,
        })
        .collect();
    let expected = [("weather_1", "weather"), ("call_wl_1_1", "time")];
    assert_eq!(calls, expected.map(|(id, name)| (id.to_owned(), name.to_owned())));
}

#[test]
fn reasons_are_told_apart() {
    let finish = |reason: &str| match whole(&SAID.replace("COMPLETE", reason)) {
        Ok(events) => match events.last() {
            Some(ChatEvent::Finish { reason, .. }) => Ok(*reason),
            other => panic!("{other:?}"),
        },
        Err(fault) => Err((fault.kind, fault.code)),
    };
    assert_eq!(finish("COMPLETE"), Ok(Finish::Stop));
    assert_eq!(finish("STOP_SEQUENCE"), Ok(Finish::StopSequence));
    assert_eq!(finish("MAX_TOKENS"), Ok(Finish::Length));
    assert_eq!(finish("TOOL_CALL"), Ok(Finish::ToolCalls));
    assert_eq!(finish("ERROR"), Err((FaultKind::Reported, Some("ERROR".to_owned()))));
    assert_eq!(finish("TIMEOUT"), Err((FaultKind::Reported, Some("TIMEOUT".to_owned()))));
    // Some models say COMPLETE after calls, where clients would not run them.
    let events = whole(&CALLED.replace("TOOL_CALL", "COMPLETE")).unwrap();
    let calls = ChatEvent::Finish { choice: 0, reason: Finish::ToolCalls, stop: None };
    assert_eq!(events.last(), Some(&calls));
}

#[test]
fn an_error_at_the_end_keeps_the_usage_and_its_words() {
    let failed = event(
        r#"{"type":"message-end","delta":{"error":"out of capacity","finish_reason":"ERROR","usage":{"tokens":{"input_tokens":3,"output_tokens":1}}}}"#,
    );
    let (events, end) = streamed(&[start(), failed].concat(), 64);
    assert!(matches!(events.last(), Some(ChatEvent::Usage(usage)) if usage.total() == 4));
    let fault = end.unwrap_err();
    assert_eq!((fault.kind, &*fault.message), (FaultKind::Reported, "out of capacity"));
}

#[test]
fn what_is_no_answer_is_a_fault() {
    let kind = |body: &str| whole(body).unwrap_err().kind;
    assert_eq!(kind(r#"{"id":"x","message":"invalid api token"}"#), FaultKind::Reported);
    assert_eq!(kind("{}"), FaultKind::Unreadable);
    assert_eq!(kind("[1]"), FaultKind::Unreadable);
    assert_eq!(streamed("data: {\"message\":\"busy\"}\n\n", 9).1.unwrap_err().message, "busy");
    assert_eq!(streamed(&start(), 9).1, Err(Fault::cut()));
    let stray = event(
        r#"{"type":"tool-call-delta","index":3,"delta":{"message":{"tool_calls":{"function":{"arguments":"x"}}}}}"#,
    );
    assert_eq!(streamed(&stray, 9).1.unwrap_err().kind, FaultKind::Unreadable);
}

#[test]
fn probabilities_of_single_tokens_are_told_in_common_words() {
    let item = |json: &str| {
        let body = SAID.replace(r#""usage""#, &format!(r#""logprobs":[{json}],"usage""#));
        whole(&body).unwrap().into_iter().rev().find_map(|event| match event {
            ChatEvent::Annotation { kind, json, .. } => Some((kind, json)),
            _ => None,
        })
    };
    let single = item(r#"{"text":"Hé","token_ids":[1],"logprobs":[-0.5]}"#).unwrap();
    let expected = r#"{"content":[{"token":"Hé","logprob":-0.5,"bytes":[72,195,169],"top_logprobs":[]}],"refusal":null}"#;
    assert_eq!(single, ("logprobs".to_owned(), expected.to_owned()));
    let several = r#"{"text":"Hello","token_ids":[1,2],"logprobs":[-0.5,-1]}"#;
    assert_eq!(item(several), Some(("cohere.logprobs".to_owned(), several.to_owned())));
}

#[test]
fn an_openai_client_reads_it_and_citations_are_named_as_lost() {
    let answer = Answer { id: "wl_1".to_owned(), include_usage: true, ..Answer::default() };
    let mut carrier = Translate::new(Dialect::Cohere, ClientDialect::OpenAiChat, &answer);
    let mut out = Carried::default();
    carrier.push(Bytes::from(said()), &mut out);
    assert_eq!(out.end, Some(Ok(())));
    let text = String::from_utf8(out.bytes.concat()).unwrap();
    assert!(text.contains(r#""delta":{"content":"Hel"}"#), "{text}");
    assert!(text.contains(r#""reasoning_content":"Hm""#), "{text}");
    assert!(text.contains(r#""prompt_tokens":10,"completion_tokens":5,"total_tokens":15"#));
    assert!(text.ends_with("data: [DONE]\n\n"));
    assert_eq!(carrier.seen().losses, ["answer.citations"]);
    let whole = translate_whole(
        Dialect::Cohere,
        ClientDialect::AnthropicMessages,
        &answer,
        CALLED.as_bytes(),
    );
    let body = String::from_utf8(whole.unwrap().body.to_vec()).unwrap();
    assert!(
        body.contains(r#""id":"weather_1","name":"weather","input":{"city":"Oslo"}"#),
        "{body}"
    );
    assert!(body.contains(r#""stop_reason":"tool_use""#), "{body}");
}
