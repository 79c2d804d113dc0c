//! What clients of this dialect read, byte for byte.

use super::{answer, write_stream};
use crate::carry::Answer;
use crate::chat::gemini::answer::Writer;
use crate::chat::{ChatEvent, Finish, PartKind, Seal, SealKind, WriteEvents};
use wayleave_model::Usage;

fn events() -> Vec<ChatEvent> {
    let (choice, index) = (0, 1);
    let call = PartKind::ToolCall { id: "toolu_1".into(), name: "get".into(), custom: false };
    let seal = Seal { kind: SealKind::Signature, bytes: "AAAA".into() };
    vec![
        ChatEvent::Begin { id: "r1".into(), model: "claude".into() },
        ChatEvent::Open { choice, index: 0, part: PartKind::Reasoning },
        ChatEvent::Delta { choice, index: 0, text: "Hm".into() },
        ChatEvent::Seal { choice, index: 0, seal: seal.clone() },
        ChatEvent::Close { choice, index: 0 },
        ChatEvent::Open { choice, index, part: call },
        ChatEvent::Delta { choice, index, text: r#"{"x""#.into() },
        ChatEvent::Delta { choice, index, text: ":1.0}".into() },
        ChatEvent::Seal { choice, index, seal },
        ChatEvent::Close { choice, index },
        ChatEvent::Finish { choice, reason: Finish::ToolCalls, stop: None },
        ChatEvent::Usage(Usage {
            input: 9,
            cached: 4,
            output: 12,
            reasoning: 5,
            ..Usage::default()
        }),
    ]
}

const ENDING: &str = r#""usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"candidatesTokenCount":7,"thoughtsTokenCount":5,"totalTokenCount":21},"modelVersion":"claude","responseId":"r1"}"#;

fn chunks() -> Vec<String> {
    let part = |part: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{part}],"role":"model"}},"index":0}}],"modelVersion":"claude","responseId":"r1"}}"#
        )
    };
    let last = format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"text":""}}],"role":"model"}},"finishReason":"STOP","index":0}}],{ENDING}"#
    );
    vec![
        part(r#"{"text":"Hm","thought":true}"#),
        part(r#"{"text":"","thought":true,"thoughtSignature":"AAAA"}"#),
        part(
            r#"{"functionCall":{"id":"toolu_1","name":"get","args":{"x":1.0}},"thoughtSignature":"AAAA"}"#,
        ),
        last,
    ]
}

#[test]
fn a_text_that_goes_on_after_its_signature_is_two_parts() {
    let (choice, index) = (0, 0);
    let seal = Seal { kind: SealKind::Signature, bytes: "AAAA".into() };
    let said = |text: &str| ChatEvent::Delta { choice, index, text: text.into() };
    let body = Writer::new(&answer()).whole(&[
        ChatEvent::Open { choice, index, part: PartKind::Text },
        said("Hel"),
        ChatEvent::Seal { choice, index, seal },
        said("l"),
        said("o"),
        ChatEvent::Close { choice, index },
    ]);
    let parts = r#""parts":[{"text":"Hel","thoughtSignature":"AAAA"},{"text":"lo"}]"#;
    assert!(String::from_utf8(body).unwrap().contains(parts));
}

#[test]
fn a_stream_is_chunks_and_calls_go_out_whole() {
    let expected: String = chunks().iter().map(|it| format!("data: {it}\r\n\r\n")).collect();
    assert_eq!(write_stream(&events(), &answer()), expected);
}

#[test]
fn the_proof_of_a_thought_stands_on_the_call_that_follows() {
    let mut events = events();
    // The call has none of its own.
    events.remove(8);
    let [_, _, call, last] = &chunks()[..] else { panic!("four chunks") };
    let said = chunks()[0].clone();
    let expected: String =
        [&said, call, last].iter().map(|it| format!("data: {it}\r\n\r\n")).collect();
    assert_eq!(write_stream(&events, &answer()), expected);
    let body = String::from_utf8(Writer::new(&answer()).whole(&events)).unwrap();
    let parts = r#""parts":[{"text":"Hm","thought":true},{"functionCall":{"id":"toolu_1","name":"get","args":{"x":1.0}},"thoughtSignature":"AAAA"}]"#;
    assert!(body.contains(parts), "{body}");
}

#[test]
fn the_proof_of_a_thought_that_a_text_follows_stays_on_it() {
    let mut events = events();
    events.truncate(5);
    let (choice, index) = (0, 1);
    events.extend([
        ChatEvent::Open { choice, index, part: PartKind::Text },
        ChatEvent::Delta { choice, index, text: "Yes".into() },
        ChatEvent::Close { choice, index },
        ChatEvent::Finish { choice, reason: Finish::Stop, stop: None },
    ]);
    let stream = write_stream(&events, &answer());
    let proof = stream.find(r#"{"text":"","thought":true,"thoughtSignature":"AAAA"}"#);
    assert!(proof.is_some() && proof < stream.find(r#"{"text":"Yes"}"#), "{stream}");
    let body = String::from_utf8(Writer::new(&answer()).whole(&events)).unwrap();
    let parts = r#"[{"text":"Hm","thought":true,"thoughtSignature":"AAAA"},{"text":"Yes"}]"#;
    assert!(body.contains(parts), "{body}");
}

#[test]
fn a_list_is_one_json_document() {
    let answer = Answer { list: true, ..answer() };
    let out = write_stream(&events(), &answer);
    assert_eq!(out, format!("[{}]", chunks().join(",\r\n")));
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&out).unwrap().len(), 4);
}

#[test]
fn a_body_has_every_part() {
    let answer = Answer { model: Some("public".into()), ..answer() };
    let body = String::from_utf8(Writer::new(&answer).whole(&events())).unwrap();
    let expected = r#"{"candidates":[{"content":{"parts":[{"text":"Hm","thought":true,"thoughtSignature":"AAAA"},{"functionCall":{"id":"toolu_1","name":"get","args":{"x":1.0}},"thoughtSignature":"AAAA"}],"role":"model"},"finishReason":"STOP","index":0}],"#;
    assert_eq!(body, format!("{expected}{}", ENDING.replace("claude", "public")));
}

#[test]
fn what_has_no_word_is_named() {
    let (choice, index) = (0, 0);
    let mut writer = Writer::new(&answer());
    let mut out = Vec::new();
    for event in [
        ChatEvent::Open { choice, index, part: PartKind::Audio { id: "a".into() } },
        ChatEvent::Seal {
            choice,
            index,
            seal: Seal { kind: SealKind::Encrypted, bytes: "x".into() },
        },
        ChatEvent::Close { choice, index },
        ChatEvent::Open {
            choice,
            index: 1,
            part: PartKind::Vendor { kind: "server_tool_use".into() },
        },
        ChatEvent::Annotation { choice, index: 1, kind: "citation".into(), json: "{}".into() },
        ChatEvent::Close { choice, index: 1 },
    ] {
        writer.event(&event, &mut out);
    }
    assert!(out.is_empty());
    let expected =
        ["answer.audio", "answer.encrypted_reasoning", "answer.vendor_parts", "answer.citations"];
    assert_eq!(writer.losses(), expected);
}

#[test]
fn a_pause_and_a_stop_text_are_named_as_lost() {
    let finish = |reason, stop: Option<&str>| ChatEvent::Finish {
        choice: 0,
        reason,
        stop: stop.map(Into::into),
    };
    for (event, expected) in [
        (finish(Finish::Pause, None), &["answer.pause"][..]),
        (finish(Finish::StopSequence, Some("END")), &["answer.stop_sequence"]),
        (finish(Finish::Stop, None), &[]),
    ] {
        let (mut stream, mut whole) = (Writer::new(&answer()), Writer::new(&answer()));
        stream.event(&event, &mut Vec::new());
        whole.whole(std::slice::from_ref(&event));
        assert_eq!((stream.losses(), whole.losses()), (expected, expected));
    }
}

#[test]
fn sources_and_probabilities_stand_in_the_last_chunk() {
    let (choice, index) = (0, 0);
    let note = |kind: &str, json: &str| ChatEvent::Annotation {
        choice,
        index,
        kind: kind.into(),
        json: json.into(),
    };
    let cited = r#"{"type":"url_citation","url_citation":{"start_index":1,"end_index":3,"url":"u","title":"t"}}"#;
    let events = [
        ChatEvent::Open { choice, index, part: PartKind::Text },
        ChatEvent::Delta { choice, index, text: "añ".into() },
        note("logprobs", r#"{"content":[{"token":"a","logprob":-0.5}],"refusal":null}"#),
        ChatEvent::Delta { choice, index, text: "b".into() },
        note("annotation", cited),
        note("citation", r#"{"url":"u","title":"t"}"#),
        ChatEvent::Close { choice, index },
        ChatEvent::Finish { choice, reason: Finish::Stop, stop: None },
    ];
    let expected = concat!(
        r#""finishReason":"STOP","index":0,"groundingMetadata":{"groundingChunks":[{"web":{"uri":"u","title":"t"}}],"#,
        r#""groundingSupports":[{"segment":{"startIndex":1,"endIndex":4,"text":"ñb"},"groundingChunkIndices":[0]},"#,
        r#"{"segment":{"startIndex":0,"endIndex":4,"text":"añb"},"groundingChunkIndices":[0]}]},"avgLogprobs":-0.5,"logprobsResult":{"#,
    );
    let stream = write_stream(&events, &answer());
    let mut writer = Writer::new(&answer());
    let whole = String::from_utf8(writer.whole(&events)).unwrap();
    assert!(stream.contains(expected), "{stream}");
    assert!(whole.contains(expected), "{whole}");
    assert!(writer.losses().is_empty());
}
