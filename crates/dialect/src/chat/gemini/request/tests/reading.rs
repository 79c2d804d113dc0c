//! What clients of this dialect ask for. Shapes: <https://ai.google.dev/api/generate-content>.

use super::reading;
use crate::chat::{
    Media, OutputFormat, Part, Reasoning, ReasoningAmount, Role, SealKind, ToolChoice, ToolKind,
};

#[test]
fn a_tool_loop_without_ids_is_paired_by_name_and_order() {
    let body = r#"{"contents":[
        {"role":"user","parts":[{"text":"Weather?"}]},
        {"role":"model","parts":[
            {"text":"Let me see.","thought":true,"thoughtSignature":"CiQB"},
            {"functionCall":{"name":"get","args":{"city":"A", "n":1.0}},"thoughtSignature":"AAAA"},
            {"functionCall":{"name":"get","args":{"city":"B"}}}]},
        {"role":"function","parts":[
            {"functionResponse":{"name":"get","response":{"output":"sunny"}}},
            {"function_response":{"name":"get","response":{"error":"no such city"}}}]}]}"#;
    let request = reading(body).unwrap();
    assert_eq!((&*request.model, request.stream), ("gemini-3.6-flash", true));
    let [_, model, results] = &request.turns[..] else { panic!("{:?}", request.turns) };
    assert_eq!((model.role, results.role), (Role::Assistant, Role::User));
    let [Part::Reasoning { seal: Some(thought), .. }, first, second] = &model.parts[..] else {
        panic!("{model:?}")
    };
    assert_eq!((thought.kind, &thought.bytes[..]), (SealKind::Signature, &b"CiQB"[..]));
    let Part::ToolCall { id, input, seal: Some(seal), .. } = first else { panic!("{first:?}") };
    assert_eq!((&**id, &**input), ("call_get_0", r#"{"city":"A", "n":1.0}"#));
    assert_eq!(&seal.bytes[..], b"AAAA");
    assert!(matches!(second, Part::ToolCall { id, seal: None, .. } if id == "call_get_1"));
    let [ok, failed] = &results.parts[..] else { panic!("{results:?}") };
    assert!(matches!(ok, Part::ToolResult { id, is_error: false, parts, .. } if id == "call_get_0"
        && matches!(&parts[..], [Part::Text { text, .. }] if text == "sunny")));
    assert!(matches!(failed, Part::ToolResult { id, is_error: true, .. } if id == "call_get_1"));
}

#[test]
fn an_answer_that_the_sdk_kept_in_pieces_is_one_again() {
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},
        {"role":"model","parts":[{"text":"H","thought":true}]},
        {"role":"model","parts":[{"text":"m","thought":true}]},
        {"role":"model","parts":[{"text":"","thought":true,"thoughtSignature":"AA-_"}]},
        {"role":"model","parts":[{"text":"Hel"}]},{"role":"model","parts":[{"text":"lo"}]},
        {"role":"model","parts":[{"text":""}]}]}"#;
    let request = reading(body).unwrap();
    let [_, model] = &request.turns[..] else { panic!("{:?}", request.turns) };
    let [Part::Reasoning { text: thought, seal: Some(seal) }, Part::Text { text, .. }] =
        &model.parts[..]
    else {
        panic!("{model:?}")
    };
    assert_eq!((&**thought, &seal.bytes[..], &**text), ("Hm", &b"AA+/"[..], "Hello"));
}

#[test]
fn media_are_told_by_their_type_and_come_in_standard_base64() {
    let body = r#"{"contents":[{"parts":[
        {"inline_data":{"mime_type":"image/png","data":"-_8"}},
        {"fileData":{"fileUri":"https://x.test/a.pdf","mimeType":"application/pdf"}},
        {"fileData":{"fileUri":"gs://b/a.mp3","mimeType":"audio/mp3"}},
        {"inlineData":{"mimeType":"video/mp4","data":"AAAA"},"videoMetadata":{"fps":1}}]}]}"#;
    let request = reading(body).unwrap();
    let [image, file, audio, video, field] = &request.turns[0].parts[..] else {
        panic!("{:?}", request.turns)
    };
    assert!(
        matches!(image, Part::Image { media: Media::Inline { base64, .. }, .. } if base64 == "+/8=")
    );
    assert!(matches!(file, Part::File { media: Media::Url(_), .. }));
    assert!(matches!(audio, Part::Audio { media: Media::FileId(id) } if id == "gs://b/a.mp3"));
    assert!(matches!(video, Part::Video { .. }));
    assert!(matches!(field, Part::Vendor { kind, .. } if kind == "part.videoMetadata"));
}

#[test]
fn tools_choices_and_config_have_common_words() {
    let body = r#"{"contents":[],"system_instruction":{"parts":[{"text":"Be brief."}]},
        "tools":[{"functionDeclarations":[
            {"name":"a","description":"A","parameters":{"type":"OBJECT","properties":{"x":{"type":"STRING"}}}},
            {"name":"b","parametersJsonSchema":{"$schema":"s","type":"object"}},
            {"name":"c"}]},{"googleSearch":{}}],
        "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["a","b"]}},
        "safetySettings":[{"category":"X"}],"labels":{"team":"t"},
        "generationConfig":{"temperature":0.5,"topP":0.9,"topK":40,"maxOutputTokens":100,
            "stopSequences":["END"],"seed":7,"presencePenalty":0.1,"frequencyPenalty":0.2,
            "candidateCount":1,"responseLogprobs":true,"logprobs":3,"mediaResolution":"LOW",
            "responseMimeType":"application/json","responseSchema":{"type":"ARRAY"},
            "thinkingConfig":{"thinkingLevel":"HIGH","includeThoughts":true}}}"#;
    let request = reading(body).unwrap();
    assert_eq!(request.turns[0].role, Role::System);
    let names: Vec<&str> = request.tools.iter().map(|tool| &*tool.name).collect();
    assert_eq!(names, ["a", "b", "googleSearch"]);
    let ToolKind::Function { schema: Some(schema), .. } = &request.tools[0].kind else { panic!() };
    assert_eq!(schema.get(), r#"{"properties":{"x":{"type":"string"}},"type":"object"}"#);
    let ToolKind::Function { schema: Some(schema), .. } = &request.tools[1].kind else { panic!() };
    assert_eq!(schema.get(), r#"{"$schema":"s","type":"object"}"#);
    assert!(
        matches!(&request.tools[2].kind, ToolKind::Hosted { json, .. } if json.get() == r#"{"googleSearch":{}}"#)
    );
    assert_eq!(request.tool_choice, Some(ToolChoice::Required));
    let sampling = &request.sampling;
    assert_eq!(
        (sampling.temperature, sampling.top_p, sampling.top_k),
        (Some(0.5), Some(0.9), Some(40))
    );
    assert_eq!(
        (request.max_output, request.sampling.seed, request.logprobs),
        (Some(100), Some(7), Some(3))
    );
    assert!(
        matches!(&request.output, OutputFormat::JsonSchema { schema, .. } if schema.get() == r#"{"type":"array"}"#)
    );
    let thinking = Reasoning {
        amount: ReasoningAmount::Effort("high".to_owned()),
        show: Some("auto".to_owned()),
    };
    assert_eq!(request.reasoning, Some(thinking));
    let rest: Vec<&str> = request.rest.iter().map(|(name, _)| &**name).collect();
    assert_eq!(rest, ["safetySettings", "generationConfig.mediaResolution"]);
    assert_eq!(request.metadata.as_ref().map(|json| json.get()), Some(r#"{"team":"t"}"#));
}

#[test]
fn budgets_are_off_free_or_a_number() {
    let amount = |config: &str| {
        let body = format!(r#"{{"contents":[],"generationConfig":{{"thinkingConfig":{config}}}}}"#);
        reading(&body).unwrap().reasoning.map(|reasoning| reasoning.amount)
    };
    assert_eq!(amount(r#"{"thinkingBudget":0}"#), Some(ReasoningAmount::Off));
    assert_eq!(amount(r#"{"thinkingBudget":-1}"#), Some(ReasoningAmount::Adaptive));
    assert_eq!(amount(r#"{"thinking_budget":512}"#), Some(ReasoningAmount::Budget(512)));
    assert_eq!(amount(r#"{"includeThoughts":true}"#), Some(ReasoningAmount::Adaptive));
    assert_eq!(amount("{}"), None);
}

#[test]
fn what_would_be_another_question_elsewhere_is_refused() {
    let code = |body: &str| {
        let error = reading(body).unwrap_err();
        (error.code, error.param.unwrap())
    };
    let cached = r#"{"contents":[],"cachedContent":"cachedContents/x"}"#;
    assert_eq!(code(cached), (Some("unsupported_parameter"), "cachedContent".to_owned()));
    let audio = r#"{"contents":[],"generationConfig":{"responseModalities":["AUDIO"]}}"#;
    assert_eq!(code(audio).0, Some("capability_not_supported"));
    let choice = r#"{"contents":[],"generationConfig":{"responseMimeType":"text/x.enum"}}"#;
    assert_eq!(code(choice).0, Some("capability_not_supported"));
}

#[test]
fn says_which_field_is_wrong() {
    let param = |body: &str| reading(body).unwrap_err().param.unwrap();
    assert_eq!(param("{}"), "contents");
    assert_eq!(param(r#"{"contents":[{"role":"assistant","parts":[]}]}"#), "contents[0].role");
    let two = r#"{"contents":[{"parts":[{"text":"a","inlineData":{}}]}]}"#;
    assert_eq!(param(two), "contents[0].parts[0]");
    let args = r#"{"contents":[{"parts":[{"functionCall":{"name":"a","args":[]}}]}]}"#;
    assert_eq!(param(args), "contents[0].parts[0].functionCall.args");
    let odd = r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"imag,/png","data":"AA=="}}]}]}"#;
    assert_eq!(param(odd), "contents[0].parts[0].inlineData.mimeType");
    let odd = r#"{"contents":[{"parts":[{"fileData":{"fileUri":"gs://a/b","mimeType":"png"}}]}]}"#;
    assert_eq!(param(odd), "contents[0].parts[0].fileData.mimeType");
    let mode = r#"{"contents":[],"toolConfig":{"functionCallingConfig":{"mode":"SOME"}}}"#;
    assert_eq!(param(mode), "toolConfig.functionCallingConfig.mode");
}
