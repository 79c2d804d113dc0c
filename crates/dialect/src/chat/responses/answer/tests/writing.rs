//! Events, as a client reads them.

use std::sync::Arc;

use wayleave_model::Usage;

use super::*;
use crate::carry::SealId;
use crate::chat::Finish;

fn begin() -> ChatEvent {
    ChatEvent::Begin { id: "msg_up".to_owned(), model: "claude".to_owned() }
}

fn finish(reason: Finish) -> ChatEvent {
    ChatEvent::Finish { choice: 0, reason, stop: None }
}

/// The data of the frames, without what only the first two and the last hold.
fn middle(frames: &[(String, String)]) -> Vec<&str> {
    frames[2..frames.len() - 1].iter().map(|(_, data)| data.as_str()).collect()
}

#[test]
fn a_text_is_written_event_by_event() {
    let usage = Usage { input: 9, output: 2, ..Usage::default() };
    let events = [
        begin(),
        open(0, PartKind::Text),
        delta(0, "Hi"),
        delta(0, " \"you\""),
        close(0),
        finish(Finish::Stop),
        ChatEvent::Usage(usage),
    ];
    let frames = write(&answer(), &events);
    assert!(frames.iter().all(|(name, data)| {
        data.starts_with(&format!(r#"{{"type":"{name}","sequence_number":"#))
    }));
    assert_eq!(
        frames[0].1,
        r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_msg_up","object":"response","created_at":1750000000,"status":"in_progress","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"model":"claude","output":[],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"store":false,"temperature":null,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":null,"truncation":"disabled","usage":null,"user":null,"metadata":{}}}"#
    );
    assert_eq!(frames[1].0, "response.in_progress");
    assert_eq!(
        middle(&frames),
        [
            r#"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"msg_req01ab_0","type":"message","status":"in_progress","content":[],"role":"assistant"}}"#,
            r#"{"type":"response.content_part.added","sequence_number":3,"item_id":"msg_req01ab_0","output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""}}"#,
            r#"{"type":"response.output_text.delta","sequence_number":4,"item_id":"msg_req01ab_0","output_index":0,"content_index":0,"delta":"Hi","logprobs":[]}"#,
            r#"{"type":"response.output_text.delta","sequence_number":5,"item_id":"msg_req01ab_0","output_index":0,"content_index":0,"delta":" \"you\"","logprobs":[]}"#,
            r#"{"type":"response.output_text.done","sequence_number":6,"item_id":"msg_req01ab_0","output_index":0,"content_index":0,"text":"Hi \"you\"","logprobs":[]}"#,
            r#"{"type":"response.content_part.done","sequence_number":7,"item_id":"msg_req01ab_0","output_index":0,"content_index":0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":"Hi \"you\""}}"#,
            r#"{"type":"response.output_item.done","sequence_number":8,"output_index":0,"item":{"id":"msg_req01ab_0","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hi \"you\""}],"role":"assistant"}}"#,
        ]
    );
    assert_eq!(
        frames[9],
        (
            "response.completed".to_owned(),
            r#"{"type":"response.completed","sequence_number":9,"response":{"id":"resp_msg_up","object":"response","created_at":1750000000,"status":"completed","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"model":"claude","output":[{"id":"msg_req01ab_0","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hi \"you\""}],"role":"assistant"}],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"store":false,"temperature":null,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":null,"truncation":"disabled","usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":11},"user":null,"metadata":{}}}"#.to_owned(),
        )
    );
}

#[test]
fn a_thought_has_a_summary_and_a_seal() {
    let events = [
        begin(),
        open(0, PartKind::Reasoning),
        delta(0, "Hm."),
        sealed(0, SealKind::Encrypted, "gAAA"),
        close(0),
        // Nothing came of this one.
        open(1, PartKind::Reasoning),
        close(1),
        // And of this one nothing that can be read.
        open(2, PartKind::Reasoning),
        sealed(2, SealKind::Encrypted, "gBBB"),
        close(2),
        finish(Finish::Stop),
    ];
    assert_eq!(
        middle(&write(&answer(), &events)),
        [
            r#"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"rs_req01ab_0","type":"reasoning","summary":[]}}"#,
            r#"{"type":"response.reasoning_summary_part.added","sequence_number":3,"item_id":"rs_req01ab_0","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
            r#"{"type":"response.reasoning_summary_text.delta","sequence_number":4,"item_id":"rs_req01ab_0","output_index":0,"summary_index":0,"delta":"Hm."}"#,
            r#"{"type":"response.reasoning_summary_text.done","sequence_number":5,"item_id":"rs_req01ab_0","output_index":0,"summary_index":0,"text":"Hm."}"#,
            r#"{"type":"response.reasoning_summary_part.done","sequence_number":6,"item_id":"rs_req01ab_0","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"Hm."}}"#,
            r#"{"type":"response.output_item.done","sequence_number":7,"output_index":0,"item":{"id":"rs_req01ab_0","type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"gAAA"}}"#,
            r#"{"type":"response.output_item.added","sequence_number":8,"output_index":1,"item":{"id":"rs_req01ab_1","type":"reasoning","summary":[]}}"#,
            r#"{"type":"response.output_item.done","sequence_number":9,"output_index":1,"item":{"id":"rs_req01ab_1","type":"reasoning","summary":[],"encrypted_content":"gBBB"}}"#,
        ]
    );
}

#[test]
fn calls_of_functions_of_namespaces_and_of_custom_tools() {
    let answer = Answer { custom_tools: vec!["apply_patch".to_owned()], ..answer() };
    let events = [
        begin(),
        open(0, call("toolu_1", "mcp__x_-_create", false)),
        delta(0, "{\"a\":1}"),
        close(0),
        // A function stands for the custom tool: its input comes at once, without its envelope.
        open(1, call("toolu_1", "apply_patch", false)),
        delta(1, "{\"input\":"),
        delta(1, "\"*** Begin\"}"),
        close(1),
        open(2, call("", "noop", false)),
        close(2),
        finish(Finish::ToolCalls),
    ];
    assert_eq!(
        middle(&write(&answer, &events)),
        [
            r#"{"type":"response.output_item.added","sequence_number":2,"output_index":0,"item":{"id":"fc_req01ab_0","type":"function_call","status":"in_progress","arguments":"","call_id":"toolu_1","name":"create","namespace":"mcp__x"}}"#,
            r#"{"type":"response.function_call_arguments.delta","sequence_number":3,"item_id":"fc_req01ab_0","output_index":0,"delta":"{\"a\":1}"}"#,
            r#"{"type":"response.function_call_arguments.done","sequence_number":4,"item_id":"fc_req01ab_0","output_index":0,"arguments":"{\"a\":1}"}"#,
            r#"{"type":"response.output_item.done","sequence_number":5,"output_index":0,"item":{"id":"fc_req01ab_0","type":"function_call","status":"completed","arguments":"{\"a\":1}","call_id":"toolu_1","name":"create","namespace":"mcp__x"}}"#,
            // Two calls of one id are refused by SDKs.
            r#"{"type":"response.output_item.added","sequence_number":6,"output_index":1,"item":{"id":"ctc_req01ab_1","type":"custom_tool_call","status":"in_progress","input":"","call_id":"call_req01ab_1","name":"apply_patch"}}"#,
            r#"{"type":"response.custom_tool_call_input.delta","sequence_number":7,"item_id":"ctc_req01ab_1","output_index":1,"delta":"*** Begin"}"#,
            r#"{"type":"response.custom_tool_call_input.done","sequence_number":8,"item_id":"ctc_req01ab_1","output_index":1,"input":"*** Begin"}"#,
            r#"{"type":"response.output_item.done","sequence_number":9,"output_index":1,"item":{"id":"ctc_req01ab_1","type":"custom_tool_call","status":"completed","input":"*** Begin","call_id":"call_req01ab_1","name":"apply_patch"}}"#,
            r#"{"type":"response.output_item.added","sequence_number":10,"output_index":2,"item":{"id":"fc_req01ab_2","type":"function_call","status":"in_progress","arguments":"","call_id":"call_req01ab_2","name":"noop"}}"#,
            r#"{"type":"response.function_call_arguments.delta","sequence_number":11,"item_id":"fc_req01ab_2","output_index":2,"delta":"{}"}"#,
            r#"{"type":"response.function_call_arguments.done","sequence_number":12,"item_id":"fc_req01ab_2","output_index":2,"arguments":"{}"}"#,
            r#"{"type":"response.output_item.done","sequence_number":13,"output_index":2,"item":{"id":"fc_req01ab_2","type":"function_call","status":"completed","arguments":"{}","call_id":"call_req01ab_2","name":"noop"}}"#,
        ]
    );
}

#[test]
fn texts_that_follow_each_other_are_parts_of_one_message() {
    let events = [
        begin(),
        open(0, PartKind::Text),
        note(0, "citation", r#"{"type":"web_search_result_location","url":"u","title":"t"}"#),
        delta(0, "héy"),
        close(0),
        open(1, PartKind::Refusal),
        delta(1, "No."),
        close(1),
        finish(Finish::Refused),
    ];
    let frames = write(&answer(), &events);
    let names: Vec<&str> = frames.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names[2..],
        [
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.annotation.added",
            "response.output_text.done",
            "response.content_part.done",
            "response.content_part.added",
            "response.refusal.delta",
            "response.refusal.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    assert!(frames[5].1.ends_with(r#""content_index":0,"annotation_index":0,"annotation":{"type":"url_citation","start_index":0,"end_index":3,"url":"u","title":"t"}}"#));
    assert!(frames[12].1.ends_with(r#""content":[{"type":"output_text","annotations":[{"type":"url_citation","start_index":0,"end_index":3,"url":"u","title":"t"}],"logprobs":[],"text":"héy"},{"type":"refusal","refusal":"No."}],"role":"assistant"}}"#));
}

#[test]
fn an_answer_that_was_cut_is_incomplete_and_so_is_its_last_item() {
    for (reason, word) in
        [(Finish::Length, "max_output_tokens"), (Finish::Refused, "content_filter")]
    {
        let events = [begin(), open(0, PartKind::Text), delta(0, "Hi"), close(0), finish(reason)];
        let frames = write(&answer(), &events);
        let (name, data) = frames.last().unwrap();
        assert_eq!(name, "response.incomplete");
        assert!(data.contains(r#""status":"incomplete","background""#));
        assert!(data.contains(&format!(r#""incomplete_details":{{"reason":"{word}"}}"#)));
        assert!(data.contains(r#""type":"message","status":"incomplete""#));
    }
}

#[test]
fn an_empty_answer_is_an_answer() {
    let frames = write(&answer(), &[finish(Finish::Stop)]);
    let names: Vec<&str> = frames.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["response.created", "response.in_progress", "response.completed"]);
    assert!(
        frames[2].1.contains(r#""id":"resp_req_01ab""#) && frames[2].1.contains(r#""output":[]"#)
    );
}

#[test]
fn the_id_is_sealed_wherever_it_stands_and_the_model_is_the_routes() {
    #[derive(Debug)]
    struct Ours;
    impl SealId for Ours {
        fn seal(&self, id: &str) -> String {
            format!("resp_ours_{id}")
        }
    }
    let answer = Answer { ids: Some(Arc::new(Ours)), model: Some("fast".to_owned()), ..answer() };
    let frames = write(&answer, &[begin(), finish(Finish::Stop)]);
    for (_, data) in &frames {
        assert!(data.contains(r#""id":"resp_ours_msg_up""#) && data.contains(r#""model":"fast""#));
    }
    let mut writer = Writer::new(&answer);
    let body = String::from_utf8(writer.whole(&[begin(), finish(Finish::Stop)])).unwrap();
    assert!(body.starts_with(r#"{"id":"resp_ours_msg_up","object":"response""#));
}

#[test]
fn what_has_no_place_is_named() {
    let events = [
        begin(),
        open(0, PartKind::Reasoning),
        delta(0, "Hm."),
        sealed(0, SealKind::Signature, "sig"),
        close(0),
        open(1, PartKind::Audio { id: "a".to_owned() }),
        delta(1, "aGk="),
        close(1),
        open(2, PartKind::Vendor { kind: "server_tool_use".to_owned() }),
        delta(2, "{}"),
        close(2),
        open(3, PartKind::Text),
        note(3, "citation", r#"{"type":"char_location"}"#),
        delta(3, "x"),
        close(3),
        ChatEvent::Open { choice: 1, index: 0, part: PartKind::Text },
        ChatEvent::Finish { choice: 0, reason: Finish::Pause, stop: Some("END".to_owned()) },
    ];
    let (mut writer, mut out) = (Writer::new(&answer()), Vec::new());
    events.iter().for_each(|event| writer.event(event, &mut out));
    assert_eq!(
        writer.losses(),
        [
            "answer.signature",
            "answer.audio",
            "answer.vendor_parts",
            "answer.citations",
            "answer.choices",
            "answer.pause",
            "answer.stop_sequence",
        ]
    );
    let text = String::from_utf8(out).unwrap();
    assert!(
        !text.contains("encrypted_content") && !text.contains("aGk=") && !text.contains("sig\"")
    );
}
