//! Chat completions.

use serde_json::{Value, json};

/// What ends a stream.
pub const DONE: &str = "data: [DONE]\n\n";

/// A whole answer.
pub fn whole(text: &str, input: u64, output: u64) -> String {
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "m",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }],
        "usage": usage(input, output),
    })
    .to_string()
}

/// A usage report.
pub fn usage(input: u64, output: u64) -> Value {
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
}

/// One chunk with that delta and finish reason.
pub fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let body = json!({
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    });
    format!("data: {body}\n\n")
}

/// The chunk that only says who speaks.
pub fn role() -> String {
    chunk(&json!({"role": "assistant", "content": ""}), None)
}

/// A chunk of text.
pub fn text(text: &str) -> String {
    chunk(&json!({"content": text}), None)
}

/// The chunk that says why the answer ended.
pub fn finish() -> String {
    chunk(&json!({}), Some("stop"))
}

/// The chunk that reports usage.
pub fn usage_chunk(input: u64, output: u64) -> String {
    let body = json!({
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "m",
        "choices": [],
        "usage": usage(input, output),
    });
    format!("data: {body}\n\n")
}

/// A whole stream: role, each word, finish, usage, end.
pub fn stream(words: &[&str], input: u64, output: u64) -> Vec<String> {
    let mut frames = vec![role()];
    frames.extend(words.iter().map(|word| text(word)));
    frames.extend([finish(), usage_chunk(input, output), DONE.to_owned()]);
    frames
}

/// An error's body.
pub fn error(kind: &str, message: &str) -> String {
    json!({"error": {"message": message, "type": kind, "param": null, "code": null}}).to_string()
}

/// The text that a client reads from these frames.
pub fn said(frames: &[String]) -> String {
    let payloads = frames.iter().filter_map(|frame| frame.strip_prefix("data: "));
    let chunks = payloads.filter_map(|payload| serde_json::from_str::<Value>(payload).ok());
    chunks
        .filter_map(|it| Some(it.pointer("/choices/0/delta/content")?.as_str()?.to_owned()))
        .collect()
}
