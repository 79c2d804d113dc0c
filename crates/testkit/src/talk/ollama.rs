//! Ollama's chat: one JSON object a line (<https://docs.ollama.com/api/chat>).

use serde_json::json;

/// A whole answer.
pub fn whole(text: &str, input: u64, output: u64) -> String {
    json!({
        "model": "m",
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": text},
        "done": true,
        "done_reason": "stop",
        "prompt_eval_count": input,
        "eval_count": output,
    })
    .to_string()
}

/// A whole stream, each line with its end.
pub fn stream(words: &[&str], input: u64, output: u64) -> Vec<String> {
    let piece = |word: &&str| {
        let message = json!({"role": "assistant", "content": word});
        let body = json!({"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": false});
        format!("{body}\n")
    };
    let mut lines: Vec<String> = words.iter().map(piece).collect();
    lines.push(whole("", input, output) + "\n");
    lines
}
