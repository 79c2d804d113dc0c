//! Whatever bytes come: an answer, a fault or a refusal, and never a panic.

use proptest::prelude::*;

use super::*;

const GRAMMARS: [(Grammar, &str); 11] = [
    (Grammar::OpenAi, "m"),
    (Grammar::Cohere, "embed-v4.0"),
    (Grammar::Gemini, "g"),
    (Grammar::Vertex, "text-embedding-005"),
    (Grammar::Bedrock, "cohere.embed-v4:0"),
    (Grammar::Bedrock, "amazon.titan-embed-text-v2:0"),
    (Grammar::Ollama, "o"),
    (Grammar::Voyage, "voyage-4"),
    (Grammar::Jina, "j"),
    (Grammar::Mistral, "m"),
    (Grammar::Tei, "t"),
];

/// Every vendor's answer in one, to be cut and changed.
const ANSWERS: [&str; 4] = [
    r#"{"object":"list","data":[{"index":0,"embedding":[0.5,-1e-3]}],"model":"m","usage":{"prompt_tokens":1}}"#,
    r#"{"embeddings":{"float":[[1]]},"embedding":[1],"meta":{"billed_units":{"input_tokens":1}}}"#,
    r#"{"embeddings":[{"values":[1]}],"predictions":[{"embeddings":{"values":[1]}}],"usageMetadata":{}}"#,
    r#"[["\ud83d",1],{"index":"0"}]"#,
];

const REQUESTS: [&str; 3] = [
    r#"{"model":"m","input":["a",[1,2],{"content":[{"type":"text","text":"b"}]}],"dimensions":8,"truncate":"END"}"#,
    r#"{"model":"m","messages":[{"role":"user","content":"a"}],"encoding_format":"base64"}"#,
    r#"{"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]},"taskType":"CLUSTERING"}]}"#,
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
    fn any_answer_is_read_or_refused(answer in spoilt(&ANSWERS), base64 in any::<bool>()) {
        for (grammar, model) in GRAMMARS {
            let format = if base64 { "base64" } else { "float" };
            let json = format!(r#"{{"model":"m","input":"a","encoding_format":"{format}"}}"#);
            let spoken = ask_model(&json, grammar, model).answered(&[&answer]);
            if let Ok(spoken) = spoken {
                let told: serde_json::Value = serde_json::from_slice(&spoken.body).expect("JSON");
                prop_assert_eq!(told["data"].as_array().map(Vec::len), Some(1));
            }
        }
    }

    #[test]
    fn any_request_is_asked_or_refused(request in spoilt(&REQUESTS)) {
        let surfaces = [openai(&request), google(&request, true), google(&request, false)];
        for question in surfaces.into_iter().flatten() {
            for (grammar, model) in GRAMMARS {
                let sent = Sent::of(&*question, grammar, model, &ModelFacts::UNKNOWN);
                for body in sent.iter().flat_map(Sent::bodies) {
                    prop_assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok(), "{}", body);
                }
            }
        }
    }
}
