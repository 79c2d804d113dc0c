//! Conversations, as a provider of this dialect is sent them.

use bytes::Bytes;
use serde_json::value::RawValue;
use wayleave_model::target::ReasoningControl;

use super::*;
use crate::chat::anthropic::AnthropicMessages;
use crate::chat::openai::OpenAiChat;
use crate::chat::{
    ChatSurface, Media, OutputFormat, Part, Reasoning, ReasoningAmount, Role, Seal, SealKind, Turn,
};

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned(), cache: None }
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, name: None, parts }
}

fn of(turns: Vec<Turn>) -> ChatRequest {
    ChatRequest { turns, ..ChatRequest::default() }
}

fn json(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// What stands between the model and `store`.
fn written(request: &ChatRequest, facts: &ModelFacts) -> (String, Vec<String>) {
    let (body, losses) = write(request, facts).unwrap();
    let inner = body.strip_prefix(r#"{"model":"up","#).unwrap();
    let inner = inner.strip_suffix(r#","store":false}"#).unwrap();
    (inner.to_owned(), losses)
}

fn plain(request: &ChatRequest) -> (String, Vec<String>) {
    written(request, &ModelFacts::default())
}

#[test]
fn a_chat_request_with_everything_crosses_over() {
    let body = r#"{"model":"m","stream":true,"max_completion_tokens":5,"temperature":0.5,"verbosity":"low",
        "response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}},
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},
            {"type":"custom","custom":{"name":"p","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}}}],
        "tool_choice":{"type":"custom","custom":{"name":"p"}},"parallel_tool_calls":false,"user":"u","service_tier":"flex",
        "logprobs":true,"top_logprobs":2,"reasoning_effort":"low",
        "messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"hi"},
            {"role":"developer","content":"Now in French"},
            {"role":"assistant","content":"Let me","tool_calls":[
                {"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},
                {"id":"c2","type":"custom","custom":{"name":"p","input":"x"}}]},
            {"role":"tool","tool_call_id":"c1","content":"1"},{"role":"tool","tool_call_id":"c2","content":""}]}"#;
    let request = OpenAiChat.read_request(&Head::default(), body.as_bytes()).unwrap();
    let facts = ModelFacts { min_output: Some(16), ..ModelFacts::default() };
    let expected = concat!(
        r#"{"model":"up","instructions":"Be brief","input":["#,
        r#"{"type":"message","role":"user","content":"hi"},"#,
        r#"{"type":"message","role":"developer","content":"Now in French"},"#,
        r#"{"type":"message","role":"assistant","content":"Let me"},"#,
        r#"{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},"#,
        r#"{"type":"custom_tool_call","call_id":"c2","name":"p","input":"x"},"#,
        r#"{"type":"function_call_output","call_id":"c1","output":"1"},"#,
        r#"{"type":"custom_tool_call_output","call_id":"c2","output":""}],"#,
        r#""tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false},"#,
        r#"{"type":"custom","name":"p","format":{"type":"grammar","syntax":"lark","definition":"x"}}],"#,
        r#""tool_choice":{"type":"custom","name":"p"},"parallel_tool_calls":false,"#,
        r#""text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"},"strict":true},"verbosity":"low"},"#,
        r#""max_output_tokens":16,"temperature":0.5,"top_logprobs":2,"reasoning":{"effort":"low"},"#,
        r#""include":["reasoning.encrypted_content","message.output_text.logprobs"],"#,
        r#""user":"u","service_tier":"flex","store":false,"stream":true}"#,
    );
    let (body, losses) = write(&request, &facts).unwrap();
    assert_eq!((body.as_str(), &losses[..]), (expected, &["max_tokens".to_owned()][..]));
}

#[test]
fn an_anthropic_request_crosses_over() {
    let body = r#"{"model":"m","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":4000},"stop_sequences":["END"],"top_k":5,
        "system":"Be brief","tools":[{"name":"f","input_schema":{"type":"object"}},{"type":"web_search_20250305","name":"web_search","max_uses":8}],
        "messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}},{"type":"text","text":"hi"}]},
            {"role":"assistant","content":[{"type":"thinking","thinking":"Hm.","signature":"s"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a":1}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":[{"type":"text","text":"no"},{"type":"image","source":{"type":"url","url":"https://x.test/a.png"}}]},{"type":"text","text":"and?"}]}]}"#;
    let request = AnthropicMessages.read_request(&Head::default(), body.as_bytes()).unwrap();
    let facts = ModelFacts { reasoning: Some(ReasoningControl::Effort), ..ModelFacts::default() };
    let expected = concat!(
        r#"{"model":"up","instructions":"Be brief","input":["#,
        r#"{"type":"message","role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,aGk=","detail":"auto"},{"type":"input_text","text":"hi"}]},"#,
        r#"{"type":"function_call","call_id":"toolu_1","name":"f","arguments":"{\"a\":1}"},"#,
        r#"{"type":"function_call_output","call_id":"toolu_1","output":[{"type":"input_text","text":"no"},{"type":"input_image","image_url":"https://x.test/a.png","detail":"auto"}]},"#,
        r#"{"type":"message","role":"user","content":[{"type":"input_text","text":"and?"}]}],"#,
        r#""tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":false},{"type":"web_search"}],"#,
        r#""max_output_tokens":9000,"reasoning":{"effort":"medium"},"include":["reasoning.encrypted_content"],"store":false}"#,
    );
    let (body, losses) = write(&request, &facts).unwrap();
    assert_eq!(body, expected);
    assert_eq!(
        losses,
        [
            "messages[].reasoning",
            "messages[].content[].is_error",
            "tools[].web_search_20250305",
            "stop",
            "top_k",
            "reasoning.budget",
        ]
    );
}

#[test]
fn a_field_whose_name_looks_like_a_path_is_not_what_stands_there() {
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],
        "tools":[{"name":"f","input_schema":{"type":"object"}}],
        "tool_choice.x":{"user_id":"1"},"include.y":"z"}"#;
    let request = AnthropicMessages.read_request(&Head::default(), body.as_bytes()).unwrap();
    let (written, losses) = plain(&request);
    assert!(!written.contains("tool_choice") && !written.contains("\"z\""), "{written}");
    for name in [r#""tool_choice.x""#, r#""include.y""#] {
        assert!(losses.iter().any(|loss| loss == name), "{losses:?}");
    }
}

#[test]
fn sealed_thoughts_go_back_to_where_they_came_from_under_their_id() {
    let thought = |bytes: &'static str| Part::Reasoning {
        text: "Hm.".to_owned(),
        seal: Some(Seal { kind: SealKind::Encrypted, bytes: Bytes::from_static(bytes.as_bytes()) }),
    };
    let said = vec![thought("rs_1\ngAAA"), text("a"), text("b"), thought("gBBB"), text("c")];
    let (body, losses) = plain(&of(vec![turn(Role::Assistant, said)]));
    let expected = concat!(
        r#""input":[{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"gAAA"},"#,
        r#"{"type":"message","role":"assistant","content":"ab"},"#,
        r#"{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}],"encrypted_content":"gBBB"},"#,
        r#"{"type":"message","role":"assistant","content":"c"}],"include":["reasoning.encrypted_content"]"#,
    );
    assert_eq!((body.as_str(), losses.is_empty()), (expected, true));
}

#[test]
fn encrypted_thoughts_are_asked_for_only_of_models_that_think() {
    let asks = |control, reasoning| {
        let facts = ModelFacts { reasoning: control, ..ModelFacts::default() };
        let request = ChatRequest { reasoning, ..of(vec![turn(Role::User, vec![text("hi")])]) };
        write(&request, &facts).unwrap().0.contains("encrypted_content")
    };
    let wish = || Some(Reasoning::default());
    assert!(asks(Some(ReasoningControl::Effort), None));
    assert!(!asks(Some(ReasoningControl::None), wish()));
    assert!(!asks(None, None));
    assert!(asks(None, wish()));
    assert!(!asks(None, Some(Reasoning { amount: ReasoningAmount::Off, show: None })));
}

#[test]
fn media_goes_where_this_dialect_has_a_place_for_it() {
    let inline = |mime: &str| Media::Inline { mime: mime.to_owned(), base64: "aGk=".to_owned() };
    let file = |media, name: Option<&str>| Part::File {
        media,
        name: name.map(str::to_owned),
        cache: None,
    };
    let said = vec![
        file(inline("application/pdf"), None),
        file(Media::Url("https://x.test/a.pdf".to_owned()), Some("a.pdf")),
        file(Media::FileId("file-1".to_owned()), None),
        file(Media::FileId("file_011C".to_owned()), None),
        Part::Audio { media: inline("audio/mpeg") },
        Part::Video { media: inline("video/mp4") },
    ];
    let (body, losses) = plain(&of(vec![turn(Role::User, said)]));
    let expected = concat!(
        r#""input":[{"type":"message","role":"user","content":["#,
        r#"{"type":"input_file","filename":"document.pdf","file_data":"data:application/pdf;base64,aGk="},"#,
        r#"{"type":"input_file","file_url":"https://x.test/a.pdf"},"#,
        r#"{"type":"input_file","file_id":"file-1"}]}]"#,
    );
    assert_eq!(body, expected);
    let kinds = ["file", "audio", "video"].map(|kind| format!("messages[].content[].{kind}"));
    assert_eq!(losses, kinds);
}

#[test]
fn a_result_that_comes_twice_is_sent_once() {
    let result = || Part::ToolResult {
        id: "c".to_owned(),
        name: None,
        parts: vec![text("x")],
        is_error: false,
        cache: None,
    };
    let call = Part::ToolCall {
        id: "c".to_owned(),
        name: "f".to_owned(),
        input: String::new(),
        custom: false,
        seal: None,
        cache: None,
    };
    let turns = vec![turn(Role::Assistant, vec![call]), turn(Role::User, vec![result(), result()])];
    let (body, losses) = plain(&of(turns));
    let expected = r#""input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"x"}]"#;
    assert_eq!(
        (body.as_str(), &losses[..]),
        (expected, &["messages[].tool_call_id".to_owned()][..])
    );
}

#[test]
fn what_the_answer_depends_on_is_refused() {
    let code = |request: &ChatRequest, facts: &ModelFacts| {
        let error = write(request, facts).unwrap_err();
        (error.param.unwrap(), error.code.unwrap())
    };
    let several = ChatRequest { choices: 2, ..ChatRequest::default() };
    assert_eq!(code(&several, &ModelFacts::default()), ("n".to_owned(), "unsupported_parameter"));
    let output = OutputFormat::JsonSchema {
        name: String::new(),
        description: None,
        schema: json("{}"),
        strict: None,
    };
    let shaped = ChatRequest { output, ..ChatRequest::default() };
    let facts = ModelFacts { json_schema: Some(false), ..ModelFacts::default() };
    let expected = ("response_format".to_owned(), "capability_not_supported");
    assert_eq!(code(&shaped, &facts), expected);
    let facts = ModelFacts { refuses: vec!["text".to_owned()], ..ModelFacts::default() };
    assert_eq!(code(&shaped, &facts), expected);
}

#[test]
fn a_choice_among_tools_comes_back_as_it_was() {
    for choice in [
        r#"{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"},{"type":"mcp"}]}"#,
        r#"{"type":"web_search_preview"}"#,
        r#"{"type":"function","name":"f"}"#,
        r#""required""#,
    ] {
        let tools = r#"[{"type":"function","name":"f","parameters":{},"strict":false},{"type":"mcp","server_label":"s"}]"#;
        let request = with(&format!(r#","tools":{tools},"tool_choice":{choice}"#)).unwrap();
        let (body, losses) = plain(&request);
        assert!(body.ends_with(&format!(r#""tools":{tools},"tool_choice":{choice}"#)), "{body}");
        assert!(losses.is_empty(), "{losses:?}");
    }
}

#[test]
fn a_refusal_of_an_earlier_turn_is_text_as_only_messages_with_ids_hold_one() {
    let said = vec![text("Well. "), Part::Refusal("No.".to_owned())];
    let (body, lost) =
        plain(&of(vec![turn(Role::User, vec![text("Hi")]), turn(Role::Assistant, said)]));
    let message = r#"{"type":"message","role":"assistant","content":"Well. No."}"#;
    assert!(body.contains(message), "{body}");
    assert_eq!(lost, ["messages[].refusal"]);
}

#[test]
fn what_has_no_field_is_named() {
    let request = ChatRequest {
        stop: vec!["END".to_owned()],
        service_tier: Some("standard_only".to_owned()),
        end_user: Some("u".repeat(65)),
        metadata: Some(json("{}")),
        rest: vec![
            ("store".to_owned(), json("false")),
            ("logit_bias".to_owned(), json("{}")),
            ("max_tool_calls".to_owned(), json("3")),
        ],
        ..of(vec![turn(Role::User, vec![text("hi")])])
    };
    let (body, losses) = plain(&request);
    assert_eq!(
        body,
        r#""input":[{"type":"message","role":"user","content":"hi"}],"max_tool_calls":3"#
    );
    assert_eq!(losses, ["stop", "user", "service_tier", "metadata", "logit_bias"]);
}
