//! Requests as Cohere's reference (<https://docs.cohere.com/reference/chat>) takes them: exact bytes,
//! and what is lost or refused.

use wayleave_model::target::{ModelFacts, ReasoningControl};

use crate::chat::{ChatSurface, Head};
use crate::{ClientDialect, Losses, Malformed};

fn with(
    client: ClientDialect,
    body: &str,
    facts: &ModelFacts,
) -> Result<(String, Vec<String>), Malformed> {
    let surface: &dyn ChatSurface = client.chat();
    let request = surface.read_request(&Head::default(), body.as_bytes()).unwrap();
    let mut losses = Losses::default();
    let written = super::write(&request, "command-a", facts, &mut losses)?;
    let paths = losses.iter().map(|loss| loss.path.clone()).collect();
    Ok((String::from_utf8(written).unwrap(), paths))
}

fn openai(fields: &str) -> Result<(String, Vec<String>), Malformed> {
    let body = format!(r#"{{"model":"m",{fields}}}"#);
    with(ClientDialect::OpenAiChat, &body, &ModelFacts::default())
}

fn case(fields: &str, expected: &str, losses: &[&str]) {
    let (written, lost) = openai(fields).unwrap();
    assert_eq!(written, format!(r#"{{"model":"command-a",{expected}}}"#));
    assert_eq!(lost, losses, "{fields}");
}

const HI: &str = r#""messages":[{"role":"user","content":"hi"}]"#;

#[test]
fn a_plain_request_says_that_it_is_whole() {
    case(HI, &format!(r#"{HI},"stream":false"#), &[]);
    case(&format!(r#"{HI},"stream":true"#), &format!(r#"{HI},"stream":true"#), &[]);
}

#[test]
fn settings_go_by_their_names_and_ranges() {
    let wish = r#""max_tokens":9,"stop":["a","b"],"temperature":0.5,"top_p":0.9,"seed":7,"frequency_penalty":0.25,"presence_penalty":1,"logprobs":true"#;
    case(
        &format!("{HI},{wish}"),
        &format!(
            r#"{HI},"max_tokens":9,"stop_sequences":["a","b"],"temperature":0.5,"p":0.9,"frequency_penalty":0.25,"presence_penalty":1,"seed":7,"logprobs":true,"stream":false"#
        ),
        &[],
    );
    let wish = r#""stop":["a","b","c","d","e","f"],"temperature":1.5,"top_p":1,"seed":-7,"frequency_penalty":-1,"top_logprobs":3,"logprobs":true,"user":"u","n":1"#;
    case(
        &format!("{HI},{wish}"),
        &format!(
            r#"{HI},"stop_sequences":["a","b","c","d","e"],"temperature":1,"p":0.99,"frequency_penalty":0,"logprobs":true,"stream":false"#
        ),
        &["stop", "temperature", "top_p", "frequency_penalty", "seed", "top_logprobs", "user"],
    );
}

#[test]
fn results_stand_behind_their_calls_and_words_beside_calls_are_the_plan() {
    let messages = r#""messages":[{"role":"user","content":"hi"},
        {"role":"assistant","content":"Let me look.","tool_calls":[
            {"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},
            {"id":"b","type":"function","function":{"name":"g","arguments":""}}]},
        {"role":"tool","tool_call_id":"b","content":"two"},
        {"role":"tool","tool_call_id":"a","content":[{"type":"text","text":"one"}]},
        {"role":"user","content":"and?"}]"#;
    case(
        messages,
        r#""messages":[{"role":"user","content":"hi"},{"role":"assistant","tool_plan":"Let me look.","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"one"},{"role":"tool","tool_call_id":"b","content":"two"},{"role":"user","content":"and?"}],"stream":false"#,
        &["messages[].content"],
    );
}

#[test]
fn pictures_go_up_by_address_and_by_content() {
    case(
        r#""messages":[{"role":"user","content":[{"type":"text","text":"what?"},{"type":"image_url","image_url":{"url":"https://x.test/a.png","detail":"low"}},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/"}}]}]"#,
        r#""messages":[{"role":"user","content":[{"type":"text","text":"what?"},{"type":"image_url","image_url":{"url":"https://x.test/a.png","detail":"low"}},{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/"}}]}],"stream":false"#,
        &[],
    );
}

const TOOLS: &str = r#""tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}}}},{"type":"function","function":{"name":"g"}}]"#;
const F: &str = r#"{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","properties":{}}}}"#;
const G: &str =
    r#"{"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{}}}}"#;

#[test]
fn a_demanded_tool_is_offered_alone() {
    let choice = |choice: &str| format!(r#"{HI},{TOOLS},"tool_choice":{choice}"#);
    let both = format!(r#"{HI},"tools":[{F},{G}]"#);
    case(&choice(r#""auto""#), &format!(r#"{both},"stream":false"#), &[]);
    case(&choice(r#""none""#), &format!(r#"{both},"tool_choice":"NONE","stream":false"#), &[]);
    let required = format!(r#"{both},"tool_choice":"REQUIRED","stream":false"#);
    case(&choice(r#""required""#), &required, &[]);
    let only = format!(r#"{HI},"tools":[{G}],"tool_choice":"REQUIRED","stream":false"#);
    case(&choice(r#"{"type":"function","function":{"name":"g"}}"#), &only, &["tools"]);
    let error = openai(&choice(r#"{"type":"function","function":{"name":"h"}}"#)).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("tool_choice"));
    let one = format!(r#"{HI},{TOOLS},"parallel_tool_calls":false"#);
    assert_eq!(openai(&one).unwrap().1, ["parallel_tool_calls"]);
}

#[test]
fn strictness_is_for_all_tools_or_for_none() {
    let tool = |name: &str, strict: bool| {
        format!(r#"{{"type":"function","function":{{"name":"{name}","strict":{strict}}}}}"#)
    };
    let tools = |a, b| openai(&format!(r#"{HI},"tools":[{},{}]"#, tool("f", a), tool("g", b)));
    assert!(tools(true, true).unwrap().0.contains(r#""strict_tools":true"#));
    let (written, lost) = tools(true, false).unwrap();
    assert!(!written.contains("strict"));
    assert_eq!(lost, ["tools[].strict"]);
}

#[test]
fn a_json_answer_is_enforced_or_refused() {
    let schema = r#"{"type":"object","properties":{"a":{"type":"integer"}}}"#;
    let format = format!(
        r#""response_format":{{"type":"json_schema","json_schema":{{"name":"n","strict":true,"schema":{schema}}}}}"#
    );
    case(
        &format!("{HI},{format}"),
        &format!(
            r#"{HI},"response_format":{{"type":"json_object","json_schema":{schema}}},"stream":false"#
        ),
        &[],
    );
    let error = openai(&format!("{HI},{format},{TOOLS}")).unwrap_err();
    assert_eq!(error.code, Some("capability_not_supported"));
    let facts = ModelFacts { json_schema: Some(false), ..ModelFacts::default() };
    let body = format!(r#"{{"model":"m",{HI},{format}}}"#);
    assert!(with(ClientDialect::OpenAiChat, &body, &facts).is_err());
}

#[test]
fn several_answers_are_refused() {
    let error = openai(&format!(r#"{HI},"n":2"#)).unwrap_err();
    assert_eq!((error.param.as_deref(), error.code), (Some("n"), Some("unsupported_parameter")));
}

#[test]
fn its_own_fields_are_carried_and_others_named() {
    case(
        &format!(
            r#"{HI},"safety_mode":"STRICT","citation_options":{{"mode":"OFF"}},"logit_bias":{{}}"#
        ),
        &format!(
            r#"{HI},"safety_mode":"STRICT","citation_options":{{"mode":"OFF"}},"stream":false"#
        ),
        &["logit_bias"],
    );
}

#[test]
fn reasoning_is_a_switch_and_a_limit() {
    let written = |field: &str| openai(&format!(r#"{HI},{field}"#)).unwrap();
    let low = written(r#""reasoning_effort":"low""#);
    assert!(low.0.contains(r#""thinking":{"type":"enabled","token_budget":2048}"#), "{}", low.0);
    assert_eq!(low.1, ["reasoning_effort"]);
    let high = written(r#""reasoning_effort":"high""#).0;
    assert!(high.contains(r#""thinking":{"type":"enabled"}"#), "{high}");
    let none = written(r#""reasoning_effort":"none""#);
    assert!(none.0.contains(r#""thinking":{"type":"disabled"}"#), "{}", none.0);
    assert!(none.1.is_empty());
}

#[test]
fn thoughts_go_back_unsealed_to_a_model_that_thinks() {
    let body = r#"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"},
        {"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"a"}]},
        {"role":"user","content":"and?"}]}"#;
    let facts = ModelFacts { reasoning: Some(ReasoningControl::Budget), ..ModelFacts::default() };
    let (written, lost) = with(ClientDialect::AnthropicMessages, body, &facts).unwrap();
    let blocks = r#"{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"a"}]}"#;
    assert!(written.contains(blocks), "{written}");
    assert!(lost.is_empty());
    let unknown = ModelFacts::default();
    let (written, lost) = with(ClientDialect::AnthropicMessages, body, &unknown).unwrap();
    assert!(written.contains(r#"{"role":"assistant","content":"a"}"#), "{written}");
    assert_eq!(lost, ["messages[].reasoning"]);
    // A signature is another provider's.
    let signed = body.replace(r#""hm"}"#, r#""hm","signature":"s"}"#);
    let (written, lost) = with(ClientDialect::AnthropicMessages, &signed, &facts).unwrap();
    assert!(!written.contains("hm"), "{written}");
    assert_eq!(lost, ["messages[].reasoning"]);
}
