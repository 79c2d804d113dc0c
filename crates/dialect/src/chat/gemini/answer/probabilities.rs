//! Probabilities of tokens, in the shape that the other dialect with a word for them has.

use serde::Deserialize;
use serde_json::{Value, json};

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

#[cfg(test)]
mod tests {
    use super::*;

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
