//! What a request says.

use super::{refused, request};
use crate::chat::{
    Media, OutputFormat, Part, ReasoningAmount, Role, SealKind, ToolChoice, ToolKind,
};

#[test]
fn a_coding_agents_request_is_read_whole() {
    let request = request(
        r#"{"model":"fast","max_tokens":32000,"stream":true,
        "system":[{"type":"text","text":"billing"},
                  {"type":"text","text":"You code.","cache_control":{"type":"ephemeral"}}],
        "messages":[
          {"role":"user","content":"fix it"},
          {"role":"system","content":[{"type":"text","text":"be brief"}]},
          {"role":"assistant","content":[
            {"type":"thinking","thinking":"","signature":"EqRs"},
            {"type":"tool_use","id":"toolu_1","name":"Bash","input":{"cmd": "ls  -l"},
             "caller":{"type":"direct"}}]},
          {"role":"user","content":[
            {"type":"tool_result","tool_use_id":"toolu_1","is_error":true,
             "content":[{"type":"text","text":"no"},{"type":"image","source":
               {"type":"base64","media_type":"image/png","data":"iVBO"}}],
             "cache_control":{"type":"ephemeral"}}]}],
        "tools":[{"name":"Bash","description":"runs","input_schema":{"type" : "object"}},
                 {"type":"web_search_20250305","name":"web_search","max_uses":8}],
        "tool_choice":{"type":"auto","disable_parallel_tool_use":true},
        "thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"high"},
        "metadata":{"user_id":"{\"device\":1}"},"stop_sequences":["END"],"temperature":1,
        "service_tier":"auto","context_management":{"edits":[]}}"#,
    );
    assert_eq!((&*request.model, request.stream, request.max_output), ("fast", true, Some(32000)));
    let roles: Vec<Role> = request.turns.iter().map(|turn| turn.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::System, Role::Assistant, Role::User]);
    let [Part::Text { cache: None, .. }, Part::Text { text, cache: Some(mark) }] =
        &*request.turns[0].parts
    else {
        panic!("{:?}", request.turns[0])
    };
    assert_eq!((&**text, mark.get()), ("You code.", r#"{"type":"ephemeral"}"#));
    let [Part::Reasoning { text, seal: Some(seal) }, Part::ToolCall { input, .. }] =
        &*request.turns[3].parts
    else {
        panic!("{:?}", request.turns[3])
    };
    assert_eq!((&**text, seal.kind, &seal.bytes[..]), ("", SealKind::Signature, &b"EqRs"[..]));
    assert_eq!(input, r#"{"cmd": "ls  -l"}"#);
    let [Part::ToolResult { id, parts, is_error: true, cache: Some(_), .. }] =
        &*request.turns[4].parts
    else {
        panic!("{:?}", request.turns[4])
    };
    assert_eq!((&**id, parts.len()), ("toolu_1", 2));
    let ToolKind::Function { schema: Some(schema), strict: None } = &request.tools[0].kind else {
        panic!("{:?}", request.tools[0])
    };
    assert_eq!(schema.get(), r#"{"type" : "object"}"#);
    let ToolKind::Hosted { kind, json } = &request.tools[1].kind else { panic!() };
    assert!(kind == "web_search_20250305" && json.get().contains("max_uses"));
    assert_eq!(
        (request.tool_choice, request.parallel_tools),
        (Some(ToolChoice::Auto), Some(false))
    );
    let reasoning = request.reasoning.unwrap();
    assert_eq!(reasoning.amount, ReasoningAmount::Effort("high".to_owned()));
    assert_eq!(reasoning.show.as_deref(), Some("omitted"));
    assert_eq!(request.end_user.as_deref(), Some(r#"{"device":1}"#));
    assert_eq!((request.stop, request.sampling.temperature), (vec!["END".to_owned()], Some(1.0)));
    assert_eq!(request.rest.len(), 1);
    assert_eq!(request.rest[0].0, "context_management");
}

#[test]
fn every_block_finds_its_part() {
    let request = request(
        r#"{"model":"m","messages":[{"role":"user","content":[
        {"type":"image","source":{"type":"url","url":"https://x.test/a.png"}},
        {"type":"image","source":{"type":"file","file_id":"file_1"}},
        {"type":"document","title":"A","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}},
        {"type":"document","title":"B","source":{"type":"text","media_type":"text/plain","data":"words"},"citations":{"enabled":true}},
        {"type":"document","source":{"type":"content","content":"more"},"cache_control":{"type":"ephemeral"}},
        {"type":"search_result","title":"T","source":"https://s.test","content":[{"type":"text","text":"found"}]},
        {"type":"container_upload","file_id":"file_2"}]},
        {"role":"assistant","content":[
        {"type":"redacted_thinking","data":"Rdt"},
        {"type":"server_tool_use","id":"srv_1","name":"web_search","input":{}},
        {"type":"text","text":"cited","citations":[{"type":"char_location"}]},
        {"type":"text","text":"plain","citations":null}]}]}"#,
    );
    let shown: Vec<String> = request
        .turns
        .iter()
        .flat_map(|turn| &turn.parts)
        .map(|part| match part {
            Part::Text { text, cache } => format!("text {text} {}", cache.is_some()),
            Part::Image { media: Media::Url(url), .. } => format!("image {url}"),
            Part::Image { media: Media::FileId(id), .. } => format!("image {id}"),
            Part::File { media: Media::Inline { mime, base64 }, name, .. } => {
                format!("file {mime} {base64} {name:?}")
            }
            Part::Reasoning { seal: Some(seal), .. } => format!("{:?}", seal.kind),
            Part::Vendor { kind, .. } => format!("vendor {kind}"),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        "image https://x.test/a.png",
        "image file_1",
        "file application/pdf JVBE Some(\"A\")",
        "text B\nwords false",
        "vendor document.citations",
        "text more true",
        "text T\nhttps://s.test false",
        "text found false",
        "vendor container_upload",
        "Redacted",
        "vendor server_tool_use",
        "text cited false",
        "vendor text.citations",
        "text plain false",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn thinking_and_effort_are_one_wish() {
    let amount = |fields: &str| {
        let request = request(&format!(r#"{{"model":"m","messages":[],{fields}}}"#));
        let rest: Vec<String> = request.rest.into_iter().map(|(name, _)| name).collect();
        (request.reasoning.map(|reasoning| reasoning.amount), rest)
    };
    let effort = |word: &str| Some(ReasoningAmount::Effort(word.to_owned()));
    let budget = r#""thinking":{"type":"enabled","budget_tokens":31999}"#;
    assert_eq!(amount(budget), (Some(ReasoningAmount::Budget(31999)), vec![]));
    let both = format!(r#"{budget},"output_config":{{"effort":"low"}}"#);
    let rest = vec!["output_config.effort".to_owned()];
    assert_eq!(amount(&both), (Some(ReasoningAmount::Budget(31999)), rest));
    let off = r#""thinking":{"type":"disabled"}"#;
    assert_eq!(amount(off), (Some(ReasoningAmount::Off), vec![]));
    assert_eq!(amount(r#""output_config":{"effort":"max"}"#), (effort("max"), vec![]));
    let adaptive = r#""thinking":{"type":"adaptive"}"#;
    assert_eq!(amount(adaptive), (Some(ReasoningAmount::Adaptive), vec![]));
    assert_eq!(amount(r#""top_k":1"#), (None, vec![]));
}

#[test]
fn a_schema_is_read_under_both_names() {
    let format = r#"{"type":"json_schema","schema":{"type" :"object"}}"#;
    let nested = format!(r#""output_config":{{"format":{format}}}"#);
    let old = format!(r#""output_format":{format}"#);
    for field in [nested, old] {
        let request = request(&format!(r#"{{"model":"m","messages":[],{field}}}"#));
        let OutputFormat::JsonSchema { schema, strict: Some(true), name, .. } = request.output
        else {
            panic!("{field}")
        };
        assert_eq!((schema.get(), &*name), (r#"{"type" :"object"}"#, "response"));
    }
}

#[test]
fn a_complaint_names_its_place() {
    let with = |messages: &str| refused(&format!(r#"{{"model":"m","messages":{messages}}}"#));
    for (messages, path) in [
        (r"{}", "messages"),
        (r"[7]", "messages[0]"),
        (r#"[{"content":"x"}]"#, "messages[0].role"),
        (r#"[{"role":"tool","content":"x"}]"#, "messages[0].role"),
        (r#"[{"role":"user"}]"#, "messages[0].content"),
        (r#"[{"role":"user","content":7}]"#, "messages[0].content"),
        (r#"[{"role":"user","content":[{}]}]"#, "messages[0].content[0].type"),
        (r#"[{"role":"user","content":[{"type":"text"}]}]"#, "messages[0].content[0].text"),
        (
            r#"[{"role":"user","content":"a"},{"role":"user","content":[{"type":"image"}]}]"#,
            "messages[1].content[0].source",
        ),
        (
            r#"[{"role":"user","content":[{"type":"image","source":{"type":"base64"}}]}]"#,
            "messages[0].content[0].source.data",
        ),
        (
            r#"[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"png","data":""}}]}]"#,
            "messages[0].content[0].source.media_type",
        ),
        (
            r#"[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"data:a/`;base64,"}}]}]"#,
            "messages[0].content[0].source.url",
        ),
        (
            r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[1]}]}]"#,
            "messages[0].content[0].content[0]",
        ),
    ] {
        let error = with(messages);
        assert_eq!(error.param.as_deref(), Some(path), "{}", error.message);
        assert!(!error.message.contains('\n'));
    }
    assert_eq!(refused(r#"{"messages":[]}"#).param.as_deref(), Some("model"));
    let choice = r#"{"model":"m","messages":[],"tool_choice":{"type":"maybe"}}"#;
    assert_eq!(refused(choice).param.as_deref(), Some("tool_choice.type"));
    let tool = r#"{"model":"m","messages":[],"tools":[{"input_schema":{}}]}"#;
    assert_eq!(refused(tool).param.as_deref(), Some("tools[0].name"));
}

#[test]
fn what_nests_too_deep_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"model":"m","messages":[],"new":{deep}}}"#);
    assert!(refused(&body).message.contains("deeper than 128"));
}
