//! Converse and ConverseStream
//! (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>).

use serde_json::{Value, json};

/// The type of a stream.
pub const STREAM: &str = "application/vnd.amazon.eventstream";

/// A whole answer.
pub fn whole(text: &str, input: u64, output: u64) -> String {
    json!({
        "metrics": {"latencyMs": 5},
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "end_turn",
        "usage": usage(input, output),
    })
    .to_string()
}

fn usage(input: u64, output: u64) -> Value {
    json!({"inputTokens": input, "outputTokens": output, "totalTokens": input + output})
}

/// One message of a stream: lengths, checksums, headers, payload
/// (<https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html>).
///
/// # Panics
/// When the name or the payload is too long for a message.
pub fn message(kind: &str, name: &str, payload: &Value) -> Vec<u8> {
    let payload = payload.to_string();
    let mut headers = Vec::new();
    let head = if kind == "event" { ":event-type" } else { ":exception-type" };
    for (key, value) in
        [(head, name), (":content-type", "application/json"), (":message-type", kind)]
    {
        headers.push(u8::try_from(key.len()).expect("a short name"));
        headers.extend_from_slice(key.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).expect("short").to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let total = u32::try_from(16 + headers.len() + payload.len()).expect("a short message");
    let mut out = total.to_be_bytes().to_vec();
    out.extend_from_slice(&u32::try_from(headers.len()).expect("short").to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

/// A whole stream, each message a piece.
pub fn stream(words: &[&str], input: u64, output: u64) -> Vec<Vec<u8>> {
    let event = |name: &str, payload: Value| message("event", name, &payload);
    let mut messages = vec![event("messageStart", json!({"p": "ab", "role": "assistant"}))];
    messages.extend(words.iter().map(|word| {
        let delta = json!({"contentBlockIndex": 0, "delta": {"text": word}, "p": "abcd"});
        event("contentBlockDelta", delta)
    }));
    messages.extend([
        event("contentBlockStop", json!({"contentBlockIndex": 0})),
        event("messageStop", json!({"stopReason": "end_turn"})),
        event("metadata", json!({"metrics": {"latencyMs": 5}, "usage": usage(input, output)})),
    ]);
    messages
}
