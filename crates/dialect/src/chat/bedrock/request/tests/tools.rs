//! Tools, the choice among them, and answers of a given shape.

use super::*;

fn config(request: &ChatRequest) -> (String, Vec<String>) {
    let (body, lost) = body(request);
    (field(body.as_bytes(), "toolConfig"), lost)
}

fn with_tools(choice: Option<ToolChoice>) -> ChatRequest {
    let mut tool = function("f", Some(r#"{"properties":{"a":{"type":"string"}}}"#));
    tool.description = Some("d".to_owned());
    ChatRequest { tools: vec![tool], tool_choice: choice, ..asks() }
}

fn schema(strict: bool) -> OutputFormat {
    OutputFormat::JsonSchema {
        name: "my schema".to_owned(),
        description: Some("d".to_owned()),
        schema: raw(r#"{"type":"object","x":1.0}"#),
        strict: Some(strict),
    }
}

fn after_a_call(choice: Option<ToolChoice>) -> ChatRequest {
    let mut request = with_tools(choice);
    request.turns = vec![
        turn(Role::User, vec![text("go")]),
        turn(Role::Assistant, vec![call("c", "old", "{}")]),
        turn(Role::User, vec![result("c", vec![text("r")], false)]),
    ];
    request
}

const F: &str = r#"{"toolSpec":{"name":"f","description":"d","inputSchema":{"json":{"type":"object","properties":{"a":{"type":"string"}}}}}}"#;
const OLD: &str = r#"{"toolSpec":{"name":"old","description":"Not available any more. Never call this.","inputSchema":{"json":{"type":"object","properties":{}}}}}"#;

#[test]
fn every_choice_has_its_word() {
    let tool = |name: &str| Some(ToolChoice::Tool(name.to_owned()));
    for (choice, expected) in [
        (None, format!(r#"{{"tools":[{F}]}}"#)),
        (Some(ToolChoice::Auto), format!(r#"{{"tools":[{F}],"toolChoice":{{"auto":{{}}}}}}"#)),
        (Some(ToolChoice::Required), format!(r#"{{"tools":[{F}],"toolChoice":{{"any":{{}}}}}}"#)),
        (tool("f"), format!(r#"{{"tools":[{F}],"toolChoice":{{"tool":{{"name":"f"}}}}}}"#)),
    ] {
        assert_eq!(config(&with_tools(choice)), (expected, vec![]));
    }
}

#[test]
fn tools_that_may_not_be_called_stay_at_home() {
    let (config, lost) = config(&with_tools(Some(ToolChoice::None)));
    assert_eq!((&*config, lost), ("(absent)", vec!["tools".to_owned()]));
}

#[test]
fn a_conversation_with_calls_has_definitions_in_any_case() {
    let gone = format!(r#"{{"tools":[{OLD}]}}"#);
    let lost = vec!["tool_choice".to_owned()];
    assert_eq!(config(&after_a_call(Some(ToolChoice::None))), (gone.clone(), lost.clone()));
    let without = ChatRequest { tools: vec![], ..after_a_call(None) };
    assert_eq!(config(&without), (gone, lost));
    assert_eq!(config(&after_a_call(None)), (format!(r#"{{"tools":[{F}]}}"#), vec![]));
    // Results without their calls count too.
    let turns = vec![turn(Role::User, vec![result("c", vec![text("r")], false)])];
    let (orphan, _) = config(&ChatRequest { turns, ..ChatRequest::default() });
    assert!(orphan.contains(r#""name":"unavailable""#), "{orphan}");
}

#[test]
fn a_demanded_tool_that_cannot_be_offered_is_refused() {
    let request = ChatRequest { tool_choice: Some(ToolChoice::Required), ..asks() };
    let refusal = written(&request, CLAUDE, &ModelFacts::default()).unwrap_err();
    assert_eq!((refusal.code, refusal.param.as_deref()), (None, Some("tool_choice")));
    let kind = ToolKind::Hosted { kind: "web_search".to_owned(), json: raw("{}") };
    let hosted = Tool { name: String::new(), description: None, kind, cache: None };
    let request = ChatRequest { tools: vec![hosted], ..request };
    let refusal = written(&request, CLAUDE, &ModelFacts::default()).unwrap_err();
    assert_eq!(refusal.code, Some("capability_not_supported"));
}

#[test]
fn a_name_that_bedrock_refuses_is_refused_here() {
    let request = ChatRequest { tools: vec![function("mcp.server/f", None)], ..asks() };
    let refusal = written(&request, CLAUDE, &ModelFacts::default()).unwrap_err();
    assert_eq!(refusal.code, Some("capability_not_supported"));
    assert!(refusal.message.contains("mcp.server/f"), "{refusal}");
}

#[test]
fn one_call_at_a_time_cannot_be_demanded() {
    let request = ChatRequest { parallel_tools: Some(false), ..with_tools(None) };
    assert_eq!(config(&request).1, ["parallel_tool_calls"]);
}

#[test]
fn tools_of_free_text_take_one_string() {
    let kind = ToolKind::Custom { format: Some(raw("{}")) };
    let tool = Tool { name: "sh".to_owned(), description: None, kind, cache: None };
    let (config, lost) = config(&ChatRequest { tools: vec![tool], ..asks() });
    assert!(config.contains(r#""required":["input"]"#), "{config}");
    assert_eq!(lost, ["tools[].custom.format"]);
}

#[test]
fn a_schema_is_native_where_the_model_is_known_to_have_it() {
    let request = ChatRequest { output: schema(true), ..with_tools(None) };
    let facts = ModelFacts { json_schema: Some(true), ..ModelFacts::default() };
    let (native, lost) = written(&request, CLAUDE, &facts).unwrap();
    let expected = concat!(
        r#"{"textFormat":{"type":"json_schema","structure":{"jsonSchema":"#,
        r#"{"schema":"{\"type\":\"object\",\"x\":1.0}","name":"my schema","description":"d"}}}}"#,
    );
    assert_eq!(field(&native.body, "outputConfig"), expected);
    assert_eq!((native.answer_tool, lost), (None, vec![]));
}

#[test]
fn elsewhere_one_tool_carries_the_answer() {
    let request = ChatRequest { output: schema(true), ..asks() };
    let (tooled, lost) = written(&request, CLAUDE, &ModelFacts::default()).unwrap();
    let name = tooled.answer_tool.unwrap();
    assert!(name.starts_with("wl_json_output_my"), "{name}");
    let config = field(&tooled.body, "toolConfig");
    assert!(config.contains(&format!(r#"{{"toolSpec":{{"name":"{name}","#)), "{config}");
    assert!(config.contains(r#""inputSchema":{"json":{"type":"object","x":1.0}}"#), "{config}");
    assert!(config.ends_with(r#""toolChoice":{"any":{}}}"#), "{config}");
    assert_eq!(lost, [""; 0]);
    let object = ChatRequest { output: OutputFormat::JsonObject, ..asks() };
    let (tooled, _) = written(&object, CLAUDE, &ModelFacts::default()).unwrap();
    assert_eq!(tooled.answer_tool.as_deref(), Some("wl_json_output"));
}

#[test]
fn a_tool_that_carries_the_answer_is_named_beside_those_that_are_gone() {
    let request =
        ChatRequest { output: OutputFormat::JsonObject, tools: vec![], ..after_a_call(None) };
    let (tooled, _) = written(&request, CLAUDE, &ModelFacts::default()).unwrap();
    let config = field(&tooled.body, "toolConfig");
    assert!(config.contains(OLD), "{config}");
    assert!(config.ends_with(r#""toolChoice":{"tool":{"name":"wl_json_output"}}}"#), "{config}");
}

#[test]
fn a_shape_that_cannot_be_enforced_is_refused() {
    let with_tools = ChatRequest { output: schema(false), ..with_tools(None) };
    let amount = ReasoningAmount::Effort("low".to_owned());
    let reasoning = Some(Reasoning { amount, show: None });
    let thinking = ChatRequest { output: schema(false), reasoning, ..asks() };
    let listed = OutputFormat::JsonSchema {
        name: "n".to_owned(),
        description: None,
        schema: raw(r#"{"type":"array"}"#),
        strict: None,
    };
    let list = ChatRequest { output: listed, ..asks() };
    let rest = vec![("response_format".to_owned(), raw(r#"{"type":"grammar"}"#))];
    let odd = ChatRequest { rest, ..asks() };
    for request in [with_tools, thinking, list, odd] {
        let refusal = written(&request, CLAUDE, &ModelFacts::default()).unwrap_err();
        assert_eq!(refusal.param.as_deref(), Some("response_format"));
        assert_eq!(refusal.code, Some("capability_not_supported"));
    }
    let no_tools = ModelFacts { tools: Some(false), ..ModelFacts::default() };
    let plain = ChatRequest { output: schema(false), ..asks() };
    assert!(written(&plain, CLAUDE, &no_tools).is_err());
}

#[test]
fn strict_tools_go_up_where_the_model_is_known_to_hold_to_them() {
    let mut tool = function("f", None);
    tool.kind = ToolKind::Function { schema: None, strict: Some(true) };
    let request = ChatRequest { tools: vec![tool], ..asks() };
    let facts = ModelFacts { json_schema: Some(true), ..ModelFacts::default() };
    let (strict, lost) = written(&request, CLAUDE, &facts).unwrap();
    assert!(field(&strict.body, "toolConfig").contains(r#""strict":true"#));
    assert_eq!(lost, [""; 0]);
    assert_eq!(body(&request).1, ["tools[].strict"]);
}
