//! What the client reads of each provider's answer.

use wayleave_model::usage::UsageSource;

use super::*;

const ASKED: &str = r#"{"model":"public","query":"query","documents":["a","b","c"],"top_n":2}"#;

#[test]
fn every_vendors_answer_becomes_the_clients() {
    let results =
        r#""results":[{"index":2,"relevance_score":0.90},{"index":0,"relevance_score":0.5}]"#;
    for (grammar, model, answer, usage) in [
        (
            Grammar::Voyage,
            "own",
            r#"{"object":"list","data":[{"relevance_score":0.90,"index":2},{"relevance_score":0.5,"index":0}],"model":"own","usage":{"total_tokens":7}}"#,
            (7, 0, UsageSource::Provider),
        ),
        (
            Grammar::Bedrock,
            "cohere.rerank-v3-5:0",
            r#"{"results":[{"index":0,"relevance_score":0.5},{"index":2,"relevance_score":0.90}]}"#,
            (0, 1, UsageSource::Estimated),
        ),
        (
            Grammar::VertexRanking,
            "own",
            r#"{"records":[{"id":"2","score":0.90},{"id":"0","score":0.5},{"id":"1"}]}"#,
            (0, 1, UsageSource::Estimated),
        ),
        (
            Grammar::Tei,
            "own",
            r#"[{"index":2,"score":0.90},{"index":0,"score":0.5},{"index":1,"score":0.1}]"#,
            (8, 0, UsageSource::Estimated),
        ),
    ] {
        let spoken = ask(ASKED, grammar, model).answered(&[answer]).expect("ranks");
        let it = body(&spoken);
        assert!(it.contains(results), "{grammar:?}: {it}");
        assert!(
            it.starts_with(r#"{"id":"req_1","object":"list","model":"own","#),
            "{grammar:?}: {it}"
        );
        let counted = (spoken.usage.input, spoken.usage.searches, spoken.source);
        assert_eq!(counted, usage, "{grammar:?}");
        assert!(spoken.repairs.is_empty());
    }
}

#[test]
fn searches_and_tokens_stand_where_both_families_of_clients_look() {
    let answer = r#"[{"index":0,"score":0.5},{"index":1,"score":0.4},{"index":2,"score":0.3}]"#;
    let asked = ask(ASKED, Grammar::Tei, "own");
    let spoken = asked.heard(&[answer], &[("x-compute-tokens", "17")]).expect("ranks");
    assert!(body(&spoken).ends_with(
        r#""usage":{"prompt_tokens":17,"total_tokens":17},"meta":{"api_version":{"version":"2"},"billed_units":{"input_tokens":17}}}"#
    ));
    assert_eq!((spoken.usage.input, spoken.source), (17, UsageSource::Provider));
    let answer = r#"{"records":[{"id":"0","score":1}]}"#;
    let spoken = ask(ASKED, Grammar::VertexRanking, "own").answered(&[answer]).expect("ranks");
    assert!(body(&spoken).ends_with(r#""billed_units":{"search_units":1}}}"#));
}

#[test]
fn a_good_answer_passes_as_it_is() {
    let jina = r#"{"model":"their","object":"list","usage":{"total_tokens":7},"results":[{"index":2,"relevance_score":0.90,"document":{"text":"c"}},{"index":0,"relevance_score":0.5}],"x":1}"#;
    let spoken = ask(ASKED, Grammar::Jina, "own").answered(&[jina]).expect("ranks");
    assert_eq!(body(&spoken), jina);
    assert!(spoken.repairs.is_empty());
    assert_eq!((spoken.usage.input, spoken.source), (7, UsageSource::Provider));
    let cohere = r#"{"id":"07734bd2","results":[{"index":2,"relevance_score":0.90},{"index":0,"relevance_score":0.5}],"meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1}}}"#;
    let spoken = ask(ASKED, Grammar::Cohere, "own").answered(&[cohere]).expect("ranks");
    assert_eq!(body(&spoken), cohere);
    assert_eq!((spoken.usage.searches, spoken.source), (1, UsageSource::Provider));
}

#[test]
fn what_breaks_clients_is_mended_and_named() {
    for (answer, mended, repairs) in [
        (
            r#"{"data":[{"index":0,"relevance_score":0.9}],"usage":{"total_tokens":1}}"#,
            r#"{"results":[{"index":0,"relevance_score":0.9}],"usage":{"total_tokens":1}}"#,
            vec!["results"],
        ),
        (
            r#"{"results":[{"index":0,"score":7,"relevance_score":0.9}],"usage":{"total_tokens":1}}"#,
            r#"{"results":[{"index":0,"score":7,"relevance_score":0.9}],"usage":{"total_tokens":1}}"#,
            vec![],
        ),
        (
            r#"[{"index":0,"score":0.9}]"#,
            r#"{"results":[{"index":0,"relevance_score":0.9}]}"#,
            vec!["results", "relevance_score"],
        ),
        (
            r#"{"results":[{"index":0,"score":0.9,"x":1}],"usage":{"total_tokens":1}}"#,
            r#"{"results":[{"index":0,"relevance_score":0.9,"x":1}],"usage":{"total_tokens":1}}"#,
            vec!["relevance_score"],
        ),
        (
            r#"{"results":[{"index":0,"relevance_score":0.1},{"index":1,"relevance_score":0.9}],"usage":{"total_tokens":1}}"#,
            r#"{"results":[{"index":1,"relevance_score":0.9},{"index":0,"relevance_score":0.1}],"usage":{"total_tokens":1}}"#,
            vec!["results_order"],
        ),
        (
            r#"{"results":[{"index":0,"relevance_score":0.9},{"index":1,"relevance_score":0.5},{"index":2,"relevance_score":0.1}],"usage":{"total_tokens":1}}"#,
            r#"{"results":[{"index":0,"relevance_score":0.9},{"index":1,"relevance_score":0.5}],"usage":{"total_tokens":1}}"#,
            vec!["top_n"],
        ),
        (
            r#"{"results":[{"index":0,"relevance_score":0.0},{"index":1,"relevance_score":-2.0}],"usage":{"total_tokens":1}}"#,
            r#"{"results":[{"index":0,"relevance_score":0.5},{"index":1,"relevance_score":0.11920292202211755}],"usage":{"total_tokens":1}}"#,
            vec!["relevance_score"],
        ),
    ] {
        let spoken = ask(ASKED, Grammar::Jina, "own").answered(&[answer]).expect("ranks");
        assert_eq!(body(&spoken), mended);
        assert_eq!(spoken.repairs, repairs, "{answer}");
    }
}

#[test]
fn the_orders_of_several_calls_make_one() {
    let facts = ModelFacts { max_batch: Some(2), ..ModelFacts::UNKNOWN };
    let json = ASKED.replace("\"top_n\":2", "\"return_documents\":true");
    let to = Callee { grammar: Grammar::Tei, model: "own", facts: &facts };
    let spoken = ask_with(&json, &to)
        .expect("asked")
        .answered(&[
            r#"[{"index":1,"score":0.2},{"index":0,"score":0.1}]"#,
            r#"[{"index":0,"score":0.9}]"#,
        ])
        .expect("ranks");
    assert!(body(&spoken).contains(
        r#""results":[{"index":2,"relevance_score":0.9,"document":{"text":"c"}},{"index":1,"relevance_score":0.2,"document":{"text":"b"}},{"index":0,"relevance_score":0.1,"document":{"text":"a"}}]"#
    ), "{}", body(&spoken));
    let to = Callee { grammar: Grammar::Jina, ..to };
    let spoken = ask_with(ASKED, &to)
        .expect("asked")
        .answered(&[
            r#"{"model":"m","results":[{"index":0,"relevance_score":0.3},{"index":1,"relevance_score":0.2}],"usage":{"total_tokens":4}}"#,
            r#"{"model":"m","results":[{"index":0,"relevance_score":0.9}],"usage":{"total_tokens":2}}"#,
        ])
        .expect("ranks");
    assert_eq!(
        body(&spoken),
        r#"{"model":"m","results":[{"index":2,"relevance_score":0.9},{"index":0,"relevance_score":0.3}],"usage":{"prompt_tokens":6,"total_tokens":6}}"#
    );
    assert!(spoken.repairs.is_empty());
    assert_eq!(spoken.usage.input, 6);
}

#[test]
fn documents_that_were_not_sent_or_come_twice_are_a_fault() {
    for grammar in [Grammar::Jina, Grammar::Cohere, Grammar::Bedrock] {
        for (results, message) in [
            (r#"{"index":3,"relevance_score":0.9}"#, "the provider ranked document 3 of 3 wrongly"),
            (
                r#"{"index":0,"relevance_score":0.9},{"index":0,"relevance_score":0.8}"#,
                "the provider ranked document 0 of 3 wrongly",
            ),
            (
                r#"{"index":0,"relevance_score":null}"#,
                "a score in the provider's answer is no number",
            ),
            ("", "the provider ranked no document"),
        ] {
            let answer = format!(r#"{{"results":[{results}]}}"#);
            let fault = ask(ASKED, grammar, "cohere.rerank").answered(&[&answer]);
            assert_eq!(fault.expect_err(results).message, message, "{grammar:?}");
        }
    }
}

#[test]
fn what_is_no_answer_is_a_fault_in_the_providers_words() {
    for grammar in [
        Grammar::Jina,
        Grammar::Cohere,
        Grammar::Voyage,
        Grammar::Tei,
        Grammar::Bedrock,
        Grammar::VertexRanking,
    ] {
        for (answer, message) in [
            ("<html>", "the provider's answer has no ranks"),
            (r#"{"results":7,"data":7,"records":7}"#, "the provider's answer has no ranks"),
            (r#"{"message":"busy"}"#, "busy"),
        ] {
            let fault = ask(ASKED, grammar, "cohere.rerank").answered(&[answer]);
            assert_eq!(fault.expect_err(answer).message, message, "{grammar:?}");
        }
    }
}
