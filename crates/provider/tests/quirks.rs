//! What a vendor's data makes of a request, in the bytes that leave for the vendor.

use bytes::Bytes;
use wayleave_dialect::chat::Head;
use wayleave_dialect::raw::{Edits, RawObject};
use wayleave_dialect::{ClientDialect, Dialect, Losses};
use wayleave_model::target::ModelFacts;

/// The facts of a vendor's model of which nothing else is known.
fn facts(kind: &str, model: &str) -> ModelFacts {
    let kind = wayleave_provider::kind(kind).expect(kind);
    kind.quirks().fill(model, &ModelFacts::UNKNOWN)
}

/// A client of the same grammar: the amended body and the names of the edits.
fn amended(kind: &str, model: &str, body: &str) -> (String, Vec<String>) {
    let bytes = Bytes::copy_from_slice(body.as_bytes());
    let chat = ClientDialect::OpenAiChat.chat();
    let object = RawObject::read(&bytes).expect("JSON");
    let ask = chat.ask(&Head::default(), object).expect("a request");
    let mut edits = Edits::default();
    chat.amend(&ask, model, &facts(kind, model), &mut edits);
    let out = edits.apply(&ask.body, &bytes).concat();
    let names = edits.names().map(ToString::to_string).collect();
    (String::from_utf8(out).expect("text"), names)
}

/// A client of Anthropic's grammar: what is written and the paths of what is lost.
fn translated(kind: &str, model: &str, fields: &str) -> (String, Vec<String>) {
    let body = format!(
        r#"{{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"hi"}}]{fields}}}"#
    );
    let chat = ClientDialect::AnthropicMessages.chat();
    let request = chat.read_request(&Head::default(), body.as_bytes()).expect("a request");
    let mut losses = Losses::default();
    let facts = facts(kind, model);
    let written = Dialect::OpenAiChat.chat().write_request(&request, model, &facts, &mut losses);
    let out = String::from_utf8(written.expect("written").body).expect("text");
    (out, losses.iter().map(|loss| loss.path.clone()).collect())
}

#[test]
fn mistral_gets_no_field_that_it_would_refuse() {
    let (body, names) = amended(
        "mistral",
        "mistral-large-latest",
        r#"{"model":"mistral-large-latest","messages":[{"role":"developer","content":"be brief"},{"role":"user","name":"ann","content":"hi"}],"max_completion_tokens":9,"seed":7,"user":"u","stream":true,"stream_options":{"include_usage":true}}"#,
    );
    assert_eq!(
        body,
        r#"{"model":"mistral-large-latest","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}],"max_tokens":9,"random_seed":7,"stream":true}"#
    );
    assert_eq!(
        names,
        [
            "max_completion_tokens->max_tokens",
            "seed->random_seed",
            "messages[].role: developer->system; -messages[].name",
            "-user",
            "-stream_options",
        ]
    );
}

#[test]
fn a_request_that_a_vendor_takes_stays_the_clients_bytes() {
    let body =
        r#"{ "model":"m" , "messages":[ {"role":"user","content":"hi"} ],"temperature":0.50 }"#;
    for kind in wayleave_provider::KINDS {
        let id = kind.manifest().id;
        assert_eq!(amended(id, "m", body), (body.to_owned(), Vec::new()), "{id}");
    }
}

#[test]
fn groq_gets_no_names_and_no_probabilities() {
    let (body, names) = amended(
        "groq",
        "m",
        r#"{"model":"m","logprobs":true,"top_logprobs":2,"messages":[{"role":"assistant","content":"a","reasoning_content":"hm"},{"role":"user","content":"hi"}]}"#,
    );
    assert_eq!(
        body,
        r#"{"model":"m","messages":[{"role":"assistant","content":"a"},{"role":"user","content":"hi"}]}"#
    );
    assert_eq!(names, ["-messages[].reasoning_content", "-logprobs", "-top_logprobs"]);
}

#[test]
fn grok_gets_penalties_only_where_it_does_not_reason() {
    let body = |model: &str| {
        format!(r#"{{"model":"{model}","messages":[],"presence_penalty":1,"stop":["x"]}}"#)
    };
    let reasoning = "grok-4-fast-reasoning";
    let (out, names) = amended("xai", reasoning, &body(reasoning));
    assert_eq!(out, format!(r#"{{"model":"{reasoning}","messages":[]}}"#));
    assert_eq!(names, ["-presence_penalty", "-stop"]);
    let plain = "grok-4-fast-non-reasoning";
    assert_eq!(amended("xai", plain, &body(plain)), (body(plain), Vec::new()));
}

#[test]
fn how_much_to_think_is_said_in_each_vendors_own_field() {
    let thinking = r#","thinking":{"type":"enabled","budget_tokens":2048}"#;
    let written = |kind, model| {
        let (body, lost) = translated(kind, model, thinking);
        let fields = body.split_once(r#""max_tokens":9"#).expect("the limit").1.to_owned();
        (fields, lost)
    };
    let none = Vec::<String>::new();
    let qwen = (r#","enable_thinking":true,"thinking_budget":2048}"#.to_owned(), none.clone());
    assert_eq!(written("qwen", "qwen3-max"), qwen);
    let router = (r#","reasoning":{"max_tokens":2048}}"#.to_owned(), none);
    assert_eq!(written("openrouter", "m"), router);
    let lost = vec!["reasoning".to_owned()];
    let zhipu = (r#","thinking":{"type":"enabled"}}"#.to_owned(), lost.clone());
    assert_eq!(written("zhipu", "glm-4.7"), zhipu);
    let word = (r#","reasoning_effort":"low"}"#.to_owned(), lost.clone());
    assert_eq!(written("zhipu", "glm-5.3"), word);
    assert_eq!(written("deepseek", "deepseek-chat"), word);
    let template = r#","reasoning_effort":"low","chat_template_kwargs":{"enable_thinking":true,"thinking":true}}"#;
    assert_eq!(written("vllm", "m"), (template.to_owned(), lost));
}

#[test]
fn thinking_can_be_switched_off() {
    let off = r#","thinking":{"type":"disabled"}"#;
    let (body, lost) = translated("deepseek", "deepseek-chat", off);
    assert!(body.ends_with(r#","thinking":{"type":"disabled"}}"#), "{body}");
    assert_eq!(lost, Vec::<String>::new());
    let asked = r#"{"model":"m","messages":[],"reasoning_effort":"none"}"#;
    let (body, names) = amended("vllm", "m", asked);
    let switch = r#"{"chat_template_kwargs":{"enable_thinking":false,"thinking":false},"#;
    assert_eq!(body, format!(r#"{switch}"model":"m","messages":[]}}"#));
    assert_eq!(names, ["reasoning_effort->chat_template_kwargs", "-reasoning_effort"]);
}

#[test]
fn a_schema_that_deepseek_cannot_enforce_is_refused() {
    let schema = r#","output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}"#;
    let body = format!(r#"{{"model":"m","max_tokens":9,"messages":[]{schema}}}"#);
    let chat = ClientDialect::AnthropicMessages.chat();
    let request = chat.read_request(&Head::default(), body.as_bytes()).expect("a request");
    let facts = facts("deepseek", "deepseek-chat");
    let mut losses = Losses::default();
    let written = Dialect::OpenAiChat.chat().write_request(&request, "m", &facts, &mut losses);
    assert_eq!(written.expect_err("no such promise").code, Some("capability_not_supported"));
}
