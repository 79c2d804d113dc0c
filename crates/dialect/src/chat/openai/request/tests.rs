//! Tests of requests: what is read, what is written, and what is lost between.

use proptest::prelude::*;
use wayleave_model::target::{
    ModelFacts, ReasoningBack, ReasoningControl, ReasoningField, RequiredWord, SeedField,
    TokenLimit,
};

use super::read::read;
use super::write::write;
use crate::chat::{
    ChatRequest, Head, Media, OutputFormat, Part, Reasoning, ReasoningAmount, Role, Seal, SealKind,
    ToolChoice, ToolKind, Turn,
};
use crate::{Losses, Malformed, Severity};

fn parse(body: &str) -> Result<ChatRequest, Malformed> {
    read(&Head::default(), body.as_bytes())
}

/// A request with these messages and other fields.
fn request(messages: &str, fields: &str) -> ChatRequest {
    parse(&format!(r#"{{"model":"m","messages":{messages}{fields}}}"#)).unwrap()
}

/// What is written, without the model, and the paths of what is lost.
fn written(request: &ChatRequest, facts: &ModelFacts) -> (String, Vec<String>) {
    let mut losses = Losses::default();
    let out = String::from_utf8(write(request, "up", facts, &mut losses).unwrap()).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok(), "{out}");
    let out = out.strip_prefix(r#"{"model":"up","messages":"#).unwrap().to_owned();
    (out, losses.iter().map(|loss| loss.path.clone()).collect())
}

/// Reads, writes and compares; nothing may be lost.
fn again(messages: &str, fields: &str) {
    changed(messages, fields, messages, fields);
}

fn changed(messages: &str, fields: &str, expected: &str, expected_fields: &str) {
    let facts = ModelFacts { custom_tools: Some(true), ..ModelFacts::default() };
    let (out, lost) = written(&request(messages, fields), &facts);
    assert_eq!(out, format!("{expected}{expected_fields}}}"));
    assert_eq!(lost, Vec::<String>::new());
}

/// What is written of one turn.
fn turn(role: Role, parts: Vec<Part>, facts: &ModelFacts) -> (String, Vec<String>) {
    let turns = vec![Turn { role, name: None, parts }];
    let (out, lost) = written(&ChatRequest { turns, ..ChatRequest::default() }, facts);
    (out.strip_suffix('}').unwrap().to_owned(), lost)
}

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned(), cache: None }
}

fn control(control: ReasoningControl) -> ModelFacts {
    ModelFacts { reasoning: Some(control), ..ModelFacts::default() }
}

#[test]
fn conversations_are_read_and_written_again() {
    again(
        r#"[{"role":"system","content":"s"},{"role":"user","name":"ann","content":"hi"},{"role":"assistant","content":"yes\n"},{"role":"system","content":"late"}]"#,
        "",
    );
    again(
        r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA==","detail":"low"}},{"type":"image_url","image_url":{"url":"https://h/i"}},{"type":"input_audio","input_audio":{"data":"AA==","format":"mp3"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AA=="}},{"type":"file","file":{"file_id":"file-1"}},{"type":"video_url","video_url":{"url":"https://h/v"}}]}]"#,
        "",
    );
    again(
        r#"[{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{ \"x\" : 1.0 }"}},{"id":"b","type":"custom","custom":{"name":"c","input":"free"}}]},{"role":"tool","tool_call_id":"a","content":"1"},{"role":"tool","tool_call_id":"b","content":""},{"role":"user","content":"so"}]"#,
        "",
    );
    again(r#"[{"role":"assistant","content":null,"refusal":"no"}]"#, "");
}

#[test]
fn pictures_that_the_model_made_are_parts_of_its_turn() {
    let request = request(
        r#"[{"role":"assistant","content":"Here.","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="},"index":0}]}]"#,
        "",
    );
    let [Part::Text { .. }, Part::Image { media, .. }] = &request.turns[0].parts[..] else {
        panic!("{:?}", request.turns)
    };
    assert_eq!(*media, Media::Inline { mime: "image/png".to_owned(), base64: "AA==".to_owned() });
    let (out, lost) = written(&request, &ModelFacts::default());
    assert_eq!(out, r#"[{"role":"assistant","content":"Here."}]}"#);
    assert_eq!(lost, ["messages[].content"]);
}

#[test]
fn fields_of_messages_without_a_common_word_are_named_once() {
    let request = request(
        concat!(
            r#"[{"role":"assistant","content":"a","annotations":[{"type":"url_citation"}],"prefix":true,"x":null},"#,
            r#"{"role":"assistant","content":"b","annotations":[],"prefix":false}]"#
        ),
        "",
    );
    let (_, lost) = written(&request, &ModelFacts::default());
    assert_eq!(lost, ["messages[].annotations", "messages[].prefix"]);
}

#[test]
fn every_common_field_is_read_and_written_again() {
    again(
        "[]",
        concat!(
            r#","tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{ "type":"object" ,"x":1.50},"strict":true}},{"type":"custom","custom":{"name":"c","format":{"type":"text"}}}]"#,
            r#","tool_choice":{"type":"custom","custom":{"name":"c"}},"parallel_tool_calls":false"#,
            r#","response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"a": [1.0]},"strict":false}}"#,
            r#","max_tokens":9,"stop":["a","b"],"n":2,"temperature":0.7,"top_p":1,"frequency_penalty":-0.5,"presence_penalty":2,"seed":9223372036854775807"#,
            r#","logprobs":true,"top_logprobs":3,"reasoning_effort":"none","user":"u","service_tier":"flex","prompt_cache_key":"k""#,
            r#","metadata":{"a":"b"},"store":true,"logit_bias":{"1":-100},"verbosity":"low""#,
            r#","stream":true,"stream_options":{"include_usage":true}"#,
        ),
    );
    for choice in [r#""auto""#, r#""none""#, r#""required""#] {
        let tools = r#","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"#;
        again("[]", &format!("{tools}{choice}"));
    }
    again("[]", r#","response_format":{"type":"json_object"}"#);
}

#[test]
fn a_custom_tool_is_a_function_of_one_text_unless_the_model_is_known_to_take_it() {
    let asked = request(
        concat!(
            r#"[{"role":"assistant","content":null,"tool_calls":[{"id":"b","type":"custom","custom":{"name":"c","input":"a\"b"}}]},"#,
            r#"{"role":"tool","tool_call_id":"b","content":"1"}]"#
        ),
        concat!(
            r#","tools":[{"type":"custom","custom":{"name":"c","description":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"x"}}}}]"#,
            r#","tool_choice":{"type":"custom","custom":{"name":"c"}}"#
        ),
    );
    let expected = concat!(
        r#"[{"role":"assistant","content":null,"tool_calls":[{"id":"b","type":"function","function":{"name":"c","arguments":"{\"input\":\"a\\\"b\"}"}}]},"#,
        r#"{"role":"tool","tool_call_id":"b","content":"1"}]"#,
        r#","tools":[{"type":"function","function":{"name":"c","description":"d","parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}}]"#,
        r#","tool_choice":{"type":"function","function":{"name":"c"}}}"#
    );
    for custom_tools in [None, Some(false)] {
        let facts = ModelFacts { custom_tools, ..ModelFacts::default() };
        let (out, lost) = written(&asked, &facts);
        assert_eq!(out, expected);
        assert_eq!(lost, ["tools[].custom.format"]);
    }
    let plain = r#","tools":[{"type":"custom","custom":{"name":"c","format":{"type":"text"}}}]"#;
    assert_eq!(written(&request("[]", plain), &ModelFacts::default()).1, [""; 0]);
}

#[test]
fn older_and_looser_spellings_mean_the_same() {
    changed("[]", r#","stop":"a""#, "[]", r#","stop":["a"]"#);
    changed("[]", r#","max_tokens":5,"max_completion_tokens":7"#, "[]", r#","max_tokens":7"#);
    changed("[]", r#","stop":null,"tools":null,"n":null,"user":null,"x":null"#, "[]", "");
    changed("[]", r#","response_format":{"type":"text"},"n":1,"logprobs":false"#, "[]", "");
    changed(
        "[]",
        r#","functions":[{"name":"f","parameters":{}}],"function_call":{"name":"f"}"#,
        "[]",
        r#","tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false"#,
    );
    changed(
        r#"[{"role":"assistant","content":"","function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"1"}]"#,
        "",
        r#"[{"role":"assistant","content":null,"tool_calls":[{"id":"call_0","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"call_0","content":"1"}]"#,
        "",
    );
    changed(
        r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]"#,
        "",
        r#"[{"role":"user","content":"a\n\nb"}]"#,
        "",
    );
    changed(
        "[]",
        r#","response_format":{"type":"json_schema","json_schema":{"type":"object"}}"#,
        "[]",
        r#","response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object"}}}"#,
    );
}

#[test]
fn functions_alone_want_older_answers() {
    let functions = r#","functions":[{"name":"f"}]"#;
    let tools = r#","tools":[{"type":"function","function":{"name":"f"}}]"#;
    assert!(request("[]", functions).legacy_functions);
    assert!(request("[]", &format!(r#"{functions},"tools":[]"#)).legacy_functions);
    assert!(!request("[]", &format!("{functions}{tools}")).legacy_functions);
    assert!(!request("[]", r#","functions":[]"#).legacy_functions);
    assert!(!request("[]", tools).legacy_functions);
}

#[test]
fn allowed_tools_are_kept_beside_their_mode() {
    let choice = r#"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[]}}"#;
    let fields = format!(
        r#","tools":[{{"type":"function","function":{{"name":"f"}}}}],"tool_choice":{choice}"#
    );
    assert_eq!(request("[]", &fields).tool_choice, Some(ToolChoice::Required));
    again("[]", &fields);
}

#[test]
fn pictures_that_are_something_else_are_told_by_their_type() {
    let parts = |mime: &str| {
        let messages = format!(
            r#"[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"data:{mime};base64,AA=="}}}}]}}]"#
        );
        request(&messages, "").turns.remove(0).parts.remove(0)
    };
    assert!(matches!(parts("image/webp"), Part::Image { .. }));
    assert!(matches!(parts("audio/wav"), Part::Audio { .. }));
    assert!(matches!(parts("video/mp4"), Part::Video { .. }));
    assert!(matches!(parts("application/pdf"), Part::File { .. }));
    let Part::Image { media, .. } = parts("image/png;charset=x") else { panic!() };
    assert_eq!(media, Media::Inline { mime: "image/png".to_owned(), base64: "AA==".to_owned() });
}

#[test]
fn results_of_one_round_share_a_turn() {
    let turns = request(
        r#"[{"role":"tool","tool_call_id":"a","content":"1"},{"role":"tool","tool_call_id":"b","content":[{"type":"text","text":"2"}]},{"role":"user","content":"x"}]"#,
        "",
    )
    .turns;
    assert_eq!(turns.iter().map(|turn| turn.parts.len()).collect::<Vec<_>>(), [2, 1]);
    assert!(turns.iter().all(|turn| turn.role == Role::User));
}

#[test]
fn reasoning_marks_and_strange_parts_are_read() {
    let turns = request(
        r#"[{"role":"assistant","reasoning_content":"hm","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}},{"type":"refusal","refusal":"no"},{"type":"new","x":1}]}]"#,
        "",
    )
    .turns;
    let [
        Part::Reasoning { text, seal: None },
        Part::Text { cache: Some(cache), .. },
        Part::Refusal(no),
        Part::Vendor { kind, json },
    ] = &turns[0].parts[..]
    else {
        panic!("{:?}", turns[0].parts)
    };
    assert_eq!((&**text, cache.get(), &**no), ("hm", r#"{"type":"ephemeral"}"#, "no"));
    assert_eq!((&**kind, json.get()), ("new", r#"{"type":"new","x":1}"#));
}

#[test]
fn reasoning_is_asked_for_in_two_ways() {
    let amount = |fields: &str| request("[]", fields).reasoning.map(|reasoning| reasoning.amount);
    assert_eq!(amount(""), None);
    let effort = ReasoningAmount::Effort("high".to_owned());
    assert_eq!(amount(r#","reasoning_effort":"high""#), Some(effort));
    assert_eq!(amount(r#","thinking":{"type":"disabled"}"#), Some(ReasoningAmount::Off));
    assert_eq!(
        amount(r#","thinking":{"type":"enabled","budget_tokens":9}"#),
        Some(ReasoningAmount::Budget(9))
    );
    assert_eq!(amount(r#","thinking":{"type":"enabled"}"#), Some(ReasoningAmount::Adaptive));
}

#[test]
fn search_options_are_a_hosted_tool_and_go_back_as_sent() {
    let request = request("[]", r#","web_search_options":{ "search_context_size":"low"}"#);
    let ToolKind::Hosted { kind, json } = &request.tools[0].kind else { panic!() };
    assert_eq!(
        (&**kind, json.get()),
        (crate::chat::openai::SEARCH, r#"{ "search_context_size":"low"}"#)
    );
    assert!(request.rest.is_empty());
    let (body, lost) = written(&request, &ModelFacts::default());
    assert!(body.contains(r#""web_search_options":{ "search_context_size":"low"}"#), "{body}");
    assert!(!body.contains("\"tools\"") && lost.is_empty(), "{body} {lost:?}");
}

#[test]
fn hosted_tools_and_unknown_fields_are_kept_as_sent() {
    let request =
        request("[]", r#","tools":[{"type":"web_search","x":1}],"enable_thinking":false"#);
    let ToolKind::Hosted { kind, json } = &request.tools[0].kind else { panic!() };
    assert_eq!((&**kind, json.get()), ("web_search", r#"{"type":"web_search","x":1}"#));
    assert_eq!((&*request.rest[0].0, request.rest[0].1.get()), ("enable_thinking", "false"));
    let (out, lost) = written(&request, &ModelFacts::default());
    assert_eq!(out, "[]}");
    assert_eq!(lost, ["tools[].web_search", "enable_thinking"]);
}

#[test]
fn complaints_name_the_path() {
    let cases = [
        (r#"{"model":"m"}"#, "messages", "`messages` is missing"),
        (r#"{"model":"m","messages":{}}"#, "messages", "`messages` must be a list"),
        (r#"{"model":"m","messages":[{}]}"#, "messages[0].role", "`messages[0].role` is missing"),
        (
            r#"{"model":"m","messages":[{"role":"bot"}]}"#,
            "messages[0].role",
            "`messages[0].role` must be a role of this dialect",
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":7}]}"#,
            "messages[0].content",
            "`messages[0].content` must be a string or a list of parts",
        ),
        (
            r#"{"model":"m","messages":[{"role":"user"},{"role":"user","content":[{"type":"image_url","image_url":{}}]}]}"#,
            "messages[1].content[0].image_url.url",
            "`messages[1].content[0].image_url.url` is missing",
        ),
        (
            r#"{"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"a","function":{"arguments":"{}"}}]}]}"#,
            "messages[0].tool_calls[0].function.name",
            "`messages[0].tool_calls[0].function.name` is missing",
        ),
        (
            r#"{"model":"m","messages":[{"role":"tool","content":"x"}]}"#,
            "messages[0].tool_call_id",
            "`messages[0].tool_call_id` is missing",
        ),
        (
            r#"{"model":"m","messages":[],"tools":[{"type":"function","function":{}}]}"#,
            "tools[0].function.name",
            "`tools[0].function.name` is missing",
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"","format":"`"}}]}]}"#,
            "messages[0].content[0].input_audio.format",
            "`messages[0].content[0].input_audio.format` must be the name of a format, like `wav`",
        ),
        (
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"file","file":{"file_data":"data:pdf;base64,aGk="}}]}]}"#,
            "messages[0].content[0].file.file_data",
            "",
        ),
        (r#"{"model":"m","messages":[],"temperature":"hot"}"#, "temperature", ""),
        (
            r#"{"model":"m","messages":[],"tool_choice":"maybe"}"#,
            "tool_choice",
            "`tool_choice` must be `none`, `auto`, `required` or a tool",
        ),
    ];
    for (body, param, message) in cases {
        let error = parse(body).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{body}");
        assert!(message.is_empty() || error.message == message, "{}", error.message);
    }
}

#[test]
fn what_nests_too_deep_is_refused() {
    let deep = |depth: usize| {
        format!(r#"{{"model":"m","messages":[],"x":{}{}}}"#, "[".repeat(depth), "]".repeat(depth))
    };
    assert!(parse(&deep(127)).is_ok());
    assert!(parse(&deep(128)).is_err());
    assert!(parse(&deep(100_000)).is_err());
}

proptest! {
    #[test]
    fn damage_is_refused_or_read(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut body = br#"{"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"},{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}],"tools":[{"type":"function","function":{"name":"f"}}],"stop":["a"],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}}"#.to_vec();
        for (at, byte) in damage {
            let at = at.index(body.len());
            body[at] = byte;
        }
        if let Ok(request) = read(&Head::default(), &body) {
            write(&request, "up", &ModelFacts::default(), &mut Losses::default()).unwrap();
        }
    }
}

#[test]
fn results_stand_right_after_their_calls() {
    let call = |id: &str| Part::ToolCall {
        id: id.to_owned(),
        name: "f".to_owned(),
        input: String::new(),
        custom: false,
        seal: None,
        cache: None,
    };
    let result = |id: &str, parts| Part::ToolResult {
        id: id.to_owned(),
        name: None,
        parts,
        is_error: false,
        cache: None,
    };
    let image =
        Part::Image { media: Media::Url("https://h/i".to_owned()), detail: None, cache: None };
    let turns = vec![
        Turn { role: Role::Assistant, name: None, parts: vec![text("a"), call("1"), call("2")] },
        Turn { role: Role::Assistant, name: None, parts: vec![text("between")] },
        Turn { role: Role::User, name: None, parts: vec![text("and"), result("2", vec![image])] },
        Turn { role: Role::User, name: None, parts: vec![result("1", vec![text("x")])] },
        Turn { role: Role::User, name: None, parts: vec![result("1", vec![text("twice")])] },
    ];
    let request = ChatRequest { turns, ..ChatRequest::default() };
    let (out, lost) = written(&request, &ModelFacts::default());
    let expected = concat!(
        r#"[{"role":"assistant","content":"a","tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"2","type":"function","function":{"name":"f","arguments":"{}"}}]},"#,
        r#"{"role":"tool","tool_call_id":"2","content":""},{"role":"tool","tool_call_id":"1","content":"x"},"#,
        r#"{"role":"user","content":[{"type":"text","text":"What the tool call 2 returned:"},{"type":"image_url","image_url":{"url":"https://h/i"}}]},"#,
        r#"{"role":"assistant","content":"between"},{"role":"user","content":"and"}]}"#,
    );
    assert_eq!(out, expected);
    assert_eq!(lost, ["messages[].content[].content", "messages[].tool_call_id"]);
}

#[test]
fn instructions_go_by_the_role_the_model_knows() {
    let developer = |facts: &ModelFacts| turn(Role::Developer, vec![text("s")], facts).0;
    assert_eq!(developer(&ModelFacts::default()), r#"[{"role":"system","content":"s"}]"#);
    assert_eq!(
        developer(&control(ReasoningControl::Effort)),
        r#"[{"role":"developer","content":"s"}]"#
    );
    let (system, _) = turn(Role::System, vec![text("a"), text("b")], &ModelFacts::default());
    assert_eq!(system, r#"[{"role":"system","content":"a\n\nb"}]"#);
}

#[test]
fn unsealed_reasoning_goes_back_only_where_it_is_wanted() {
    let parts = |seal| {
        let call = Part::ToolCall {
            id: "1".to_owned(),
            name: "f".to_owned(),
            input: "{}".to_owned(),
            custom: false,
            seal: None,
            cache: None,
        };
        vec![Part::Reasoning { text: "hm".to_owned(), seal }, call]
    };
    let kept = |facts: &ModelFacts, seal: Option<Seal>| {
        let (out, lost) = turn(Role::Assistant, parts(seal), facts);
        (out.contains(r#""reasoning_content":"hm""#), lost)
    };
    let seal = Seal { kind: SealKind::Signature, bytes: "s".into() };
    let lost = vec!["messages[].reasoning".to_owned()];
    assert_eq!(kept(&control(ReasoningControl::Adaptive), None), (true, vec![]));
    assert_eq!(kept(&control(ReasoningControl::Adaptive), Some(seal)), (false, lost.clone()));
    assert_eq!(kept(&control(ReasoningControl::Effort), None), (false, lost.clone()));
    assert_eq!(kept(&ModelFacts::default(), None), (false, lost));
}

#[test]
fn the_answer_limit_goes_by_the_name_the_model_knows() {
    let limit = |facts: &ModelFacts| {
        let request = ChatRequest { max_output: Some(5), ..ChatRequest::default() };
        written(&request, facts).0
    };
    assert_eq!(limit(&ModelFacts::default()), r#"[],"max_tokens":5}"#);
    let effort = control(ReasoningControl::Effort);
    assert_eq!(limit(&effort), r#"[],"max_completion_tokens":5}"#);
    let older =
        ModelFacts { token_limit: Some(TokenLimit::MaxTokens), min_output: Some(16), ..effort };
    assert_eq!(limit(&older), r#"[],"max_tokens":16}"#);
}

#[test]
fn budgets_become_efforts_where_the_model_takes_them() {
    let effort = |amount: ReasoningAmount, facts: &ModelFacts| {
        let reasoning = Some(Reasoning { amount, show: None });
        let out = written(&ChatRequest { reasoning, ..ChatRequest::default() }, facts).0;
        out.strip_prefix("[]").unwrap().replace(r#","reasoning_effort":"#, "")
    };
    let takes = control(ReasoningControl::Effort);
    assert_eq!(effort(ReasoningAmount::Budget(2048), &takes), r#""low"}"#);
    assert_eq!(effort(ReasoningAmount::Budget(2049), &takes), r#""medium"}"#);
    assert_eq!(effort(ReasoningAmount::Budget(8193), &takes), r#""high"}"#);
    assert_eq!(effort(ReasoningAmount::Budget(9), &ModelFacts::default()), "}");
    assert_eq!(effort(ReasoningAmount::Off, &takes), "}");
    assert_eq!(effort(ReasoningAmount::Effort("max".to_owned()), &takes), r#""high"}"#);
    let low = || ReasoningAmount::Effort("low".to_owned());
    assert_eq!(effort(low(), &ModelFacts::default()), r#""low"}"#);
    assert_eq!(effort(low(), &control(ReasoningControl::None)), "}");
}

#[test]
fn what_has_no_field_is_a_loss() {
    let mut request = ChatRequest {
        end_user: Some("x".repeat(65)),
        service_tier: Some("standard_only".to_owned()),
        stop: ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec(),
        metadata: serde_json::value::to_raw_value(&1).ok(),
        ..ChatRequest::default()
    };
    request.sampling.top_k = Some(4);
    let media = Media::FileId("f".to_owned());
    let parts = vec![
        Part::Image { media: media.clone(), detail: None, cache: None },
        Part::Audio { media: Media::Url("u".to_owned()) },
        Part::File { media: Media::Url("u".to_owned()), name: None, cache: None },
        Part::Video { media },
    ];
    request.turns = vec![Turn { role: Role::User, name: None, parts }];
    let mut losses = Losses::default();
    let out = write(&request, "up", &ModelFacts::default(), &mut losses).unwrap();
    assert_eq!(out, br#"{"model":"up","messages":[],"stop":["a","b","c","d"]}"#);
    let all: Vec<_> = losses.iter().map(|loss| (loss.path.as_str(), loss.severity)).collect();
    let expected = [
        ("messages[].content[].image", Severity::Meaning),
        ("messages[].content[].audio", Severity::Meaning),
        ("messages[].content[].file", Severity::Meaning),
        ("messages[].content[].video", Severity::Meaning),
        ("stop", Severity::Meaning),
        ("top_k", Severity::Meaning),
        ("user", Severity::Hint),
        ("service_tier", Severity::Hint),
        ("metadata", Severity::Hint),
    ];
    assert_eq!(all, expected);
}

#[test]
fn a_schema_that_cannot_be_enforced_is_refused() {
    let facts = ModelFacts { json_schema: Some(false), ..ModelFacts::default() };
    let schema = serde_json::value::to_raw_value(&1).unwrap();
    let output =
        OutputFormat::JsonSchema { name: "n".into(), description: None, schema, strict: None };
    let request = ChatRequest { output, ..ChatRequest::default() };
    let error = write(&request, "up", &facts, &mut Losses::default()).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("response_format"));
    assert_eq!(error.code, Some("capability_not_supported"));
    let facts = ModelFacts { refuses: vec!["response_format".to_owned()], ..facts };
    let request = ChatRequest { output: OutputFormat::JsonObject, ..request };
    let error = write(&request, "up", &facts, &mut Losses::default()).unwrap_err();
    assert_eq!(error.code, Some("capability_not_supported"));
}

#[test]
fn what_the_model_refuses_is_not_sent() {
    let facts = ModelFacts {
        refuses: ["temperature", "stream_options"].map(str::to_owned).to_vec(),
        ..ModelFacts::default()
    };
    let request = request("[]", r#","temperature":1,"stream":true"#);
    let (out, lost) = written(&request, &facts);
    assert_eq!((&*out, lost), (r#"[],"stream":true}"#, vec!["temperature".to_owned()]));
}

#[test]
fn a_vendors_own_words_are_used() {
    let facts = ModelFacts {
        seed_field: Some(SeedField::RandomSeed),
        tool_choice_required: Some(RequiredWord::Any),
        developer_role: Some(false),
        refuses: vec!["messages[].name".to_owned()],
        ..control(ReasoningControl::Effort)
    };
    let tools = r#","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"#;
    let sent = request(
        r#"[{"role":"developer","content":"be brief"},{"role":"user","name":"ann","content":"hi"}]"#,
        &format!(r#"{tools}"required","seed":7"#),
    );
    let (out, lost) = written(&sent, &facts);
    let messages = r#"[{"role":"system","content":"be brief"},{"role":"user","content":"hi"}]"#;
    assert_eq!(out, format!(r#"{messages}{tools}"any","random_seed":7}}"#));
    assert_eq!(lost, ["messages[].name"]);
}

#[test]
fn how_much_to_reason_goes_into_the_vendors_field() {
    let told = |amount: ReasoningAmount, field| {
        let facts = ModelFacts { reasoning_field: Some(field), ..ModelFacts::default() };
        let reasoning = Some(Reasoning { amount, show: None });
        written(&ChatRequest { reasoning, ..ChatRequest::default() }, &facts)
    };
    let (out, lost) = told(ReasoningAmount::Budget(900), ReasoningField::EnableThinking);
    assert_eq!(out, r#"[],"enable_thinking":true,"thinking_budget":900}"#);
    assert_eq!(lost, Vec::<String>::new());
    let (out, lost) = told(ReasoningAmount::Off, ReasoningField::Thinking);
    assert_eq!((&*out, lost.len()), (r#"[],"thinking":{"type":"disabled"}}"#, 0));
    let high = || ReasoningAmount::Effort("high".to_owned());
    let (out, lost) = told(high(), ReasoningField::Thinking);
    assert_eq!((&*out, &*lost[0]), (r#"[],"thinking":{"type":"enabled"}}"#, "reasoning"));
    let (out, _) = told(high(), ReasoningField::Reasoning);
    assert_eq!(out, r#"[],"reasoning":{"effort":"high"}}"#);
    let (out, _) = told(ReasoningAmount::Adaptive, ReasoningField::EnableThinking);
    assert_eq!(out, "[]}");
}

#[test]
fn reasoning_is_handed_back_in_the_field_the_vendor_reads() {
    let call = |id: &str| Part::ToolCall {
        id: id.to_owned(),
        name: "f".to_owned(),
        input: "{}".to_owned(),
        custom: false,
        seal: None,
        cache: None,
    };
    let thought = || Part::Reasoning { text: "hm".to_owned(), seal: None };
    let back = |back, refuses: &[&str]| ModelFacts {
        reasoning_back: Some(back),
        refuses: refuses.iter().map(|it| (*it).to_owned()).collect(),
        ..ModelFacts::default()
    };
    let facts = back(ReasoningBack::Reasoning, &[]);
    let (out, lost) = turn(Role::Assistant, vec![thought(), call("a")], &facts);
    assert!(out.contains(r#""content":null,"reasoning":"hm","tool_calls""#), "{out}");
    assert_eq!(lost, Vec::<String>::new());
    let facts = back(ReasoningBack::ReasoningContent, &["messages[].reasoning_content"]);
    let (out, lost) = turn(Role::Assistant, vec![thought(), call("a")], &facts);
    assert!(!out.contains("hm"), "{out}");
    assert_eq!(lost, ["messages[].reasoning"]);
}
