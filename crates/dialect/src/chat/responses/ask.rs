//! The cheap reading of a request, and the edits that a target of the same dialect may need.

use std::borrow::Cow;

use memchr::memmem;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use crate::Malformed;
use crate::chat::{Ask, Head};
use crate::raw::{Edits, RawObject};

/// Fields that stand for an input, or bring one: with one of them `input` may be missing.
const SOURCES: [&str; 3] = ["prompt", "previous_response_id", "conversation"];

/// Reads one level deep; what stands below is searched for a few words, never parsed.
pub(super) fn ask<'a>(head: &Head<'a>, body: RawObject<'a>) -> Result<Ask<'a>, Malformed> {
    let model = match (body.string("model").transpose()?, head.model) {
        (Some(model), _) => model.into_owned(),
        (None, Some(model)) => model.to_owned(),
        (None, None) => return Err(Malformed::at("model", "`model` is missing")),
    };
    if model.is_empty() {
        return Err(Malformed::at("model", "`model` must not be empty"));
    }
    match body.raw("input") {
        Some(input) if input.starts_with(['"', '[']) => (),
        None | Some("null") if SOURCES.iter().any(|source| body.has(source)) => (),
        None | Some("null") => return Err(Malformed::at("input", "`input` is missing")),
        Some(_) => return Err(Malformed::at("input", "`input` must be a text or a list of items")),
    }
    let stream = body.bool("stream").transpose()?.or(head.stream).unwrap_or(false);
    let continues = body.string("previous_response_id").transpose()?;
    Ok(Ask {
        model,
        stream,
        include_usage: true,
        max_output: body.u64("max_output_tokens").transpose()?,
        choices: 1,
        asked: asked(&body, stream),
        end_user: end_user(&body),
        continues: continues.filter(|id| !id.is_empty()).map(Cow::into_owned),
        list: false,
        body,
    })
}

/// Same dialect on both sides: only what this target demands, each by name.
pub(super) fn amend(ask: &Ask<'_>, model: &str, facts: &ModelFacts, edits: &mut Edits) {
    if ask.model != model || !ask.body.has("model") {
        edits.set("model", serde_json::Value::from(model).to_string(), "model");
    }
    if let Some(asked) = ask.max_output {
        let fits = within(asked, facts);
        if fits != asked {
            let name = format!("max_output_tokens: {asked}->{fits}");
            edits.set("max_output_tokens", fits.to_string(), name);
        }
    }
    for field in &facts.refuses {
        if ask.body.raw(field).is_some() && !matches!(&**field, "model" | "input") {
            edits.remove(field, format!("-{field}"));
        }
    }
}

/// The limit that comes nearest to the one asked for.
pub(super) fn within(asked: u64, facts: &ModelFacts) -> u64 {
    asked.min(facts.max_output.unwrap_or(u64::MAX)).max(facts.min_output.unwrap_or(0))
}

fn asked(body: &RawObject<'_>, stream: bool) -> Asked {
    let bytes = body.body().len() as u64;
    let holds = |field: &str, word: &str| {
        let text = body.raw(field).unwrap_or_default().as_bytes();
        memmem::find(text, word.as_bytes()).is_some()
    };
    let effort = holds("reasoning", r#""effort""#) && !holds("reasoning", r#""none""#);
    Asked {
        stream,
        tools: holds("tools", "{"),
        vision: holds("input", r#""input_image""#),
        json_schema: holds("text", r#""json_schema""#),
        reasoning: effort || holds("reasoning", r#""summary""#),
        bytes,
        estimated_input: bytes.div_ceil(4),
    }
}

/// The client's name for its end user. One that is no string is the provider's to refuse.
fn end_user(body: &RawObject<'_>) -> Option<String> {
    let name = |field| body.string(field).and_then(Result::ok).filter(|name| !name.is_empty());
    name("user").or_else(|| name("safety_identifier")).map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(body: &str) -> Result<Ask<'_>, Malformed> {
        ask(&Head::default(), RawObject::read(body.as_bytes()).unwrap())
    }

    fn amended(body: &str, facts: &ModelFacts) -> (String, Vec<String>) {
        let ask = read(body).unwrap();
        let mut edits = Edits::default();
        amend(&ask, "up", facts, &mut edits);
        let bytes = Bytes::copy_from_slice(body.as_bytes());
        let names = edits.names().map(|name| name.to_string()).collect();
        (String::from_utf8(edits.apply(&ask.body, &bytes).concat()).unwrap(), names)
    }

    #[test]
    fn reads_what_a_coding_agent_sends() {
        let body = r#"{"model":"m","stream":true,"store":false,"max_output_tokens":9,"tools":[{"type":"namespace"}],
            "text":{"format":{"type":"json_schema"}},"reasoning":{"effort":"low"},"safety_identifier":"s",
            "previous_response_id":"resp_1","input":[{"role":"user","content":[{"type":"input_image"}]}]}"#;
        let ask = read(body).unwrap();
        assert!(ask.stream && ask.include_usage);
        assert_eq!((ask.max_output, ask.continues.as_deref()), (Some(9), Some("resp_1")));
        assert_eq!(ask.end_user.as_deref(), Some("s"));
        let asked = ask.asked;
        assert!(asked.tools && asked.vision && asked.json_schema && asked.reasoning);
        let body = r#"{"model":"m","input":"say \"input_image\"","tools":[],"reasoning":{"effort":"none"},"previous_response_id":null}"#;
        let ask = read(body).unwrap();
        assert!(!ask.asked.tools && !ask.asked.vision && !ask.asked.reasoning);
        assert_eq!(ask.continues, None);
    }

    #[test]
    fn what_cannot_be_routed_is_refused_by_name() {
        let param = |body: &str| read(body).unwrap_err().param.unwrap();
        assert_eq!(param(r#"{"input":"x"}"#), "model");
        assert_eq!(param(r#"{"model":"","input":"x"}"#), "model");
        assert_eq!(param(r#"{"model":"m"}"#), "input");
        assert_eq!(param(r#"{"model":"m","input":{}}"#), "input");
        assert_eq!(
            param(r#"{"model":"m","input":"x","max_output_tokens":-1}"#),
            "max_output_tokens"
        );
        assert_eq!(param(r#"{"model":"m","previous_response_id":7}"#), "previous_response_id");
        assert!(read(r#"{"model":"m","prompt":{"id":"p"}}"#).is_ok());
    }

    #[test]
    fn each_amendment_is_named_and_the_rest_stays() {
        let same = r#"{ "model":"up", "input":"x", "max_output_tokens":20, "x":{"a":1.0} }"#;
        assert_eq!(amended(same, &ModelFacts::default()), (same.to_owned(), Vec::new()));
        let facts = ModelFacts {
            min_output: Some(16),
            refuses: ["temperature", "input"].map(str::to_owned).to_vec(),
            ..ModelFacts::default()
        };
        let (body, names) = amended(
            r#"{ "model":"m", "input":"x", "temperature":1, "max_output_tokens":5 }"#,
            &facts,
        );
        assert_eq!(body, r#"{ "model":"up", "input":"x", "max_output_tokens":16 }"#);
        assert_eq!(names, ["model", "max_output_tokens: 5->16", "-temperature"]);
    }

    #[test]
    fn an_answer_goes_on_from_the_providers_own_id() {
        let body =
            Bytes::from_static(br#"{"model":"m","previous_response_id":"ours","input":"x"}"#);
        let mut edits = Edits::default();
        super::super::continue_from(&mut edits, "resp_1");
        let out = edits.apply(&RawObject::read(&body).unwrap(), &body).concat();
        assert_eq!(out, br#"{"model":"m","previous_response_id":"resp_1","input":"x"}"#);
    }
}
