//! Requests for judgements, in bytes.

use bytes::Bytes;
use wayleave_model::target::ModelFacts;
use wayleave_model::usage::UsageSource;

use super::read;
use crate::chat::Head;
use crate::error::Fault;
use crate::task::{
    Body, Callee, Context, Given, Grammar, Piece, Question, Reader, Said, Spoken, Written,
};
use crate::{Losses, Malformed};

fn question(json: &str) -> Result<Box<dyn Question>, Malformed> {
    let body = Body::Json(Bytes::copy_from_slice(json.as_bytes()));
    read(&Given { head: Head::default(), body: &body })
}

fn ask(json: &str, grammar: Grammar) -> Result<(Written, Vec<String>), Malformed> {
    let mut losses = Losses::default();
    let facts = ModelFacts::UNKNOWN;
    let to = Callee { grammar, model: "own", facts: &facts };
    let written = question(json)?.write(&to, &mut losses)?;
    Ok((written, losses.iter().map(|loss| loss.path.clone()).collect()))
}

fn sent(written: &Written) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    };
    written.wires[0].body.iter().map(text).collect()
}

fn answered(json: &str, grammar: Grammar, answer: &str) -> Result<Spoken, Fault> {
    let (written, _) = ask(json, grammar).expect("it can be asked");
    let Reader::Whole(mut reader) = written.reader else { panic!("a stream") };
    reader.read(Said { body: Bytes::copy_from_slice(answer.as_bytes()), ..Said::default() })?;
    reader.end(&Context {
        id: "req_1".to_owned(),
        target_model: "own".to_owned(),
        ..Context::default()
    })
}

#[test]
fn openais_own_bytes_pass_both_ways() {
    let json = r#"{"model":"m","input":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://h/a.png"}}],"x":1.0}"#;
    let (written, losses) = ask(json, Grammar::OpenAi).expect("asked");
    assert_eq!(sent(&written), json.replace("\"m\"", "\"own\""));
    assert!(losses.is_empty());
    let answer = r#"{"id":"modr-1","model":"omni","results":[{"flagged":true,"x":1.50}]}"#;
    let spoken = answered(json, Grammar::OpenAi, answer).expect("judgements");
    assert_eq!(spoken.body, answer.as_bytes());
    assert_eq!((spoken.usage.input, spoken.source), (0, UsageSource::Counted));
    assert!(question(json).expect("one").asked().vision);
}

#[test]
fn without_a_model_openais_usual_one_is_asked_for() {
    let it = question(r#"{"input":"a"}"#).expect("a question");
    assert_eq!(it.model(), "omni-moderation-latest");
    let (written, _) = ask(r#"{"input":"a"}"#, Grammar::OpenAi).expect("asked");
    assert_eq!(sent(&written), r#"{"model":"own","input":"a"}"#);
    assert_eq!(written.edits, ["model"]);
}

#[test]
fn mistrals_judgement_has_every_category_of_openais_and_its_own() {
    let json = r#"{"model":"m","input":["a","b"],"user":"u"}"#;
    let (written, losses) = ask(json, Grammar::Mistral).expect("asked");
    assert_eq!(sent(&written), r#"{"model":"own","input":["a","b"]}"#);
    assert_eq!(losses, ["user"]);
    let answer = r#"{"id":"x","model":"mistral-moderation-2603","usage":{"prompt_tokens":9},"results":[{"categories":{"sexual":false,"hate_and_discrimination":true,"dangerous":false,"criminal":true,"selfharm":false,"pii":false},"category_scores":{"sexual":1e-3,"hate_and_discrimination":0.90,"dangerous":0.2,"criminal":0.70,"selfharm":0.01,"pii":0.5}},{"categories":{"pii":true},"category_scores":{"pii":0.99}}]}"#;
    let spoken = answered(json, Grammar::Mistral, answer).expect("judgements");
    let body = String::from_utf8_lossy(&spoken.body);
    assert!(body.starts_with(r#"{"id":"x","model":"mistral-moderation-2603","results":[{"flagged":true,"categories":{"harassment":false,"harassment/threatening":false,"hate":true,"hate/threatening":false,"illicit":true,"illicit/violent":false,"self-harm":false,"#), "{body}");
    assert!(body.contains(r#""category_scores":{"harassment":0,"harassment/threatening":0,"hate":0.90,"hate/threatening":0,"illicit":0.70,"#), "{body}");
    assert!(body.contains(r#""violence/graphic":false,"criminal":true,"dangerous":false,"hate_and_discrimination":true,"pii":false,"selfharm":false}"#), "{body}");
    assert!(body.contains(r#""category_applied_input_types":{"harassment":[],"#), "{body}");
    assert!(body.contains(r#"{"flagged":true,"categories":{"harassment":false,"#), "{body}");
    assert_eq!(spoken.losses, ["answer.categories"]);
    assert_eq!((spoken.usage.input, spoken.source), (9, UsageSource::Provider));
}

#[test]
fn mistral_judges_no_pictures() {
    let json = r#"{"input":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"https://h"}}]}"#;
    let refusal = ask(json, Grammar::Mistral).err().expect("a picture");
    assert_eq!(
        (refusal.param.as_deref(), refusal.code),
        (Some("input[1]"), Some("capability_not_supported"))
    );
    let texts = r#"{"input":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#;
    let (written, _) = ask(texts, Grammar::Mistral).expect("texts");
    assert_eq!(sent(&written), r#"{"model":"own","input":["a\nb"]}"#);
}

#[test]
fn what_is_no_judgement_for_each_input_is_a_fault() {
    let json = r#"{"model":"m","input":["a","b"]}"#;
    for grammar in [Grammar::OpenAi, Grammar::Mistral] {
        for (answer, message) in [
            (r#"{"results":[{}]}"#, "the provider gave 1 judgements for 2 inputs"),
            ("<html>", "the provider's answer has no judgements"),
            (r#"{"results":null}"#, "the provider's answer has no judgements"),
            (r#"{"error":{"message":"busy"}}"#, "busy"),
        ] {
            let fault = answered(json, grammar, answer).expect_err(answer);
            assert_eq!(fault.message, message, "{grammar:?}");
        }
    }
}

#[test]
fn what_is_no_request_is_refused_and_names_the_field() {
    for (json, param) in [
        (r#"{"model":"m"}"#, "input"),
        (r#"{"model":"m","input":[]}"#, "input"),
        (r#"{"model":"m","input":7}"#, "input"),
        (r#"{"model":"m","input":["a",7]}"#, "input[1]"),
        (r#"{"model":"m","input":[{"text":"a"}]}"#, "input[0].type"),
        (r#"{"model":"m","input":[{"type":"image_url"}]}"#, "input[0].image_url"),
        (r#"{"model":7,"input":"a"}"#, "model"),
    ] {
        let refusal = question(json).err().expect(json);
        assert_eq!(refusal.param.as_deref(), Some(param), "{json}");
    }
}
