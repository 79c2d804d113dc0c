//! Messages.

use serde_json::{Value, json};

/// What ends a stream.
pub const STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// A whole answer.
pub fn whole(text: &str, input: u64, output: u64) -> String {
    json!({
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": null,
        "usage": {"input_tokens": input, "output_tokens": output},
    })
    .to_string()
}

/// One event.
pub fn event(body: &Value) -> String {
    format!("event: {}\ndata: {body}\n\n", body["type"].as_str().expect("a type"))
}

/// The beginning, with what the prompt cost.
pub fn start(input: u64) -> String {
    event(&json!({"type": "message_start", "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": {"input_tokens": input, "output_tokens": 1},
    }}))
}

/// The beginning of a block of text.
pub fn open() -> String {
    event(
        &json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    )
}

/// A piece of text.
pub fn text(text: &str) -> String {
    event(
        &json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}),
    )
}

/// The end of a block, the reason why the answer ended, its usage, and the end.
pub fn finish(output: u64) -> Vec<String> {
    vec![
        event(&json!({"type": "content_block_stop", "index": 0})),
        event(&json!({
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"output_tokens": output},
        })),
        STOP.to_owned(),
    ]
}

/// A whole stream.
pub fn stream(words: &[&str], input: u64, output: u64) -> Vec<String> {
    let mut frames = vec![start(input), open()];
    frames.extend(words.iter().map(|word| text(word)));
    frames.extend(finish(output));
    frames
}

/// An error's body.
pub fn error(kind: &str, message: &str) -> String {
    json!({"type": "error", "error": {"type": kind, "message": message}}).to_string()
}

/// The text that a client reads from these frames.
pub fn said(frames: &[String]) -> String {
    let payloads = frames.iter().filter_map(|frame| frame.split_once("data: "));
    let events = payloads.filter_map(|(_, payload)| serde_json::from_str::<Value>(payload).ok());
    events.filter_map(|it| Some(it.pointer("/delta/text")?.as_str()?.to_owned())).collect()
}
