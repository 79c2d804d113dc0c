//! Whatever bytes come: an answer, a fault or a refusal, and never a panic.

use proptest::prelude::*;

use super::*;

const GRAMMARS: [(Grammar, &str); 6] = [
    (Grammar::Jina, "j"),
    (Grammar::Cohere, "c"),
    (Grammar::Voyage, "v"),
    (Grammar::Tei, "t"),
    (Grammar::Bedrock, "cohere.rerank-v3-5:0"),
    (Grammar::VertexRanking, "r"),
];

const ANSWERS: [&str; 3] = [
    r#"{"results":[{"index":0,"relevance_score":0.5}],"data":[{"index":0,"score":1e-3}],"usage":{"total_tokens":1}}"#,
    r#"[{"index":0,"score":-4.5},{"index":1,"score":12}]"#,
    r#"{"records":[{"id":"0","score":1},{"id":"1"}],"meta":{"billed_units":{"search_units":1}}}"#,
];

const REQUESTS: [&str; 2] = [
    r#"{"model":"m","query":"q","documents":["a",{"text":"b"},{"content":[{"type":"text","text":"c"}]}],"top_n":2}"#,
    r#"{"model":"m","query":{"text":"q"},"documents":[{"a":"b","n":1}],"rank_fields":["a","n"],"return_documents":true}"#,
];

/// A text with some of its bytes changed, and its end cut off.
fn spoilt(whole: &'static [&'static str]) -> impl Strategy<Value = String> {
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), 0x20_u8..0x7f), 0..4);
    (prop::sample::select(whole), changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(text, changes, end, cut)| {
            let mut bytes = text.as_bytes().to_vec();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            String::from_utf8_lossy(&bytes).into_owned()
        },
    )
}

proptest! {
    #[test]
    fn any_answer_is_read_or_refused(answer in spoilt(&ANSWERS)) {
        let json = r#"{"model":"m","query":"q","documents":["a","b"],"return_documents":true}"#;
        for (grammar, model) in GRAMMARS {
            let Ok(spoken) = ask(json, grammar, model).answered(&[&answer]) else { continue };
            let told: serde_json::Value = serde_json::from_slice(&spoken.body).expect("JSON");
            let results = told["results"].as_array().expect("results");
            let scores: Vec<f64> =
                results.iter().filter_map(|it| it["relevance_score"].as_f64()).collect();
            prop_assert!(!results.is_empty() && scores.len() == results.len(), "{}", told);
            prop_assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{}", told);
            prop_assert!(scores.is_sorted_by(|a, b| a >= b), "{}", told);
        }
    }

    #[test]
    fn any_request_is_asked_or_refused(request in spoilt(&REQUESTS)) {
        let facts = ModelFacts::UNKNOWN;
        for (grammar, model) in GRAMMARS {
            let Ok(sent) = ask_with(&request, &Callee { grammar, model, facts: &facts }) else {
                continue;
            };
            for wire in &sent.written.wires {
                let body = text(wire);
                prop_assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok(), "{}", body);
            }
        }
    }
}
