//! Streams and bodies of the forms that Ollama's reference and its `api/types.go` give.

use bytes::Bytes;

use super::Reader;
use crate::carry::{Answer, Carried, Carry, Translate, translate_whole};
use crate::chat::{ChatEvent, Finish, PartKind, ReadEvents};
use crate::error::{Fault, FaultKind};
use crate::frame::lines::Lines;
use crate::{ClientDialect, Dialect};

const SAID: &str = concat!(
    r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00.1Z","message":{"role":"assistant","content":"","thinking":"Hm"},"done":false}"#,
    "\n",
    r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00.2Z","message":{"role":"assistant","content":"","thinking":"."},"done":false}"#,
    "\n",
    r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00.3Z","message":{"role":"assistant","content":"Hel"},"done":false}"#,
    "\n",
    r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00.4Z","message":{"role":"assistant","content":"l\u00f6"},"done":false}"#,
    "\n",
    r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00.5Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":174560334,"load_duration":101397084,"prompt_eval_count":11,"prompt_eval_duration":13074791,"eval_count":18,"eval_duration":52479709}"#,
    "\n",
);

const SAID_WHOLE: &str = r#"{"model":"qwen3","created_at":"2026-01-01T00:00:00.5Z","message":{"role":"assistant","content":"Hellö","thinking":"Hm."},"done":true,"done_reason":"stop","prompt_eval_count":11,"eval_count":18}"#;

const CALLED: &str = concat!(
    r#"{"model":"qwen3","message":{"role":"assistant","content":"","tool_calls":[{"function":{"index":0,"name":"weather","arguments":{"city":"Oslo","days":1.0}}}]},"done":false}"#,
    "\n",
    r#"{"model":"qwen3","message":{"role":"assistant","content":"","tool_calls":[{"id":"call_x","function":{"name":"time","arguments":{}}}]},"done":false}"#,
    "\n",
    r#"{"model":"qwen3","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","eval_count":18}"#,
);

const CALLED_WHOLE: &str = r#"{"model":"qwen3","message":{"role":"assistant","content":"","tool_calls":[{"function":{"index":0,"name":"weather","arguments":{"city":"Oslo","days":1.0}}},{"id":"call_x","function":{"name":"time","arguments":{}}}]},"done":true,"done_reason":"stop","eval_count":18}"#;

fn streamed(stream: &str, size: usize) -> (Vec<ChatEvent>, Result<(), Fault>) {
    let (mut reader, mut lines, mut out) = (Reader::new("wl_1"), Lines::default(), Vec::new());
    let mut frames = Vec::new();
    for chunk in stream.as_bytes().chunks(size) {
        lines.push(chunk);
        while let Some(frame) = lines.next_frame().unwrap() {
            frames.push(frame);
        }
    }
    frames.extend(lines.finish());
    for frame in frames {
        if let Err(fault) = reader.frame(&frame, &mut out) {
            return (out, Err(fault));
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
    for (stream, body) in [(SAID, SAID_WHOLE), (CALLED, CALLED_WHOLE)] {
        for size in [1, 7, 64, 1 << 16] {
            let (events, end) = streamed(stream, size);
            assert_eq!(end, Ok(()));
            assert_eq!(joined(events), whole(body).unwrap());
        }
        // A server that streams although it was told not to.
        assert_eq!(joined(whole(stream).unwrap()), whole(body).unwrap());
    }
}

#[test]
fn calls_get_ids_and_keep_their_arguments_bytes() {
    let events = whole(CALLED_WHOLE).unwrap();
    let calls: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Open { part: PartKind::ToolCall { id, .. }, .. } => Some(id.as_str()),
            ChatEvent::Delta { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(calls, ["call_wl_1_0", r#"{"city":"Oslo","days":1.0}"#, "call_x", "{}"]);
    let finish = ChatEvent::Finish { choice: 0, reason: Finish::ToolCalls, stop: None };
    assert_eq!(events.last(), Some(&finish));
}

#[test]
fn reasons_and_counts_are_told() {
    let events = whole(&SAID_WHOLE.replace(r#""stop""#, r#""length""#)).unwrap();
    let [.., ChatEvent::Usage(usage), ChatEvent::Finish { reason, .. }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!((usage.input, usage.output, *reason), (11, 18, Finish::Length));
    let loaded = r#"{"model":"m","created_at":"x","message":{"role":"assistant","content":""},"done_reason":"load","done":true}"#;
    let finish = ChatEvent::Finish { choice: 0, reason: Finish::Stop, stop: None };
    assert_eq!(whole(loaded).unwrap().last(), Some(&finish));
}

#[test]
fn an_error_in_the_middle_is_a_fault_after_what_came() {
    let first = SAID.lines().nth(2).unwrap();
    let (events, end) = streamed(&format!("{first}\n{{\"error\":\"an error was hit\"}}\n"), 5);
    assert!(matches!(events.last(), Some(ChatEvent::Delta { text, .. }) if text == "Hel"));
    let fault = end.unwrap_err();
    assert_eq!((fault.kind, &*fault.message), (FaultKind::Reported, "an error was hit"));
    assert_eq!(streamed(first, 9).1, Err(Fault::cut()));
    let kind = |body: &str| whole(body).unwrap_err().kind;
    assert_eq!(kind(r#"{"error":"model \"m\" not found"}"#), FaultKind::Reported);
    assert_eq!(kind("{}"), FaultKind::Unreadable);
    assert_eq!(kind(""), FaultKind::Cut);
}

#[test]
fn probabilities_are_told_in_common_words() {
    let body = SAID_WHOLE.replace(
        r#""done":true"#,
        r#""logprobs":[{"token":"H","logprob":-0.25,"bytes":[72],"top_logprobs":[{"token":"H","logprob":-0.25},{"token":"J","logprob":-2}]}],"done":true"#,
    );
    let told = whole(&body).unwrap().into_iter().find_map(|event| match event {
        ChatEvent::Annotation { kind, json, .. } => Some((kind, json)),
        _ => None,
    });
    let expected = r#"{"content":[{"token":"H","logprob":-0.25,"bytes":[72],"top_logprobs":[{"token":"H","logprob":-0.25,"bytes":[72]},{"token":"J","logprob":-2,"bytes":[74]}]}],"refusal":null}"#;
    assert_eq!(told, Some(("logprobs".to_owned(), expected.to_owned())));
}

#[test]
fn clients_of_other_dialects_read_it() {
    let answer = Answer { id: "wl_1".to_owned(), include_usage: true, ..Answer::default() };
    let mut carrier = Translate::new(Dialect::Ollama, ClientDialect::OpenAiChat, &answer);
    let mut out = Carried::default();
    carrier.push(Bytes::from_static(SAID.as_bytes()), &mut out);
    assert_eq!(out.end, Some(Ok(())));
    let text = String::from_utf8(out.bytes.concat()).unwrap();
    assert!(text.contains(r#""delta":{"content":"Hel"}"#), "{text}");
    assert!(text.contains(r#""prompt_tokens":11,"completion_tokens":18,"total_tokens":29"#));
    assert!(text.ends_with("data: [DONE]\n\n"));
    let to = ClientDialect::AnthropicMessages;
    let whole = translate_whole(Dialect::Ollama, to, &answer, CALLED_WHOLE.as_bytes()).unwrap();
    let body = String::from_utf8(whole.body.to_vec()).unwrap();
    let call = r#""id":"call_wl_1_0","name":"weather","input":{"city":"Oslo","days":1.0}"#;
    assert!(body.contains(call), "{body}");
    assert!(body.contains(r#""stop_reason":"tool_use""#), "{body}");
}
