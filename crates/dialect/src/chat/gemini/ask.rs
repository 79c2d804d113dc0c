//! The cheap reading of a request, and the edits that a target of the same dialect may need.

use bytes::Bytes;
use memchr::memmem;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use super::proto::{Message, camel};
use crate::Malformed;
use crate::chat::{Ask, Head};
use crate::raw::{Edits, RawObject};

/// How the object with the sampling fields and limits is spelled.
const CONFIG: [&str; 2] = ["generationConfig", "generation_config"];

/// How the answer limit in it is spelled.
const LIMIT: [&str; 2] = ["maxOutputTokens", "max_output_tokens"];

/// Reads one level deep, and the generation config another; what stands below is searched for a
/// few words, never parsed. Model and stream come from the path; a `model` in the body, as some
/// SDKs send it, is `models/{model}`.
pub(super) fn ask<'a>(head: &Head<'a>, body: RawObject<'a>) -> Result<Ask<'a>, Malformed> {
    let own = body.string("model").transpose()?;
    let model = match (head.model, &own) {
        (Some(model), _) => bare(model),
        (None, Some(model)) => bare(model),
        (None, None) => return Err(Malformed::at("model", "the path names no model")),
    };
    if model.is_empty() {
        return Err(Malformed::at("model", "`model` must not be empty"));
    }
    let model = model.to_owned();
    match body.raw("contents").map(|contents| contents.starts_with('[')) {
        Some(true) => (),
        Some(false) => return Err(Malformed::at("contents", "`contents` must be a list")),
        None => return Err(Malformed::at("contents", "`contents` is missing")),
    }
    let config = Message::read(config(&body).map_or("{}", |(_, json)| json), CONFIG[0].to_owned())?;
    let stream = head.stream.unwrap_or(false);
    let choices = config.count("candidateCount")?.unwrap_or(1);
    Ok(Ask {
        model,
        stream,
        include_usage: true,
        max_output: config.count("maxOutputTokens")?,
        choices: u32::try_from(choices).unwrap_or(u32::MAX).max(1),
        asked: asked(&body, &config, stream)?,
        end_user: None,
        continues: None,
        list: head.list,
        body,
    })
}

/// Same dialect on both sides: only what this target demands, each by name. The model stands in
/// the path, so it is no edit; a body that repeats it must agree with the path.
pub(super) fn amend(ask: &Ask<'_>, model: &str, facts: &ModelFacts, edits: &mut Edits) {
    if let Some(Ok(own)) = ask.body.string("model")
        && bare(&own) != model
    {
        let prefix = if own.starts_with("models/") { "models/" } else { "" };
        edits.set(
            "model",
            serde_json::Value::from(format!("{prefix}{model}")).to_string(),
            "model",
        );
    }
    let refused = facts.refuses.iter().filter(|field| !matches!(&***field, "model" | "contents"));
    for field in refused.clone() {
        let spelled = [field.clone(), camel(field)];
        let present = spelled.iter().find(|field| ask.body.raw(field).is_some());
        if let Some(present) = present {
            edits.remove(present, format!("-{present}"));
        }
    }
    let Some((key, json)) = config(&ask.body) else { return };
    let Ok(inner) = RawObject::read(json.as_bytes()) else { return };
    let mut inside = Edits::default();
    if let (Some(asked), Some(most)) = (ask.max_output, facts.max_output)
        && asked > most
        && let Some(field) = LIMIT.into_iter().find(|field| inner.has(field))
    {
        inside.set(field, most.to_string(), format!("maxOutputTokens: {asked}->{most}"));
    }
    for field in refused {
        let spelled = [field.clone(), camel(field)];
        if let Some(present) = spelled.iter().find(|field| inner.raw(field).is_some()) {
            inside.remove(present, format!("-{present}"));
        }
    }
    if inside.is_empty() {
        return;
    }
    let edited = inside.apply(&inner, &Bytes::copy_from_slice(json.as_bytes())).concat();
    let names: Vec<String> = inside.names().map(|name| name.to_string()).collect();
    edits.set(key, String::from_utf8_lossy(&edited).into_owned(), names.join(", "));
}

/// A model's name without the collection it stands in.
pub(super) fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

fn config<'a>(body: &RawObject<'a>) -> Option<(&'static str, &'a str)> {
    let present = |key: &'static str| Some((key, body.raw(key).filter(|json| *json != "null")?));
    CONFIG.into_iter().find_map(present)
}

fn asked(body: &RawObject<'_>, config: &Message<'_>, stream: bool) -> Result<Asked, Malformed> {
    let bytes = body.body().len() as u64;
    let thinking = config.message("thinkingConfig")?;
    let off = |thinking: &Message<'_>| thinking.whole("thinkingBudget") == Ok(Some(0));
    Ok(Asked {
        stream,
        tools: body.raw("tools").is_some_and(|tools| tools.contains('{')),
        vision: has_image(body.raw("contents").unwrap_or_default().as_bytes()),
        json_schema: config.raw("responseSchema")?.is_some()
            || config.raw("responseJsonSchema")?.is_some(),
        reasoning: thinking.is_some_and(|thinking| !off(&thinking)),
        bytes,
        estimated_input: bytes.div_ceil(4),
    })
}

/// Whether some object says `"mimeType": "image/…"`, with any white space. A quote inside a string
/// is escaped, so the words of a prompt are never taken for it.
fn has_image(contents: &[u8]) -> bool {
    memmem::find_iter(contents, br#""image/"#).any(|at| {
        contents[..at].trim_ascii_end().strip_suffix(b":").is_some_and(|before| {
            let before = before.trim_ascii_end();
            before.ends_with(br#""mimeType""#) || before.ends_with(br#""mime_type""#)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head<'static> = Head { model: Some("fast"), stream: Some(true), list: true };

    fn read(body: &str) -> Result<Ask<'_>, Malformed> {
        ask(&HEAD, RawObject::read(body.as_bytes())?)
    }

    fn amended(body: &str, model: &str, facts: &ModelFacts) -> (String, Vec<String>) {
        let ask = read(body).unwrap();
        let mut edits = Edits::default();
        amend(&ask, model, facts, &mut edits);
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let pieces = edits.apply(&ask.body, &bytes);
        let names = edits.names().map(|name| name.to_string()).collect();
        (String::from_utf8(pieces.concat()).unwrap(), names)
    }

    #[test]
    fn reads_what_a_coding_agent_sends() {
        let body = r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType" : "image/png",
            "data":"AA=="}}]}],"tools":[{"functionDeclarations":[{"name":"a"}]}],
            "generation_config":{"max_output_tokens":32000,"candidateCount":2,
            "thinkingConfig":{"includeThoughts":true},"responseJsonSchema":{}}}"#;
        let ask = read(body).unwrap();
        assert_eq!((&*ask.model, ask.stream, ask.list, ask.choices), ("fast", true, true, 2));
        assert_eq!(ask.max_output, Some(32000));
        assert!(ask.include_usage && ask.asked.stream && ask.asked.json_schema);
        assert!(ask.asked.tools && ask.asked.vision && ask.asked.reasoning);
        assert_eq!(ask.asked.bytes, body.len() as u64);
    }

    #[test]
    fn the_words_of_a_prompt_are_not_flags() {
        let body = r#"{"contents":[{"parts":[{"text":"say \"mimeType\": \"image/png\""}]}],
            "tools":[],"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}"#;
        let ask = read(body).unwrap();
        assert!(!ask.asked.vision && !ask.asked.tools && !ask.asked.reasoning);
    }

    #[test]
    fn says_which_field_is_wrong() {
        let param = |body: &str| read(body).unwrap_err().param.unwrap();
        assert_eq!(param(r#"{}"#), "contents");
        assert_eq!(param(r#"{"contents":{}}"#), "contents");
        let limit = r#"{"contents":[],"generationConfig":{"maxOutputTokens":-1}}"#;
        assert_eq!(param(limit), "generationConfig.maxOutputTokens");
        let body = RawObject::read(br#"{"contents":[]}"#).unwrap();
        assert_eq!(ask(&Head::default(), body).unwrap_err().param.as_deref(), Some("model"));
    }

    #[test]
    fn nothing_is_amended_without_need() {
        let body = r#"{ "contents":[ ], "generationConfig" : {"maxOutputTokens":10, "new":1.0} }"#;
        let facts = ModelFacts { max_output: Some(10), ..ModelFacts::default() };
        assert_eq!(amended(body, "other", &facts), (body.to_owned(), Vec::new()));
    }

    #[test]
    fn each_amendment_is_named_and_the_rest_stays() {
        let body = r#"{ "model":"models/x", "contents":[ ], "labels":{}, "generationConfig" : {"topK":5, "maxOutputTokens":64000, "new":1.0 } }"#;
        let facts = ModelFacts {
            max_output: Some(8192),
            refuses: vec!["top_k".to_owned(), "labels".to_owned(), "contents".to_owned()],
            ..ModelFacts::default()
        };
        let (out, names) = amended(body, "y", &facts);
        let expected = r#"{ "model":"models/y", "contents":[ ], "generationConfig" : {"maxOutputTokens":8192, "new":1.0 } }"#;
        assert_eq!(out, expected);
        assert_eq!(names, ["model", "-labels", "maxOutputTokens: 64000->8192, -topK"]);
    }
}
