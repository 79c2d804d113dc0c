//! Same-dialect streams: what passes as it came, and what does not.

use std::sync::Arc;

use super::*;
use crate::carry::{Carried, Carry, SealId};
use crate::error::FaultKind;

#[derive(Debug)]
struct Ours;

impl SealId for Ours {
    fn seal(&self, id: &str) -> String {
        format!("resp_ours_{id}")
    }
}

const STREAM: &str = concat!(
    "event: response.created\n",
    r#"data: {"type":"response.created", "sequence_number":0,"response":{"id": "resp_1","object":"response","status":"in_progress","model":"m","output":[],"x":1.50}}"#,
    "\n\nevent: response.output_item.added\n",
    r#"data: {"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","content":[]}}"#,
    "\n\nevent: response.output_text.delta\n",
    r#"data: {"type":"response.output_text.delta","sequence_number":10,"item_id":"msg_68af4030baa48193b0b43b4c2a176a1a0e6967589f080e78","output_index":0,"content_index":0,"delta":"hello","logprobs":[]}"#,
    "\n\nevent: response.output_text.done\n",
    r#"data: {"type":"response.output_text.done","sequence_number":11,"item_id":"msg_68af4030baa48193b0b43b4c2a176a1a0e6967589f080e78","output_index":0,"content_index":0,"text":"hello, and what else there may be of it","logprobs":[]}"#,
    "\n\nevent: response.web_search_call.searching\n",
    r#"data: {"type":"response.web_search_call.searching","item_id":"ws_1"}"#,
    "\n\nevent: response.completed\n",
    r#"data: {"type":"response.completed","response":{"id":"resp_1","status":"completed","model":"m","output":[{"id":"msg_1"}],"usage":{"input_tokens":3,"output_tokens":2,"total_tokens":5}}}"#,
    "\n\n",
);

fn carried(answer: &Answer, chunks: &[&str]) -> (String, Result<(), Fault>, Seen) {
    let mut carrier = Carrier::new(answer);
    let (mut text, mut end) = (Vec::new(), None);
    for chunk in chunks.iter().map(Some).chain([None]) {
        let mut out = Carried::default();
        match chunk {
            Some(chunk) => carrier.push(Bytes::copy_from_slice(chunk.as_bytes()), &mut out),
            None => carrier.end(&mut out),
        }
        text.extend(out.bytes.concat());
        end = out.end;
        if end.is_some() {
            break;
        }
    }
    (String::from_utf8(text).unwrap(), end.unwrap(), carrier.seen().clone())
}

#[test]
fn a_good_stream_is_the_same_bytes() {
    let (text, end, seen) = carried(&Answer::default(), &[STREAM]);
    assert_eq!((text.as_str(), end), (STREAM, Ok(())));
    assert!(seen.semantic && seen.repairs.is_empty() && seen.losses.is_empty());
    assert_eq!((seen.usage.map(|usage| usage.total()), seen.content_bytes), (Some(5), 0));
}

#[test]
fn only_the_id_and_the_model_change_and_only_where_asked() {
    let answer =
        Answer { ids: Some(Arc::new(Ours)), model: Some("fast".to_owned()), ..Answer::default() };
    let expected =
        STREAM.replace(r#""resp_1""#, r#""resp_ours_resp_1""#).replace(r#""m""#, r#""fast""#);
    let (text, end, seen) = carried(&answer, &[STREAM]);
    assert_eq!((text, end), (expected.clone(), Ok(())));
    assert!(seen.repairs.is_empty());
    for at in 1..STREAM.len() {
        let (first, second) = STREAM.split_at(at);
        assert_eq!(carried(&answer, &[first, second]).0, expected, "cut at {at}");
    }
}

#[test]
fn what_happens_before_the_answer_is_not_the_answer() {
    let created = STREAM.split_inclusive("\n\n").next().unwrap();
    let (text, end, seen) = carried(&Answer::default(), &[created]);
    assert_eq!((text.as_str(), end.unwrap_err().kind), (created, FaultKind::Cut));
    assert!(!seen.semantic);
}

#[test]
fn an_answer_that_is_cut_short_counts_what_passed() {
    let until = STREAM.find("event: response.web").unwrap();
    let (_, end, seen) = carried(&Answer::default(), &[&STREAM[..until]]);
    assert_eq!(end.unwrap_err().kind, FaultKind::Cut);
    assert_eq!((seen.usage, seen.content_bytes), (None, 5));
}

#[test]
fn frames_without_names_pass_and_the_end_is_found() {
    let bare: String = STREAM
        .lines()
        .filter(|line| !line.starts_with("event:"))
        .fold(String::new(), |all, line| all + line + "\n");
    let answer = Answer { ids: Some(Arc::new(Ours)), ..Answer::default() };
    let (text, end, _) = carried(&answer, &[&bare, "data: [DONE]\n\n"]);
    assert_eq!(text, bare.replace(r#""resp_1""#, r#""resp_ours_resp_1""#));
    assert_eq!(end, Ok(()));
}

#[test]
fn events_of_a_servers_own_pass_and_errors_in_another_form_do_not() {
    let ping = "event: ping\ndata: {}\n\ndata: {\"type\":\"keepalive\"}\n\n";
    let (text, end, seen) = carried(&Answer::default(), &[ping]);
    assert_eq!(
        (text.as_str(), end.unwrap_err().kind, seen.semantic),
        (ping, FaultKind::Cut, false)
    );
    let odd = "event: ping\ndata: {\"error\":{\"message\":\"m\"}}\n\n";
    let (text, end, _) = carried(&Answer::default(), &[odd]);
    assert_eq!((text.as_str(), end.unwrap_err().kind), ("", FaultKind::Reported));
}

#[test]
fn data_in_several_lines_is_found_too() {
    let answer = Answer { ids: Some(Arc::new(Ours)), ..Answer::default() };
    let frame = "event: response.completed\ndata: {\"type\":\"response.completed\",\ndata: \"response\":{\"id\":\"resp_1\"}}\n\n";
    let expected = "event: response.completed\ndata: {\"type\":\"response.completed\", \"response\":{\"id\":\"resp_ours_resp_1\"}}\n\n";
    assert_eq!(carried(&answer, &[frame]).0, expected);
}

#[test]
fn failures_are_faults_and_are_not_passed_on() {
    let cases = [
        r#"{"type":"response.failed","response":{"id":"r","error":{"code":"server_error","message":"m"}}}"#,
        r#"{"type":"error","code":"server_error","message":"m","sequence_number":1}"#,
    ];
    for case in cases {
        let (text, end, _) = carried(&Answer::default(), &[&format!("data: {case}\n\n")]);
        let fault = end.unwrap_err();
        assert_eq!((text.as_str(), fault.kind), ("", FaultKind::Reported));
        assert_eq!((fault.code.as_deref(), &*fault.message), (Some("server_error"), "m"));
    }
    let (_, end, _) = carried(&Answer::default(), &["<html>oops"]);
    assert_eq!(end.unwrap_err().kind, FaultKind::Unreadable);
}

#[test]
fn a_whole_body_becomes_a_stream_with_its_own_items() {
    let item = r#"{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"gAAA"}"#;
    let message = r#"{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","annotations":[],"text":"hi"}]}"#;
    let call = r#"{"id":"fc_1","type":"function_call","call_id":"c","name":"f","arguments":"{}"}"#;
    let body = format!(
        "{{\"id\":\"resp_1\",\n\"object\":\"response\",\"status\":\"completed\",\"model\":\"m\",\"output\":[{item},{message},{call}],\"usage\":{{\"input_tokens\":3,\"output_tokens\":2,\"total_tokens\":5}}}}"
    );
    let answer = Answer { ids: Some(Arc::new(Ours)), ..Answer::default() };
    let (text, end, seen) = carried(&answer, &[&body]);
    assert_eq!((end, seen.repairs.as_slice()), (Ok(()), &["not_streamed"][..]));
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(
        names,
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.output_item.done",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    for whole in [item, message, call] {
        assert!(text.contains(&format!(r#""item":{whole}}}"#)), "{whole}");
    }
    assert!(!text.contains(r#""id":"resp_1""#));
    let last = text.trim_end().rsplit("data: ").next().unwrap();
    let sealed = body.replace('\n', " ").replace(r#""resp_1""#, r#""resp_ours_resp_1""#);
    assert_eq!(
        last,
        format!(r#"{{"type":"response.completed","sequence_number":14,"response":{sealed}}}"#)
    );
}
