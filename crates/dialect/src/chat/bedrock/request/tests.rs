//! Requests written. Shapes: the `ConverseRequest` of botocore 1.44.5, which the bodies here pass.

mod layout;
mod models;
mod tools;

use serde_json::value::RawValue;
use wayleave_model::target::ModelFacts;

use super::write;
use crate::chat::{
    ChatRequest, Media, OutputFormat, Part, Reasoning, ReasoningAmount, Role, Sampling, Seal,
    SealKind, Tool, ToolChoice, ToolKind, Turn, Written,
};
use crate::raw::RawObject;
use crate::{Losses, Malformed};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

/// Writes a request: what goes up, and the paths of what was lost.
fn written(
    request: &ChatRequest,
    model: &str,
    facts: &ModelFacts,
) -> Result<(Written, Vec<String>), Malformed> {
    let mut losses = Losses::default();
    let written = write(request, model, facts, &mut losses)?;
    Ok((written, losses.iter().map(|loss| loss.path.clone()).collect()))
}

/// The body for Claude, of which nothing more is known.
fn body(request: &ChatRequest) -> (String, Vec<String>) {
    let (written, lost) = written(request, CLAUDE, &ModelFacts::default()).unwrap();
    (String::from_utf8(written.body).unwrap(), lost)
}

/// The value at `key` of a body, as JSON.
fn field(body: &[u8], key: &str) -> String {
    RawObject::read(body).unwrap().raw(key).unwrap_or("(absent)").to_owned()
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned(), cache: None }
}

fn marked(text: &str, mark: &str) -> Part {
    Part::Text { text: text.to_owned(), cache: Some(raw(mark)) }
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, name: None, parts }
}

fn call(id: &str, name: &str, input: &str) -> Part {
    let (id, name, input) = (id.to_owned(), name.to_owned(), input.to_owned());
    Part::ToolCall { id, name, input, custom: false, seal: None, cache: None }
}

fn result(id: &str, parts: Vec<Part>, is_error: bool) -> Part {
    Part::ToolResult { id: id.to_owned(), name: None, parts, is_error, cache: None }
}

fn asks() -> ChatRequest {
    ChatRequest { turns: vec![turn(Role::User, vec![text("hi")])], ..ChatRequest::default() }
}

fn function(name: &str, schema: Option<&str>) -> Tool {
    let kind = ToolKind::Function { schema: schema.map(raw), strict: None };
    Tool { name: name.to_owned(), description: None, kind, cache: None }
}

#[test]
fn a_plain_request_byte_for_byte() {
    let mut request = asks();
    request.turns.insert(0, turn(Role::Developer, vec![text("Be kind.")]));
    request.stream = true;
    request.max_output = Some(100);
    request.stop = vec!["END".to_owned(), "\n".to_owned()];
    request.sampling = Sampling { temperature: Some(0.7), top_k: Some(5), ..Sampling::default() };
    request.metadata = Some(raw(r#"{"team":"a/b","bad":"ü","n":7}"#));
    request.service_tier = Some("flex".to_owned());
    request.end_user = Some("u-1".to_owned());
    let expected = concat!(
        r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}],"system":[{"text":"Be kind."}],"#,
        r#""inferenceConfig":{"maxTokens":100,"temperature":0.7,"stopSequences":["END"]},"#,
        r#""additionalModelRequestFields":{"top_k":5},"#,
        r#""additionalModelResponseFieldPaths":["/stop_sequence"],"#,
        r#""requestMetadata":{"team":"a/b"},"serviceTier":{"type":"flex"}}"#,
    );
    let (body, lost) = body(&request);
    assert_eq!(body, expected);
    assert_eq!(lost, ["stop", "metadata", "user"]);
}

#[test]
fn what_has_no_field_is_named() {
    let mut request = asks();
    request.sampling = Sampling {
        frequency_penalty: Some(0.5),
        seed: Some(1),
        temperature: Some(1.5),
        ..Sampling::default()
    };
    request.logprobs = Some(2);
    request.cache_key = Some("k".to_owned());
    request.service_tier = Some("turbo".to_owned());
    request.rest = vec![("modalities".to_owned(), raw("[]"))];
    let (_, lost) = body(&request);
    let expected = [
        "temperature",
        "frequency_penalty",
        "seed",
        "logprobs",
        "service_tier",
        "prompt_cache_key",
        "modalities",
    ];
    assert_eq!(lost, expected);
}

#[test]
fn several_answers_are_refused() {
    let request = ChatRequest { choices: 2, ..asks() };
    let refusal = written(&request, CLAUDE, &ModelFacts::default()).unwrap_err();
    let told = (refusal.code, refusal.param.as_deref());
    assert_eq!(told, (Some("unsupported_parameter"), Some("n")));
}

#[test]
fn the_answer_limit_is_the_models_at_most() {
    let request = ChatRequest { max_output: Some(9000), ..asks() };
    let facts = ModelFacts { max_output: Some(4096), ..ModelFacts::default() };
    let (written, lost) = written(&request, CLAUDE, &facts).unwrap();
    assert_eq!(field(&written.body, "inferenceConfig"), r#"{"maxTokens":4096}"#);
    assert_eq!(lost, ["max_tokens"]);
}
