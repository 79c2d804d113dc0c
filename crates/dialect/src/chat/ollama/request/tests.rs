//! Requests as Ollama's reference (<https://docs.ollama.com/api/chat>) takes them: exact bytes, and
//! what is lost or refused.

use wayleave_model::target::{ModelFacts, ReasoningControl};

use crate::chat::Head;
use crate::{ClientDialect, Losses, Malformed};

fn with(fields: &str, facts: &ModelFacts) -> Result<(String, Vec<String>), Malformed> {
    let body = format!(r#"{{"model":"m",{fields}}}"#);
    let surface = ClientDialect::OpenAiChat.chat();
    let request = surface.read_request(&Head::default(), body.as_bytes()).unwrap();
    let mut losses = Losses::default();
    let written = super::write(&request, "qwen3", facts, &mut losses)?;
    let paths = losses.iter().map(|loss| loss.path.clone()).collect();
    Ok((String::from_utf8(written).unwrap(), paths))
}

fn case(fields: &str, expected: &str, losses: &[&str]) {
    let (written, lost) = with(fields, &ModelFacts::default()).unwrap();
    assert_eq!(written, format!(r#"{{"model":"qwen3",{expected}}}"#));
    assert_eq!(lost, losses, "{fields}");
}

fn refused(fields: &str) -> (Option<String>, Option<&'static str>) {
    let error = with(fields, &ModelFacts::default()).unwrap_err();
    (error.param, error.code)
}

const HI: &str = r#""messages":[{"role":"user","content":"hi"}]"#;

#[test]
fn a_whole_answer_is_asked_for_in_so_many_words() {
    case(HI, &format!(r#"{HI},"stream":false"#), &[]);
    case(&format!(r#"{HI},"stream":true"#), &format!(r#"{HI},"stream":true"#), &[]);
}

#[test]
fn settings_are_options_beside_the_clients_own() {
    let wish = r#""max_tokens":9,"stop":"a","temperature":0.5,"top_p":0.9,"seed":-7,"frequency_penalty":0.25,"presence_penalty":1,"options":{"num_ctx":8192,"temperature":1},"keep_alive":"10m","user":"u","logprobs":true,"top_logprobs":2"#;
    case(
        &format!("{HI},{wish}"),
        &format!(
            r#"{HI},"logprobs":true,"top_logprobs":2,"options":{{"num_ctx":8192,"num_predict":9,"temperature":0.5,"top_p":0.9,"frequency_penalty":0.25,"presence_penalty":1,"seed":-7,"stop":["a"]}},"keep_alive":"10m","stream":false"#
        ),
        &["user"],
    );
}

#[test]
fn calls_have_objects_and_results_have_names() {
    case(
        r#""messages":[{"role":"user","content":"hi"},
            {"role":"assistant","content":null,"tool_calls":[
                {"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\": 1.50}"}},
                {"id":"b","type":"function","function":{"name":"g","arguments":""}}]},
            {"role":"tool","tool_call_id":"b","content":"two"},
            {"role":"tool","tool_call_id":"a","content":"one"}]"#,
        r#""messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"x": 1.50}}},{"function":{"name":"g","arguments":{}}}]},{"role":"tool","tool_name":"f","content":"one"},{"role":"tool","tool_name":"g","content":"two"}],"stream":false"#,
        &[],
    );
}

#[test]
fn pictures_are_base64_and_an_address_is_refused() {
    let with = |url: &str| {
        format!(
            r#""messages":[{{"role":"user","content":[{{"type":"text","text":"what?"}},{{"type":"image_url","image_url":{{"url":"{url}"}}}}]}}]"#
        )
    };
    case(
        &with("data:image/png;base64,iVBOR"),
        r#""messages":[{"role":"user","content":"what?","images":["iVBOR"]}],"stream":false"#,
        &[],
    );
    let expected = (Some("messages".to_owned()), Some("capability_not_supported"));
    assert_eq!(refused(&with("https://x.test/a.png")), expected);
}

const TOOL: &str = r#"{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}"#;

#[test]
fn tools_are_offered_withheld_or_refused() {
    let choice = |choice: &str| format!(r#"{HI},"tools":[{TOOL}],"tool_choice":{choice}"#);
    case(&choice(r#""auto""#), &format!(r#"{HI},"tools":[{TOOL}],"stream":false"#), &[]);
    case(&choice(r#""none""#), &format!(r#"{HI},"stream":false"#), &[]);
    let expected = (Some("tool_choice".to_owned()), Some("capability_not_supported"));
    assert_eq!(refused(&choice(r#""required""#)), expected);
    let one = format!(r#"{HI},"tools":[{TOOL}],"parallel_tool_calls":false"#);
    assert_eq!(with(&one, &ModelFacts::default()).unwrap().1, ["parallel_tool_calls"]);
}

#[test]
fn a_json_answer_is_enforced_or_refused() {
    let schema = r#"{"type":"object","properties":{}}"#;
    let format = format!(
        r#""response_format":{{"type":"json_schema","json_schema":{{"name":"n","schema":{schema}}}}}"#
    );
    let expected = format!(r#"{HI},"format":{schema},"stream":false"#);
    case(&format!("{HI},{format}"), &expected, &[]);
    let object = format!(r#"{HI},"response_format":{{"type":"json_object"}}"#);
    case(&object, &format!(r#"{HI},"format":"json","stream":false"#), &[]);
    let expected = (Some("response_format".to_owned()), Some("capability_not_supported"));
    assert_eq!(refused(&format!("{HI},{format},\"tools\":[{TOOL}]")), expected);
    let expected = (Some("n".to_owned()), Some("unsupported_parameter"));
    assert_eq!(refused(&format!("{HI},\"n\":2")), expected);
}

#[test]
fn thinking_is_on_or_off_or_a_level_where_the_model_has_levels() {
    let think = |word: &str, control: Option<ReasoningControl>| {
        let facts = ModelFacts { reasoning: control, ..ModelFacts::default() };
        let fields = format!(r#"{HI},"reasoning_effort":"{word}""#);
        let (written, lost) = with(&fields, &facts).unwrap();
        let think = written.split(r#""think":"#).nth(1).map(|it| it.split(',').next().unwrap());
        (think.map(str::to_owned), lost.len())
    };
    let effort = Some(ReasoningControl::Effort);
    assert_eq!(think("low", effort), (Some(r#""low""#.to_owned()), 0));
    assert_eq!(think("xhigh", effort), (Some(r#""high""#.to_owned()), 1));
    assert_eq!(think("low", None), (Some("true".to_owned()), 1));
    assert_eq!(think("none", None), (Some("false".to_owned()), 0));
    assert_eq!(think("low", Some(ReasoningControl::None)), (None, 1));
    assert_eq!(think("none", Some(ReasoningControl::None)), (None, 0));
}
