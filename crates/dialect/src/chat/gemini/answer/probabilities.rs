//! Probabilities of tokens: Google's shape, and the one of chat completions.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::chat::json::Object;

/// Google's `LogprobsResult`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Result {
    #[serde(default)]
    chosen_candidates: Vec<Token>,
    #[serde(default)]
    top_candidates: Vec<Top>,
}

#[derive(Deserialize)]
struct Top {
    #[serde(default)]
    candidates: Vec<Token>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    #[serde(default)]
    token: String,
    #[serde(default)]
    log_probability: f64,
}

/// The same as chat completions' `logprobs`; `None` when it says nothing.
pub(super) fn read(json: &str) -> Option<String> {
    let result: Result = serde_json::from_str(json).ok()?;
    let tokens = result.chosen_candidates.iter().enumerate().map(|(at, chosen)| {
        let top = result.top_candidates.get(at).map_or(&[][..], |top| &top.candidates);
        let mut token = shown(chosen);
        token["top_logprobs"] = top.iter().map(shown).collect();
        token
    });
    let tokens: Vec<Value> = tokens.collect();
    (!tokens.is_empty()).then(|| json!({ "content": tokens, "refusal": null }).to_string())
}

fn shown(token: &Token) -> Value {
    json!({ "token": token.token, "logprob": token.log_probability, "bytes": token.token.as_bytes() })
}

/// Whether chat completions' `logprobs` name any token.
pub(super) fn says(report: &str) -> bool {
    !tokens(report).is_empty()
}

/// Chat completions' reports as a candidate's fields; Google says the average too.
pub(super) fn write(reports: &[String], candidate: &mut Object<'_>) {
    let all: Vec<Value> = reports.iter().flat_map(|report| tokens(report)).collect();
    if all.is_empty() {
        return;
    }
    let chosen: Vec<Value> = all.iter().map(google).collect();
    let top = |token: &Value| {
        let top = token["top_logprobs"].as_array().into_iter().flatten();
        json!({ "candidates": top.map(google).collect::<Vec<_>>() })
    };
    let sum: f64 = all.iter().filter_map(|token| token["logprob"].as_f64()).sum();
    let result = json!({
        "topCandidates": all.iter().map(top).collect::<Vec<_>>(),
        "chosenCandidates": chosen,
    });
    candidate.raw("avgLogprobs", &json!(sum / all.len() as f64).to_string());
    candidate.raw("logprobsResult", &result.to_string());
}

fn tokens(report: &str) -> Vec<Value> {
    let report: Value = serde_json::from_str(report).unwrap_or_default();
    let lists = [&report["content"], &report["refusal"]];
    lists.into_iter().filter_map(Value::as_array).flatten().cloned().collect()
}

fn google(token: &Value) -> Value {
    json!({ "token": token["token"], "logProbability": token["logprob"] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_of_a_stream_are_one_result() {
        let report = |token: &str, logprob: f64| {
            let token = json!({"token":token,"logprob":logprob,"bytes":[97]});
            let mut whole = token.clone();
            whole["top_logprobs"] = json!([token]);
            json!({"content":[whole],"refusal":null}).to_string()
        };
        let mut out = Vec::new();
        let reports = [report("a", -0.5), report("b", -1.5)];
        crate::chat::json::object(&mut out, |it| write(&reports, it));
        let expected = concat!(
            r#"{"avgLogprobs":-1.0,"logprobsResult":{"chosenCandidates":[{"logProbability":-0.5,"token":"a"},{"logProbability":-1.5,"token":"b"}],"#,
            r#""topCandidates":[{"candidates":[{"logProbability":-0.5,"token":"a"}]},{"candidates":[{"logProbability":-1.5,"token":"b"}]}]}}"#,
        );
        let (read, expected): (Value, Value) =
            (serde_json::from_slice(&out).unwrap(), serde_json::from_str(expected).unwrap());
        assert_eq!(read, expected);
        assert!(says(&reports[0]) && !says(r#"{"content":[]}"#) && !says("no"));
    }

    #[test]
    fn chosen_tokens_stand_with_their_alternatives() {
        let wire = r#"{"chosenCandidates":[{"token":"a","tokenId":1,"logProbability":-0.5}],
            "topCandidates":[{"candidates":[{"token":"b","logProbability":-1.0}]}]}"#;
        let read: Value = serde_json::from_str(&read(wire).unwrap()).unwrap();
        let expected = json!({"content":[{"token":"a","logprob":-0.5,"bytes":[97],
            "top_logprobs":[{"token":"b","logprob":-1.0,"bytes":[98]}]}],"refusal":null});
        assert_eq!(read, expected);
        assert_eq!(super::read("{}"), None);
    }
}
