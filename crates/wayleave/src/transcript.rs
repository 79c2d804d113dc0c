//! What was tried to prove a credential, as lines for people.

use serde_json::Value;

use crate::output::cell;

/// A line for each step, and what a step that did not pass was answered.
pub fn lines(proof: &Value) -> Vec<String> {
    let steps = proof.get("steps").and_then(Value::as_array);
    steps.into_iter().flatten().flat_map(step).collect()
}

fn step(it: &Value) -> Vec<String> {
    let text = |key: &str| cell(it.get(key));
    let micros = it.get("micros").and_then(Value::as_u64).unwrap_or_default();
    let sent = match text("method").as_str() {
        "-" => text("url"),
        method => format!("{method} {}", text("url")),
    };
    let status = match it.get("status").and_then(Value::as_u64) {
        Some(status) => format!(" {status}"),
        None => String::new(),
    };
    let paid = if it.get("paid").and_then(Value::as_bool) == Some(true) { ", paid" } else { "" };
    let (rung, result, note) = (text("rung"), text("result"), text("note"));
    let line =
        format!("  {rung} {result}: {sent}{status} ({} ms{paid}): {note}", micros.div_ceil(1_000));
    let body = it.get("body").filter(|it| it.as_str().is_some_and(|it| !it.is_empty()));
    let body = body.filter(|_| result != "passed").map(|it| format!("    {}", cell(Some(it))));
    [line].into_iter().chain(body).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_step_is_a_line_and_a_failed_one_shows_its_answer() {
        let proof = json!({"steps": [
            {"rung": "address", "method": "", "url": "https://x", "status": null, "body": null, "micros": 1_200, "result": "passed", "note": "reached", "paid": false},
            {"rung": "call", "method": "POST", "url": "https://x/v1", "status": 401, "body": "no\u{1b}[2J", "micros": 90, "result": "failed", "note": "refused", "paid": true},
        ]});
        assert_eq!(
            lines(&proof),
            [
                "  address passed: https://x (2 ms): reached",
                "  call failed: POST https://x/v1 401 (1 ms, paid): refused",
                "    no\u{fffd}[2J",
            ]
        );
        assert!(lines(&json!({"outcome": "unusable", "steps": []})).is_empty());
    }
}
