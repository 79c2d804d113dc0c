//! Streams passed on, and mended.

use proptest::prelude::*;

use super::*;
use crate::carry::{Carried, Carry};
use crate::error::FaultKind;

/// A stream as Anthropic sends it.
const GOOD: &str = r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"cache_read_input_tokens":5,"output_tokens":1}}       }

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""} }

event: ping
data: {"type": "ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"say \"usage\":null? \r\n ü"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM=="}    }

: a comment

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: future_event
data: {"type":"future_event","error":null}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":42}  }

event: message_stop
data: {"type":"message_stop" }

"#;

struct Outcome {
    bytes: String,
    end: Option<Result<(), Fault>>,
    seen: Seen,
}

fn carried(chunks: &[&[u8]], answer: &Answer) -> Outcome {
    let mut carrier = Carrier::new(answer);
    let mut bytes = Vec::new();
    let mut end = None;
    for chunk in chunks {
        let mut out = Carried::default();
        carrier.push(Bytes::copy_from_slice(chunk), &mut out);
        assert!(end.is_none() || out.bytes.is_empty(), "bytes after the end");
        bytes.extend(out.bytes.concat());
        end = end.or(out.end);
    }
    let mut out = Carried::default();
    carrier.end(&mut out);
    bytes.extend(out.bytes.concat());
    let end = end.or(out.end);
    Outcome { bytes: String::from_utf8(bytes).unwrap(), end, seen: carrier.seen().clone() }
}

fn whole(stream: &str) -> Outcome {
    carried(&[stream.as_bytes()], &Answer::default())
}

/// A stream between a good beginning and a good end.
fn around(frames: &str) -> (String, String, String) {
    let (start, rest) = GOOD.split_once("\n\n").unwrap();
    let (_, end) = rest.split_once("error\":null}\n\n").unwrap();
    (format!("{start}\n\n"), frames.to_owned(), end.to_owned())
}

#[test]
fn a_good_stream_goes_out_as_the_bytes_it_came_in() {
    let chunk = Bytes::from_static(GOOD.as_bytes());
    let mut carrier = Carrier::new(&Answer::default());
    let mut out = Carried::default();
    carrier.push(chunk.clone(), &mut out);
    assert_eq!(out.bytes, [&chunk]);
    assert_eq!(out.bytes[0].as_ptr(), chunk.as_ptr());
    assert_eq!(out.end, Some(Ok(())));
    assert!(carrier.seen().semantic && carrier.seen().repairs.is_empty());
    let usage = carrier.seen().usage.unwrap();
    assert_eq!((usage.input, usage.cached, usage.output), (15, 5, 42));
}

#[test]
fn the_beginning_and_pings_are_no_answer_yet() {
    let mut carrier = Carrier::new(&Answer::default());
    let mut out = Carried::default();
    let (start, _, _) = around("");
    let preamble = format!("{start}event: ping\ndata: {{\"type\": \"ping\"}}\n\n: x\n\n");
    carrier.push(preamble.into(), &mut out);
    assert!(!carrier.seen().semantic);
    assert_eq!(carrier.seen().usage.unwrap().input, 15);
    let text =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"12345"}}"#;
    carrier.push(format!("event: content_block_delta\ndata: {text}\n\n").into(), &mut out);
    assert!(carrier.seen().semantic);
    assert_eq!(carrier.seen().content_bytes, 5);
    assert_eq!(out.end, None);
}

#[test]
fn what_would_break_a_client_is_mended_and_named() {
    let stop = r#"{"type":"content_block_stop","index":0}"#;
    let good = format!("event: content_block_stop\ndata: {stop}\n\n");
    let cases = [
        (good.replace('\n', "\r\n"), good.clone(), "crlf"),
        (format!("data: {stop}\n\n"), good.clone(), "event_missing"),
        (format!("event: message\ndata:{stop}\n\n"), good.clone(), "event_missing"),
        (format!("event: content_block_stop\n: x\ndata: {stop}\n\n"), good.clone(), "comment"),
        (good.replace("\n\n", "\n") + &good, good.repeat(2), "frame_break"),
        ("data: [DONE]\n\n".to_owned(), String::new(), "done_marker"),
    ];
    for (sent, expected, repair) in cases {
        let (start, sent, end) = around(&sent);
        let outcome = whole(&format!("{start}{sent}{end}"));
        assert_eq!(outcome.bytes, format!("{start}{expected}{end}"), "{repair}");
        assert_eq!(outcome.seen.repairs, [repair]);
        assert_eq!(outcome.end, Some(Ok(())));
    }
}

#[test]
fn a_report_that_is_null_gets_its_figures() {
    for (sent, expected) in [
        (
            r#""usage":null"#,
            r#""usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":1}"#,
        ),
        (r#""usage":{"output_tokens":null,"x":1}"#, r#""usage":{"output_tokens":1,"x":1}"#),
    ] {
        let broken = GOOD.replace(r#""usage":{"output_tokens":42}"#, sent);
        let outcome = whole(&broken);
        let line = format!(
            r#"data: {{"type":"message_delta","delta":{{"stop_reason":"end_turn","stop_sequence":null}},{expected}  }}"#
        );
        assert!(outcome.bytes.contains(&line), "{}", outcome.bytes);
        assert_eq!(outcome.seen.repairs, ["usage_null"]);
        assert_eq!(outcome.bytes.len() + sent.len(), broken.len() + expected.len());
    }
    let (_, rest) = GOOD.split_once("\n\n").unwrap();
    let start = r#"event: message_start
data: {"type":"message_start","message":{"id":"m","content":[]}}

"#;
    let outcome = whole(&format!("{start}{rest}"));
    assert!(outcome.bytes.starts_with(
        r#"event: message_start
data: {"type":"message_start","message":{"usage":{"input_tokens":0,"#
    ));
}

#[test]
fn content_counts_until_it_is_reported() {
    let text =
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"12345"}}"#;
    let (start, text, end) = around(&format!("event: content_block_delta\ndata: {text}\n\n"));
    assert_eq!(whole(&format!("{start}{text}{end}")).seen.content_bytes, 0);
    let silent = end.replace(r#""usage":{"output_tokens":42}"#, r#""usage":null"#);
    let outcome = whole(&format!("{start}{text}{silent}"));
    assert_eq!((outcome.seen.content_bytes, outcome.seen.usage.unwrap().output), (5, 1));
}

#[test]
fn the_model_is_renamed_only_when_asked() {
    let answer = Answer { model: Some("fast \"x\"".to_owned()), ..Answer::default() };
    let outcome = carried(&[GOOD.as_bytes()], &answer);
    assert_eq!(outcome.bytes, GOOD.replace(r#""claude""#, r#""fast \"x\"""#));
    assert!(outcome.seen.repairs.is_empty());
}

#[test]
fn a_missing_last_word_is_added_but_never_a_missing_reason() {
    let (unstopped, _) = GOOD.split_once("event: message_stop").unwrap();
    let outcome = whole(unstopped);
    let stop = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    assert_eq!(outcome.bytes, format!("{unstopped}{stop}"));
    assert_eq!(outcome.end, Some(Ok(())));
    assert_eq!(outcome.seen.repairs, ["message_stop_missing"]);
    let (cut, _) = GOOD.split_once("event: message_delta").unwrap();
    for cut in [cut, &cut[..cut.len() - 1], &cut[..cut.len() - 10], "", "\n"] {
        let outcome = whole(cut);
        assert_eq!(outcome.end.unwrap().unwrap_err().kind, FaultKind::Cut, "{cut}");
    }
}

#[test]
fn a_last_frame_may_lack_its_blank_line() {
    let outcome = whole(GOOD.trim_end());
    assert_eq!(outcome.bytes, GOOD);
    assert_eq!(outcome.end, Some(Ok(())));
    assert_eq!(outcome.seen.repairs, ["frame_break"]);
}

#[test]
fn nothing_follows_the_last_word() {
    let outcome = whole(&format!("{GOOD}data: [DONE]\n\nevent: x\ndata: 1\n\n"));
    assert_eq!(outcome.bytes, GOOD);
    assert!(outcome.seen.repairs.is_empty());
}

#[test]
fn an_error_ends_the_stream_and_is_not_passed_on() {
    let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let openai = r#"{"error":{"message":"Overloaded","code":"overloaded_error"}}"#;
    for frame in [
        format!("event: error\ndata: {error}\n\n"),
        format!("data: {error}\n\n"),
        format!("data: {openai}\n\n"),
    ] {
        let (start, frame, _) = around(&frame);
        let outcome = whole(&format!("{start}{frame}"));
        assert_eq!(outcome.bytes, start);
        let fault = outcome.end.unwrap().unwrap_err();
        assert_eq!((fault.kind, &*fault.message), (FaultKind::Reported, "Overloaded"));
        assert_eq!(fault.code.as_deref(), Some("overloaded_error"));
    }
}

#[test]
fn a_body_that_is_no_stream_is_a_fault_or_made_one() {
    let fault = |body: &str| {
        let outcome = whole(body);
        assert_eq!(outcome.bytes, "");
        outcome.end.unwrap().unwrap_err()
    };
    assert_eq!(fault(" <html>").kind, FaultKind::Unreadable);
    assert_eq!(fault("{\"x\":1}").kind, FaultKind::Unreadable);
    let error = r#"{"type":"error","error":{"type":"api_error","message":"no"}}"#;
    assert_eq!(fault(error).kind, FaultKind::Reported);
    assert_eq!(fault("data: nonsense\n\n").kind, FaultKind::Unreadable);
    let body = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}"#;
    let outcome = whole(body);
    assert_eq!(outcome.end, Some(Ok(())));
    assert_eq!(outcome.seen.repairs, ["not_streamed"]);
    assert_eq!(outcome.seen.usage.unwrap().output, 2);
    assert!(outcome.bytes.starts_with("event: message_start\n"));
    assert!(outcome.bytes.ends_with(std::str::from_utf8(MESSAGE_STOP).unwrap()));
}

/// Frames good and bad.
fn any_stream() -> impl Strategy<Value = String> {
    let frames = [
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"long enough to count, ü, \\\"usage\\\"\"}}\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        ": comment\n\n",
        "\n",
        "data: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "event: content_block_stop\r\ndata: {\"type\":\"content_block_stop\",\"index\":0}\r\n\r\n",
        "event: ping\ndata: {\"type\": \"ping\"}\nevent: ping\ndata: {\"type\": \"ping\"}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":null}\n\n",
        "event: message_delta\n: x\ndata: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":7}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"no\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_",
    ];
    let start = GOOD.split_once("\n\n").unwrap().0.to_owned() + "\n\n";
    proptest::collection::vec(proptest::sample::select(frames.to_vec()), 0..10)
        .prop_map(move |frames| format!("{start}{}", frames.concat()))
}

/// `stream` in chunks cut at `cuts`.
fn chunks<'s>(stream: &'s [u8], cuts: &[proptest::sample::Index]) -> Vec<&'s [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect()
}

/// The frames; blank lines between them more than one say nothing.
fn frames_of(stream: &str) -> Vec<&str> {
    stream.split("\n\n").map(|frame| frame.trim_matches('\n')).filter(|f| !f.is_empty()).collect()
}

/// What was seen, whatever the order. Line ends after the last word count or not by chance.
fn told(mut seen: Seen) -> String {
    seen.repairs.retain(|repair| *repair != "crlf");
    seen.repairs.sort_unstable();
    format!("{seen:?}")
}

proptest! {
    #[test]
    fn a_good_stream_is_the_same_in_any_pieces(
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..40),
    ) {
        let outcome = carried(&chunks(GOOD.as_bytes(), &cuts), &Answer::default());
        prop_assert_eq!(outcome.bytes, GOOD);
        prop_assert_eq!(outcome.end, Some(Ok(())));
        prop_assert_eq!(format!("{:?}", outcome.seen), format!("{:?}", whole(GOOD).seen));
    }

    #[test]
    fn any_stream_is_the_same_in_any_pieces(
        stream in any_stream(),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..40),
    ) {
        let expected = whole(&stream);
        let outcome = carried(&chunks(stream.as_bytes(), &cuts), &Answer::default());
        prop_assert_eq!(frames_of(&outcome.bytes), frames_of(&expected.bytes));
        prop_assert_eq!(outcome.end, expected.end);
        prop_assert_eq!(told(outcome.seen), told(expected.seen));
    }
}
