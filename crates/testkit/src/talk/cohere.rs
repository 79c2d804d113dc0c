//! Cohere's chat, version 2 (<https://docs.cohere.com/reference/chat-stream>).

use serde_json::{Value, json};

/// A whole answer.
pub fn whole(text: &str, input: u64, output: u64) -> String {
    json!({
        "id": "c1",
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": text}]},
        "usage": usage(input, output),
    })
    .to_string()
}

fn usage(input: u64, output: u64) -> Value {
    let tokens = json!({"input_tokens": input, "output_tokens": output});
    json!({"billed_units": tokens, "tokens": tokens})
}

/// A whole stream.
pub fn stream(words: &[&str], input: u64, output: u64) -> Vec<String> {
    let message = |message: Value| json!({"message": message});
    let start = json!({"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []});
    let mut events = vec![
        json!({"type": "message-start", "id": "c1", "delta": message(start)}),
        json!({"type": "content-start", "index": 0, "delta": message(json!({"content": {"type": "text", "text": ""}}))}),
    ];
    events.extend(words.iter().map(|word| {
        let delta = message(json!({"content": {"text": word}}));
        json!({"type": "content-delta", "index": 0, "delta": delta})
    }));
    let end = json!({"finish_reason": "COMPLETE", "usage": usage(input, output)});
    events.extend([
        json!({"type": "content-end", "index": 0}),
        json!({"type": "message-end", "id": "c1", "delta": end}),
    ]);
    events.iter().map(event).collect()
}

fn event(body: &Value) -> String {
    format!("event: {}\ndata: {body}\n\n", body["type"].as_str().unwrap_or_default())
}
