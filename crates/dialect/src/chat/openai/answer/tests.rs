//! Tests of answers: whole, streamed, and what one says of the other.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use wayleave_model::Usage;

use super::read::Reader;
use super::write::Writer;
use crate::carry::Answer;
use crate::chat::{ChatEvent, Finish, PartKind, ReadEvents, Seal, SealKind, WriteEvents};
use crate::error::{Fault, FaultKind};
use crate::frame::Frame;
use crate::frame::sse::Sse;

fn stream(text: &str) -> Result<Vec<ChatEvent>, Fault> {
    let (mut reader, mut events, mut sse) = (Reader::default(), Vec::new(), Sse::default());
    sse.push(Bytes::copy_from_slice(text.as_bytes()));
    while let Some(frame) = sse.next_frame().unwrap() {
        reader.frame(&frame, &mut events)?;
    }
    reader.end(&mut events)?;
    Ok(events)
}

fn whole(body: &str) -> Result<Vec<ChatEvent>, Fault> {
    let mut events = Vec::new();
    Reader::default().whole(body.as_bytes(), &mut events)?;
    Ok(events)
}

/// A stream of one choice, made of deltas and a finish.
fn chunks(deltas: &[&str], finish: &str) -> String {
    let chunk = |delta: &str, finish: &str| {
        format!(
            r#"data: {{"id":"chatcmpl-1","model":"up","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}"#
        ) + "\n\n"
    };
    let mut out: String = deltas.iter().map(|delta| chunk(delta, "null")).collect();
    out += &chunk("{}", finish);
    out + "data: [DONE]\n\n"
}

/// Events in short: `+0 text`, `0"abc"`, `-0`, `finish`.
fn short(events: &[ChatEvent]) -> Vec<String> {
    let one = |event: &ChatEvent| match event {
        ChatEvent::Begin { id, model } => format!("begin {id} {model}"),
        ChatEvent::Open { index, part, .. } => match part {
            PartKind::ToolCall { id, name, custom } => {
                format!("+{index} {}{name} {id}", if *custom { "custom " } else { "" })
            }
            other => format!("+{index} {other:?}"),
        },
        ChatEvent::Delta { index, text, .. } => format!("{index} {text}"),
        ChatEvent::Close { index, .. } => format!("-{index}"),
        ChatEvent::Finish { reason, stop, .. } => match stop {
            Some(stop) => format!("{reason:?} {stop}"),
            None => format!("{reason:?}"),
        },
        ChatEvent::Usage(usage) => format!("usage {} {}", usage.input, usage.output),
        ChatEvent::Annotation { index, kind, json, .. } => format!("{index} {kind} {json}"),
        ChatEvent::Seal { .. } => "seal".to_owned(),
    };
    events.iter().map(one).collect()
}

fn reads(deltas: &[&str], finish: &str, expected: &[&str]) {
    let events = stream(&chunks(deltas, finish)).unwrap();
    assert_eq!(short(&events[1..]), expected);
}

#[test]
fn text_reasoning_and_refusal_are_parts() {
    let events = stream(&chunks(
        &[
            r#"{"role":"assistant","content":""}"#,
            r#"{"reasoning_content":"h","reasoning":"h"}"#,
            r#"{"reasoning":"m"}"#,
            r#"{"content":"a"}"#,
            r#"{"content":"b","reasoning_content":""}"#,
        ],
        r#""stop""#,
    ))
    .unwrap();
    let expected = [
        "begin chatcmpl-1 up",
        "+0 Reasoning",
        "0 h",
        "0 m",
        "-0",
        "+1 Text",
        "1 a",
        "1 b",
        "-1",
        "Stop",
    ];
    assert_eq!(short(&events), expected);
    reads(&[r#"{"refusal":"no"}"#], r#""stop""#, &["+0 Refusal", "0 no", "-0", "Refused"]);
}

#[test]
fn calls_follow_each_other_however_they_come() {
    let deltas = [
        r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}"#,
        r#"{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#,
        r#"{"tool_calls":[{"index":1,"id":null,"function":{"name":null,"arguments":"}"}}]}"#,
    ];
    let expected = ["+0 f a", "0 {}", "-0", "+1 g b", "1 {", "1 }", "-1", "ToolCalls"];
    reads(&deltas, r#""tool_calls""#, &expected);
}

#[test]
fn a_call_goes_out_while_it_comes_in() {
    let mut reader = Reader::default();
    let mut events = Vec::new();
    for delta in [
        r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}"#,
        r#"{"index":0,"function":{"arguments":"1}"}}"#,
    ] {
        let data = format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{delta}]}}}}]}}"#);
        let frame = Frame { data: data.into(), event: Bytes::new() };
        reader.frame(&frame, &mut events).unwrap();
    }
    assert_eq!(short(&events[1..]), ["+0 f a", r#"0 {"x":"#, "0 1}"]);
}

#[test]
fn calls_that_share_an_index_or_have_none_are_told_apart() {
    let expected = ["+0 f a", "0 {}", "-0", "+1 g b", "1 {", "1 }", "-1", "ToolCalls"];
    for index in [r#""index":0,"#, ""] {
        let deltas = [
            format!(
                r#"{{"tool_calls":[{{{index}"id":"a","function":{{"name":"f","arguments":"{{}}"}}}}]}}"#
            ),
            format!(
                r#"{{"tool_calls":[{{{index}"id":"b","function":{{"name":"g","arguments":"{{"}}}}]}}"#
            ),
            format!(r#"{{"tool_calls":[{{{index}"function":{{"arguments":"}}"}}}}]}}"#),
        ];
        reads(&deltas.each_ref().map(String::as_str), r#""stop""#, &expected);
    }
}

#[test]
fn a_call_without_an_id_is_given_one_that_stays() {
    let deltas = [
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"}"}}]}"#,
        r#"{"tool_calls":[{"function":{"name":"g","arguments":"{}"}}]}"#,
    ];
    let expected = [
        "+0 f call_chatcmpl1_0_0",
        "0 {}",
        "-0",
        "+1 g call_chatcmpl1_0_1",
        "1 {}",
        "-1",
        "ToolCalls",
    ];
    reads(&deltas, r#""tool_calls""#, &expected);
}

#[test]
fn older_and_custom_calls_are_calls() {
    let legacy = [
        r#"{"function_call":{"name":"f","arguments":"{"}}"#,
        r#"{"function_call":{"arguments":"}"}}"#,
    ];
    let expected = ["+0 f call_chatcmpl1_0_0", "0 {", "0 }", "-0", "ToolCalls"];
    reads(&legacy, r#""function_call""#, &expected);
    let custom = [
        r#"{"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"c","input":""}}]}"#,
        r#"{"tool_calls":[{"index":0,"custom":{"input":"x{"}}]}"#,
    ];
    reads(&custom, r#""tool_calls""#, &["+0 custom c a", "0 x{", "-0", "ToolCalls"]);
}

#[test]
fn text_among_the_arguments_waits_for_their_end() {
    let deltas = [
        r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}"#,
        r#"{"content":"x"}"#,
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}"#,
        r#"{"content":"y"}"#,
    ];
    let expected = ["+0 f a", "0 {", "0 }", "-0", "+1 Text", "1 x", "1 y", "-1", "ToolCalls"];
    reads(&deltas, r#""tool_calls""#, &expected);
}

#[test]
fn finishes_keep_their_meaning() {
    for (word, expected) in [
        (r#""stop""#, "Stop"),
        (r#""length""#, "Length"),
        (r#""content_filter""#, "Refused"),
        (r#""model_length""#, "ContextLength"),
        (r#""eos""#, "Stop"),
        (r#""stop","stop_reason":"END""#, "StopSequence END"),
        (r#""stop","stop_reason":2"#, "Stop"),
        ("null", "Stop"),
    ] {
        reads(&[r#"{"content":"a"}"#], word, &["+0 Text", "0 a", "-0", expected]);
    }
    let fault = stream(&chunks(&[], r#""error""#)).unwrap_err();
    assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Reported, Some("error")));
}

#[test]
fn usage_comes_last_or_with_the_finish_or_null() {
    let report = r#"{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#;
    let text = chunks(&[r#"{"content":"a"}"#], r#""stop""#);
    let last = format!("data: {{\"choices\":[],\"usage\":{report}}}\n\ndata: [DONE]");
    let events = stream(&text.replace("data: [DONE]", &last)).unwrap();
    assert_eq!(short(&events)[4..], ["Stop", "usage 3 2"]);
    let with = text.replace("}]}", &format!("}}],\"usage\":{report}}}"));
    assert_eq!(short(&stream(&with).unwrap())[3..], ["usage 3 2", "-0", "Stop", "usage 3 2"]);
    let null = text.replace("}]}", "}],\"usage\":null}");
    assert_eq!(stream(&null).unwrap(), stream(&text).unwrap());
}

#[test]
fn several_answers_are_kept_apart() {
    let data = [
        r#"{"id":"i","model":"m","choices":[{"index":1,"delta":{"content":"b"}}]}"#,
        r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"},{"index":1,"delta":{"content":"c"},"finish_reason":"length"}]}"#,
    ];
    let text: String = data.iter().map(|data| format!("data: {data}\n\n")).collect();
    let events = stream(&text).unwrap();
    let of = |wanted: u32| -> Vec<String> {
        let is = |event: &&ChatEvent| match event {
            ChatEvent::Open { choice, .. }
            | ChatEvent::Delta { choice, .. }
            | ChatEvent::Close { choice, .. }
            | ChatEvent::Finish { choice, .. } => *choice == wanted,
            _ => false,
        };
        short(&events.iter().filter(is).cloned().collect::<Vec<_>>())
    };
    assert_eq!(of(0), ["+0 Text", "0 a", "-0", "Stop"]);
    assert_eq!(of(1), ["+0 Text", "0 b", "0 c", "-0", "Length"]);
}

#[test]
fn half_a_character_is_not_lost_silently() {
    let deltas = [r#"{"content":"a\ud83db\\ud83d\ud83d\ude00"}"#];
    let expected = ["+0 Text", "0 a\u{fffd}b\\ud83d\u{1f600}", "-0", "Stop"];
    reads(&deltas, r#""stop""#, &expected);
}

#[test]
fn what_only_this_dialect_knows_is_an_annotation() {
    let deltas = [r#"{"content":"a","annotations":[{"type":"url_citation"}]}"#];
    let text = chunks(&deltas, r#""stop","logprobs":{"content":[1]}"#);
    let events = stream(&text).unwrap();
    let expected = [
        "+0 Text",
        "0 a",
        r#"0 annotation {"type":"url_citation"}"#,
        r#"0 logprobs {"content":[1]}"#,
        "-0",
        "Stop",
    ];
    assert_eq!(short(&events[1..]), expected);
}

#[test]
fn a_stream_that_breaks_off_is_cut_and_one_that_says_done_is_whole() {
    let text = chunks(&[r#"{"content":"a"}"#], "null");
    assert_eq!(short(&stream(&text).unwrap())[4..], ["Stop"]);
    assert_eq!(stream(&text.replace("data: [DONE]\n\n", "")).unwrap_err().kind, FaultKind::Cut);
    assert_eq!(stream("").unwrap_err().kind, FaultKind::Cut);
    assert_eq!(stream("data: [DONE]\n\n").unwrap_err().kind, FaultKind::Cut);
}

#[test]
fn errors_and_pages_are_faults() {
    let error = r#"{"error":{"message":"m","code":"c"}}"#;
    let fault = stream(&format!("data: {error}\n\n")).unwrap_err();
    assert_eq!((fault.code.as_deref(), &*fault.message), (Some("c"), "m"));
    assert_eq!(whole(error).unwrap_err(), fault);
    assert_eq!(stream("event: error\ndata: {\"message\":\"m\"}\n\n").unwrap_err().message, "m");
    assert_eq!(stream("data: <html>\n\n").unwrap_err().kind, FaultKind::Unreadable);
    assert_eq!(whole("<html>").unwrap_err().kind, FaultKind::Unreadable);
    assert_eq!(whole(r#"{"choices":[]}"#).unwrap_err().kind, FaultKind::Unreadable);
}

#[test]
fn a_whole_answer_has_the_events_of_its_stream() {
    let body = r#"{"id":"chatcmpl-1","model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"a","reasoning_content":"h","tool_calls":[{"id":"x","type":"function","function":{"name":"f","arguments":"{}"}},{"type":"function","function":{"name":"g","arguments":{"y": 1}}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;
    let expected = [
        "begin chatcmpl-1 up",
        "+0 Reasoning",
        "0 h",
        "-0",
        "+1 Text",
        "1 a",
        "-1",
        "+2 f x",
        "2 {}",
        "-2",
        "+3 g call_chatcmpl1_0_1",
        r#"3 {"y": 1}"#,
        "-3",
        "ToolCalls",
        "usage 3 2",
    ];
    assert_eq!(short(&whole(body).unwrap()), expected);
}

fn written(answer: &Answer, events: &[ChatEvent]) -> String {
    let (mut writer, mut out) = (Writer::new(answer), Vec::new());
    for event in events {
        writer.event(event, &mut out);
    }
    writer.end(&mut out);
    String::from_utf8(out).unwrap()
}

fn open(index: u32, part: PartKind) -> ChatEvent {
    ChatEvent::Open { choice: 0, index, part }
}

fn delta(index: u32, text: &str) -> ChatEvent {
    ChatEvent::Delta { choice: 0, index, text: text.to_owned() }
}

fn close(index: u32) -> ChatEvent {
    ChatEvent::Close { choice: 0, index }
}

fn tool(id: &str, name: &str) -> PartKind {
    PartKind::ToolCall { id: id.to_owned(), name: name.to_owned(), custom: false }
}

/// An answer with everything in it.
fn events() -> Vec<ChatEvent> {
    vec![
        ChatEvent::Begin { id: "msg_1".to_owned(), model: "up".to_owned() },
        open(0, PartKind::Reasoning),
        delta(0, "hm"),
        close(0),
        open(1, PartKind::Text),
        delta(1, "a\"\n"),
        delta(1, ""),
        close(1),
        open(2, tool("t1", "f")),
        delta(2, "{\"x\""),
        delta(2, ":1}"),
        close(2),
        open(3, tool("t2", "g")),
        close(3),
        ChatEvent::Finish { choice: 0, reason: Finish::ToolCalls, stop: None },
        ChatEvent::Usage(Usage { input: 3, cached: 1, output: 2, ..Usage::default() }),
    ]
}

fn answer() -> Answer {
    Answer { created: 7, include_usage: true, ..Answer::default() }
}

#[test]
fn a_stream_is_written_to_the_byte() {
    let choice = |delta: &str, finish: &str| {
        format!(
            r#"data: {{"id":"chatcmpl-msg_1","object":"chat.completion.chunk","created":7,"model":"up","choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}"#
        ) + "\n\n"
    };
    let chunk = |delta: &str| choice(delta, "null");
    let expected = [
        chunk(r#"{"role":"assistant","content":""}"#),
        chunk(r#"{"reasoning_content":"hm"}"#),
        chunk(r#"{"content":"a\"\n"}"#),
        chunk(r#"{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"f","arguments":""}}]}"#),
        chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\""}}]}"#),
        chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}"#),
        chunk(r#"{"tool_calls":[{"index":1,"id":"t2","type":"function","function":{"name":"g","arguments":""}}]}"#),
        chunk(r#"{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]}"#),
        choice("{}", r#""tool_calls""#),
        "data: {\"id\":\"chatcmpl-msg_1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"up\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":1,\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}}\n\n".to_owned(),
        "data: [DONE]\n\n".to_owned(),
    ];
    assert_eq!(written(&answer(), &events()), expected.concat());
}

#[test]
fn a_whole_answer_is_written_to_the_byte() {
    let body = Writer::new(&answer()).whole(&events());
    let expected = r#"{"id":"chatcmpl-msg_1","object":"chat.completion","created":7,"model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"a\"\n","refusal":null,"reasoning_content":"hm","tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"t2","type":"function","function":{"name":"g","arguments":"{}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}"#;
    assert_eq!(String::from_utf8(body).unwrap(), expected);
}

#[test]
fn annotations_of_a_stream_are_numbered_for_clients_that_gather_them() {
    let note = |url: &str| ChatEvent::Annotation {
        choice: 0,
        index: 0,
        kind: "annotation".to_owned(),
        json: format!(r#"{{"type":"url_citation","url_citation":{{"url":"{url}"}}}}"#),
    };
    let events = [open(0, PartKind::Text), delta(0, "a"), note("u"), note("v"), close(0)];
    let text = written(&answer(), &events);
    let (u, v) = (r#""url_citation":{"url":"u"}"#, r#""url_citation":{"url":"v"}"#);
    for (nth, note) in [u, v].into_iter().enumerate() {
        let delta = format!(
            r#""delta":{{"annotations":[{{"index":{nth},"type":"url_citation",{note}}}]}}"#
        );
        assert!(text.contains(&delta), "{text}");
    }
    let whole = String::from_utf8(Writer::new(&answer()).whole(&events)).unwrap();
    assert!(whole.contains(&format!(
        r#""annotations":[{{"type":"url_citation",{u}}},{{"type":"url_citation",{v}}}]"#
    )));
}

/// openai-python's `accumulate_delta` raises on the second item of a list without an `index`.
#[test]
fn pictures_are_numbered_for_clients_that_gather_them() {
    let image = || PartKind::Image { mime: "image/png".to_owned() };
    let events = [open(0, image()), delta(0, "AA=="), close(0), open(1, image()), close(1)];
    let first =
        r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="},"index":0}"#;
    let second = r#"{"type":"image_url","image_url":{"url":"data:image/png;base64,"},"index":1}"#;
    let stream = written(&answer(), &events);
    for picture in [first, second] {
        assert!(stream.contains(&format!(r#""delta":{{"images":[{picture}]}}"#)), "{stream}");
    }
    let body = String::from_utf8(Writer::new(&answer()).whole(&events)).unwrap();
    assert!(body.contains(&format!(r#""images":[{first},{second}]"#)), "{body}");
}

#[test]
fn a_picture_at_an_address_is_not_dropped_in_silence() {
    let image = r#"{"images":[{"type":"image_url","image_url":{"url":"https://h/i"}}]}"#;
    let events = stream(&chunks(&[image], "\"stop\"")).unwrap();
    let mut writer = Writer::new(&answer());
    writer.whole(&events);
    assert_eq!(writer.losses(), ["answer.vendor_parts"]);
}

#[test]
fn sources_of_other_dialects_are_placed_among_the_texts() {
    let cite = |index| ChatEvent::Annotation {
        choice: 0,
        index,
        kind: "citation".to_owned(),
        json: r#"{"type":"web_search_result_location","url":"u","title":"t"}"#.to_owned(),
    };
    let events = [
        open(0, PartKind::Text),
        delta(0, "né "),
        close(0),
        open(1, PartKind::Text),
        cite(1),
        delta(1, "a"),
        delta(1, "b"),
        close(1),
    ];
    let note = r#""type":"url_citation","url_citation":{"start_index":3,"end_index":5,"url":"u","title":"t"}"#;
    let text = written(&answer(), &events);
    assert!(
        text.contains(&format!(r#""delta":{{"annotations":[{{"index":0,{note}}}]}}"#)),
        "{text}"
    );
    let mut writer = Writer::new(&answer());
    let whole = String::from_utf8(writer.whole(&events)).unwrap();
    assert!(whole.contains(&format!(r#""annotations":[{{{note}}}]"#)), "{whole}");
    assert!(writer.losses().is_empty());
}

#[test]
fn usage_goes_out_only_when_asked_for() {
    let answer = Answer { include_usage: false, ..answer() };
    let text = written(&answer, &events());
    assert!(!text.contains("usage") && text.ends_with("data: [DONE]\n\n"));
}

#[test]
fn the_begin_is_a_preamble_of_its_own() {
    let begin = ChatEvent::Begin { id: String::new(), model: "up".to_owned() };
    let answer = Answer { id: "req_9".to_owned(), model: Some("fast".to_owned()), ..answer() };
    let mut out = Vec::new();
    Writer::new(&answer).event(&begin, &mut out);
    let expected = "data: {\"id\":\"chatcmpl-req_9\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":\"fast\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn a_declared_custom_tool_is_called_with_its_text() {
    let answer = Answer { custom_tools: vec!["f".to_owned()], ..answer() };
    let events = [
        open(0, tool("t", "f")),
        delta(0, r#"{"input":"*** "#),
        delta(0, r#"Begin\n"}"#),
        close(0),
        ChatEvent::Finish { choice: 0, reason: Finish::ToolCalls, stop: None },
    ];
    let text = written(&answer, &events);
    assert!(
        text.contains(r#"{"index":0,"id":"t","type":"custom","custom":{"name":"f","input":""}}"#)
    );
    assert!(text.contains(r#"{"index":0,"custom":{"input":"*** Begin\n"}}"#));
    let body = String::from_utf8(Writer::new(&answer).whole(&events)).unwrap();
    assert!(
        body.contains(r#"{"id":"t","type":"custom","custom":{"name":"f","input":"*** Begin\n"}}"#)
    );
}

#[test]
fn an_older_client_is_answered_in_the_older_form() {
    let answer = Answer { legacy_functions: true, ..answer() };
    let mut writer = Writer::new(&answer);
    let mut out = Vec::new();
    events().iter().for_each(|event| writer.event(event, &mut out));
    let text = String::from_utf8(out).unwrap();
    let calls: Vec<&str> = text
        .split("\"delta\":")
        .filter(|rest| rest.starts_with("{\"function_call\""))
        .map(|rest| rest.split(",\"finish_reason\"").next().unwrap())
        .collect();
    let expected = [
        r#"{"function_call":{"name":"f","arguments":""}}"#,
        r#"{"function_call":{"arguments":"{\"x\""}}"#,
        r#"{"function_call":{"arguments":":1}"}}"#,
    ];
    assert_eq!(calls, expected);
    assert!(text.contains(r#""delta":{},"finish_reason":"function_call""#), "{text}");
    assert!(!text.contains("tool_calls"), "{text}");
    // The form has room for one call, and there were two.
    assert_eq!(writer.losses(), ["answer.tool_calls"]);

    let mut writer = Writer::new(&answer);
    let body = String::from_utf8(writer.whole(&events())).unwrap();
    let call = r#""reasoning_content":"hm","function_call":{"name":"f","arguments":"{\"x\":1}"}},"logprobs":null,"finish_reason":"function_call""#;
    assert!(body.contains(call) && !body.contains("tool_calls"), "{body}");
    assert_eq!(writer.losses(), ["answer.tool_calls"]);
}

#[test]
fn an_older_call_without_arguments_has_empty_ones() {
    let answer = Answer { legacy_functions: true, ..answer() };
    let events = [open(0, tool("t", "f")), close(0)];
    let text = written(&answer, &events);
    assert!(text.contains(r#"{"function_call":{"arguments":"{}"}}"#), "{text}");
    let body = String::from_utf8(Writer::new(&answer).whole(&events)).unwrap();
    assert!(body.contains(r#""function_call":{"name":"f","arguments":"{}"}"#), "{body}");
}

#[test]
fn what_the_dialect_has_no_word_for_is_named_once() {
    let (choice, index) = (0, 0);
    let seal = |kind| ChatEvent::Seal { choice, index, seal: Seal { kind, bytes: "x".into() } };
    let note = |kind: &str| ChatEvent::Annotation {
        choice,
        index,
        kind: kind.to_owned(),
        json: "{}".to_owned(),
    };
    let finish = |reason, stop: Option<&str>| ChatEvent::Finish {
        choice,
        reason,
        stop: stop.map(Into::into),
    };
    let vendor = |kind: &str| open(0, PartKind::Vendor { kind: kind.to_owned() });
    for (event, expected) in [
        (seal(SealKind::Signature), Some("answer.signature")),
        (seal(SealKind::Redacted), Some("answer.redacted_reasoning")),
        (seal(SealKind::Encrypted), Some("answer.encrypted_reasoning")),
        (note("citation"), Some("answer.citations")),
        (note("anything"), Some("answer.annotations")),
        (vendor("server_tool_use"), Some("answer.vendor_parts")),
        (finish(Finish::StopSequence, Some(".")), Some("answer.stop_sequence")),
        (finish(Finish::Pause, None), Some("answer.pause")),
        (note("annotation"), None),
        (note("logprobs"), None),
        (vendor("audio"), None),
        (open(0, PartKind::Image { mime: "image/png".to_owned() }), None),
        (open(0, PartKind::Audio { id: "a".to_owned() }), None),
        (finish(Finish::Refused, None), None),
    ] {
        let events = [event.clone(), event];
        let (mut stream, mut whole) = (Writer::new(&answer()), Writer::new(&answer()));
        events.iter().for_each(|event| stream.event(event, &mut Vec::new()));
        whole.whole(&events);
        let expected: Vec<&str> = expected.into_iter().collect();
        assert_eq!(stream.losses(), expected, "{events:?}");
        assert_eq!(whole.losses(), expected, "{events:?}");
    }
}

#[test]
fn refusals_and_filters_end_differently() {
    let finish = ChatEvent::Finish { choice: 0, reason: Finish::Refused, stop: None };
    let filtered = written(&answer(), std::slice::from_ref(&finish));
    assert!(filtered.contains(r#""finish_reason":"content_filter""#));
    let refused = [open(0, PartKind::Refusal), delta(0, "no"), close(0), finish];
    assert!(written(&answer(), &refused).contains(r#""finish_reason":"stop""#));
    let body = String::from_utf8(Writer::new(&answer()).whole(&refused)).unwrap();
    assert!(
        body.contains(r#""content":null,"refusal":"no""#)
            && body.contains(r#""finish_reason":"stop""#)
    );
}

#[test]
fn log_probabilities_of_a_stream_are_joined() {
    let note = |json: &str| ChatEvent::Annotation {
        choice: 0,
        index: 0,
        kind: "logprobs".to_owned(),
        json: json.to_owned(),
    };
    let events = [
        open(0, PartKind::Text),
        note(r#"{"content":[1],"refusal":null}"#),
        note(r#"{"content":[2],"refusal":null}"#),
    ];
    let body = String::from_utf8(Writer::new(&answer()).whole(&events)).unwrap();
    assert!(body.contains(r#""logprobs":{"content":[1,2],"refusal":null}"#), "{body}");
}

/// By choice and index.
type Parts = BTreeMap<(u32, u32), (PartKind, String)>;

/// What an answer comes to: its parts in order, and its finish. Deltas are joined.
fn outcome(events: &[ChatEvent]) -> (Parts, Vec<ChatEvent>) {
    let mut parts = BTreeMap::new();
    let mut rest = Vec::new();
    let mut open: Option<(u32, u32)> = None;
    for event in events {
        match event {
            ChatEvent::Open { choice, index, part } => {
                assert_eq!(open.replace((*choice, *index)), None, "parts overlap");
                parts.insert((*choice, *index), (part.clone(), String::new()));
            }
            ChatEvent::Delta { choice, index, text } => {
                assert_eq!(open, Some((*choice, *index)), "a delta outside its part");
                parts.get_mut(&(*choice, *index)).unwrap().1 += text;
            }
            ChatEvent::Close { choice, index } => assert_eq!(open.take(), Some((*choice, *index))),
            other => rest.push(other.clone()),
        }
    }
    assert_eq!(open, None, "a part stays open");
    (parts, rest)
}

/// An answer of several parts, each cut into pieces.
fn any_answer() -> impl Strategy<Value = Vec<ChatEvent>> {
    let piece = prop::collection::vec(".{1,6}", 1..4);
    let part = prop_oneof![
        Just((None, String::new())),
        Just((Some(PartKind::Reasoning), String::new())),
        "[a-z]{1,6}".prop_map(|name| (Some(tool("", &name)), name)),
    ];
    prop::collection::vec((part, piece), 0..5).prop_map(|parts| {
        let mut events = vec![ChatEvent::Begin { id: "chatcmpl-1".into(), model: "m".into() }];
        let (mut index, mut called, mut last) = (0, false, None);
        // The dialect's order within a message: reasoning, then text, then calls.
        let (mut sorted, rank) = (parts, |kind: &Option<PartKind>| match kind {
            Some(PartKind::Reasoning) => 0,
            None => 1,
            _ => 2,
        });
        sorted.sort_by_key(|((kind, _), _)| rank(kind));
        for ((kind, name), pieces) in sorted {
            let part = match kind {
                Some(PartKind::ToolCall { .. }) => {
                    called = true;
                    tool(&format!("call_{index}"), &name)
                }
                kind => kind.unwrap_or(PartKind::Text),
            };
            if last.as_ref() == Some(&part) {
                continue;
            }
            let is_call = matches!(part, PartKind::ToolCall { .. });
            last = Some(part.clone());
            events.push(open(index, part));
            if is_call {
                let json = serde_json::to_string(&pieces).unwrap();
                let (head, tail) = json.split_at(json.floor_char_boundary(json.len() / 2));
                events.extend([delta(index, head), delta(index, tail)].into_iter().filter(
                    |event| !matches!(event, ChatEvent::Delta { text, .. } if text.is_empty()),
                ));
            } else {
                events.extend(pieces.iter().map(|piece| delta(index, piece)));
            }
            events.push(close(index));
            index += 1;
        }
        let reason = if called { Finish::ToolCalls } else { Finish::Length };
        events.push(ChatEvent::Finish { choice: 0, reason, stop: None });
        events.push(ChatEvent::Usage(Usage {
            input: 5,
            output: 9,
            reasoning: 2,
            ..Usage::default()
        }));
        events
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(events in any_answer()) {
        let again = stream(&written(&answer(), &events)).unwrap();
        prop_assert_eq!(outcome(&again), outcome(&events));
    }

    #[test]
    fn a_whole_answer_comes_to_the_same_as_its_stream(events in any_answer()) {
        let streamed = stream(&written(&answer(), &events)).unwrap();
        let body = Writer::new(&answer()).whole(&events);
        let whole = whole(std::str::from_utf8(&body).unwrap()).unwrap();
        let (mut parts, rest) = outcome(&streamed);
        if parts.is_empty() {
            parts = outcome(&whole).0;
        }
        prop_assert_eq!((parts, rest), outcome(&whole));
    }

    #[test]
    fn parts_never_overlap_however_deltas_come(order in prop::collection::vec((0..4_usize, any::<bool>()), 0..40)) {
        let mut deltas = Vec::new();
        let mut begun = [false; 4];
        for (which, closing) in order {
            let text = if closing { "}" } else { "{" };
            deltas.push(match which {
                3 => format!(r#"{{"content":"{text}"}}"#),
                which if begun[which] => format!(r#"{{"tool_calls":[{{"index":{which},"function":{{"arguments":"{text}"}}}}]}}"#),
                which => {
                    begun[which] = true;
                    format!(r#"{{"tool_calls":[{{"index":{which},"id":"c{which}","function":{{"name":"f","arguments":"{text}"}}}}]}}"#)
                }
            });
        }
        let deltas: Vec<&str> = deltas.iter().map(String::as_str).collect();
        if let Ok(events) = stream(&chunks(&deltas, r#""stop""#)) {
            outcome(&events);
        }
    }
}
