//! Streams passed on, in any chunks.

use bytes::Bytes;

use super::Carrier;
use crate::carry::{Answer, Carried, Carry, Seen};
use crate::error::{Fault, FaultKind};

const STREAM: &str = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hi\"}],\"role\": \"model\"},\"index\": 0}],\"modelVersion\": \"g\"}\r\n\r\ndata: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}]},\"finishReason\": \"STOP\"}],\"usageMetadata\": {\"promptTokenCount\": 3,\"candidatesTokenCount\": 2},\"modelVersion\": \"g\"}\r\n\r\n";

fn carried(stream: &str, answer: &Answer, size: usize) -> (String, Result<(), Fault>, Seen) {
    let mut carrier = Carrier::new(answer);
    let mut bytes = Vec::new();
    let chunks = stream.as_bytes().chunks(size).map(Some).chain([None]);
    for chunk in chunks {
        let mut out = Carried::default();
        match chunk {
            Some(chunk) => carrier.push(Bytes::copy_from_slice(chunk), &mut out),
            None => carrier.end(&mut out),
        }
        bytes.extend(out.bytes.concat());
        if let Some(end) = out.end {
            return (String::from_utf8(bytes).unwrap(), end, carrier.seen().clone());
        }
    }
    panic!("the end of the body ends the answer")
}

#[test]
fn frames_pass_as_they_came_in_any_chunks() {
    for size in [1, 2, 7, 64, 4096] {
        let (out, end, seen) = carried(STREAM, &Answer::default(), size);
        assert_eq!(out, STREAM, "{size}");
        assert_eq!(end, Ok(()));
        assert!(seen.semantic && seen.repairs.is_empty() && seen.content_bytes == 0);
        let usage = seen.usage.unwrap();
        assert_eq!((usage.input, usage.output), (3, 2));
    }
}

#[test]
fn the_model_is_renamed_when_the_route_asks() {
    let answer = Answer { model: Some("fast".into()), ..Answer::default() };
    let (out, end, seen) = carried(STREAM, &answer, 9);
    assert_eq!(out, STREAM.replace(r#""modelVersion": "g""#, r#""modelVersion": "fast""#));
    assert_eq!((end, seen.repairs.len()), (Ok(()), 0));
}

#[test]
fn a_client_that_asked_for_a_list_gets_one() {
    let answer = Answer { list: true, ..Answer::default() };
    for size in [1, 4096] {
        let (out, end, _) = carried(STREAM, &answer, size);
        assert_eq!(end, Ok(()));
        let items: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
        assert_eq!(items.len(), 2);
        assert_eq!(items[1]["candidates"][0]["finishReason"], "STOP");
    }
}

#[test]
fn what_would_break_the_python_sdk_is_mended() {
    let stream = ": hello\n\nevent: x\ndata:{\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\ndata: [DONE]\n\n";
    let (out, end, seen) = carried(stream, &Answer::default(), 5);
    assert_eq!(out, "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\r\n\r\n");
    assert_eq!(end, Ok(()));
    assert_eq!(seen.repairs, ["comment", "frame", "done_marker"]);
}

#[test]
fn a_last_frame_without_its_blank_line_is_whole() {
    let (out, end, _) = carried(STREAM.trim_end(), &Answer::default(), 50);
    assert_eq!((&*out, end), (STREAM, Ok(())));
}

#[test]
fn a_stream_without_a_reason_was_cut() {
    let first = STREAM.split_inclusive("\r\n\r\n").next().unwrap();
    let (out, end, _) = carried(first, &Answer::default(), 50);
    assert_eq!(out, first);
    assert_eq!(end.unwrap_err().kind, FaultKind::Cut);
}

#[test]
fn errors_in_the_middle_or_in_place_of_a_stream_are_faults() {
    let error = r#"{"error":{"code":503,"message":"Busy","status":"UNAVAILABLE"}}"#;
    let first = STREAM.split_inclusive("\r\n\r\n").next().unwrap();
    let (out, end, _) = carried(&format!("{first}data: {error}\r\n\r\n"), &Answer::default(), 50);
    assert_eq!((&*out, end.unwrap_err().message), (first, "Busy".to_owned()));
    for body in [error.to_owned(), format!("[{error}]")] {
        let (out, end, _) = carried(&body, &Answer::default(), 50);
        assert_eq!((&*out, end.unwrap_err().code), ("", Some("UNAVAILABLE".to_owned())));
    }
    let (_, end, _) = carried("<html>", &Answer::default(), 50);
    assert_eq!(end.unwrap_err().kind, FaultKind::Unreadable);
}

#[test]
fn a_body_in_place_of_a_stream_is_one_frame() {
    let body = "{\n \"candidates\": [{\"finishReason\": \"STOP\"}]\n}\n";
    let (out, end, seen) = carried(body, &Answer::default(), 5);
    assert_eq!(out, "data: {  \"candidates\": [{\"finishReason\": \"STOP\"}] } \r\n\r\n");
    assert_eq!((end, &seen.repairs[..]), (Ok(()), &["not_streamed"][..]));
}
