//! Completions passed on: exact bytes in both directions, of the forms of the reference
//! (<https://platform.openai.com/docs/api-reference/completions>).

use bytes::Bytes;
use wayleave_model::target::{ModelFacts, TokenLimit};

use super::OpenAiCompletions;
use crate::carry::{Answer, Carried, Translate, translate_whole};
use crate::chat::{Ask, ChatDialect, ChatRequest, ChatSurface, Head};
use crate::error::{Fault, FaultKind};
use crate::raw::{Edits, RawObject};
use crate::{ClientDialect, Dialect, Losses, Malformed};

fn ask(body: &str) -> Result<Ask<'_>, Malformed> {
    OpenAiCompletions.ask(&Head::default(), RawObject::read(body.as_bytes()).unwrap())
}

fn choices(prompt: &str, fields: &str) -> u32 {
    ask(&format!(r#"{{"model":"m","prompt":{prompt}{fields}}}"#)).unwrap().choices
}

#[test]
fn every_prompt_is_an_answer_and_so_is_every_candidate() {
    assert_eq!(choices(r#""a""#, ""), 1);
    assert_eq!(choices("null", ""), 1);
    assert_eq!(choices("[1,2,3]", ""), 1);
    assert_eq!(choices("[[1,2],[3]]", ""), 2);
    assert_eq!(choices(r#"["a","b","c"]"#, r#","n":2"#), 6);
    assert_eq!(choices(r#"["a","b"]"#, r#","n":1,"best_of":5"#), 10);
}

#[test]
fn what_cannot_be_routed_is_refused_by_name() {
    let refused = |body: &str| {
        let error = ask(body).unwrap_err();
        (error.param.unwrap(), error.message)
    };
    assert_eq!(refused(r#"{"prompt":"a"}"#).0, "model");
    assert_eq!(refused(r#"{"model":"m"}"#).1, "`prompt` is missing");
    assert_eq!(refused(r#"{"model":"m","prompt":{}}"#).1, "`prompt` must be a string or a list");
    let message = refused(r#"{"model":"m","messages":[]}"#).1;
    assert_eq!(message, "`prompt` is missing: `messages` go to /v1/chat/completions");
    assert_eq!(refused(r#"{"model":"m","prompt":[],"n":4294967296,"best_of":9}"#).0, "n");
}

#[test]
fn only_what_the_target_demands_is_edited() {
    let amended = |body: &str, facts: &ModelFacts| {
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let ask =
            OpenAiCompletions.ask(&Head::default(), RawObject::read(&bytes).unwrap()).unwrap();
        let mut edits = Edits::default();
        OpenAiCompletions.amend(&ask, "up", facts, &mut edits);
        String::from_utf8(edits.apply(&ask.body, &bytes).concat()).unwrap()
    };
    let body = r#"{ "prompt" : ["a\u00e9"], "suffix":"z","echo":true,"model":"up","best_of":2,"logprobs":5,"new":1.0 }"#;
    assert_eq!(amended(body, &ModelFacts::default()), body);
    let facts = ModelFacts {
        max_output: Some(16),
        token_limit: Some(TokenLimit::MaxCompletionTokens),
        refuses: vec!["suffix".to_owned(), "prompt".to_owned()],
        ..ModelFacts::default()
    };
    assert_eq!(
        amended(r#"{"model":"m","prompt":"a","suffix":"z","max_tokens":99,"stream":true}"#, &facts),
        r#"{"stream_options":{"include_usage":true},"model":"up","prompt":"a","max_tokens":16,"stream":true}"#
    );
}

const A: &str = "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1,\"choices\":[{\"text\":\" a\\u00e9\",\"index\":0,\"logprobs\":null,\"finish_reason\":null}],\"model\":\"gpt-3.5-turbo-instruct\"}\n\n";
const B: &str = "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1,\"choices\":[{\"text\":\"\",\"index\":0,\"logprobs\":null,\"finish_reason\":\"length\"}],\"model\":\"gpt-3.5-turbo-instruct\"}\n\n";
const USAGE: &str = "data: {\"id\":\"cmpl-1\",\"object\":\"text_completion\",\"created\":1,\"choices\":[],\"model\":\"gpt-3.5-turbo-instruct\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

struct Out {
    text: String,
    end: Result<(), Fault>,
    repairs: Vec<&'static str>,
    usage: Option<u64>,
    content_bytes: u64,
}

fn carried(answer: &Answer, stream: &str, size: usize) -> Out {
    let mut carrier = OpenAiCompletions.carry(answer);
    let mut out = Carried::default();
    for chunk in stream.as_bytes().chunks(size) {
        if out.end.is_none() {
            carrier.push(Bytes::copy_from_slice(chunk), &mut out);
        }
    }
    if out.end.is_none() {
        carrier.end(&mut out);
    }
    let seen = carrier.seen();
    Out {
        text: String::from_utf8(out.bytes.concat()).unwrap(),
        end: out.end.unwrap(),
        repairs: seen.repairs.clone(),
        usage: seen.usage.map(|usage| usage.total()),
        content_bytes: seen.content_bytes,
    }
}

fn with_usage() -> Answer {
    Answer { include_usage: true, ..Answer::default() }
}

#[test]
fn a_good_stream_is_the_same_bytes_in_any_chunks() {
    let stream = [A, B, USAGE, DONE].concat();
    for size in [1, 10, 1 << 16] {
        let out = carried(&with_usage(), &stream, size);
        assert_eq!((out.text, out.end, out.usage), (stream.clone(), Ok(()), Some(5)));
        assert!(out.repairs.is_empty());
    }
    let out = carried(&Answer::default(), &stream, 1 << 16);
    assert_eq!((out.text, out.usage), ([A, B, DONE].concat(), Some(5)));
    let out = carried(&Answer::default(), &[A, B, DONE].concat(), 64);
    assert_eq!((out.usage, out.content_bytes), (None, 4));
}

#[test]
fn what_would_break_a_client_is_mended() {
    let named = Answer { model: Some("fast".to_owned()), ..with_usage() };
    let stream = [B, DONE].concat();
    let renamed = stream.replace("gpt-3.5-turbo-instruct", "fast");
    assert_eq!(carried(&named, &stream, 64).text, renamed);
    let sloppy = stream.replace("\"text\":\"\",", "\"text\":null,");
    let out = carried(&with_usage(), &sloppy, 64);
    assert_eq!((&*out.text, &out.repairs[..]), (&*stream, &["text"][..]));
    let out = carried(&with_usage(), B, 64);
    assert_eq!((&*out.text, &out.repairs[..]), (&*stream, &["done_missing"][..]));
    assert_eq!(carried(&with_usage(), A, 64).end, Err(Fault::cut()));
    let error = "data: {\"error\":{\"message\":\"busy\"}}\n\n";
    assert_eq!(carried(&with_usage(), error, 64).end.unwrap_err().message, "busy");
}

const WHOLE: &str = r#"{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":" a","index":0,"logprobs":null,"finish_reason":"stop"},{"text":"bc","index":1,"logprobs":null,"finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;

#[test]
fn a_whole_body_is_not_touched_or_mended() {
    let carried = |body: &str| {
        OpenAiCompletions.carry_whole(&Answer::default(), Bytes::copy_from_slice(body.as_bytes()))
    };
    let whole = carried(WHOLE).unwrap();
    assert_eq!((&whole.body[..], whole.content_bytes), (WHOLE.as_bytes(), 4));
    assert_eq!(whole.usage.map(|usage| usage.total()), Some(5));
    assert!(whole.repairs.is_empty());
    let sloppy = WHOLE.replace("text_completion", "text.completion").replace(r#"" a""#, "null");
    let whole = carried(&sloppy).unwrap();
    assert_eq!(&whole.body[..], WHOLE.replace(r#"" a""#, r#""""#).as_bytes());
    assert_eq!(whole.repairs, ["object", "text"]);
    let kind = |body: &str| carried(body).unwrap_err().kind;
    assert_eq!(kind("<html>"), FaultKind::Unreadable);
    assert_eq!(kind(r#"{"choices":[]}"#), FaultKind::Unreadable);
    assert_eq!(kind(r#"{"error":{"message":"m"}}"#), FaultKind::Reported);
}

#[test]
fn a_whole_body_in_place_of_a_stream_becomes_one() {
    let pretty = WHOLE.replace(r#","choices""#, ",\n  \"choices\"");
    let out = carried(&with_usage(), &pretty, 16);
    let flat = WHOLE.replace(r#","choices""#, r#",   "choices""#);
    let (said, told) = (
        flat.replace(r#"{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#, "null"),
        format!("{}{}", flat.split("[{").next().unwrap(), &flat[flat.find("],").unwrap() - 1..])
            .replacen("}],", "[],", 1),
    );
    assert_eq!(out.text, format!("data: {said}\n\ndata: {told}\n\ndata: [DONE]\n\n"));
    assert_eq!((out.end, out.usage), (Ok(()), Some(5)));
    assert_eq!(out.repairs, ["not_streamed"]);
}

#[test]
fn the_wrong_endpoint_names_the_right_one() {
    let head = Head::default();
    let error = OpenAiCompletions.read_request(&head, br#"{"model":"m","prompt":"a"}"#);
    let error = error.unwrap_err();
    assert_eq!(error.message, "this model is served for chat: use /v1/chat/completions");
    assert_eq!(error.code, Some("wrong_endpoint"));
    let (request, facts) = (ChatRequest::default(), ModelFacts::default());
    let error = OpenAiCompletions.write_request(&request, "m", &facts, &mut Losses::default());
    assert_eq!(error.unwrap_err().message, "this model only completes a text: use /v1/completions");
}

#[test]
fn its_words_are_read_and_written_as_events() {
    let answer = Answer { id: "wl_1".to_owned(), ..Answer::default() };
    let to = ClientDialect::OpenAiCompletions;
    let whole = translate_whole(Dialect::OpenAiCompletions, to, &answer, WHOLE.as_bytes()).unwrap();
    let body = String::from_utf8(whole.body.to_vec()).unwrap();
    let expected = r#""choices":[{"text":" a","index":0,"logprobs":null,"finish_reason":"stop"},{"text":"bc","index":1,"logprobs":null,"finish_reason":"length"}]"#;
    assert!(body.contains(expected), "{body}");
    let mut carrier: Box<dyn crate::carry::Carry> =
        Box::new(Translate::new(Dialect::OpenAiCompletions, to, &answer));
    let mut out = Carried::default();
    carrier.push(Bytes::from([A, B, DONE].concat()), &mut out);
    assert_eq!(out.end, Some(Ok(())));
    let text = String::from_utf8(out.bytes.concat()).unwrap();
    assert!(text.contains(r#"{"text":" aé","index":0,"logprobs":null,"finish_reason":null}"#));
    assert!(text.contains(r#"{"text":"","index":0,"logprobs":null,"finish_reason":"length"}"#));
    assert!(text.ends_with(DONE));
}
