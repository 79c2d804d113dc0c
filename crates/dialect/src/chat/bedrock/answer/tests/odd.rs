//! Streams that go wrong, or not by the book.

use proptest::prelude::*;

use super::*;
use crate::error::FaultKind;

#[test]
fn an_exception_is_a_fault_with_its_name() {
    for name in [
        "internalServerException",
        "modelStreamErrorException",
        "validationException",
        "throttlingException",
        "serviceUnavailableException",
    ] {
        let fault = read_stream(&[
            ("messageStart", r#"{"role":"assistant"}"#),
            (name, r#"{"message":"why"}"#),
        ]);
        let fault = fault.unwrap_err();
        let told = (fault.kind, fault.code.as_deref(), &*fault.message);
        assert_eq!(told, (FaultKind::Reported, Some(name), "why"));
    }
}

#[test]
fn a_stream_without_a_reason_to_stop_was_cut() {
    let fault = read_stream(&[
        ("messageStart", r#"{"role":"assistant"}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"}}"#),
    ]);
    assert_eq!(fault.unwrap_err().kind, FaultKind::Cut);
}

#[test]
fn a_stream_without_usage_is_whole() {
    let events = read_stream(&[("messageStop", r#"{"stopReason":"max_tokens"}"#)]).unwrap();
    assert_eq!(events, [begin(), finish(Finish::Length)]);
}

#[test]
fn the_last_word_is_the_usage() {
    let mut reader = Reader::default();
    let mut out = Vec::new();
    let mut frame = |event: &'static [u8], data: &'static [u8]| {
        let frame = Frame { event: Bytes::from_static(event), data: Bytes::from_static(data) };
        reader.frame(&frame, &mut out).unwrap();
        reader.done()
    };
    assert!(!frame(b"messageStop", br#"{"stopReason":"end_turn"}"#));
    assert!(frame(b"metadata", br#"{"usage":{"inputTokens":1,"outputTokens":1}}"#));
}

#[test]
fn parts_that_are_not_closed_or_change_their_kind_do_not_overlap() {
    let events = read_stream(&[
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"t"}}}"#,
        ),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"b"}}"#),
        ("someNewEvent", "not even JSON"),
        ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"somethingNew":{}}}"#),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
    ]);
    let expected = [
        begin(),
        open(0, PartKind::Reasoning),
        delta(0, "t"),
        close(0),
        open(1, PartKind::Text),
        delta(1, "a"),
        close(1),
        open(2, PartKind::Text),
        delta(2, "b"),
        close(2),
        finish(Finish::Stop),
    ];
    assert_eq!(events.unwrap(), expected);
}

#[test]
fn half_a_surrogate_pair_is_replaced() {
    let events = read_stream(&[
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"\ud83d"}}"#),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
    ]);
    assert_eq!(events.unwrap()[2], delta(0, "\u{fffd}"));
}

#[test]
fn what_cannot_be_read_is_a_fault() {
    for event in [
        ("contentBlockDelta", "{"),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{}"}}}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"toolUse":7}}"#),
    ] {
        assert_eq!(read_stream(&[event]).unwrap_err().kind, FaultKind::Unreadable, "{event:?}");
    }
}

#[test]
fn a_broken_answer_is_told_after_what_it_consumed() {
    let mut reader = Reader::default();
    let mut out = Vec::new();
    let frame = |event: &'static [u8], data: &'static [u8]| Frame {
        event: Bytes::from_static(event),
        data: Bytes::from_static(data),
    };
    let stop = frame(b"messageStop", br#"{"stopReason":"malformed_model_output"}"#);
    assert_eq!(reader.frame(&stop, &mut out), Ok(()));
    let metadata = frame(b"metadata", br#"{"usage":{"inputTokens":3,"outputTokens":2}}"#);
    let fault = reader.frame(&metadata, &mut out).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("malformed_model_output"));
    assert_eq!(out.last(), Some(&usage(3, 2)));
}

/// What a provider may say, sense or nonsense.
const SAYINGS: [(&str, &str); 13] = [
    ("messageStart", r#"{"role":"assistant"}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"}}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"reasoningContent":{"text":"t"}}}"#),
    (
        "contentBlockDelta",
        r#"{"contentBlockIndex":1,"delta":{"reasoningContent":{"signature":"s"}}}"#,
    ),
    ("contentBlockDelta", r#"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{}"}}}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"citation":{}}}"#),
    ("contentBlockDelta", r#"{"contentBlockIndex":3,"delta":{"image":{"source":{"bytes":"AA"}}}}"#),
    (
        "contentBlockStart",
        r#"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}"#,
    ),
    ("contentBlockStart", r#"{"contentBlockIndex":3,"start":{"toolResult":{"toolUseId":"t"}}}"#),
    ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
    ("contentBlockStop", "{}"),
    ("messageStop", r#"{"stopReason":"end_turn"}"#),
    ("metadata", r#"{"usage":{"inputTokens":1,"outputTokens":1}}"#),
];

proptest! {
    #[test]
    fn whatever_is_said_parts_stay_apart_and_end(
        sayings in prop::collection::vec(prop::sample::select(&SAYINGS[..]), 0..12)
    ) {
        let (mut reader, mut out) = (Reader::default(), Vec::new());
        for (event, data) in sayings {
            let event = Bytes::from_static(event.as_bytes());
            let frame = Frame { event, data: Bytes::from_static(data.as_bytes()) };
            if reader.frame(&frame, &mut out).is_err() {
                break;
            }
        }
        let (mut part, mut next, mut finished) = (None, 0, false);
        for event in &out {
            match event {
                ChatEvent::Usage(_) => continue,
                ChatEvent::Begin { .. } => prop_assert_eq!(event, &out[0]),
                ChatEvent::Open { index, .. } => {
                    prop_assert_eq!((part, *index), (None, next));
                    part = Some(*index);
                    next += 1;
                }
                ChatEvent::Delta { index, .. }
                | ChatEvent::Seal { index, .. }
                | ChatEvent::Annotation { index, .. } => prop_assert_eq!(part, Some(*index)),
                ChatEvent::Close { index, .. } => prop_assert_eq!(part.take(), Some(*index)),
                ChatEvent::Finish { .. } => {
                    prop_assert_eq!((part, finished), (None, false));
                    finished = true;
                    continue;
                }
            }
            prop_assert!(!finished, "something follows the end: {event:?}");
        }
    }
}
