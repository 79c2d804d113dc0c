//! Answers carried to clients: binary messages in any chunks, and the bytes that clients get.

use super::*;
use crate::carry::{Answer, Carried, Carry, Translate, translate_whole};
use crate::error::FaultKind;
use crate::{ClientDialect, Dialect};

/// A message of the event stream with one header.
fn message(header: &str, name: &str, payload: &str) -> Vec<u8> {
    let mut headers = vec![header.len() as u8];
    headers.extend_from_slice(header.as_bytes());
    headers.push(7);
    headers.extend_from_slice(&(name.len() as u16).to_be_bytes());
    headers.extend_from_slice(name.as_bytes());
    let total = (16 + headers.len() + payload.len()) as u32;
    let mut out = total.to_be_bytes().to_vec();
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

fn answer() -> Answer {
    let (id, model) = ("req_1".to_owned(), Some("alias".to_owned()));
    Answer { id, created: 7, model, include_usage: true, ..Answer::default() }
}

fn carried(stream: &[u8], size: usize, answer: &Answer) -> (String, Result<(), Fault>) {
    let mut carrier = Translate::new(Dialect::Bedrock, ClientDialect::OpenAiChat, answer);
    let (mut bytes, mut out) = (Vec::new(), Carried::default());
    for chunk in stream.chunks(size) {
        carrier.push(Bytes::copy_from_slice(chunk), &mut out);
        bytes.extend(out.bytes.drain(..).flatten());
        if let Some(end) = out.end.take() {
            return (String::from_utf8(bytes).unwrap(), end);
        }
    }
    carrier.end(&mut out);
    bytes.extend(out.bytes.drain(..).flatten());
    (String::from_utf8(bytes).unwrap(), out.end.unwrap())
}

/// Words and a call, without an end.
fn beginning() -> Vec<u8> {
    let events = [
        ("messageStart", r#"{"role":"assistant"}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Hi"}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        (
            "contentBlockStart",
            r#"{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"tooluse_1","name":"f"}}}"#,
        ),
        (
            "contentBlockDelta",
            r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"a\":1}"}}}"#,
        ),
        ("contentBlockStop", r#"{"contentBlockIndex":1}"#),
    ];
    events.iter().flat_map(|(name, json)| message(":event-type", name, json)).collect()
}

fn stream() -> Vec<u8> {
    let usage = r#"{"usage":{"inputTokens":2,"cacheReadInputTokens":1,"outputTokens":4}}"#;
    let mut stream = beginning();
    stream.extend(message(":event-type", "messageStop", r#"{"stopReason":"tool_use"}"#));
    stream.extend(message(":event-type", "metadata", usage));
    stream
}

#[test]
fn an_openai_client_gets_the_same_bytes_in_any_chunks() {
    let (whole, end) = carried(&stream(), usize::MAX, &answer());
    assert_eq!(end, Ok(()));
    assert!(whole.starts_with(r#"data: {"id":"chatcmpl-req_1","object":"chat.completion.chunk","created":7,"model":"alias","#), "{whole}");
    assert!(whole.contains(r#""delta":{"content":"Hi"}"#), "{whole}");
    assert!(
        whole.contains(r#""id":"tooluse_1","type":"function","function":{"name":"f""#),
        "{whole}"
    );
    assert!(whole.contains(r#""finish_reason":"tool_calls""#), "{whole}");
    assert!(
        whole.contains(r#""prompt_tokens":3,"completion_tokens":4,"total_tokens":7"#),
        "{whole}"
    );
    assert!(whole.ends_with("data: [DONE]\n\n"), "{whole}");
    for size in 1..100 {
        assert_eq!(carried(&stream(), size, &answer()), (whole.clone(), Ok(())), "{size}");
    }
}

#[test]
fn an_exception_after_words_keeps_the_words() {
    let mut stream = beginning();
    stream.extend(message(":exception-type", "throttlingException", r#"{"message":"slow"}"#));
    let (bytes, end) = carried(&stream, 10, &answer());
    assert!(bytes.contains(r#""content":"Hi""#));
    let fault = end.unwrap_err();
    assert_eq!(
        (fault.kind, fault.code.as_deref()),
        (FaultKind::Reported, Some("throttlingException"))
    );
}

#[test]
fn a_tool_that_carries_the_answer_is_text_to_the_client() {
    let body = br#"{"output":{"message":{"role":"assistant","content":[
        {"toolUse":{"toolUseId":"t","name":"wl_json_output","input":{"a":1}}}]}},"stopReason":"tool_use"}"#;
    let answer = Answer { answer_tool: Some("wl_json_output".to_owned()), ..answer() };
    let whole =
        translate_whole(Dialect::Bedrock, ClientDialect::OpenAiChat, &answer, body).unwrap();
    let text = String::from_utf8(whole.body.to_vec()).unwrap();
    assert!(text.contains(r#""content":"{\"a\":1}""#), "{text}");
    assert!(text.contains(r#""finish_reason":"stop""#), "{text}");
}

#[test]
fn what_a_client_has_no_word_for_is_named() {
    let body = br#"{"output":{"message":{"role":"assistant","content":[
        {"citationsContent":{"content":[{"text":"c"}],"citations":[{"title":"T"}]}}]}},"stopReason":"end_turn"}"#;
    for to in ClientDialect::ALL {
        let whole = translate_whole(Dialect::Bedrock, to, &answer(), body).unwrap();
        assert_eq!(whole.losses, ["answer.citations"], "{to:?}");
    }
}
