//! What Google is asked for. Shapes: <https://ai.google.dev/api/generate-content>.

use bytes::Bytes;
use serde_json::json;
use serde_json::value::RawValue;

use super::{reading, written};
use crate::chat::{
    ChatRequest, Media, OutputFormat, Part, Role, Seal, SealKind, Tool, ToolChoice, ToolKind, Turn,
};

const FLASH: &str = "gemini-2.5-flash";
const THREE: &str = "gemini-3.6-flash";

fn text(text: &str) -> Part {
    Part::Text { text: text.to_owned(), cache: None }
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, name: None, parts }
}

fn call(id: &str, name: &str, signature: Option<&'static str>) -> Part {
    let seal = |proof: &'static str| Seal {
        kind: SealKind::Signature,
        bytes: Bytes::from_static(proof.as_bytes()),
    };
    Part::ToolCall {
        id: id.to_owned(),
        name: name.to_owned(),
        input: r#"{"x":1.0}"#.to_owned(),
        custom: false,
        seal: signature.map(seal),
        cache: None,
    }
}

fn result(id: &str, words: &str, is_error: bool) -> Part {
    Part::ToolResult {
        id: id.to_owned(),
        name: None,
        parts: vec![text(words)],
        is_error,
        cache: None,
    }
}

fn function(name: &str) -> Tool {
    let schema = RawValue::from_string(r##"{"$schema":"s","$ref":"#/x"}"##.to_owned()).ok();
    Tool {
        name: name.to_owned(),
        description: None,
        kind: ToolKind::Function { schema, strict: None },
        cache: None,
    }
}

fn asking(turns: Vec<Turn>) -> ChatRequest {
    ChatRequest { turns, ..ChatRequest::default() }
}

#[test]
fn responses_stand_right_after_their_calls_in_their_order() {
    let request = asking(vec![
        turn(Role::System, vec![text("Be brief.")]),
        turn(Role::User, vec![text("Hi")]),
        turn(Role::Assistant, vec![text("Well")]),
        turn(Role::Assistant, vec![call("c", "a", None), call("c", "b", None)]),
        turn(Role::User, vec![text("and?")]),
        turn(Role::User, vec![result("c", "plain", false), result("c", r#"{"k":1}"#, true)]),
        turn(Role::User, vec![result("c", "again", false)]),
        turn(Role::Developer, vec![text("Hurry.")]),
    ]);
    let (body, lost) = written(&request, FLASH).unwrap();
    assert_eq!(body["systemInstruction"], json!({"parts":[{"text":"Be brief."}]}));
    let expected = json!([
        {"role":"user","parts":[{"text":"Hi"}]},
        {"role":"model","parts":[{"text":"Well"},
            {"functionCall":{"id":"c","name":"a","args":{"x":1.0}}},
            {"functionCall":{"id":"c_2","name":"b","args":{"x":1.0}}}]},
        {"role":"user","parts":[
            {"functionResponse":{"id":"c","name":"a","response":{"result":"plain"}}},
            {"functionResponse":{"id":"c_2","name":"b","response":{"error":{"k":1}}}},
            {"text":"and?"},{"text":"<system>\nHurry.\n</system>"}]},
    ]);
    assert_eq!(body["contents"], expected);
    assert_eq!(lost, ["messages[].tool_call_id", "messages[].role"]);
}

#[test]
fn cache_marks_on_calls_and_results_are_named() {
    let marked = |mut part: Part| {
        let (Part::ToolCall { cache, .. } | Part::ToolResult { cache, .. }) = &mut part else {
            return part;
        };
        *cache = RawValue::from_string(r#"{"type":"ephemeral"}"#.to_owned()).ok();
        part
    };
    for (on_call, on_result) in [(true, false), (false, true)] {
        let (called, answer) = (call("c", "a", None), result("c", "plain", false));
        let request = asking(vec![
            turn(Role::User, vec![text("Hi")]),
            turn(Role::Assistant, vec![if on_call { marked(called) } else { called }]),
            turn(Role::User, vec![if on_result { marked(answer) } else { answer }]),
        ]);
        assert_eq!(written(&request, FLASH).unwrap().1, ["messages[].cache_control"]);
    }
}

#[test]
fn a_call_of_gemini_3_is_signed_by_itself_or_by_googles_stand_in() {
    let turns = |signature| {
        let calls = vec![call("1", "a", signature), call("2", "b", None)];
        asking(vec![turn(Role::User, vec![text("Hi")]), turn(Role::Assistant, calls)])
    };
    let signature = |request: &ChatRequest, model: &str| {
        let (body, lost) = written(request, model).unwrap();
        let parts = body["contents"][1]["parts"].clone();
        assert_eq!(parts[1].get("thoughtSignature"), None);
        (parts[0].get("thoughtSignature").cloned(), lost)
    };
    assert_eq!(signature(&turns(Some("AAAA")), THREE), (Some("AAAA".into()), vec![]));
    let stand_in = Some("skip_thought_signature_validator".into());
    let told = vec!["messages[].tool_calls[].signature".to_owned()];
    assert_eq!(signature(&turns(None), THREE), (stand_in, told));
    assert_eq!(signature(&turns(None), FLASH), (None, vec![]));
}

#[test]
fn pictures_of_a_result_stand_in_it_or_beside_it() {
    let picture = Part::Image {
        media: Media::Inline { mime: "image/png".into(), base64: "iVBORw0KGgo=".into() },
        detail: None,
        cache: None,
    };
    let answer = Part::ToolResult {
        id: "1".into(),
        name: None,
        parts: vec![text("see"), picture],
        is_error: false,
        cache: None,
    };
    let request = asking(vec![
        turn(Role::User, vec![text("Hi")]),
        turn(Role::Assistant, vec![call("1", "a", Some("AAAA"))]),
        turn(Role::User, vec![answer]),
    ]);
    let data = json!({"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}});
    let response = json!({"id":"1","name":"a","response":{"result":"see"}});
    let (body, _) = written(&request, FLASH).unwrap();
    let expected = json!([{"functionResponse":response}, data]);
    assert_eq!(body["contents"][2]["parts"], expected);
    let (body, _) = written(&request, THREE).unwrap();
    assert_eq!(body["contents"][2]["parts"].as_array().unwrap().len(), 1);
    assert_eq!(body["contents"][2]["parts"][0]["functionResponse"]["parts"], json!([data]));
}

#[test]
fn only_googles_proofs_go_to_google() {
    let thought = |kind, proof: &'static str| Part::Reasoning {
        text: "hm".to_owned(),
        seal: Some(Seal { kind, bytes: Bytes::from_static(proof.as_bytes()) }),
    };
    let request = asking(vec![
        turn(Role::User, vec![text("Hi")]),
        turn(
            Role::Assistant,
            vec![
                thought(SealKind::Signature, "AAAA"),
                thought(SealKind::Encrypted, "AAAA"),
                text("Hello"),
            ],
        ),
    ]);
    let (body, lost) = written(&request, THREE).unwrap();
    let expected = json!([{"text":"hm","thought":true,"thoughtSignature":"AAAA"},{"text":"Hello"}]);
    assert_eq!(body["contents"][1]["parts"], expected);
    assert_eq!(lost, ["messages[].reasoning"]);
}

#[test]
fn what_follows_a_part_is_given_back_to_it() {
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[
        {"text":"Hello","thoughtSignature":"AAAA"},
        {"executableCode":{"language":"PYTHON","code":"1"},"thoughtSignature":"BBBB"}]}]}"#;
    let (out, lost) = written(&reading(body).unwrap(), THREE).unwrap();
    let original: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(out["contents"], original["contents"]);
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn a_second_proof_behind_one_part_stands_in_a_part_of_its_own() {
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[
        {"text":"Hello","thoughtSignature":"AAAA"},{"thoughtSignature":"BBBB"}]}]}"#;
    let (out, _) = written(&reading(body).unwrap(), THREE).unwrap();
    let parts = json!([
        {"text": "Hello", "thoughtSignature": "AAAA"}, {"text": "", "thoughtSignature": "BBBB"},
    ]);
    assert_eq!(out["contents"][1]["parts"], parts);
}

#[test]
fn proofs_of_text_go_back_on_it_even_where_it_is_empty() {
    let seal = |proof: &'static str| Seal {
        kind: SealKind::Signature,
        bytes: Bytes::from_static(proof.as_bytes()),
    };
    let proof = |it: &'static str| super::super::proof(&seal(it)).unwrap();
    let request = asking(vec![
        turn(Role::User, vec![text("Hi")]),
        turn(
            Role::Assistant,
            vec![text("Hel"), proof("AAAA"), text("lo"), call("c", "a", Some("BBBB"))],
        ),
        turn(Role::Assistant, vec![text(""), proof("CCCC")]),
        turn(Role::User, vec![result("c", "plain", false)]),
    ]);
    let (body, lost) = written(&request, FLASH).unwrap();
    let expected = json!({"role":"model","parts":[
        {"text":"Hel","thoughtSignature":"AAAA"},
        {"text":"lo"},
        {"functionCall":{"id":"c","name":"a","args":{"x":1.0}},"thoughtSignature":"BBBB"},
        {"text":"","thoughtSignature":"CCCC"}]});
    assert_eq!(body["contents"][1], expected);
    assert_eq!(lost, [""; 0]);
}

#[test]
fn what_belongs_to_the_models_part_is_not_put_on_the_users() {
    let proof = Seal { kind: SealKind::Signature, bytes: Bytes::from_static(b"AAAA") };
    let request = asking(vec![
        turn(Role::User, vec![text("Hi")]),
        turn(Role::Assistant, vec![super::super::proof(&proof).unwrap(), text("Hello")]),
    ]);
    let (body, lost) = written(&request, FLASH).unwrap();
    let expected = json!([{"role":"user","parts":[{"text":"Hi"}]},
        {"role":"model","parts":[{"text":"Hello"}]}]);
    assert_eq!(body["contents"], expected);
    assert_eq!(lost, ["messages[].content[].part.thoughtSignature"]);
}

#[test]
fn schemas_go_as_they_are_and_choices_by_mode() {
    let with = |choice| ChatRequest {
        tools: vec![function("a"), function("b")],
        tool_choice: choice,
        parallel_tools: Some(false),
        ..asking(vec![turn(Role::User, vec![text("Hi")])])
    };
    let (body, lost) = written(&with(Some(ToolChoice::Tool("a".into()))), FLASH).unwrap();
    let declared = json!({"name":"a","parametersJsonSchema":{"$schema":"s","$ref":"#/x"}});
    assert_eq!(body["tools"][0]["functionDeclarations"][0], declared);
    let calling = json!({"mode":"ANY","allowedFunctionNames":["a"]});
    assert_eq!(body["toolConfig"]["functionCallingConfig"], calling);
    assert_eq!(lost, ["parallel_tool_calls"]);
    let mode = |choice| {
        let (body, _) = written(&with(choice), FLASH).unwrap();
        body["toolConfig"]["functionCallingConfig"]["mode"].clone()
    };
    assert_eq!(mode(Some(ToolChoice::Required)), "ANY");
    assert_eq!(mode(Some(ToolChoice::None)), "NONE");
    assert_eq!(mode(Some(ToolChoice::Auto)), "AUTO");
    assert!(mode(None).is_null());
}

#[test]
fn hosted_tools_become_googles_own_or_are_named() {
    let hosted = |kind: &str, json: &str| Tool {
        name: String::new(),
        description: None,
        kind: ToolKind::Hosted {
            kind: kind.to_owned(),
            json: RawValue::from_string(json.to_owned()).unwrap(),
        },
        cache: None,
    };
    let mut request = asking(vec![turn(Role::User, vec![text("Hi")])]);
    request.tools = vec![
        hosted(
            "web_search_20250305",
            r#"{"type":"web_search_20250305","name":"web_search","max_uses":3}"#,
        ),
        hosted("code_interpreter", r#"{"type":"code_interpreter"}"#),
        hosted("computer_20250124", r#"{"type":"computer_20250124"}"#),
    ];
    let (body, lost) = written(&request, THREE).unwrap();
    assert_eq!(body["tools"], json!([{"googleSearch":{}},{"codeExecution":{}}]));
    assert_eq!(lost, ["tools[].web_search_20250305", "tools[].computer_20250124"]);
    request.tools.push(function("a"));
    let (body, lost) = written(&request, THREE).unwrap();
    assert_eq!(body["tools"].as_array().unwrap().len(), 1);
    assert!(lost.contains(&"tools[].hosted".to_owned()));
}

#[test]
fn a_json_answer_is_enforced_or_refused() {
    let schema = RawValue::from_string(r#"{"type":"object"}"#.to_owned()).unwrap();
    let mut request = asking(vec![turn(Role::User, vec![text("Hi")])]);
    request.output =
        OutputFormat::JsonSchema { name: "x".into(), description: None, schema, strict: None };
    let (body, _) = written(&request, FLASH).unwrap();
    let config =
        json!({"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}});
    assert_eq!(body["generationConfig"], config);
    request.tools = vec![function("a")];
    let refused = written(&request, FLASH).unwrap_err();
    assert_eq!(refused.code, Some("capability_not_supported"));
    assert!(written(&request, THREE).is_ok());
    request.tool_choice = Some(ToolChoice::None);
    assert_eq!(written(&request, FLASH).unwrap().0.get("tools"), None);
}

#[test]
fn several_answers_and_strange_files_are_refused() {
    let mut request = asking(vec![turn(Role::User, vec![text("Hi")])]);
    request.choices = 2;
    assert_eq!(written(&request, FLASH).unwrap_err().code, Some("unsupported_parameter"));
    let file = Part::File { media: Media::FileId("file-1".into()), name: None, cache: None };
    let request = asking(vec![turn(Role::User, vec![file])]);
    assert_eq!(written(&request, FLASH).unwrap_err().code, Some("capability_not_supported"));
}

#[test]
fn a_conversation_begins_with_the_user() {
    let (body, lost) =
        written(&asking(vec![turn(Role::Assistant, vec![text("Hi")])]), FLASH).unwrap();
    assert_eq!(body["contents"][0], json!({"role":"user","parts":[{"text":"."}]}));
    assert_eq!(lost, ["messages[0]"]);
}
