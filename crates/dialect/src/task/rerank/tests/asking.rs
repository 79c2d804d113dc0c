//! What each provider is sent, and what cannot be asked of it.

use super::*;

const ASKED: &str = r#"{"model":"public","query":"q","documents":["a","b","c"],"top_n":2}"#;

#[test]
fn each_vendor_is_asked_in_its_own_words() {
    for (grammar, model, sent) in [
        (
            Grammar::Jina,
            "own",
            r#"{"model":"own","query":"q","documents":["a","b","c"],"top_n":2}"#,
        ),
        (
            Grammar::Cohere,
            "own",
            r#"{"model":"own","query":"q","documents":["a","b","c"],"top_n":2}"#,
        ),
        (
            Grammar::Voyage,
            "own",
            r#"{"model":"own","query":"q","documents":["a","b","c"],"top_k":2}"#,
        ),
        (Grammar::Tei, "own", r#"{"query":"q","texts":["a","b","c"],"raw_scores":false}"#),
        (
            Grammar::Bedrock,
            "cohere.rerank-v3-5:0",
            r#"{"query":"q","documents":["a","b","c"],"top_n":2,"api_version":2}"#,
        ),
        (
            Grammar::Bedrock,
            "amazon.rerank-v1:0",
            r#"{"query":"q","documents":["a","b","c"],"top_n":2}"#,
        ),
        (
            Grammar::VertexRanking,
            "semantic-ranker-default@latest",
            r#"{"model":"semantic-ranker-default@latest","query":"q","records":[{"id":"0","content":"a"},{"id":"1","content":"b"},{"id":"2","content":"c"}],"topN":2,"ignoreRecordDetailsInResponse":true}"#,
        ),
    ] {
        let asked = ask(ASKED, grammar, model);
        assert_eq!(asked.only(), sent, "{grammar:?}");
        assert!(asked.losses.is_empty(), "{grammar:?}: {:?}", asked.losses);
    }
    let facts = ModelFacts::UNKNOWN;
    let to = Callee { grammar: Grammar::Bedrock, model: "meta.llama4", facts: &facts };
    assert_eq!(ask_with(ASKED, &to).err().expect("no ranker").param.as_deref(), Some("model"));
}

#[test]
fn top_n_may_be_null_or_more_than_there_are() {
    let null = ASKED.replace("\"top_n\":2", "\"top_n\":null");
    let many = ASKED.replace("\"top_n\":2", "\"top_n\":99");
    for grammar in [Grammar::Jina, Grammar::Cohere] {
        let asked = ask(&null, grammar, "own");
        assert_eq!(asked.only(), r#"{"model":"own","query":"q","documents":["a","b","c"]}"#);
        assert_eq!(asked.written.edits, ["model", "top_n"]);
        let asked = ask(&many, grammar, "own");
        assert!(asked.only().ends_with(r#""top_n":3}"#), "{}", asked.only());
        assert_eq!(asked.written.edits, ["model", "top_n"]);
    }
    assert!(ask(&many, Grammar::Voyage, "own").only().contains(r#""top_k":3"#));
    assert!(!ask(&null, Grammar::Voyage, "own").only().contains("top_k"));
    let own = ASKED.replace("top_n", "top_k");
    assert!(ask(&own, Grammar::Jina, "own").only().ends_with(r#""top_n":2}"#));
}

#[test]
fn objects_are_passed_on_or_become_texts() {
    let json = r#"{"model":"m","query":"q","documents":[{"text":"a","id":7},"b",{"content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]}],"x":1}"#;
    let asked = ask(json, Grammar::Jina, "own");
    assert_eq!(asked.only(), json.replace("\"m\"", "\"own\""));
    let asked = ask(json, Grammar::Cohere, "own");
    assert_eq!(asked.only(), r#"{"model":"own","query":"q","documents":["a","b","c\nd"],"x":1}"#);
    assert_eq!(asked.written.edits, ["model", "documents"]);
    assert!(ask(json, Grammar::Tei, "t").only().contains(r#""texts":["a","b","c\nd"]"#));
    assert_eq!(ask(json, Grammar::Voyage, "v").losses, ["x"]);
}

#[test]
fn the_first_versions_fields_are_done_here_for_the_second() {
    let json = r#"{"model":"m","query":"q","documents":[{"title":"T","text":"a","n":3}],"rank_fields":["title","n"],"return_documents":true,"max_chunks_per_doc":2}"#;
    let asked = ask(json, Grammar::Cohere, "own");
    assert_eq!(asked.only(), r#"{"model":"own","query":"q","documents":["title: T\nn: 3"]}"#);
    assert_eq!(asked.losses, ["max_chunks_per_doc"]);
    let edits = ["model", "documents", "return_documents", "rank_fields", "max_chunks_per_doc"];
    assert_eq!(asked.written.edits, edits);
    let answer = r#"{"id":"x","results":[{"index":0,"relevance_score":0.5}],"meta":{"billed_units":{"search_units":1}}}"#;
    let spoken = asked.answered(&[answer]).expect("ranks");
    assert_eq!(
        body(&spoken),
        r#"{"id":"x","results":[{"document":{"title":"T","text":"a","n":3},"index":0,"relevance_score":0.5}],"meta":{"billed_units":{"search_units":1}}}"#
    );
}

#[test]
fn pictures_go_where_they_are_taken_and_nowhere_else() {
    let json = r#"{"model":"m","query":"q","documents":[{"image":"https://h/a.png"},{"content":[{"type":"image_url","image_url":{"url":"https://h/b.png"}}]}]}"#;
    assert_eq!(ask(json, Grammar::Jina, "own").only(), json.replace("\"m\"", "\"own\""));
    let facts = ModelFacts::UNKNOWN;
    for grammar in [Grammar::Cohere, Grammar::Voyage, Grammar::Tei, Grammar::VertexRanking] {
        let refusal = ask_with(json, &Callee { grammar, model: "own", facts: &facts });
        let refusal = refusal.err().expect("pictures");
        assert_eq!(refusal.param.as_deref(), Some("documents[0]"), "{grammar:?}");
        assert_eq!(refusal.code, Some("capability_not_supported"), "{grammar:?}");
    }
    assert!(question(json).expect("one").asked().vision);
    let blind = ModelFacts { vision: Some(false), ..ModelFacts::UNKNOWN };
    let to = Callee { grammar: Grammar::Jina, model: "own", facts: &blind };
    let refusal = ask_with(json, &to).err().expect("it is blind");
    assert_eq!(refusal.code, Some("capability_not_supported"));
}

#[test]
fn many_documents_go_in_several_calls_where_a_vendor_takes_few() {
    let documents = vec!["\"d\""; 70].join(",");
    let json = format!(r#"{{"model":"m","query":"q","documents":[{documents}],"top_n":50}}"#);
    let asked = ask(&json, Grammar::Tei, "t");
    assert_eq!(asked.written.wires.len(), 3);
    assert_eq!(ask(&json, Grammar::Jina, "j").written.wires.len(), 1);
    let facts = ModelFacts { max_batch: Some(40), ..ModelFacts::UNKNOWN };
    let to = Callee { grammar: Grammar::Jina, model: "own", facts: &facts };
    let asked = ask_with(&json, &to).expect("asked");
    assert_eq!(asked.written.wires.len(), 2);
    assert!(text(&asked.written.wires[0]).ends_with(r#""top_n":40}"#));
    assert!(text(&asked.written.wires[1]).ends_with(r#""top_n":30}"#));
    assert_eq!(asked.written.edits, ["model", "documents", "top_n"]);
}

#[test]
fn what_stays_behind_is_named() {
    let json = r#"{"model":"m","query":"q","documents":["a"],"max_tokens_per_doc":64,"truncation":true,"user":"u","priority":1}"#;
    let named = |grammar, model| ask(json, grammar, model).losses;
    assert_eq!(named(Grammar::Voyage, "v"), ["max_tokens_per_doc", "user", "priority"]);
    assert_eq!(named(Grammar::Cohere, "c"), ["truncation", "user"]);
    let bedrock = named(Grammar::Bedrock, "cohere.rerank-v3-5:0");
    assert_eq!(bedrock, ["truncation", "user", "priority"]);
    assert_eq!(named(Grammar::Jina, "j"), Vec::<String>::new());
}

#[test]
fn what_is_no_request_is_refused_and_names_the_field() {
    for (json, param) in [
        (r#"{"query":"q","documents":["a"]}"#, "model"),
        (r#"{"model":"m","documents":["a"]}"#, "query"),
        (r#"{"model":"m","query":"q"}"#, "documents"),
        (r#"{"model":"m","query":"q","documents":[]}"#, "documents"),
        (r#"{"model":"m","query":"q","documents":"a"}"#, "documents"),
        (r#"{"model":"m","query":"q","documents":["a",7]}"#, "documents[1]"),
        (r#"{"model":"m","query":"q","documents":["a"],"top_n":0}"#, "top_n"),
        (r#"{"model":"m","query":"q","documents":["a"],"top_n":-1}"#, "top_n"),
        (r#"{"model":"m","query":7,"documents":["a"]}"#, "query"),
    ] {
        let refusal = question(json).err().expect(json);
        assert_eq!(refusal.param.as_deref(), Some(param), "{json}");
    }
}

#[test]
fn what_can_be_consumed_is_tokens_or_searches() {
    let long = "x".repeat(1200);
    let json = format!(r#"{{"model":"m","query":"q","documents":["{long}","b"]}}"#);
    let consumes = question(&json).expect("one").consumes(&ModelFacts::UNKNOWN);
    assert_eq!((consumes.sent.searches, consumes.most.searches), (1, 1));
    assert!(consumes.sent.input < consumes.most.input);
    let many = vec![format!("\"{long}\""); 100].join(",");
    let json = format!(r#"{{"model":"m","query":"q","documents":[{many}]}}"#);
    let consumes = question(&json).expect("one").consumes(&ModelFacts::UNKNOWN);
    assert_eq!((consumes.sent.searches, consumes.most.searches), (1, 3));
}
