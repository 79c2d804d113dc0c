//! What clients of this dialect send, as conversations.

use super::*;
use crate::chat::{
    Media, OutputFormat, Part, Reasoning, ReasoningAmount, Role, SealKind, ToolChoice, ToolKind,
};

fn roles(request: &ChatRequest) -> Vec<(Role, usize)> {
    request.turns.iter().map(|turn| (turn.role, turn.parts.len())).collect()
}

fn lost(request: &ChatRequest) -> Vec<&str> {
    request.rest.iter().map(|(path, _)| path.as_str()).collect()
}

/// A coding agent's second turn, as Codex sends it.
const AGENT: &str = r#"{"model":"gpt-5.5","stream":true,"store":false,"include":["reasoning.encrypted_content"],
    "prompt_cache_key":"k","parallel_tool_calls":true,"tool_choice":"auto","reasoning":{"effort":"medium","summary":"auto"},
    "text":{"verbosity":"low"},"client_metadata":{"x":"y"},
    "tools":[{"type":"function","name":"shell","description":"d","strict":false,"parameters":{"type":"object"}},
        {"type":"namespace","name":"mcp__x","description":"d","tools":[{"type":"function","name":"create","parameters":{},"strict":true}]},
        {"type":"web_search","external_web_access":true},
        {"type":"custom","name":"apply_patch","description":"d","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
        {"type":"tool_search","execution":"client"}],
    "input":[
        {"type":"message","role":"developer","content":[{"type":"input_text","text":"You are"}]},
        {"type":"message","role":"user","content":[{"type":"input_text","text":"Do"},{"type":"input_image","image_url":"data:image/png;base64,aGk="}]},
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Hm."}],"content":null,"encrypted_content":"gAAA"},
        {"type":"message","id":"msg_1","status":"completed","role":"assistant","phase":"commentary","content":[{"type":"output_text","text":"Now","annotations":[]}]},
        {"type":"function_call","name":"create","namespace":"mcp__x","arguments":"{\"a\":1}","call_id":"c1"},
        {"type":"custom_tool_call","name":"apply_patch","input":"*** Begin","call_id":"c2"},
        {"type":"function_call_output","id":"fco_1","call_id":"c1","output":[{"type":"input_text","text":"ok"},{"type":"input_image","image_url":"https://x.test/a.png","detail":"high"}]},
        {"type":"custom_tool_call_output","id":"ctco_1","call_id":"c2","output":"done"},
        {"role":"user","content":"go on"}]}"#;

#[test]
fn a_coding_agents_request_is_read_whole() {
    let request = read(AGENT).unwrap();
    assert!(request.stream);
    assert_eq!((request.cache_key.as_deref(), request.parallel_tools), (Some("k"), Some(true)));
    assert_eq!(request.tool_choice, Some(ToolChoice::Auto));
    let wish = Reasoning {
        amount: ReasoningAmount::Effort("medium".to_owned()),
        show: Some("auto".to_owned()),
    };
    assert_eq!(request.reasoning, Some(wish));
    assert_eq!(
        roles(&request),
        [
            (Role::Developer, 1),
            (Role::User, 2),
            (Role::Assistant, 4),
            (Role::User, 2),
            (Role::User, 1),
        ]
    );
    let names: Vec<&str> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["shell", "mcp__x_-_create", "web_search", "apply_patch", "tool_search"]);
    assert_eq!(request.custom_tools(), ["apply_patch"]);
    let ToolKind::Custom { format: Some(format) } = &request.tools[3].kind else {
        panic!("custom")
    };
    assert_eq!(
        format.get(),
        r#"{"type":"grammar","grammar":{"syntax":"lark","definition":"start: x"}}"#
    );
    let beside = ["client_metadata", "input[].phase", "tools[].namespace.description", "verbosity"];
    assert_eq!(lost(&request), beside);
}

#[test]
fn what_the_model_said_is_one_turn_in_its_order() {
    let request = read(AGENT).unwrap();
    let [thought, text, call, custom] = &request.turns[2].parts[..] else { panic!("four parts") };
    let Part::Reasoning { text: said, seal: Some(seal) } = thought else { panic!("a thought") };
    assert_eq!(
        (said.as_str(), seal.kind, &seal.bytes[..]),
        ("Hm.", SealKind::Encrypted, &b"rs_1\ngAAA"[..])
    );
    assert!(matches!(text, Part::Text { text, .. } if text == "Now"));
    assert!(matches!(call, Part::ToolCall { id, name, input, custom: false, .. }
        if id == "c1" && name == "mcp__x_-_create" && input == r#"{"a":1}"#));
    assert!(matches!(custom, Part::ToolCall { id, input, custom: true, .. }
        if id == "c2" && input == "*** Begin"));
    let Part::ToolResult { id, parts, is_error: false, .. } = &request.turns[3].parts[0] else {
        panic!("a result")
    };
    assert_eq!(id, "c1");
    assert!(matches!(&parts[1], Part::Image { media: Media::Url(_), detail: Some(detail), .. }
        if detail == "high"));
}

#[test]
fn instructions_come_first_and_a_text_is_an_input() {
    let request = with(r#","instructions":"Be brief""#).unwrap();
    assert_eq!(roles(&request), [(Role::System, 1), (Role::User, 1)]);
    assert_eq!(roles(&with(r#","instructions":null"#).unwrap()), [(Role::User, 1)]);
}

#[test]
fn media_of_every_kind_is_read() {
    let request = items(
        r#"{"role":"user","content":[
            {"type":"input_image","file_id":"file-1","detail":"low"},
            {"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,aGk="},
            {"type":"input_file","file_url":"https://x.test/a.pdf"},
            {"type":"input_file","file_id":"file-2"},
            {"type":"input_audio","input_audio":{"data":"aGk=","format":"mp3"}},
            {"type":"input_text","text":"x","prompt_cache_breakpoint":{"mode":"explicit"}},
            {"type":"input_new","x":1}]}"#,
    )
    .unwrap();
    let parts = &request.turns[0].parts;
    assert!(matches!(&parts[0], Part::Image { media: Media::FileId(id), .. } if id == "file-1"));
    assert!(
        matches!(&parts[1], Part::File { media: Media::Inline { mime, .. }, name: Some(_), .. }
        if mime == "application/pdf")
    );
    assert!(matches!(&parts[2], Part::File { media: Media::Url(_), .. }));
    assert!(matches!(&parts[3], Part::File { media: Media::FileId(_), .. }));
    assert!(matches!(&parts[4], Part::Audio { media: Media::Inline { mime, .. } }
        if mime == "audio/mpeg"));
    assert!(matches!(&parts[5], Part::Text { cache: Some(_), .. }));
    assert!(matches!(&parts[6], Part::Vendor { kind, .. } if kind == "input_new"));
}

#[test]
fn what_the_provider_ran_stays_in_its_place() {
    let request = items(
        r#"{"type":"web_search_call","id":"ws_1","status":"completed"},
           {"role":"assistant","content":[{"type":"refusal","refusal":"No."}]},
           {"type":"local_shell_call_output","id":"l","output":"x"}"#,
    )
    .unwrap();
    assert_eq!(roles(&request), [(Role::Assistant, 2), (Role::User, 1)]);
    assert!(matches!(&request.turns[0].parts[1], Part::Refusal(words) if words == "No."));
}

#[test]
fn what_only_one_provider_keeps_is_refused_by_name() {
    let refused = |request: Result<ChatRequest, Malformed>| {
        let error = request.unwrap_err();
        assert_eq!(error.code, Some("unsupported_parameter"), "{error}");
        error.param.unwrap()
    };
    assert_eq!(refused(with(r#","previous_response_id":"resp_1""#)), "previous_response_id");
    assert_eq!(refused(with(r#","conversation":{"id":"c"}"#)), "conversation");
    assert_eq!(refused(with(r#","prompt":{"id":"p"}"#)), "prompt");
    assert_eq!(refused(with(r#","background":true"#)), "background");
    assert_eq!(refused(items(r#"{"type":"item_reference","id":"msg_1"}"#)), "input[0].type");
    assert_eq!(refused(items(r#"{"id":"msg_1"}"#)), "input[0].type");
    assert_eq!(refused(items(r#"{"type":"compaction","encrypted_content":"x"}"#)), "input[0].type");
    assert_eq!(refused(with(r#","text":{"format":{"type":"grammar"}}"#)), "text.format");
    let nothing =
        r#","previous_response_id":null,"conversation":null,"background":false,"store":false"#;
    assert!(with(nothing).unwrap().rest.is_empty());
}

#[test]
fn what_has_no_common_word_is_kept_to_be_named() {
    let request = with(
        r#","store":true,"truncation":"auto","max_tool_calls":3,"reasoning":{"context":"auto"},
           "include":["web_search_call.action.sources"],"stream_options":{"include_obfuscation":true},
           "text":{"new":1},"metadata":{"a":"b"},"user":"u","safety_identifier":"s""#,
    )
    .unwrap();
    assert_eq!(
        lost(&request),
        [
            "max_tool_calls",
            "text.new",
            "reasoning.context",
            "include.web_search_call.action.sources",
            "safety_identifier",
            "response.store",
            "truncation",
            "stream_options",
        ]
    );
    assert_eq!(request.end_user.as_deref(), Some("u"));
    assert!(request.metadata.is_some() && request.reasoning.is_none());
    let usual =
        r#","truncation":"disabled","stream_options":{"include_obfuscation":false},"include":[]"#;
    assert!(with(usual).unwrap().rest.is_empty());
}

#[test]
fn the_shape_of_the_answer_is_read_flat() {
    let request = with(
        r#","text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"type": "object"}}}"#,
    )
    .unwrap();
    let OutputFormat::JsonSchema { name, schema, strict: Some(true), .. } = request.output else {
        panic!("a schema")
    };
    assert_eq!((&*name, schema.get()), ("n", r#"{"type": "object"}"#));
    let object = with(r#","text":{"format":{"type":"json_object"}}"#).unwrap();
    assert!(matches!(object.output, OutputFormat::JsonObject));
}

#[test]
fn every_choice_of_tools_is_read() {
    let choice = |json: &str| {
        let request = with(&format!(r#","tool_choice":{json}"#)).unwrap();
        let kept = request.rest.first().map(|(path, json)| (path.clone(), json.get().to_owned()));
        (request.tool_choice, kept)
    };
    assert_eq!(choice(r#""required""#), (Some(ToolChoice::Required), None));
    assert_eq!(
        choice(r#"{"type":"function","name":"f","namespace":"ns"}"#),
        (Some(ToolChoice::Tool("ns_-_f".to_owned())), None)
    );
    assert_eq!(
        choice(r#"{"type":"custom","name":"f"}"#),
        (Some(ToolChoice::Tool("f".to_owned())), None)
    );
    let among = r#"{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"},{"type":"mcp"}]}"#;
    let chat = r#"{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"f"}},{"type":"mcp"}]}}"#;
    assert_eq!(
        choice(among),
        (Some(ToolChoice::Required), Some(("tool_choice".to_owned(), chat.to_owned())))
    );
    let hosted = r#"{"type":"web_search_preview"}"#;
    assert_eq!(
        choice(hosted),
        (None, Some(("tool_choice.web_search_preview".to_owned(), hosted.to_owned())))
    );
    assert_eq!(with(r#","tool_choice":"x""#).unwrap_err().param.as_deref(), Some("tool_choice"));
}

#[test]
fn whatever_is_wrong_is_named_with_its_path() {
    let param = |json: &str| items(json).unwrap_err().param.unwrap();
    assert_eq!(param(r#"{"type":"function_call","name":"f"}"#), "input[0].call_id");
    assert_eq!(param(r#"{"role":"robot","content":"x"}"#), "input[0].role");
    assert_eq!(param(r#"{"role":"user","content":7}"#), "input[0].content");
    assert_eq!(
        param(r#"{"role":"user","content":[{"type":"input_image"}]}"#),
        "input[0].content[0].image_url"
    );
    for (part, field) in [
        (r#"{"type":"input_image","image_url":"data:image/`;base64,aGk="}"#, "image_url"),
        (r#"{"type":"input_file","file_data":"data:pdf;base64,aGk="}"#, "file_data"),
        (r#"{"type":"input_audio","input_audio":{"data":"","format":"`"}}"#, "input_audio.format"),
    ] {
        let item = format!(r#"{{"role":"user","content":[{part}]}}"#);
        assert_eq!(param(&item), format!("input[0].content[0].{field}"));
    }
    let made = r#"{"type":"image_generation_call","result":"aGk=","output_format":"a b"}"#;
    assert_eq!(param(made), "input[0].output_format");
    assert_eq!(param(r#"{"content":"x"}"#), "input[0].type");
    assert_eq!(
        with(r#","tools":[{"type":"function"}]"#).unwrap_err().param.unwrap(),
        "tools[0].name"
    );
}

#[test]
fn pictures_that_the_model_made_are_parts_of_its_turn() {
    let request = items(
        r#"{"type":"message","role":"assistant","content":"Here."},
        {"type":"image_generation_call","id":"ig_1","status":"completed","output_format":"webp","result":"AA=="},
        {"type":"image_generation_call","id":"ig_2","status":"failed","result":null}"#,
    );
    let request = request.unwrap();
    let [Part::Text { .. }, Part::Image { media, .. }, Part::Vendor { kind, .. }] =
        &request.turns[0].parts[..]
    else {
        panic!("{:?}", request.turns)
    };
    assert_eq!(*media, Media::Inline { mime: "image/webp".to_owned(), base64: "AA==".to_owned() });
    assert_eq!(kind, "image_generation_call");
}

#[test]
fn messages_of_the_model_that_follow_each_other_stay_apart() {
    let body = r#"{"model":"m","input":[{"role":"user","content":"One"},
        {"role":"assistant","content":"A"},{"role":"assistant","content":"B"},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}"#;
    let request = super::super::read::read(&crate::chat::Head::default(), body.as_bytes()).unwrap();
    assert_eq!(roles(&request), [(Role::User, 1), (Role::Assistant, 1), (Role::Assistant, 2)]);
}
