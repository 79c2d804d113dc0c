//! What a client reads, byte for byte.

use wayleave_model::Usage;

use super::{Writer, answer, write_stream, write_whole};
use crate::carry::Answer;
use crate::chat::{ChatEvent, Finish, PartKind, Seal, SealKind, WriteEvents};

fn begin() -> ChatEvent {
    ChatEvent::Begin { id: "chatcmpl-7".to_owned(), model: "gpt".to_owned() }
}

fn part(index: u32, part: PartKind, text: &str, seal: Option<Seal>) -> Vec<ChatEvent> {
    let mut events = vec![ChatEvent::Open { choice: 0, index, part }];
    if !text.is_empty() {
        events.push(ChatEvent::Delta { choice: 0, index, text: text.to_owned() });
    }
    events.extend(seal.map(|seal| ChatEvent::Seal { choice: 0, index, seal }));
    events.push(ChatEvent::Close { choice: 0, index });
    events
}

fn finish(reason: Finish) -> ChatEvent {
    ChatEvent::Finish { choice: 0, reason, stop: None }
}

fn used(input: u64, output: u64) -> ChatEvent {
    ChatEvent::Usage(Usage { input, output, ..Usage::default() })
}

#[test]
fn a_stream_byte_for_byte() {
    let signed = Some(Seal { kind: SealKind::Signature, bytes: "Eq==".into() });
    let call = PartKind::ToolCall { id: "call_1".to_owned(), name: "f".to_owned(), custom: false };
    let mut events = vec![begin()];
    events.extend(part(0, PartKind::Reasoning, "hm", signed));
    events.extend(part(1, PartKind::Text, "Hi\n", None));
    events.extend(part(2, call, r#"{"a":1}"#, None));
    events.push(finish(Finish::ToolCalls));
    let usage = Usage { input: 20, cached: 5, output: 7, reasoning: 3, ..Usage::default() };
    events.push(ChatEvent::Usage(usage));
    let expected = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_chatcmpl-7","type":"message","role":"assistant","model":"gpt","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"Eq=="}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi\n"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: content_block_start
data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"call_1","name":"f","input":{}}}

event: content_block_delta
data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}

event: content_block_stop
data: {"type":"content_block_stop","index":2}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":15,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":7,"output_tokens_details":{"thinking_tokens":3}}}

event: message_stop
data: {"type":"message_stop"}

"#;
    assert_eq!(write_stream(&events, &answer()), expected);
}

#[test]
fn a_thought_without_a_proof_says_so_as_it_does_in_a_whole_answer() {
    let mut events = vec![begin()];
    events.extend(part(0, PartKind::Reasoning, "hm", None));
    events.push(finish(Finish::Stop));
    let stream = write_stream(&events, &answer());
    let delta = concat!(
        r#"{"type":"content_block_delta","index":0,"#,
        r#""delta":{"type":"signature_delta","signature":""}}"#,
        "\n\nevent: content_block_stop\n",
    );
    assert!(stream.contains(delta), "{stream}");
    assert!(write_whole(&events, &answer()).contains(r#""thinking":"hm","signature":"""#));
}

#[test]
fn a_body_byte_for_byte() {
    let redacted = Some(Seal { kind: SealKind::Redacted, bytes: "Rd".into() });
    let call = PartKind::ToolCall { id: "a:b".to_owned(), name: "f".to_owned(), custom: false };
    let mut events = vec![begin()];
    events.extend(part(0, PartKind::Reasoning, "", redacted));
    events.extend(part(1, PartKind::Text, "Hi", None));
    events.extend(part(2, call, "", None));
    events.push(used(3, 2));
    events.push(finish(Finish::Stop));
    let answer = Answer { model: Some("fast".to_owned()), ..answer() };
    let body = write_whole(&events, &answer);
    let id = body.split(r#""tool_use","id":""#).nth(1).unwrap().split('"').next().unwrap();
    assert!(id.starts_with("ab_") && id.len() == 11, "{id}");
    let expected = format!(
        concat!(
            r#"{{"id":"msg_chatcmpl-7","type":"message","role":"assistant","model":"fast","#,
            r#""content":[{{"type":"redacted_thinking","data":"Rd"}},{{"type":"text","text":"Hi"}},"#,
            r#"{{"type":"tool_use","id":"{}","name":"f","input":{{}}}}],"#,
            r#""stop_reason":"tool_use","stop_sequence":null,"usage":{{"input_tokens":3,"#,
            r#""cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2}}}}"#,
        ),
        id
    );
    assert_eq!(body, expected);
}

#[test]
fn free_text_for_a_tool_is_one_string_of_an_object() {
    let call = PartKind::ToolCall { id: "c".to_owned(), name: "patch".to_owned(), custom: true };
    let (choice, index) = (0, 0);
    let delta = |text: &str| ChatEvent::Delta { choice, index, text: text.to_owned() };
    let mut events = vec![begin(), ChatEvent::Open { choice, index, part: call }];
    events.extend([delta("a\"\n"), delta("ü")]);
    events.extend([ChatEvent::Close { choice, index }, finish(Finish::ToolCalls)]);
    let stream = write_stream(&events, &answer());
    let pieces = stream.lines().filter_map(|line| line.strip_prefix("data: ")).map(|data| {
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        data["delta"]["partial_json"].as_str().unwrap_or_default().to_owned()
    });
    assert_eq!(pieces.collect::<String>(), r#"{"input":"a\"\nü"}"#);
    assert!(write_whole(&events, &answer()).contains(r#""input":{"input":"a\"\nü"}"#));
}

#[test]
fn what_has_no_block_leaves_no_gap() {
    let encrypted = Some(Seal { kind: SealKind::Encrypted, bytes: "x".into() });
    let mut events = vec![begin()];
    events.extend(part(0, PartKind::Reasoning, "", encrypted));
    events.extend(part(1, PartKind::Image { mime: "image/png".to_owned() }, "AAAA", None));
    events.extend(part(2, PartKind::Vendor { kind: "other".to_owned() }, "{}", None));
    events.extend(part(3, PartKind::Text, "x", None));
    events.push(finish(Finish::Stop));
    let stream = write_stream(&events, &answer());
    assert_eq!(stream.matches("content_block_start\n").count(), 1);
    assert!(stream.contains(r#""index":0,"content_block":{"type":"text""#));
    assert!(write_whole(&events, &answer()).contains(r#""content":[{"type":"text","text":"x"}]"#));
}

/// What both ways of writing `events` name as lost.
fn lost(events: &[ChatEvent]) -> Vec<&'static str> {
    let (mut stream, mut whole) = (Writer::new(&answer()), Writer::new(&answer()));
    events.iter().for_each(|event| stream.event(event, &mut Vec::new()));
    whole.whole(events);
    assert_eq!(stream.losses(), whole.losses());
    stream.losses().to_vec()
}

#[test]
fn what_the_dialect_has_no_word_for_is_named_once() {
    let seal = |kind| Some(Seal { kind, bytes: "x".into() });
    let vendor = |kind: &str| PartKind::Vendor { kind: kind.to_owned() };
    let call = PartKind::ToolCall { id: "c".to_owned(), name: "f".to_owned(), custom: false };
    let audio = PartKind::Audio { id: "a".to_owned() };
    let image = PartKind::Image { mime: "image/png".to_owned() };
    for (kind, text, proof, expected) in [
        (PartKind::Reasoning, "hm", seal(SealKind::Encrypted), Some("answer.encrypted_reasoning")),
        (PartKind::Reasoning, "hm", seal(SealKind::Redacted), Some("answer.redacted_reasoning")),
        (call.clone(), "{}", seal(SealKind::Signature), Some("answer.signature")),
        (image, "AAAA", None, Some("answer.images")),
        (audio, "AAAA", None, Some("answer.audio")),
        (vendor("audio"), "{}", None, Some("answer.audio")),
        (vendor("other"), "{}", None, Some("answer.vendor_parts")),
        (vendor("server_tool_use"), "{}", None, None),
        (PartKind::Reasoning, "", seal(SealKind::Redacted), None),
        (PartKind::Reasoning, "hm", seal(SealKind::Signature), None),
        (PartKind::Refusal, "no", None, None),
        (call, "{}", None, None),
    ] {
        let events = [part(0, kind.clone(), text, proof.clone()), part(1, kind, text, proof)];
        let events = [vec![begin()], events.concat(), vec![finish(Finish::Stop)]].concat();
        assert_eq!(lost(&events), expected.into_iter().collect::<Vec<_>>(), "{events:?}");
    }
}

#[test]
fn notes_in_other_words_and_further_answers_are_named() {
    let note = |kind: &str, json: &str| {
        let (kind, json) = (kind.to_owned(), json.to_owned());
        ChatEvent::Annotation { choice: 0, index: 0, kind, json }
    };
    let own = note("citation", r#"{"type":"char_location"}"#);
    let open = |part| ChatEvent::Open { choice: 0, index: 0, part };
    let notes = [
        open(PartKind::Text),
        own.clone(),
        note("logprobs", "{}"),
        note("annotation", r#"{"type":"url_citation"}"#),
        ChatEvent::Finish { choice: 1, reason: Finish::Stop, stop: None },
    ];
    assert_eq!(lost(&notes), ["answer.logprobs", "answer.annotations", "answer.choices"]);
    assert_eq!(lost(&[open(PartKind::Reasoning), own]), ["answer.citations"]);
}

#[test]
fn an_id_is_never_missing() {
    let begin = ChatEvent::Begin { id: String::new(), model: "m".to_owned() };
    let call = PartKind::ToolCall { id: String::new(), name: "f".to_owned(), custom: false };
    let mut events = vec![begin];
    events.extend(part(0, call, "{}", None));
    events.push(finish(Finish::ToolCalls));
    for written in [write_stream(&events, &answer()), write_whole(&events, &answer())] {
        assert!(written.contains(r#""id":"msg_req_1""#), "{written}");
        assert!(written.contains(r#""id":"toolu_msg_req_1_0""#), "{written}");
    }
}

#[test]
fn usage_counts_whether_it_comes_first_or_last() {
    let text = part(0, PartKind::Text, "x", None);
    let early = [vec![begin(), used(9, 4)], text.clone(), vec![finish(Finish::Stop)]].concat();
    let late = [vec![begin()], text, vec![finish(Finish::Stop), used(9, 4)]].concat();
    let (early, late) = (write_stream(&early, &answer()), write_stream(&late, &answer()));
    let last = r#""usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":4}}"#;
    assert!(early.contains(last) && late.contains(last));
    // Clients add the figure of the end to that of the start.
    let start = r#""usage":{"input_tokens":9,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}"#;
    assert!(early.contains(start) && !late.contains(start));
}
