//! The cheap reading of a request: one level deep, and a few words searched for below it.

use std::borrow::Cow;

use memchr::memmem;
use wayleave_model::record::Asked;

use crate::Malformed;
use crate::chat::{Ask, Head};
use crate::raw::RawObject;

/// The two names of the answer limit; where both are sent, the newer one counts.
pub(super) const LIMITS: [&str; 2] = ["max_completion_tokens", "max_tokens"];

/// Reads what routing, limits and the usage row need to know.
pub(super) fn ask<'a>(head: &Head<'a>, body: RawObject<'a>) -> Result<Ask<'a>, Malformed> {
    let model = match (body.string("model").transpose()?, head.model) {
        (Some(model), _) => model.into_owned(),
        (None, Some(model)) => model.to_owned(),
        (None, None) => return Err(Malformed::at("model", "`model` is missing")),
    };
    if model.is_empty() {
        return Err(Malformed::at("model", "`model` must not be empty"));
    }
    match body.raw("messages") {
        Some(messages) if messages.starts_with('[') => (),
        None | Some("null") => return Err(Malformed::at("messages", "`messages` is missing")),
        Some(_) => return Err(Malformed::at("messages", "`messages` must be a list")),
    }
    let stream = body.bool("stream").transpose()?.or(head.stream).unwrap_or(false);
    let max_output = limit(&body)?;
    let choices = body.u64("n").transpose()?.unwrap_or(1).max(1);
    let choices = u32::try_from(choices)
        .map_err(|_| Malformed::at("n", "`n` is more answers than anyone can read"))?;
    Ok(Ask {
        model,
        stream,
        include_usage: include_usage(&body),
        max_output,
        choices,
        asked: asked(&body, stream),
        end_user: end_user(&body),
        continues: None,
        list: false,
        body,
    })
}

/// The answer limit, under whichever name.
fn limit(body: &RawObject<'_>) -> Result<Option<u64>, Malformed> {
    for field in LIMITS {
        if let Some(limit) = body.u64(field).transpose()? {
            return Ok(Some(limit));
        }
    }
    Ok(None)
}

/// What is wrong with `stream_options` is the provider's to say: here it only does not ask.
pub(in crate::chat) fn include_usage(body: &RawObject<'_>) -> bool {
    let options = body.raw("stream_options").and_then(|raw| RawObject::of(raw).ok());
    options.and_then(|options| options.bool("include_usage")?.ok()).unwrap_or(false)
}

fn asked(body: &RawObject<'_>, stream: bool) -> Asked {
    let bytes = body.body().len() as u64;
    let holds = |field: &str, word: &str| {
        let text = body.raw(field).unwrap_or_default().as_bytes();
        memmem::find(text, word.as_bytes()).is_some()
    };
    Asked {
        stream,
        tools: holds("tools", "{") || holds("functions", "{"),
        vision: holds("messages", r#""image_url""#),
        json_schema: holds("response_format", r#""json_schema""#),
        reasoning: body.has("reasoning_effort"),
        bytes,
        estimated_input: bytes.div_ceil(4),
    }
}

/// The client's name for its end user. One that is no string is the provider's to refuse.
pub(in crate::chat) fn end_user(body: &RawObject<'_>) -> Option<String> {
    let name = |field| body.string(field).and_then(Result::ok).filter(|name| !name.is_empty());
    name("user").or_else(|| name("safety_identifier")).map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Ask<'_>, Malformed> {
        ask(&Head::default(), RawObject::of(body).unwrap())
    }

    fn with(fields: &str) -> String {
        format!(r#"{{"model":"m","messages":[]{fields}}}"#)
    }

    #[test]
    fn a_minimal_request_has_defaults() {
        let body = with("");
        let ask = read(&body).unwrap();
        assert_eq!((&*ask.model, ask.stream, ask.include_usage), ("m", false, false));
        assert_eq!((ask.max_output, ask.choices, ask.end_user), (None, 1, None));
        let bytes = body.len() as u64;
        assert_eq!(ask.asked, Asked { bytes, estimated_input: 7, ..Asked::default() });
    }

    #[test]
    fn everything_that_is_asked_is_seen() {
        let body = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"n":3,
            "messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}}]}],
            "tools":[{"type":"function"}],"response_format":{"type":"json_schema"},
            "reasoning_effort":"low","max_tokens":7,"user":"","safety_identifier":"s"}"#;
        let ask = read(body).unwrap();
        assert!(ask.stream && ask.include_usage);
        assert_eq!((ask.choices, ask.max_output, ask.end_user.as_deref()), (3, Some(7), Some("s")));
        let asked = ask.asked;
        assert!(
            asked.stream && asked.tools && asked.vision && asked.json_schema && asked.reasoning
        );
    }

    #[test]
    fn null_counts_as_absent() {
        let body = with(
            r#","stream":null,"n":null,"max_tokens":null,"tools":null,"user":null,"reasoning_effort":null,"stream_options":null"#,
        );
        let ask = read(&body).unwrap();
        assert!(!ask.stream && !ask.asked.tools && !ask.asked.reasoning);
        assert_eq!((ask.choices, ask.max_output, ask.end_user), (1, None, None));
    }

    #[test]
    fn empty_tools_are_none_and_legacy_functions_are_tools() {
        assert!(!read(&with(r#","tools":[]"#)).unwrap().asked.tools);
        assert!(read(&with(r#","functions":[{"name":"f"}]"#)).unwrap().asked.tools);
    }

    #[test]
    fn the_newer_name_of_the_limit_wins() {
        let body = with(r#","max_tokens":5,"max_completion_tokens":9"#);
        assert_eq!(read(&body).unwrap().max_output, Some(9));
    }

    #[test]
    fn what_cannot_be_routed_is_refused_by_name() {
        let cases = [
            (r#"{"messages":[]}"#, "model", "`model` is missing"),
            (r#"{"model":null,"messages":[]}"#, "model", "`model` is missing"),
            (r#"{"model":"","messages":[]}"#, "model", "`model` must not be empty"),
            (r#"{"model":7,"messages":[]}"#, "model", "`model` must be a string, found a number"),
            (r#"{"model":"m"}"#, "messages", "`messages` is missing"),
            (r#"{"model":"m","messages":null}"#, "messages", "`messages` is missing"),
            (r#"{"model":"m","messages":"hi"}"#, "messages", "`messages` must be a list"),
            (
                r#"{"model":"m","messages":[],"stream":"yes"}"#,
                "stream",
                "`stream` must be true or false, found a string",
            ),
            (
                r#"{"model":"m","messages":[],"max_tokens":-1}"#,
                "max_tokens",
                "`max_tokens` must be a whole number that is not negative, found another",
            ),
        ];
        for (body, param, message) in cases {
            let error = read(body).unwrap_err();
            assert_eq!((error.param.as_deref(), &*error.message), (Some(param), message), "{body}");
        }
    }

    #[test]
    fn an_address_can_name_the_model() {
        let body = br#"{"messages":[]}"#;
        let head = Head { model: Some("deployment"), ..Head::default() };
        assert_eq!(ask(&head, RawObject::read(body).unwrap()).unwrap().model, "deployment");
    }
}
