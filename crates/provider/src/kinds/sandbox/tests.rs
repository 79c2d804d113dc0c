//! What a client of the sandbox can observe; here, what its tests have in common.

use http::StatusCode;
use serde_json::{Value, json};

use super::*;

mod answers;
mod trouble;

const NOW: Timestamp = Timestamp::from_micros(1_795_295_640_000_001);

fn play(model: &str, body: &Value) -> Play {
    Sandbox.play(model, &[body.to_string().into()], NOW).expect("the sandbox always plays")
}

fn says(text: &str) -> Value {
    json!({"model": "x", "messages": [{"role": "user", "content": text}]})
}

fn streamed(mut body: Value) -> Value {
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    body
}

fn text(play: &Play) -> String {
    let bytes: Vec<u8> = play.steps.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
    String::from_utf8(bytes).expect("UTF-8")
}

fn whole(model: &str, body: &Value) -> Value {
    let play = play(model, body);
    assert_eq!(play.status, StatusCode::OK, "{}", text(&play));
    serde_json::from_str(&text(&play)).expect("JSON")
}

fn message(model: &str, body: &Value) -> Value {
    whole(model, body)["choices"][0]["message"].clone()
}

/// Every chunk of a stream that ended as it should.
fn chunks(play: &Play) -> Vec<Value> {
    let text = text(play);
    let frames = text.strip_suffix("data: [DONE]\n\n").expect("ends with [DONE]");
    frames.split_terminator("\n\n").map(frame).collect()
}

fn frame(text: &str) -> Value {
    serde_json::from_str(text.strip_prefix("data: ").expect("a data line")).expect("JSON")
}

/// What the chunks add up to, in the shape of a whole message.
fn folded(chunks: &[Value]) -> (Value, Value) {
    let mut message = json!({"content": "", "reasoning": "", "refusal": "", "calls": []});
    let mut finish = Value::Null;
    for choice in chunks.iter().filter_map(|it| it["choices"].get(0)) {
        for (field, to) in
            [("content", "content"), ("reasoning_content", "reasoning"), ("refusal", "refusal")]
        {
            if let Some(more) = choice["delta"][field].as_str() {
                message[to] = json!(message[to].as_str().expect("text").to_owned() + more);
            }
        }
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = call["index"].as_u64().expect("an index") as usize;
            let calls = message["calls"].as_array_mut().expect("a list");
            if calls.len() == index {
                calls.push(json!([call["id"], call["function"]["name"], ""]));
            }
            let more = call["function"]["arguments"].as_str().expect("a piece");
            calls[index][2] = json!(calls[index][2].as_str().expect("text").to_owned() + more);
        }
        if !choice["finish_reason"].is_null() {
            finish = choice["finish_reason"].clone();
        }
    }
    (message, finish)
}

fn unfolded(message: &Value) -> Value {
    let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    let calls: Vec<_> = calls
        .map(|it| json!([it["id"], it["function"]["name"], it["function"]["arguments"]]))
        .collect();
    json!({
        "content": text("content"), "reasoning": text("reasoning_content"),
        "refusal": text("refusal"), "calls": calls
    })
}

fn weather() -> Value {
    let schema = json!({
        "type": "object", "required": ["city"],
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}
    });
    json!({"type": "function", "function": {"name": "weather", "parameters": schema}})
}
