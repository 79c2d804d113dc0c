//! A provider of the client's own grammar: bytes pass, and what breaks clients is mended.

use wayleave_model::usage::UsageSource;

use super::*;

const TWO: &str = r#"{ "input":["a","b"], "x_own": {"a" : 1}, "model":"public" }"#;

fn answered(json: &str, answer: &str) -> Spoken {
    ask(json, Grammar::OpenAi).answered(&[answer]).expect("vectors")
}

#[test]
fn unknown_fields_pass_both_ways_and_the_model_is_the_only_edit() {
    let sent = ask(TWO, Grammar::OpenAi);
    assert_eq!(sent.only(), TWO.replace("public", "own"));
    assert_eq!(sent.written.edits, ["model"]);
    assert!(sent.losses.is_empty());
    let answer = r#"{"object":"list","x":[1.50],"data":[{"index":0,"embedding":[0.10],"y":1},{"index":1,"embedding":[2]}],"model":"their","usage":{"prompt_tokens":2,"total_tokens":2,"z":0}}"#;
    let spoken = sent.answered(&[answer]).expect("vectors");
    assert_eq!(body(&spoken), answer);
    assert!(spoken.repairs.is_empty());
    assert_eq!((spoken.usage.input, spoken.source), (2, UsageSource::Provider));
}

#[test]
fn the_clients_name_for_the_model_is_answered_where_the_route_says_so() {
    let answer = r#"{"object":"list","data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}],"model":"their","usage":{"prompt_tokens":2,"total_tokens":2}}"#;
    let context = Context { answer_model: Some("public".to_owned()), ..context() };
    let spoken = ask(TWO, Grammar::OpenAi).heard(vec![said(answer, &[])], &context);
    let spoken = spoken.expect("vectors");
    assert_eq!(body(&spoken), answer.replace("their", "public"));
    assert!(spoken.repairs.is_empty());
}

#[test]
fn what_clients_crash_without_is_added_and_named() {
    let spoken = answered(TWO, r#"{"data":[{"embedding":[1]},{"embedding":[2]}],"usage":null}"#);
    assert_eq!(
        body(&spoken),
        r#"{"model":"own","object":"list","data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}],"usage":{"prompt_tokens":1,"total_tokens":1}}"#
    );
    assert_eq!(spoken.repairs, ["index", "model", "object", "usage"]);
    assert_eq!((spoken.usage.input, spoken.source), (1, UsageSource::Estimated));
    let total = r#"{"object":"list","data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}],"model":"m","usage":{"total_tokens":9,"prompt_tokens":null}}"#;
    let spoken = answered(TWO, total);
    assert!(body(&spoken).ends_with(r#""usage":{"prompt_tokens":9,"total_tokens":9}}"#));
    assert_eq!((spoken.repairs.as_slice(), spoken.source), (&["usage"][..], UsageSource::Provider));
}

#[test]
fn rows_stand_in_the_order_of_their_numbers() {
    let answer = r#"{"object":"list","data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2}}"#;
    let spoken = answered(TWO, answer);
    assert!(body(&spoken).contains(r#"[{"index":0,"embedding":[1]},{"index":1,"embedding":[2]}]"#));
    assert_eq!(spoken.repairs, ["data_order"]);
}

#[test]
fn a_provider_that_ignores_the_form_asked_for_is_mended() {
    let json = r#"{"model":"m","input":"a","encoding_format":"base64"}"#;
    let list = r#"{"object":"list","data":[{"index":0,"embedding":[1,-0.5,0.1]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}"#;
    let spoken = answered(json, list);
    let packed = list.replace("[1,-0.5,0.1]", "\"AACAPwAAAL/NzMw9\"");
    assert_eq!(body(&spoken), packed);
    assert_eq!(spoken.repairs, ["encoding_format"]);
    let spoken = answered(r#"{"model":"m","input":"a"}"#, &packed);
    assert_eq!(body(&spoken), list.replace("[1,-0.5,0.1]", "[1.0,-0.5,0.1]"));
    assert_eq!(answered(json, &packed).repairs, Vec::<&str>::new());
}

#[test]
fn batches_are_joined_into_the_first_answer() {
    let question = openai(r#"{"model":"m","input":["a","b","c"]}"#).expect("a question");
    let facts = ModelFacts { max_batch: Some(2), ..ModelFacts::UNKNOWN };
    let sent = Sent::of(&*question, Grammar::OpenAi, "o", &facts).expect("asked");
    assert_eq!(
        sent.bodies(),
        [r#"{"model":"o","input":["a","b"]}"#, r#"{"model":"o","input":["c"]}"#]
    );
    let spoken = sent
        .answered(&[
            r#"{"object":"list","data":[{"index":0,"embedding":[1],"y":1},{"index":1,"embedding":[2]}],"model":"m","usage":{"prompt_tokens":2,"total_tokens":2},"x":1}"#,
            r#"{"object":"list","data":[{"index":0,"embedding":[3]}],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1},"x":2}"#,
        ])
        .expect("vectors");
    assert_eq!(
        body(&spoken),
        r#"{"object":"list","data":[{"index":0,"embedding":[1],"y":1},{"index":1,"embedding":[2]},{"index":2,"embedding":[3]}],"model":"m","usage":{"prompt_tokens":3,"total_tokens":3},"x":1}"#
    );
    assert!(spoken.repairs.is_empty());
    assert_eq!(spoken.usage.input, 3);
}

#[test]
fn what_a_model_refuses_is_taken_out_unless_vectors_would_be_others() {
    let json = r#"{"model":"m","input":"a","encoding_format":"base64","user":"u"}"#;
    let question = openai(json).expect("a question");
    let refuses = vec!["encoding_format".to_owned(), "user".to_owned(), "dimensions".to_owned()];
    let facts = ModelFacts { refuses, ..ModelFacts::UNKNOWN };
    let sent = Sent::of(&*question, Grammar::OpenAi, "o", &facts).expect("asked");
    assert_eq!(sent.only(), r#"{"model":"o","input":"a"}"#);
    assert_eq!(sent.written.edits, ["model", "encoding_format", "user"]);
    let question = openai(r#"{"model":"m","input":"a","dimensions":3}"#).expect("a question");
    let refusal = Sent::of(&*question, Grammar::OpenAi, "o", &facts).err().expect("another vector");
    assert_eq!(refusal.param.as_deref(), Some("dimensions"));
}
