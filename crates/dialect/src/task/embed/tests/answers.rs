//! What the client reads of each provider's answer.

use wayleave_model::usage::UsageSource;

use super::*;

const TWO: &str = r#"{"model":"public","input":["a","b"]}"#;

/// OpenAI's form of two vectors, as every provider's answer becomes it.
const LIST: &str = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-2]},{"object":"embedding","index":1,"embedding":[1e-3,4]}],"model":"own","usage":{"prompt_tokens":7,"total_tokens":7}}"#;

#[test]
fn every_vendors_answer_becomes_openais() {
    for (grammar, model, answer) in [
        (
            Grammar::Cohere,
            "embed-v4.0",
            r#"{"id":"x","embeddings":{"float":[[0.1,-2],[1e-3,4]]},"texts":["a","b"],"meta":{"billed_units":{"input_tokens":7.0}},"response_type":"embeddings_by_type"}"#,
        ),
        (
            Grammar::Gemini,
            "g",
            r#"{"embeddings":[{"values":[0.1,-2]},{"values":[1e-3,4]}],"usageMetadata":{"promptTokenCount":7}}"#,
        ),
        (
            Grammar::Vertex,
            "text-embedding-005",
            r#"{"predictions":[{"embeddings":{"values":[0.1,-2],"statistics":{"token_count":3,"truncated":false}}},{"embeddings":{"values":[1e-3,4],"statistics":{"token_count":4.0}}}]}"#,
        ),
        (
            Grammar::Ollama,
            "o",
            r#"{"model":"own","embeddings":[[0.1,-2],[1e-3,4]],"total_duration":14143917,"prompt_eval_count":7}"#,
        ),
        (
            Grammar::Voyage,
            "voyage-4",
            r#"{"object":"list","data":[{"object":"embedding","embedding":[1e-3,4],"index":1},{"object":"embedding","embedding":[0.1,-2],"index":0}],"model":"own","usage":{"total_tokens":7}}"#,
        ),
        (
            Grammar::Jina,
            "jina-embeddings-v4",
            r#"{"model":"own","object":"list","usage":{"total_tokens":7,"prompt_tokens":7},"data":[{"object":"embedding","index":0,"embedding":[0.1,-2]},{"object":"embedding","index":1,"embedding":[1e-3,4]}]}"#,
        ),
        (
            Grammar::Mistral,
            "mistral-embed",
            r#"{"id":"x","object":"list","model":"own","usage":{"prompt_tokens":7,"total_tokens":7,"completion_tokens":0},"data":[{"object":"embedding","index":0,"embedding":[0.1,-2]},{"object":"embedding","index":1,"embedding":[1e-3,4]}]}"#,
        ),
    ] {
        let spoken = ask_model(TWO, grammar, model).answered(&[answer]).expect("vectors");
        assert_eq!(body(&spoken), LIST, "{grammar:?}");
        assert_eq!((spoken.usage.input, spoken.source), (7, UsageSource::Provider), "{grammar:?}");
    }
}

#[test]
fn tokens_are_read_from_headers_where_they_stand_there() {
    let sent = ask_model(TWO, Grammar::Tei, "t");
    let answer = said("[[0.1,-2],[1e-3,4]]", &[("x-compute-tokens", "7")]);
    let spoken = sent.heard(vec![answer], &context()).expect("vectors");
    assert_eq!(body(&spoken), LIST);
    let sent = ask_model(TWO, Grammar::Bedrock, "cohere.embed-english-v3");
    let header = [("x-amzn-bedrock-input-token-count", "7")];
    let answer = said(r#"{"id":"x","embeddings":[[0.1,-2],[1e-3,4]]}"#, &header);
    let spoken = sent.heard(vec![answer], &context()).expect("vectors");
    assert_eq!(body(&spoken), LIST);
    let sent = ask_model(TWO, Grammar::Bedrock, "amazon.titan-embed-text-v2:0");
    let spoken = sent.answered(&[
        r#"{"embedding":[0.1,-2],"embeddingsByType":{"float":[0.1,-2]},"inputTextTokenCount":3}"#,
        r#"{"embedding":[1e-3,4],"inputTextTokenCount":4}"#,
    ]);
    assert_eq!(body(&spoken.expect("vectors")), LIST);
}

#[test]
fn usage_is_estimated_where_one_of_the_answers_says_none() {
    let json = r#"{"model":"m","input":["abcdefgh","ijklmnop"]}"#;
    let sent = ask_model(json, Grammar::Bedrock, "amazon.titan-embed-text-v2:0");
    let answers = [r#"{"embedding":[1],"inputTextTokenCount":3}"#, r#"{"embedding":[2]}"#];
    let spoken = sent.answered(&answers).expect("vectors");
    assert_eq!((spoken.usage.input, spoken.source), (4, UsageSource::Estimated));
    assert!(body(&spoken).contains(r#""usage":{"prompt_tokens":4,"total_tokens":4}"#));
}

#[test]
fn servers_that_count_nothing_are_not_believed() {
    let json = r#"{"model":"m","input":["abcdefgh"]}"#;
    let answer = r#"{"object":"list","data":[{"index":0,"embedding":[1]}],"model":"m","usage":{"prompt_tokens":0,"total_tokens":0}}"#;
    for grammar in [Grammar::OpenAi, Grammar::Jina] {
        let spoken = ask(json, grammar).answered(&[answer]).expect("a vector");
        assert_eq!((spoken.usage.input, spoken.source), (2, UsageSource::Estimated), "{grammar:?}");
    }
}

#[test]
fn images_are_counted_as_the_vendor_counts_them() {
    let json = r#"{"model":"m","input":[{"image":"data:image/png;base64,AAAA"}]}"#;
    let usage = |grammar, model, answer| {
        ask_model(json, grammar, model).answered(&[answer]).expect("a vector").usage
    };
    let cohere = r#"{"embeddings":{"float":[[1]]},"meta":{"billed_units":{"input_tokens":2,"image_tokens":1000}}}"#;
    let counted = usage(Grammar::Cohere, "embed-v4.0", cohere);
    assert_eq!((counted.input, counted.image_input, counted.images), (1002, 1000, 0));
    let third = r#"{"embeddings":{"float":[[1]]},"meta":{"billed_units":{"images":1}}}"#;
    let counted = usage(Grammar::Cohere, "embed-english-v3.0", third);
    assert_eq!((counted.input, counted.images), (0, 1));
    let voyage = r#"{"data":[{"embedding":[1],"index":0}],"usage":{"text_tokens":2,"image_pixels":2000000,"total_tokens":3573}}"#;
    let counted = usage(Grammar::Voyage, "voyage-multimodal-3", voyage);
    assert_eq!((counted.input, counted.image_input), (3573, 3571));
}

#[test]
fn base64_is_made_and_unmade() {
    let json = r#"{"model":"m","input":"a","encoding_format":"base64"}"#;
    let answer = r#"{"embeddings":[{"values":[1,-0.5,0.1]}]}"#;
    let spoken = ask(json, Grammar::Gemini).answered(&[answer]).expect("a vector");
    assert!(body(&spoken).contains(r#""embedding":"AACAPwAAAL/NzMw9""#), "{}", body(&spoken));
    let json = r#"{"model":"m","input":"a"}"#;
    let answer = r#"{"data":[{"index":0,"embedding":"AACAPwAAAL/NzMw9"}]}"#;
    let spoken = ask(json, Grammar::Jina).answered(&[answer]).expect("a vector");
    assert!(body(&spoken).contains(r#""embedding":[1.0,-0.5,0.1]"#), "{}", body(&spoken));
}

#[test]
fn several_answers_are_joined_in_order() {
    let json = r#"{"model":"m","input":["a","b","c"]}"#;
    let question = openai(json).expect("a question");
    let facts = ModelFacts { max_batch: Some(2), ..ModelFacts::UNKNOWN };
    let sent = Sent::of(&*question, Grammar::Ollama, "o", &facts).expect("asked");
    let spoken = sent
        .answered(&[
            r#"{"embeddings":[[1],[2]],"prompt_eval_count":2}"#,
            r#"{"embeddings":[[3]],"prompt_eval_count":1}"#,
        ])
        .expect("vectors");
    assert_eq!(
        body(&spoken),
        r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]},{"object":"embedding","index":1,"embedding":[2]},{"object":"embedding","index":2,"embedding":[3]}],"model":"own","usage":{"prompt_tokens":3,"total_tokens":3}}"#
    );
}

#[test]
fn an_answer_without_a_vector_for_each_input_is_none() {
    for (grammar, answer) in [
        (Grammar::Cohere, r#"{"embeddings":{"float":[[1]]}}"#),
        (Grammar::Gemini, r#"{"embeddings":[{"values":[1]}]}"#),
        (Grammar::Ollama, r#"{"embeddings":[[1]]}"#),
        (Grammar::OpenAi, r#"{"data":[{"embedding":[1],"index":0}],"model":"m"}"#),
        (Grammar::Jina, r#"{"data":[{"embedding":[1],"index":0}],"model":"m"}"#),
        (Grammar::Tei, "[[1]]"),
    ] {
        let fault = ask(TWO, grammar).answered(&[answer]).expect_err("one of two");
        assert_eq!(fault.message, "the provider gave 1 vectors for 2 inputs", "{grammar:?}");
    }
}

#[test]
fn what_is_no_answer_is_a_fault_in_the_providers_words() {
    let grammars = [
        Grammar::OpenAi,
        Grammar::Cohere,
        Grammar::Gemini,
        Grammar::Vertex,
        Grammar::Ollama,
        Grammar::Voyage,
        Grammar::Jina,
        Grammar::Mistral,
        Grammar::Tei,
    ];
    for grammar in grammars {
        for (answer, message) in [
            ("<html>busy</html>", "the provider's answer has no vectors"),
            ("", "the provider's answer has no vectors"),
            ("[]", "the provider"),
            ("null", "the provider's answer has no vectors"),
            (r#"{"data":[7,8],"embeddings":[7,8],"predictions":[7,8]}"#, "the provider"),
            (r#"{"error":{"message":"model is loading"}}"#, "model is loading"),
        ] {
            let fault = ask(TWO, grammar).answered(&[answer]).expect_err(answer);
            assert!(fault.message.starts_with(message), "{grammar:?} {answer}: {}", fault.message);
        }
    }
    let titan =
        ask_model(r#"{"model":"m","input":"a"}"#, Grammar::Bedrock, "amazon.titan-embed-image-v1");
    let fault = titan.answered(&[r#"{"embedding":null,"message":"too large"}"#]).expect_err("none");
    assert_eq!(fault.message, "too large");
}
