//! What a provider says, as events.

use wayleave_model::Usage;

use super::*;
use crate::chat::Finish;
use crate::error::FaultKind;

const CREATED: &str = r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","error":null,"incomplete_details":null,"model":"gpt-5","output":[],"usage":null}}"#;
const COMPLETED: &str = r#"{"type":"response.completed","sequence_number":9,"response":{"id":"resp_1","status":"completed","error":null,"incomplete_details":null,"model":"gpt-5","output":[],"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":4},"output_tokens":87,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":123}}}"#;

fn begin() -> ChatEvent {
    ChatEvent::Begin { id: "resp_1".to_owned(), model: "gpt-5".to_owned() }
}

fn finish(reason: Finish) -> ChatEvent {
    ChatEvent::Finish { choice: 0, reason, stop: None }
}

fn usage() -> ChatEvent {
    let (input, cached, output, reasoning) = (36, 4, 87, 5);
    ChatEvent::Usage(Usage { input, cached, output, reasoning, ..Usage::default() })
}

#[test]
fn text_comes_as_it_unfolds() {
    let events = read(&[
        CREATED,
        r#"{"type":"response.in_progress","response":{"id":"resp_1","output":[]}}"#,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
        r#"{"type":"response.content_part.added","item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#,
        r#"{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hi","logprobs":[{"token":"Hi","logprob":-0.5}],"obfuscation":"x"}"#,
        r#"{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":" \ud83dthere"}"#,
        r#"{"type":"response.output_text.annotation.added","item_id":"msg_1","output_index":0,"content_index":0,"annotation_index":0,"annotation":{"type":"url_citation","start_index":0,"end_index":2,"url":"u","title":"t"}}"#,
        r#"{"type":"response.output_text.done","item_id":"msg_1","output_index":0,"content_index":0,"text":"Hi there"}"#,
        r#"{"type":"response.content_part.done","item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"Hi there"}}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"msg_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hi there","annotations":[{"type":"url_citation","start_index":0,"end_index":2,"url":"u","title":"t"}]}]}}"#,
        r#"{"type":"keepalive","sequence_number":8}"#,
        COMPLETED,
        "[DONE]",
    ]);
    let cited = r#"{"type":"url_citation","url_citation":{"start_index":0,"end_index":2,"url":"u","title":"t"}}"#;
    let expected = vec![
        begin(),
        open(0, PartKind::Text),
        delta(0, "Hi"),
        note(0, "logprobs", r#"{"content":[{"token":"Hi","logprob":-0.5}]}"#),
        delta(0, " \u{fffd}there"),
        note(0, "annotation", cited),
        close(0),
        finish(Finish::Stop),
        usage(),
    ];
    assert_eq!(events.unwrap(), expected);
}

#[test]
fn thoughts_are_sealed_with_their_id_and_calls_follow_them() {
    let events = read(&[
        CREATED,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[],"encrypted_content":"early"}}"#,
        r#"{"type":"response.reasoning_summary_part.added","item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":0,"delta":"First."}"#,
        r#"{"type":"response.reasoning_summary_text.done","item_id":"rs_1","output_index":0,"summary_index":0,"text":"First."}"#,
        r#"{"type":"response.reasoning_summary_text.delta","item_id":"rs_1","output_index":0,"summary_index":1,"delta":"Second."}"#,
        r#"{"type":"response.output_item.done","output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"First."},{"type":"summary_text","text":"Second."}],"encrypted_content":"gAAA"}}"#,
        r#"{"type":"response.output_item.added","output_index":1,"item":{"id":"fc_1","type":"function_call","status":"in_progress","arguments":"","call_id":"call_1","name":"create","namespace":"mcp__x"}}"#,
        r#"{"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":1,"delta":"{\"a\""}"#,
        r#"{"type":"response.function_call_arguments.delta","item_id":"fc_1","output_index":1,"delta":":1}"}"#,
        r#"{"type":"response.function_call_arguments.done","item_id":"fc_1","output_index":1,"arguments":"{\"a\":1}"}"#,
        r#"{"type":"response.output_item.done","output_index":1,"item":{"id":"fc_1","type":"function_call","arguments":"{\"a\":1}","call_id":"call_1","name":"create","namespace":"mcp__x"}}"#,
        r#"{"type":"response.output_item.added","output_index":2,"item":{"id":"ctc_1","type":"custom_tool_call","call_id":"call_2","name":"apply_patch","input":""}}"#,
        r#"{"type":"response.custom_tool_call_input.delta","item_id":"ctc_1","output_index":2,"delta":"*** Begin"}"#,
        r#"{"type":"response.output_item.done","output_index":2,"item":{"id":"ctc_1","type":"custom_tool_call","call_id":"call_2","name":"apply_patch","input":"*** Begin"}}"#,
        COMPLETED,
    ]);
    let expected = vec![
        begin(),
        open(0, PartKind::Reasoning),
        delta(0, "First."),
        delta(0, "\n\n"),
        delta(0, "Second."),
        sealed(0, SealKind::Encrypted, "rs_1\ngAAA"),
        close(0),
        open(1, call("call_1", "mcp__x_-_create", false)),
        delta(1, "{\"a\""),
        delta(1, ":1}"),
        close(1),
        open(2, call("call_2", "apply_patch", true)),
        delta(2, "*** Begin"),
        close(2),
        finish(Finish::ToolCalls),
        usage(),
    ];
    assert_eq!(events.unwrap(), expected);
}

#[test]
fn items_side_by_side_are_put_one_after_the_other() {
    let added = |at: u32| {
        format!(
            r#"{{"type":"response.output_item.added","output_index":{at},"item":{{"type":"function_call","id":"fc_{at}","call_id":"c{at}","name":"f","arguments":""}}}}"#
        )
    };
    let more = |at: u32, text: &str| {
        format!(
            r#"{{"type":"response.function_call_arguments.delta","output_index":{at},"delta":"{text}"}}"#
        )
    };
    let done = |at: u32| {
        format!(
            r#"{{"type":"response.output_item.done","output_index":{at},"item":{{"type":"function_call","call_id":"c{at}","name":"f","arguments":"12"}}}}"#
        )
    };
    let (a, b) = (added(0), added(1));
    let texts = [more(0, "1"), more(1, "1"), more(0, "2"), more(1, "2"), done(1), done(0)];
    let mut frames = vec![CREATED, &a, &b];
    frames.extend(texts.iter().map(String::as_str));
    frames.push(COMPLETED);
    let expected = vec![
        begin(),
        open(0, call("c0", "f", false)),
        delta(0, "1"),
        delta(0, "2"),
        close(0),
        open(1, call("c1", "f", false)),
        delta(1, "1"),
        delta(1, "2"),
        close(1),
        finish(Finish::ToolCalls),
        usage(),
    ];
    assert_eq!(read(&frames).unwrap(), expected);
}

#[test]
fn servers_that_send_only_whole_items_or_only_the_end_are_read_too() {
    let item = r#"{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"refusal","refusal":"No."}]}"#;
    let done = format!(r#"{{"type":"response.output_item.done","item":{item}}}"#);
    let end = format!(
        r#"{{"type":"response.completed","response":{{"id":"resp_1","model":"gpt-5","status":"completed","output":[{item}]}}}}"#
    );
    let expected = vec![
        begin(),
        open(0, PartKind::Refusal),
        delta(0, "No."),
        close(0),
        finish(Finish::Refused),
    ];
    assert_eq!(read(&[CREATED, &done, &end]).unwrap(), expected);
    assert_eq!(read(&[&end]).unwrap(), expected);
    let body = format!(
        r#"{{"id":"resp_1","object":"response","model":"gpt-5","status":"completed","output":[{item}]}}"#
    );
    assert_eq!(whole(&body).unwrap(), expected);
}

#[test]
fn what_is_said_about_an_empty_text_is_said_whole_and_streamed() {
    let source = r#"{"type":"url_citation","start_index":0,"end_index":0,"url":"u","title":"t"}"#;
    let message = format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","content":[{{"type":"output_text","text":"","annotations":[{source}]}},{{"type":"output_text","text":"","annotations":[]}},{{"type":"output_text","text":"a","annotations":[]}}]}}"#
    );
    let completed =
        format!(r#"{{"id":"r","model":"m","status":"completed","output":[{message}]}}"#);
    let neutral = r#"{"type":"url_citation","url_citation":{"start_index":0,"end_index":0,"url":"u","title":"t"}}"#;
    let expected = [
        ChatEvent::Begin { id: "r".to_owned(), model: "m".to_owned() },
        open(0, PartKind::Text),
        note(0, "annotation", neutral),
        close(0),
        open(1, PartKind::Text),
        delta(1, "a"),
        close(1),
        finish(Finish::Stop),
    ];
    assert_eq!(whole(&completed).unwrap(), expected);
    let added = format!(
        r#"{{"type":"response.output_text.annotation.added","item_id":"msg_1","output_index":0,"content_index":0,"annotation_index":0,"annotation":{source}}}"#
    );
    let streamed = read(&[
        r#"{"type":"response.created","response":{"id":"r","model":"m","status":"in_progress","output":[]}}"#,
        r#"{"type":"response.output_item.added","output_index":0,"item":{"id":"msg_1","type":"message","content":[]}}"#,
        &added,
        r#"{"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":2,"delta":"a"}"#,
        &format!(r#"{{"type":"response.output_item.done","output_index":0,"item":{message}}}"#),
        &format!(r#"{{"type":"response.completed","response":{completed}}}"#),
    ]);
    assert_eq!(streamed.unwrap(), expected);
}

#[test]
fn pictures_and_what_the_provider_ran_are_parts() {
    let body = r#"{"id":"resp_1","model":"gpt-5","status":"completed","output":[
        {"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},
        {"type":"image_generation_call","id":"ig_1","status":"completed","result":"aGk=","output_format":"webp"}]}"#;
    let search = r#"{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}}"#;
    let expected = vec![
        begin(),
        open(0, PartKind::Vendor { kind: "web_search_call".to_owned() }),
        delta(0, search),
        close(0),
        open(1, PartKind::Image { mime: "image/webp".to_owned() }),
        delta(1, "aGk="),
        close(1),
        finish(Finish::Stop),
    ];
    assert_eq!(whole(body).unwrap(), expected);
}

/// What became of a picture beside itself is told, so that a writer names what it cannot say.
#[test]
fn a_picture_that_failed_and_what_it_was_asked_for_are_told() {
    let failed = r#"{"type":"image_generation_call","id":"ig_1","status":"failed","result":null}"#;
    let body = format!(
        r#"{{"id":"resp_1","model":"gpt-5","status":"completed","output":[{failed},
        {{"type":"image_generation_call","id":"ig_2","status":"completed","result":"aGk=","revised_prompt":"A cat"}}]}}"#
    );
    let prompt = ChatEvent::Annotation {
        choice: 0,
        index: 1,
        kind: "revised_prompt".to_owned(),
        json: r#""A cat""#.to_owned(),
    };
    let expected = vec![
        begin(),
        open(0, PartKind::Vendor { kind: "image_generation_call".to_owned() }),
        delta(0, failed),
        close(0),
        open(1, PartKind::Image { mime: "image/png".to_owned() }),
        delta(1, "aGk="),
        prompt,
        close(1),
        finish(Finish::Stop),
    ];
    assert_eq!(whole(&body).unwrap(), expected);
}

#[test]
fn an_answer_that_was_cut_says_why() {
    let reason = |details: &str| {
        let body = format!(
            r#"{{"id":"r","status":"incomplete","incomplete_details":{details},"output":[]}}"#
        );
        whole(&body).unwrap().into_iter().find_map(|event| match event {
            ChatEvent::Finish { reason, .. } => Some(reason),
            _ => None,
        })
    };
    assert_eq!(reason(r#"{"reason":"max_output_tokens"}"#), Some(Finish::Length));
    assert_eq!(reason(r#"{"reason":"content_filter"}"#), Some(Finish::Refused));
    assert_eq!(reason("null"), Some(Finish::Length));
}

#[test]
fn errors_are_faults_in_the_providers_words() {
    let cases = [
        r#"{"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"server_error","message":"m"}}}"#,
        r#"{"type":"error","code":"server_error","message":"m","param":null,"sequence_number":2}"#,
        r#"{"type":"error","sequence_number":2,"error":{"type":"t","code":"server_error","message":"m"}}"#,
    ];
    for case in cases {
        let fault = read(&[CREATED, case]).unwrap_err();
        let expected = (FaultKind::Reported, Some("server_error"), "m");
        assert_eq!((fault.kind, fault.code.as_deref(), &*fault.message), expected, "{case}");
    }
    let failed = whole(
        r#"{"id":"r","status":"failed","error":{"code":"server_error","message":"m"},"output":[]}"#,
    );
    assert_eq!(failed.unwrap_err().code.as_deref(), Some("server_error"));
    assert_eq!(read(&[CREATED]).unwrap_err().kind, FaultKind::Cut);
    for odd in ["<html>", "7", r#"{"choices":[]}"#] {
        assert_eq!(read(&[odd]).unwrap_err().kind, FaultKind::Unreadable, "{odd}");
        assert_eq!(whole(odd).unwrap_err().kind, FaultKind::Unreadable, "{odd}");
    }
}
