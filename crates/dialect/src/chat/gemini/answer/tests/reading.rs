//! What Google answers. Shapes: <https://ai.google.dev/api/generate-content> and
//! <https://ai.google.dev/gemini-api/docs/thought-signatures>.

use super::{folded, read_chunks, read_whole};
use crate::chat::{ChatEvent, Finish, PartKind};
use crate::error::FaultKind;

/// The events in a few words each.
fn told(events: &[ChatEvent]) -> Vec<String> {
    events
        .iter()
        .map(|event| match event {
            ChatEvent::Begin { id, model } => format!("begin {id} {model}"),
            ChatEvent::Open { choice, index, part } => match part {
                PartKind::ToolCall { id, name, .. } => format!("{choice}.{index} call {id} {name}"),
                PartKind::Image { mime } => format!("{choice}.{index} {mime}"),
                PartKind::Vendor { kind } => format!("{choice}.{index} vendor {kind}"),
                other => format!("{choice}.{index} {other:?}"),
            },
            ChatEvent::Delta { index, text, .. } => format!("{index} + {text}"),
            ChatEvent::Seal { index, seal, .. } => {
                format!("{index} sealed {}", String::from_utf8_lossy(&seal.bytes))
            }
            ChatEvent::Annotation { index, kind, json, .. } => format!("{index} {kind} {json}"),
            ChatEvent::Close { index, .. } => format!("{index} ends"),
            ChatEvent::Finish { choice, reason, .. } => format!("{choice} {reason:?}"),
            ChatEvent::Usage(usage) => format!("{} in {} out", usage.input, usage.output),
        })
        .collect()
}

#[test]
fn thoughts_text_and_a_call_that_ends_with_stop() {
    let chunks = [
        r#"{"candidates":[{"content":{"parts":[{"text":"Hm","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"thoughtsTokenCount":5},"modelVersion":"gemini-3","responseId":"r1"}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"m.","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9},"modelVersion":"gemini-3","responseId":"r1"}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"Hel"}],"role":"model"},"index":0}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"lo"},{"functionCall":{"name":"get","args":{"x": 1.0}},"thoughtSignature":"AAAA"},{"functionCall":{"id":"f2","name":"get"}}],"role":"model"},"index":0}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":7,"thoughtsTokenCount":5}}"#,
    ];
    let events = folded(&read_chunks(&chunks).unwrap());
    let expected = [
        "begin r1 gemini-3",
        "0.0 Reasoning",
        "0 + Hmm.",
        "0 ends",
        "0.1 Text",
        "1 + Hello",
        "1 ends",
        "0.2 call call_req_1_0_0 get",
        r#"2 + {"x": 1.0}"#,
        "2 sealed AAAA",
        "2 ends",
        "0.3 call f2 get",
        "3 + {}",
        "3 ends",
        "0 ToolCalls",
        "9 in 12 out",
    ];
    assert_eq!(told(&events), expected);
}

#[test]
fn a_signature_that_comes_alone_seals_the_text_before_it() {
    let chunks = [
        r#"{"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"","thoughtSignature":"AAAA"}]},"finishReason":"STOP"}]}"#,
    ];
    let streamed = read_chunks(&chunks).unwrap();
    let whole = r#"{"candidates":[{"content":{"parts":[{"text":"Hi","thoughtSignature":"AAAA"}]},"finishReason":"STOP"}]}"#;
    assert_eq!(folded(&streamed), folded(&read_whole(whole.as_bytes()).unwrap()));
    let expected = ["begin  ", "0.0 Text", "0 + Hi", "0 sealed AAAA", "0 ends", "0 Stop"];
    assert_eq!(told(&streamed), expected);
}

#[test]
fn a_text_that_is_signed_on_its_first_chunk_goes_on() {
    let chunks = [
        r#"{"candidates":[{"content":{"parts":[{"text":"Hm","thought":true}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"Hel","thoughtSignature":"AAAA"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"lo"}]}}]}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"!","thoughtSignature":"BBBB"}]},"finishReason":"STOP"}]}"#,
    ];
    let expected = [
        "begin  ",
        "0.0 Reasoning",
        "0 + Hm",
        "0 ends",
        "0.1 Text",
        "1 + Hel",
        "1 sealed AAAA",
        "1 + lo",
        "1 + !",
        "1 sealed BBBB",
        "1 ends",
        "0 Stop",
    ];
    assert_eq!(told(&read_chunks(&chunks).unwrap()), expected);
}

#[test]
fn pictures_code_and_sources_are_kept() {
    let body = r#"{"candidates":[{"content":{"parts":[{"text":"See"},
        {"executableCode":{"language":"PYTHON","code":"1"}},
        {"inlineData":{"mimeType":"image/png","data":"iVBO"},"thoughtSignature":"AAAA"},
        {"text":"done"}]},"finishReason":"STOP",
        "groundingMetadata":{"webSearchQueries":["q"]}}]}"#;
    let expected = [
        "begin  ",
        "0.0 Text",
        "0 + See",
        "0 ends",
        "0.1 vendor executableCode",
        r#"1 + {"executableCode":{"language":"PYTHON","code":"1"}}"#,
        "1 ends",
        "0.2 image/png",
        "2 + iVBO",
        "2 sealed AAAA",
        "2 ends",
        "0.3 Text",
        "3 + done",
        r#"3 citation {"webSearchQueries":["q"]}"#,
        "3 ends",
        "0 Stop",
    ];
    assert_eq!(told(&read_whole(body.as_bytes()).unwrap()), expected);
}

/// <https://ai.google.dev/gemini-api/docs/image-generation>, thinking, and
/// <https://ai.google.dev/gemini-api/docs/url-context>.
#[test]
fn drafts_of_pictures_and_pages_that_were_read_are_told_apart_from_the_answer() {
    let draft = r#"{"inlineData":{"mimeType":"image/png","data":"AAAA"},"thought":true}"#;
    let body = format!(
        r#"{{"candidates":[{{"content":{{"parts":[{draft},{{"text":"done"}}]}},"finishReason":"STOP",
        "urlContextMetadata":{{"urlMetadata":[]}}}}]}}"#
    );
    let expected = [
        "begin  ".to_owned(),
        "0.0 vendor inlineData".to_owned(),
        format!("0 + {draft}"),
        "0 ends".to_owned(),
        "0.1 Text".to_owned(),
        "1 + done".to_owned(),
        r#"1 urlContextMetadata {"urlMetadata":[]}"#.to_owned(),
        "1 ends".to_owned(),
        "0 Stop".to_owned(),
    ];
    assert_eq!(told(&read_whole(body.as_bytes()).unwrap()), expected);
}

#[test]
fn every_reason_has_its_meaning() {
    let ends = |reason: &str| {
        let chunk = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"a"}}]}},"finishReason":"{reason}"}}]}}"#
        );
        match read_chunks(&[&chunk]) {
            Ok(events) => match events.last() {
                Some(ChatEvent::Finish { reason, .. }) => Ok(*reason),
                other => panic!("{other:?}"),
            },
            Err(fault) => Err((fault.kind, fault.code.unwrap_or_default())),
        }
    };
    assert_eq!(ends("STOP"), Ok(Finish::Stop));
    assert_eq!(ends("MAX_TOKENS"), Ok(Finish::Length));
    for refused in
        ["SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "IMAGE_SAFETY"]
    {
        assert_eq!(ends(refused), Ok(Finish::Refused), "{refused}");
    }
    let malformed = "MALFORMED_FUNCTION_CALL";
    assert_eq!(ends(malformed), Err((FaultKind::Reported, malformed.to_owned())));
    assert_eq!(ends("OF_THE_FUTURE"), Ok(Finish::Stop));
}

#[test]
fn a_blocked_prompt_is_a_refusal() {
    let chunk = r#"{"promptFeedback":{"blockReason":"SAFETY","blockReasonMessage":"No."},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}}"#;
    let expected = ["begin  ", "4 in 0 out", "0.0 Refusal", "0 + No.", "0 ends", "0 Refused"];
    assert_eq!(told(&read_chunks(&[chunk]).unwrap()), expected);
    assert_eq!(told(&read_whole(chunk.as_bytes()).unwrap()), expected);
}

#[test]
fn several_answers_are_kept_apart() {
    let chunk = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP","index":0},{"content":{"parts":[{"text":"b"}]},"finishReason":"MAX_TOKENS","index":1}]}"#;
    let expected = [
        "begin  ", "0.0 Text", "0 + a", "1.0 Text", "0 + b", "0 ends", "0 ends", "0 Stop",
        "1 Length",
    ];
    assert_eq!(told(&read_chunks(&[chunk]).unwrap()), expected);
}

#[test]
fn a_stream_without_a_reason_was_cut() {
    let chunk = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
    assert_eq!(read_chunks(&[chunk]).unwrap_err().kind, FaultKind::Cut);
}

#[test]
fn an_error_in_the_middle_is_the_providers_own() {
    let chunks = [
        r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#,
        r#"{"error":{"code":503,"message":"Busy","status":"UNAVAILABLE"}}"#,
    ];
    let fault = read_chunks(&chunks).unwrap_err();
    assert_eq!((fault.kind, fault.message.as_str()), (FaultKind::Reported, "Busy"));
    assert_eq!(fault.code.as_deref(), Some("UNAVAILABLE"));
}
