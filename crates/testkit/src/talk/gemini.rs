//! `generateContent` (<https://ai.google.dev/api/generate-content>).

use serde_json::{Value, json};

/// A whole answer.
pub fn whole(text: &str, input: u64, output: u64) -> String {
    answer(&json!([{"text": text}]), Some((input, output))).to_string()
}

/// A piece of text, as a frame of a stream.
pub fn text(text: &str) -> String {
    frame(&answer(&json!([{"text": text}]), None))
}

/// The frame that says why the answer ended and what it used.
pub fn finish(input: u64, output: u64) -> String {
    frame(&answer(&json!([{"text": ""}]), Some((input, output))))
}

/// A whole stream.
pub fn stream(words: &[&str], input: u64, output: u64) -> Vec<String> {
    let mut frames: Vec<String> = words.iter().map(|word| text(word)).collect();
    frames.push(finish(input, output));
    frames
}

/// An answer of these parts; with its usage, the end of one.
pub fn answer(parts: &Value, usage: Option<(u64, u64)>) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    let mut body = json!({"modelVersion": "m", "responseId": "r1"});
    if let Some((input, output)) = usage {
        candidate["finishReason"] = "STOP".into();
        body["usageMetadata"] = json!({
            "promptTokenCount": input,
            "candidatesTokenCount": output,
            "totalTokenCount": input + output,
        });
    }
    body["candidates"] = json!([candidate]);
    body
}

/// One frame.
pub fn frame(body: &Value) -> String {
    format!("data: {body}\r\n\r\n")
}

/// An error's body.
pub fn error(code: u16, status: &str, message: &str) -> String {
    json!({"error": {"code": code, "message": message, "status": status}}).to_string()
}

/// What stands in a stream of server-sent events, in order.
///
/// # Panics
/// When something there is no JSON.
pub fn events(stream: &str) -> Vec<Value> {
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.map(|data| serde_json::from_str(data).expect("a frame of JSON")).collect()
}

/// The text that a client reads from these pieces.
pub fn said(pieces: &[Value]) -> String {
    let parts =
        pieces.iter().filter_map(|it| it.pointer("/candidates/0/content/parts")?.as_array());
    parts.flatten().filter_map(|part| part["text"].as_str()).collect()
}
