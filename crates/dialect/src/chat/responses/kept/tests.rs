//! What is kept of a request, and what a kept answer says.

use std::sync::Arc;

use super::*;
use crate::carry::Answer;
use crate::chat::responses::OpenAiResponses;
use crate::chat::{ChatEvent, ChatSurface, Finish, PartKind, WriteEvents};

const ID: &str = "resp_01kx2m8v7qf0y3rb5c9t6hj4de";

fn items(body: &str) -> Vec<(String, String)> {
    let items = input(&RawObject::read(body.as_bytes()).unwrap(), ID).unwrap();
    items.into_iter().map(|it| (it.id, it.json.get().to_owned())).collect()
}

#[test]
fn every_item_of_an_input_has_an_id_and_a_message_has_parts() {
    let text = items(r#"{"input":"say \"hi\""}"#);
    let id = "msg_kx2m8v7qf0y3rb5c9t6hj4de_i0";
    let content = r#"[{"type":"input_text","text":"say \"hi\""}]"#;
    let expected = format!(
        r#"{{"id":"{id}","type":"message","status":"completed","role":"user","content":{content}}}"#
    );
    assert_eq!(text, [(id.to_owned(), expected)]);
    let listed = items(
        r#"{"input":[{"role":"assistant","content":"a","phase":"final"},
            {"type":"function_call_output","call_id":"c","output":"1"},
            {"id":"msg_7","type":"message","role":"user","content":[],"status":"completed"}]}"#,
    );
    let ids: Vec<&str> = listed.iter().map(|(id, _)| &id[..id.len().min(4)]).collect();
    assert_eq!(ids, ["msg_", "fco_", "msg_"]);
    assert!(listed[0].1.contains(r#""phase":"final""#) && listed[0].1.contains("output_text"));
    assert!(listed[1].1.contains(&listed[1].0) && !listed[1].1.contains("status"));
    let whole =
        r#"{"id":"msg_7","type":"message","role":"user","content":[],"status":"completed"}"#;
    assert_eq!(listed[2], ("msg_7".to_owned(), whole.to_owned()));
    assert!(listed.iter().all(|(id, _)| id.len() <= 40));
    assert_eq!(items("{}"), []);
}

#[test]
fn an_item_that_only_names_another_is_a_reference() {
    let body = r#"{"input":[{"type":"item_reference","id":"rs_1"},{"id":"msg_1"},
        {"id":"msg_2","role":"user","content":"x"}]}"#;
    let items = input(&RawObject::read(body.as_bytes()).unwrap(), ID).unwrap();
    let named: Vec<_> = items.iter().map(|it| (it.id.as_str(), it.is_reference)).collect();
    assert_eq!(named, [("rs_1", true), ("msg_1", true), ("msg_2", false)]);
    for wrong in [r#"{"input":[7]}"#, r#"{"input":{}}"#] {
        assert!(input(&RawObject::read(wrong.as_bytes()).unwrap(), ID).is_err(), "{wrong}");
    }
}

#[test]
fn the_input_is_replaced_and_every_other_byte_stays() {
    let with = |body: &'static str, items: &[&str]| {
        let body = Bytes::from_static(body.as_bytes());
        let request = RawObject::read(&body).unwrap();
        String::from_utf8(with_input(&request, &body, items.iter().copied()).to_vec()).unwrap()
    };
    let body = r#"{ "model":"m", "previous_response_id":"r", "input":"x", "n":1.50 }"#;
    assert_eq!(with(body, &["{}", "7"]), r#"{ "model":"m", "input":[{},7], "n":1.50 }"#);
    let bare = r#"{"previous_response_id":"r","model":"m"}"#;
    assert_eq!(with(bare, &["{}"]), r#"{"input":[{}],"model":"m"}"#);
}

#[test]
fn it_is_stored_unless_the_client_says_otherwise() {
    let asks = |body: &str| is_to_be_stored(&RawObject::read(body.as_bytes()).unwrap());
    assert!(asks("{}") && asks(r#"{"store":null}"#) && asks(r#"{"store":true}"#));
    assert!(!asks(r#"{"store": false}"#));
}

fn events() -> Vec<ChatEvent> {
    vec![
        ChatEvent::Begin { id: "theirs".into(), model: "m".into() },
        ChatEvent::Open { choice: 0, index: 0, part: PartKind::Text },
        ChatEvent::Delta { choice: 0, index: 0, text: "data: \"store\":true\n".into() },
        ChatEvent::Close { choice: 0, index: 0 },
        ChatEvent::Finish { choice: 0, reason: Finish::Stop, stop: None },
    ]
}

fn writer() -> Box<dyn WriteEvents> {
    let request = r#"{"model":"m","metadata":{"k":"v"},"temperature":0.50,"store":true,
        "previous_response_id":"resp_0","tools":[{"store":true}],"text":null}"#;
    let request = RawObject::read(request.as_bytes()).unwrap();
    let stored = Some(Arc::new(Stored::new(ID.to_owned(), &request)));
    let answer = Answer { id: "req_1".into(), stored, ..Answer::default() };
    OpenAiResponses.writer(&answer)
}

#[test]
fn a_kept_answer_has_our_id_and_repeats_what_it_was_asked() {
    let whole = String::from_utf8(writer().whole(&events())).unwrap();
    let response = RawObject::read(whole.as_bytes()).unwrap();
    assert_eq!(response.raw("id"), Some(&*format!("\"{ID}\"")));
    for (name, json) in [
        ("store", "true"),
        ("metadata", r#"{"k":"v"}"#),
        ("temperature", "0.50"),
        ("previous_response_id", r#""resp_0""#),
        ("tools", r#"[{"store":true}]"#),
        ("text", r#"{"format":{"type":"text"}}"#),
        ("user", "null"),
    ] {
        assert_eq!(response.raw(name), Some(json), "{name}");
    }
    assert_eq!(output(&response).len(), 1);
    let unstored = whole_unstored(&Bytes::from(whole.clone()));
    let at = whole.find(r#""store":true,"temperature""#).unwrap();
    let expected = format!("{}false{}", &whole[..at + 8], &whole[at + 12..]);
    assert_eq!(unstored, expected);
}

#[test]
fn a_stream_says_so_from_its_beginning_and_can_take_it_back_at_its_end() {
    let (mut writer, mut out) = (writer(), Vec::new());
    events().iter().for_each(|event| writer.event(event, &mut out));
    let begun = String::from_utf8(out.clone()).unwrap();
    assert!(begun.contains(&format!(r#""response":{{"id":"{ID}""#)), "{begun}");
    assert_eq!(begun.matches(r#""store":true,"temperature""#).count(), 2, "{begun}");
    writer.end(&mut out);
    let response = ended(&out).unwrap();
    assert_eq!(RawObject::read(response.as_bytes()).unwrap().raw("status"), Some("\"completed\""));
    let unstored = stream_unstored(&Bytes::from(out.clone()));
    let (before, after) = (String::from_utf8(out).unwrap(), String::from_utf8(unstored.to_vec()));
    let at = before.rfind(r#""store":true,"temperature""#).unwrap();
    assert_eq!(after.unwrap(), format!("{}false{}", &before[..at + 8], &before[at + 12..]));
    assert_eq!(ended(b"event: x\n\n"), None);
    assert_eq!(stream_unstored(&Bytes::from_static(b"event: x\n\n")), "event: x\n\n");
}
