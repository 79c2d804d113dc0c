//! Responses (<https://platform.openai.com/docs/api-reference/responses>).

use serde_json::{Value, json};

/// A response of that id, as it stands in answers and events.
pub fn response(id: &str, status: &str, text: Option<&str>, usage: Option<(u64, u64)>) -> Value {
    let usage = usage.map(|(input, output)| {
        json!({
            "input_tokens": input,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": input + output,
        })
    });
    json!({
        "id": id,
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "error": null,
        "incomplete_details": null,
        "model": "m",
        "output": text.map_or_else(|| json!([]), |text| json!([message(status, text)])),
        "previous_response_id": null,
        "usage": usage,
    })
}

/// A whole answer.
pub fn whole(id: &str, text: &str, input: u64, output: u64) -> String {
    response(id, "completed", Some(text), Some((input, output))).to_string()
}

fn message(status: &str, text: &str) -> Value {
    json!({
        "id": "msg_1",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    })
}

/// One event.
///
/// # Panics
/// When `body` has no type.
pub fn event(body: &Value) -> String {
    format!("event: {}\ndata: {body}\n\n", body["type"].as_str().expect("a type"))
}

/// A whole stream.
pub fn stream(id: &str, words: &[&str], input: u64, output: u64) -> Vec<String> {
    let all = words.concat();
    let place = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0});
    let begun = response(id, "in_progress", None, None);
    let part = |text: &str| json!({"type": "output_text", "text": text, "annotations": []});
    let item = json!({"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []});
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.in_progress", "response": begun}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": item}),
        with(&place, json!({"type": "response.content_part.added", "part": part("")})),
    ];
    events.extend(words.iter().map(|word| {
        with(&place, json!({"type": "response.output_text.delta", "delta": word, "logprobs": []}))
    }));
    events.extend([
        with(&place, json!({"type": "response.output_text.done", "text": all, "logprobs": []})),
        with(&place, json!({"type": "response.content_part.done", "part": part(&all)})),
        json!({"type": "response.output_item.done", "output_index": 0, "item": message("completed", &all)}),
        json!({
            "type": "response.completed",
            "response": response(id, "completed", Some(&all), Some((input, output))),
        }),
    ]);
    for (n, body) in events.iter_mut().enumerate() {
        body["sequence_number"] = n.into();
    }
    events.iter().map(event).collect()
}

fn with(place: &Value, mut body: Value) -> Value {
    for (name, value) in place.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

/// The text that a client reads from these frames.
pub fn said(frames: &[String]) -> String {
    let payloads = frames.iter().filter_map(|frame| frame.split_once("data: "));
    let events = payloads.filter_map(|(_, payload)| serde_json::from_str::<Value>(payload).ok());
    events
        .filter(|it| it["type"] == "response.output_text.delta")
        .filter_map(|it| Some(it["delta"].as_str()?.to_owned()))
        .collect()
}
