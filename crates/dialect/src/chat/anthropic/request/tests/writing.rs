//! What goes up, byte for byte, and what is named as lost.

use serde_json::value::RawValue;
use wayleave_model::target::{ModelFacts, ReasoningControl};

use super::{field, request, written};
use crate::chat::{
    ChatRequest, Media, OutputFormat, Part, Reasoning, ReasoningAmount, Role, Sampling, Seal,
    SealKind, Tool, ToolChoice, ToolKind, Turn,
};

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned(), cache: None }
}

fn says(role: Role, part: Part) -> Turn {
    Turn { role, name: None, parts: vec![part] }
}

fn asks() -> ChatRequest {
    ChatRequest { turns: vec![says(Role::User, text("hi"))], ..ChatRequest::default() }
}

fn function(name: &str, schema: Option<&str>) -> Tool {
    let kind = ToolKind::Function { schema: schema.map(raw), strict: None };
    Tool { name: name.to_owned(), description: None, kind, cache: None }
}

fn schema(json: &str) -> OutputFormat {
    let (name, schema) = ("my schema".to_owned(), raw(json));
    OutputFormat::JsonSchema { name, description: None, schema, strict: Some(true) }
}

#[test]
fn a_plain_request_byte_for_byte() {
    let mut request = asks();
    request.turns.insert(0, says(Role::Developer, text("Be kind.")));
    request.stream = true;
    request.max_output = Some(100);
    request.stop = vec!["END".to_owned(), "\n".to_owned()];
    request.sampling = Sampling { temperature: Some(0.7), ..Sampling::default() };
    request.end_user = Some("u-1".to_owned());
    let (body, lost) = written(&request, &ModelFacts::default()).unwrap();
    let expected = concat!(
        r#"{"model":"claude","max_tokens":100,"system":[{"type":"text","text":"Be kind."}],"#,
        r#""messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"#,
        r#""stop_sequences":["END"],"temperature":0.7,"metadata":{"user_id":"u-1"},"stream":true}"#,
    );
    assert_eq!(body, expected);
    assert_eq!(lost, ["stop"]);
}

#[test]
fn reading_writing_and_reading_keeps_the_meaning() {
    let body = r#"{"model":"claude","max_tokens":9000,"stream":true,
        "system":[{"type":"text","text":"S","cache_control":{"type":"ephemeral"}}],
        "messages":[{"role":"user","content":[{"type":"text","text":"look"},
            {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}}]},
          {"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"Sig=="},
            {"type":"text","text":"see","citations":[{"type":"char_location","cited_text":"x"}]},
            {"type":"server_tool_use","id":"srv","name":"web_search","input":{"q":1}},
            {"type":"web_search_tool_result","tool_use_id":"srv","content":[]},
            {"type":"tool_use","id":"toolu_1","name":"f","input":{"a": 1.50}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1",
            "content":[{"type":"text","text":"r"}],"is_error":true},{"type":"text","text":"go"}]}],
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object","x":1.0}},
            {"type":"web_search_20250305","name":"web_search"}],
        "tool_choice":{"type":"any","disable_parallel_tool_use":true},
        "stop_sequences":["E"],"top_k":4,"temperature":0.5,"service_tier":"auto",
        "metadata":{"user_id":"u"}}"#;
    let first = request(body);
    let (again, lost) = written(&first, &ModelFacts::default()).unwrap();
    assert_eq!(lost, [""; 0]);
    assert_eq!(format!("{:?}", request(&again)), format!("{first:?}"));
}

#[test]
fn thoughts_go_back_where_they_stood_byte_for_byte() {
    let content = concat!(
        r#"[{"type":"thinking","thinking":"a\u00fc","signature":"A+/="},"#,
        r#"{"type":"tool_use","id":"t1","name":"f","input":{}},"#,
        r#"{"type":"thinking","thinking":"","signature":"B"},"#,
        r#"{"type":"redacted_thinking","data":"C"},"#,
        r#"{"type":"text","text":"x"},"#,
        r#"{"type":"tool_use","id":"t2","name":"f","input":{"k":[1, 2]}}]"#,
    );
    let body = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":"q"}},{{"role":"assistant","content":{content}}}]}}"#
    );
    let (again, lost) = written(&request(&body), &ModelFacts::default()).unwrap();
    let content = content.replace("\\u00fc", "ü");
    assert!(again.contains(&content), "{again}");
    assert_eq!(lost, [""; 0]);
}

#[test]
fn thoughts_without_claudes_proof_stay_behind() {
    let thought = |seal| Part::Reasoning { text: "hm".to_owned(), seal };
    let seal = |kind, bytes: &'static str| Some(Seal { kind, bytes: bytes.into() });
    let mut request = asks();
    request.turns.push(Turn {
        role: Role::Assistant,
        name: None,
        parts: vec![
            thought(None),
            thought(seal(SealKind::Encrypted, "x")),
            thought(seal(SealKind::Signature, "")),
            text("so"),
        ],
    });
    let (body, lost) = written(&request, &ModelFacts::default()).unwrap();
    assert!(!body.contains("hm") && body.contains("so"));
    assert_eq!(lost, ["messages[].reasoning"]);
}

#[test]
fn tools_and_choices_in_anthropics_words() {
    let choice = |choice: Option<ToolChoice>, parallel: Option<bool>| {
        let mut request = asks();
        request.tools = vec![function("f", None)];
        request.tool_choice = choice;
        request.parallel_tools = parallel;
        field(&written(&request, &ModelFacts::default()).unwrap().0, "tool_choice")
    };
    let one = Some(false);
    let tool = Some(ToolChoice::Tool("f".to_owned()));
    assert_eq!(choice(None, None), "(absent)");
    assert_eq!(choice(None, one), r#"{"type":"auto","disable_parallel_tool_use":true}"#);
    assert_eq!(choice(Some(ToolChoice::Auto), Some(true)), r#"{"type":"auto"}"#);
    assert_eq!(choice(Some(ToolChoice::None), one), r#"{"type":"none"}"#);
    assert_eq!(choice(Some(ToolChoice::Required), None), r#"{"type":"any"}"#);
    let forced = r#"{"type":"tool","name":"f","disable_parallel_tool_use":true}"#;
    assert_eq!(choice(tool, one), forced);
}

#[test]
fn other_vendors_searches_and_containers_become_anthropics() {
    let mut request = asks();
    let interpreter = r#"{"type":"code_interpreter","container":{"type":"auto"}}"#;
    let with_files = r#"{"type":"code_interpreter","container":{"type":"auto","file_ids":["f"]}}"#;
    for (kind, json, settings) in [
        ("code_interpreter", interpreter, false),
        ("code_interpreter", with_files, true),
        ("codeExecution", r#"{"codeExecution":{}}"#, false),
        ("web_search", r#"{"type":"web_search"}"#, false),
        ("web_search_2025_08_26", r#"{"type":"web_search_2025_08_26","filters":{"x":1}}"#, true),
        ("web_search_options", "{}", false),
        ("googleSearch", r#"{"googleSearch":{}}"#, false),
    ] {
        let kind = ToolKind::Hosted { kind: kind.to_owned(), json: raw(json) };
        let runs_code = json.contains("code");
        let (dated, name) = match runs_code {
            true => ("code_execution_20250825", "code_execution"),
            false => ("web_search_20250305", "web_search"),
        };
        let tool = Tool { name: "s".to_owned(), description: None, kind, cache: None };
        request.tools = vec![tool];
        let (body, lost) = written(&request, &ModelFacts::default()).unwrap();
        let tools = format!(r#""tools":[{{"type":"{dated}","name":"{name}"}}]"#);
        assert!(body.contains(&tools), "{body}");
        assert_eq!(lost.len(), usize::from(settings), "{lost:?}");
        request.tools.push(function(name, None));
        let (body, lost) = written(&request, &ModelFacts::default()).unwrap();
        assert!(!body.contains(dated), "{body}");
        assert!(lost.contains(&format!("tools[].{name}")), "{lost:?}");
    }
}

#[test]
fn every_kind_of_tool_is_written_or_named() {
    let mut request = asks();
    let custom = ToolKind::Custom { format: Some(raw("{}")) };
    let hosted = |kind: &str, json: &str| Tool {
        name: String::new(),
        description: None,
        kind: ToolKind::Hosted { kind: kind.to_owned(), json: raw(json) },
        cache: None,
    };
    request.tools = vec![
        function("a", Some(r#"{"type":"object", "properties":{"x":{"const":1.0}}}"#)),
        function("b", Some(r#"{"properties":{}}"#)),
        function("c", Some("{ }")),
        Tool { name: "d".to_owned(), description: Some("D".to_owned()), kind: custom, cache: None },
        hosted("web_search_20250305", r#"{"type":"web_search_20250305","name":"web_search"}"#),
        hosted("file_search", "{}"),
    ];
    let (body, lost) = written(&request, &ModelFacts::default()).unwrap();
    let expected = concat!(
        r#"[{"name":"a","input_schema":{"type":"object", "properties":{"x":{"const":1.0}}}},"#,
        r#"{"name":"b","input_schema":{"type":"object","properties":{}}},"#,
        r#"{"name":"c","input_schema":{"type":"object" }},"#,
        r#"{"name":"d","description":"D","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}},"#,
        r#"{"type":"web_search_20250305","name":"web_search"}]"#,
    );
    assert_eq!(field(&body, "tools"), expected);
    assert_eq!(lost, ["tools[].custom.format", "tools[].file_search"]);
}

#[test]
fn a_demanded_tool_that_is_not_there_is_refused() {
    let mut request = asks();
    request.tool_choice = Some(ToolChoice::Required);
    let error = written(&request, &ModelFacts::default()).unwrap_err();
    assert_eq!((error.param.as_deref(), error.code), (Some("tool_choice"), None));
    let json = serde_json::value::to_raw_value(&1).unwrap();
    let kind = ToolKind::Hosted { kind: "file_search".to_owned(), json };
    request.tools =
        vec![Tool { name: "file_search".to_owned(), description: None, kind, cache: None }];
    let error = written(&request, &ModelFacts::default()).unwrap_err();
    assert_eq!(error.code, Some("capability_not_supported"));
    request.tools.clear();
    request.tool_choice = Some(ToolChoice::None);
    let (body, _) = written(&request, &ModelFacts::default()).unwrap();
    assert_eq!(field(&body, "tool_choice"), "(absent)");
}

#[test]
fn json_by_schema_is_native_where_the_model_has_it() {
    let mut request = asks();
    request.output = schema(r#"{"type":"object", "a":1.0}"#);
    request.tools = vec![function("f", None)];
    let facts = ModelFacts { json_schema: Some(true), ..ModelFacts::default() };
    let (body, lost) = written(&request, &facts).unwrap();
    let expected = r#"{"format":{"type":"json_schema","schema":{"type":"object", "a":1.0}}}"#;
    assert_eq!(field(&body, "output_config"), expected);
    assert_eq!(lost, [""; 0]);
}

#[test]
fn json_by_schema_is_else_the_input_of_a_tool() {
    let mut request = asks();
    request.output = schema(r#"{"type":"object"}"#);
    let (body, _) = written(&request, &ModelFacts::default()).unwrap();
    let tools = field(&body, "tools");
    assert!(tools.contains(r#""input_schema":{"type":"object"}}]"#), "{tools}");
    let choice = field(&body, "tool_choice");
    let name = choice.split('"').nth(7).unwrap();
    assert!(name.starts_with("wl_json_output_myschema_"), "{choice}");
    assert!(tools.starts_with(&format!(r#"[{{"name":"{name}""#)));
    request.output = OutputFormat::JsonObject;
    let (body, _) = written(&request, &ModelFacts::default()).unwrap();
    let expected = r#"{"type":"tool","name":"wl_json_output","disable_parallel_tool_use":true}"#;
    assert_eq!(field(&body, "tool_choice"), expected);
}

#[test]
fn json_that_cannot_be_enforced_is_refused() {
    let refused = |change: fn(&mut ChatRequest)| {
        let mut request = asks();
        request.output = schema(r#"{"type":"object"}"#);
        change(&mut request);
        let error = written(&request, &ModelFacts::default()).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("response_format"));
        assert_eq!(error.code, Some("capability_not_supported"));
        error.message
    };
    assert!(refused(|r| r.tools = vec![function("f", None)]).contains("together with tools"));
    let thinks = |r: &mut ChatRequest| r.reasoning = Some(Reasoning::default());
    assert!(refused(thinks).contains("together with reasoning"));
    assert!(refused(|r| r.output = schema(r#"{"type":"array"}"#)).contains("an object"));
    let grammar = |r: &mut ChatRequest| {
        r.output = OutputFormat::Text;
        let json = serde_json::value::to_raw_value(&1).unwrap();
        r.rest = vec![("response_format".to_owned(), json)];
    };
    assert!(refused(grammar).contains("of that type"));
}

#[test]
fn reasoning_and_a_demanded_call_exclude_each_other() {
    let mut request = asks();
    request.tools = vec![function("f", None)];
    request.reasoning =
        Some(Reasoning { amount: ReasoningAmount::Effort("high".to_owned()), show: None });
    let (body, lost) = written(&request, &ModelFacts::default()).unwrap();
    assert_eq!(field(&body, "thinking"), r#"{"type":"adaptive"}"#);
    assert_eq!(field(&body, "output_config"), r#"{"effort":"high"}"#);
    assert_eq!(lost, [""; 0]);
    request.tool_choice = Some(ToolChoice::Required);
    let (body, lost) = written(&request, &ModelFacts::default()).unwrap();
    assert_eq!(field(&body, "thinking"), "(absent)");
    assert_eq!(lost, ["reasoning"]);
}

#[test]
fn the_answer_limit_is_the_clients_the_catalogs_or_ours() {
    let limit = |wish, most| {
        let request = ChatRequest { max_output: wish, ..asks() };
        let facts = ModelFacts { max_output: most, ..ModelFacts::default() };
        field(&written(&request, &facts).unwrap().0, "max_tokens")
    };
    assert_eq!(limit(Some(5), None), "5");
    assert_eq!(limit(Some(5000), Some(4096)), "4096");
    assert_eq!(limit(None, Some(4096)), "4096");
    assert_eq!(limit(None, None), "8192");
    // The most that Anthropic's SDKs ask for without a stream.
    assert_eq!(limit(None, Some(64_000)), "21333");
}

#[test]
fn what_is_thought_does_not_squeeze_the_answer_where_no_limit_is_named() {
    let limits = |amount, most, stream| {
        let reasoning = Some(Reasoning { amount, show: None });
        let request = ChatRequest { reasoning, stream, ..asks() };
        let facts = ModelFacts { max_output: most, ..ModelFacts::default() };
        let (body, lost) = written(&request, &facts).unwrap();
        assert_eq!(lost, [""; 0]);
        (field(&body, "max_tokens"), field(&body, "thinking"))
    };
    let budget = ReasoningAmount::Budget;
    let thinks = |n| format!(r#"{{"type":"enabled","budget_tokens":{n}}}"#);
    assert_eq!(limits(budget(8000), None, false), ("16192".to_owned(), thinks(8000)));
    assert_eq!(limits(budget(30_000), Some(64_000), false), ("38192".to_owned(), thinks(30_000)));
    assert_eq!(limits(budget(30_000), Some(32_000), false), ("32000".to_owned(), thinks(30_000)));
    assert_eq!(limits(budget(8000), Some(64_000), true).0, "64000");
    let high = ReasoningAmount::Effort("high".to_owned());
    assert_eq!(limits(high, None, false).0, "24576");
    assert_eq!(limits(ReasoningAmount::Off, None, false).0, "8192");
}

#[test]
fn an_effort_without_thinking_takes_nothing_of_the_answer_limit() {
    let mut request = asks();
    request.reasoning =
        Some(Reasoning { amount: ReasoningAmount::Effort("high".to_owned()), show: None });
    let facts = ModelFacts { reasoning: Some(ReasoningControl::Effort), ..ModelFacts::default() };
    let (body, lost) = written(&request, &facts).unwrap();
    assert_eq!(field(&body, "output_config"), r#"{"effort":"high"}"#);
    assert_eq!(field(&body, "thinking"), "(absent)");
    assert_eq!(field(&body, "max_tokens"), "8192");
    assert_eq!(lost, [""; 0]);
}

#[test]
fn what_has_no_word_is_named() {
    let mut request = asks();
    request.sampling = Sampling {
        frequency_penalty: Some(0.5),
        presence_penalty: Some(0.0),
        seed: Some(7),
        ..Sampling::default()
    };
    request.logprobs = Some(0);
    request.service_tier = Some("flex".to_owned());
    request.cache_key = Some("k".to_owned());
    request.metadata = Some(raw("{}"));
    request.rest = vec![("logit_bias".to_owned(), raw("{}")), ("store".to_owned(), raw("true"))];
    request.turns[0].name = Some("bob".to_owned());
    let media = || Media::Inline { mime: "audio/wav".to_owned(), base64: "UklGR".to_owned() };
    request.turns[0].parts.push(Part::Audio { media: media() });
    request.turns[0].parts.push(Part::File { media: media(), name: None, cache: None });
    let (_, mut lost) = written(&request, &ModelFacts::default()).unwrap();
    lost.sort();
    let expected = [
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "messages[].content[].file",
        "messages[].content[].input_audio",
        "messages[].name",
        "metadata",
        "prompt_cache_key",
        "seed",
        "service_tier",
        "store",
    ];
    assert_eq!(lost, expected);
}

#[test]
fn several_answers_and_foreign_files_are_refused() {
    let request = ChatRequest { choices: 2, ..asks() };
    let error = written(&request, &ModelFacts::default()).unwrap_err();
    assert_eq!((error.param.as_deref(), error.code), (Some("n"), Some("unsupported_parameter")));
    let mut request = asks();
    let media = Media::FileId("file-abc".to_owned());
    request.turns[0].parts.push(Part::File { media, name: None, cache: None });
    let error = written(&request, &ModelFacts::default()).unwrap_err();
    assert_eq!(error.code, Some("capability_not_supported"));
}
