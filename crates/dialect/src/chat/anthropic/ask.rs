//! The cheap reading of a request, and the edits that a target of the same dialect may need.

use std::borrow::Cow;

use memchr::memmem;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use crate::Malformed;
use crate::chat::{Ask, Head};
use crate::raw::{Edits, RawObject};

/// Reads one level deep; what stands below is searched for a few words, never parsed.
///
/// `max_tokens` may be missing although Anthropic demands it: a target of another dialect does
/// without, and one of this dialect says so itself.
pub(super) fn ask<'a>(head: &Head<'a>, body: RawObject<'a>) -> Result<Ask<'a>, Malformed> {
    let model = match (body.string("model").transpose()?, head.model) {
        (Some(model), _) => model.into_owned(),
        (None, Some(model)) => model.to_owned(),
        (None, None) => return Err(Malformed::at("model", "`model` is missing")),
    };
    if model.is_empty() {
        return Err(Malformed::at("model", "`model` must not be empty"));
    }
    match body.raw("messages").map(|messages| messages.starts_with('[')) {
        Some(true) => (),
        Some(false) => return Err(Malformed::at("messages", "`messages` must be a list")),
        None => return Err(Malformed::at("messages", "`messages` is missing")),
    }
    let stream = body.bool("stream").transpose()?.or(head.stream).unwrap_or(false);
    let max_output = body.u64("max_tokens").transpose()?;
    let asked = asked(&body, stream);
    let end_user = end_user(&body);
    Ok(Ask {
        model,
        stream,
        include_usage: true,
        max_output,
        choices: 1,
        asked,
        end_user,
        continues: None,
        list: false,
        body,
    })
}

/// Same dialect on both sides: only what this target demands, each by name.
pub(super) fn amend(ask: &Ask<'_>, model: &str, facts: &ModelFacts, edits: &mut Edits) {
    if ask.model != model || !ask.body.has("model") {
        edits.set("model", serde_json::Value::from(model).to_string(), "model");
    }
    if let (Some(asked), Some(most)) = (ask.max_output, facts.max_output)
        && asked > most
    {
        edits.set("max_tokens", most.to_string(), format!("max_tokens: {asked}->{most}"));
    }
    for field in &facts.refuses {
        if ask.body.raw(field).is_some() && !matches!(&**field, "model" | "messages") {
            edits.remove(field, format!("-{field}"));
        }
    }
}

fn asked(body: &RawObject<'_>, stream: bool) -> Asked {
    let bytes = body.body().len() as u64;
    let has = |field: &str, words: &[&str]| {
        let text = body.raw(field).unwrap_or_default().as_bytes();
        words.iter().any(|word| memmem::find(text, word.as_bytes()).is_some())
    };
    let schema = [r#""json_schema""#];
    Asked {
        stream,
        tools: has("tools", &["{"]),
        vision: has_image(body.raw("messages").unwrap_or_default().as_bytes()),
        json_schema: has("output_config", &schema) || has("output_format", &schema),
        reasoning: has("thinking", &[r#""enabled""#, r#""adaptive""#, r#""between_tools""#]),
        bytes,
        estimated_input: bytes.div_ceil(4),
    }
}

/// Whether some object says `"type": "image"`, with any white space. A quote inside a string is
/// escaped, so the words of a prompt are never taken for it.
fn has_image(messages: &[u8]) -> bool {
    memmem::find_iter(messages, br#""image""#).any(|at| {
        messages[..at]
            .trim_ascii_end()
            .strip_suffix(b":")
            .is_some_and(|before| before.trim_ascii_end().ends_with(br#""type""#))
    })
}

fn end_user(body: &RawObject<'_>) -> Option<String> {
    let metadata = RawObject::read(body.raw("metadata")?.as_bytes()).ok()?;
    let user = metadata.string("user_id")?.ok()?;
    (!user.is_empty()).then(|| Cow::into_owned(user))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(body: &str) -> Result<Ask<'_>, Malformed> {
        ask(&Head::default(), RawObject::read(body.as_bytes())?)
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
        let body = r#"{"model":"fast","stream":true,"max_tokens":32000,"metadata":{"user_id":"u1"},
            "thinking":{"type":"adaptive"},"output_config":{"effort":"high"},"tools":[{"name":"a"}],
            "messages":[{"role":"user","content":[{"type" : "image","source":{}}]}]}"#;
        let ask = read(body).unwrap();
        assert_eq!(ask.model, "fast");
        assert_eq!(ask.max_output, Some(32000));
        assert_eq!(ask.end_user.as_deref(), Some("u1"));
        assert!(ask.stream && ask.include_usage && ask.asked.stream);
        assert!(ask.asked.tools && ask.asked.vision && ask.asked.reasoning);
        assert!(!ask.asked.json_schema);
        assert_eq!(ask.asked.bytes, body.len() as u64);
        assert_eq!(ask.asked.estimated_input, (body.len() as u64).div_ceil(4));
    }

    #[test]
    fn the_words_of_a_prompt_are_not_flags() {
        let body = r#"{"model":"m","tools":[],"thinking":{"type":"disabled"},
            "output_config":{"format":{"type":"json_schema","schema":{}}},
            "messages":[{"role":"user","content":"say {\"type\": \"image\"} and \"tools\""}]}"#;
        let ask = read(body).unwrap();
        assert!(!ask.asked.vision && !ask.asked.tools && !ask.asked.reasoning);
        assert!(ask.asked.json_schema);
    }

    #[test]
    fn says_which_field_is_wrong() {
        let param = |body: &str| read(body).unwrap_err().param.unwrap();
        assert_eq!(param(r#"{"messages":[]}"#), "model");
        assert_eq!(param(r#"{"model":"","messages":[]}"#), "model");
        assert_eq!(param(r#"{"model":7,"messages":[]}"#), "model");
        assert_eq!(param(r#"{"model":"m"}"#), "messages");
        assert_eq!(param(r#"{"model":"m","messages":{}}"#), "messages");
        assert_eq!(param(r#"{"model":"m","messages":[],"stream":"yes"}"#), "stream");
        assert_eq!(param(r#"{"model":"m","messages":[],"max_tokens":-1}"#), "max_tokens");
    }

    #[test]
    fn nothing_is_amended_without_need() {
        let body = r#"{ "model" : "m", "messages":[ ], "max_tokens":10, "new_field":{"a":1.0} }"#;
        let facts = ModelFacts { max_output: Some(10), ..ModelFacts::default() };
        assert_eq!(amended(body, "m", &facts), (body.to_owned(), Vec::new()));
    }

    #[test]
    fn each_amendment_is_named_and_the_rest_stays() {
        let body = r#"{ "model" : "m", "top_k":5, "messages":[ ], "max_tokens":64000 }"#;
        let facts = ModelFacts {
            max_output: Some(8192),
            refuses: vec!["top_k".to_owned(), "top_p".to_owned(), "model".to_owned()],
            ..ModelFacts::default()
        };
        let (out, names) = amended(body, "claude \"x\"", &facts);
        assert_eq!(out, r#"{ "model" : "claude \"x\"", "messages":[ ], "max_tokens":8192 }"#);
        assert_eq!(names, ["model", "max_tokens: 64000->8192", "-top_k"]);
    }
}
