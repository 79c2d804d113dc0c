//! Messages in the order that Converse demands.

use super::*;

fn messages(turns: Vec<Turn>) -> (String, Vec<String>) {
    let (body, lost) = body(&ChatRequest { turns, ..ChatRequest::default() });
    (field(body.as_bytes(), "messages"), lost)
}

#[test]
fn results_stand_together_right_after_their_calls() {
    let (messages, lost) = messages(vec![
        turn(Role::User, vec![text("go")]),
        turn(Role::Assistant, vec![text("so"), call("call:1", "f", r#"{"a": 1.50}"#)]),
        turn(Role::Assistant, vec![call("c2", "g", "")]),
        turn(Role::User, vec![text("and?"), result("c2", vec![text("two")], false)]),
        turn(Role::User, vec![result("call:1", vec![], true)]),
    ]);
    let expected = concat!(
        r#"[{"role":"user","content":[{"text":"go"}]},"#,
        r#"{"role":"assistant","content":[{"text":"so"},"#,
        r#"{"toolUse":{"toolUseId":"call1_8fae8dff","name":"f","input":{"a": 1.50}}},"#,
        r#"{"toolUse":{"toolUseId":"c2","name":"g","input":{}}}]},"#,
        r#"{"role":"user","content":["#,
        r#"{"toolResult":{"toolUseId":"c2","content":[{"text":"two"}]}},"#,
        r#"{"toolResult":{"toolUseId":"call1_8fae8dff","content":[{"text":"error"}],"status":"error"}},"#,
        r#"{"text":"and?"}]}]"#,
    );
    let id = messages.split("\"toolUseId\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(messages, expected.replace("call1_8fae8dff", id));
    assert!(id.starts_with("call1_"), "{id}");
    assert_eq!(lost, ["tool_choice"]);
}

#[test]
fn blank_texts_stay_behind_and_the_user_speaks_first() {
    let (messages, lost) = messages(vec![
        turn(Role::Assistant, vec![text("Hello.")]),
        turn(Role::User, vec![text(" "), text("hi")]),
        turn(Role::System, vec![text("Be brief.")]),
        turn(Role::Assistant, vec![text("So: \n")]),
    ]);
    let expected = concat!(
        r#"[{"role":"user","content":[{"text":"."}]},"#,
        r#"{"role":"assistant","content":[{"text":"Hello."}]},"#,
        r#"{"role":"user","content":[{"text":"hi"},{"text":"<system>\nBe brief.\n</system>"}]},"#,
        r#"{"role":"assistant","content":[{"text":"So:"}]}]"#,
    );
    assert_eq!(messages, expected);
    assert_eq!(lost, ["messages[].role", "messages[0]"]);
}

#[test]
fn thoughts_go_back_where_they_stood_byte_for_byte() {
    let thought = |text: &str, kind, bytes: &'static str| {
        let seal = Some(Seal { kind, bytes: bytes.into() });
        Part::Reasoning { text: text.to_owned(), seal }
    };
    let (messages, lost) = messages(vec![
        turn(Role::User, vec![text("q")]),
        turn(
            Role::Assistant,
            vec![
                thought("aü", SealKind::Signature, "A+/="),
                thought("", SealKind::Redacted, "Rd=="),
                Part::Reasoning { text: "unsigned".to_owned(), seal: None },
                thought("", SealKind::Encrypted, "x"),
                text("x"),
            ],
        ),
        turn(Role::User, vec![text("q")]),
    ]);
    let expected = concat!(
        r#"{"reasoningContent":{"reasoningText":{"text":"aü","signature":"A+/="}}},"#,
        r#"{"reasoningContent":{"redactedContent":"Rd=="}},{"text":"x"}]"#,
    );
    assert!(messages.contains(expected), "{messages}");
    assert_eq!(lost, ["messages[].reasoning"]);
}

#[test]
fn a_model_that_has_no_thoughts_gets_none() {
    let seal = Some(Seal { kind: SealKind::Signature, bytes: "A+/=".into() });
    let thought = Part::Reasoning { text: "hm".to_owned(), seal };
    let turns = vec![
        turn(Role::User, vec![text("q")]),
        turn(Role::Assistant, vec![thought, text("x")]),
        turn(Role::User, vec![text("q")]),
    ];
    let request = ChatRequest { turns, ..ChatRequest::default() };
    let facts = ModelFacts::default();
    let (llama, lost) = written(&request, "meta.llama3-3-70b-instruct-v1:0", &facts).unwrap();
    assert!(!String::from_utf8(llama.body).unwrap().contains("reasoningContent"));
    assert_eq!(lost, ["messages[].reasoning"]);
}

#[test]
fn cache_marks_become_points_behind_what_they_stand_on() {
    let mut request = ChatRequest {
        turns: vec![
            turn(Role::System, vec![marked("S", r#"{"type":"ephemeral","ttl":"1h"}"#)]),
            turn(Role::User, vec![marked("U", r#"{"type":"ephemeral"}"#), text("V")]),
        ],
        ..ChatRequest::default()
    };
    let mut tool = function("f", None);
    tool.cache = Some(raw(r#"{"type":"ephemeral"}"#));
    request.tools = vec![tool];
    let (claude, lost) = body(&request);
    let system = r#"[{"text":"S"},{"cachePoint":{"type":"default","ttl":"1h"}}]"#;
    assert_eq!(field(claude.as_bytes(), "system"), system);
    let messages = r#"[{"role":"user","content":[{"text":"U"},{"cachePoint":{"type":"default"}},{"text":"V"}]}]"#;
    assert_eq!(field(claude.as_bytes(), "messages"), messages);
    assert!(
        claude.contains(r#""properties":{}}}}},{"cachePoint":{"type":"default"}}]"#),
        "{claude}"
    );
    assert_eq!(lost, [""; 0]);

    let facts = ModelFacts::default();
    let (nova, lost) = written(&request, "amazon.nova-pro-v1:0", &facts).unwrap();
    let system = r#"[{"text":"S"},{"cachePoint":{"type":"default"}}]"#;
    assert_eq!(field(&nova.body, "system"), system);
    assert_eq!(lost, ["messages[].content[].cache_control.ttl", "tools[].cache_control"]);

    let (llama, lost) = written(&request, "meta.llama3-3-70b-instruct-v1:0", &facts).unwrap();
    assert!(!String::from_utf8(llama.body).unwrap().contains("cachePoint"));
    assert_eq!(lost, ["messages[].content[].cache_control", "tools[].cache_control"]);
}

#[test]
fn a_document_has_words_beside_it_and_a_name_of_its_own() {
    let pdf = |name: Option<&str>| Part::File {
        media: Media::Inline { mime: "application/pdf".to_owned(), base64: "JVBERi0x".to_owned() },
        name: name.map(str::to_owned),
        cache: None,
    };
    let (messages, lost) =
        messages(vec![turn(Role::User, vec![pdf(Some("a.pdf")), pdf(Some("a.pdf"))])]);
    let expected = concat!(
        r#"[{"role":"user","content":["#,
        r#"{"document":{"format":"pdf","name":"a","source":{"bytes":"JVBERi0x"}}},"#,
        r#"{"document":{"format":"pdf","name":"a-2","source":{"bytes":"JVBERi0x"}}},"#,
        r#"{"text":"."}]}]"#,
    );
    assert_eq!(messages, expected);
    assert_eq!(lost, ["messages[].content[].filename", "messages[].content"]);
}

#[test]
fn a_result_holds_words_and_pictures() {
    let picture = Part::Image {
        media: Media::Inline { mime: "image/png".to_owned(), base64: "iVBORw0KGgo=".to_owned() },
        detail: None,
        cache: None,
    };
    let sound = Part::Audio {
        media: Media::Inline { mime: "audio/wav".to_owned(), base64: "UklG".to_owned() },
    };
    let (messages, lost) = messages(vec![
        turn(Role::User, vec![text("go")]),
        turn(Role::Assistant, vec![call("c", "f", "{}")]),
        turn(Role::User, vec![result("c", vec![text("r"), picture, sound], false)]),
    ]);
    let expected = concat!(
        r#"{"toolResult":{"toolUseId":"c","content":[{"text":"r"},"#,
        r#"{"image":{"format":"png","source":{"bytes":"iVBORw0KGgo="}}}]}}"#,
    );
    assert!(messages.contains(expected), "{messages}");
    assert_eq!(lost, ["messages[].content[].input_audio", "tool_choice"]);
}

#[test]
fn only_some_models_know_that_a_tool_failed() {
    let turns = vec![
        turn(Role::User, vec![text("go")]),
        turn(Role::Assistant, vec![call("c", "f", "{}")]),
        turn(Role::User, vec![result("c", vec![text("boom")], true)]),
    ];
    let request = ChatRequest { turns, ..ChatRequest::default() };
    let facts = ModelFacts::default();
    let (mistral, lost) = written(&request, "mistral.mistral-large-2407-v1:0", &facts).unwrap();
    assert!(!String::from_utf8(mistral.body).unwrap().contains("status"));
    assert_eq!(lost, ["messages[].content[].is_error", "tool_choice"]);
}
