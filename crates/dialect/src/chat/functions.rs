//! Functions as grammars without free-text tools have them, and what their calls are given.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::json::{self, Object};
use super::{Tool, ToolKind};
use crate::raw::RawObject;
use crate::{Losses, Severity};

/// What a function without a schema takes.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// What a tool that takes free text takes here: one string.
const FREE_TEXT: &str =
    r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}"#;

/// `{"type":"function","function":{name, description, parameters}}`. `None` for a tool that another
/// provider runs, which is noted; what else has no field is noted too.
pub(super) fn definition(tool: &Tool, losses: &mut Losses) -> Option<Vec<u8>> {
    if tool.cache.is_some() {
        losses.note("tools[].cache_control", "no field", Severity::Hint);
    }
    let schema = match &tool.kind {
        ToolKind::Function { schema, .. } => {
            schema.as_ref().map_or(NO_ARGUMENTS, |schema| schema.get())
        }
        ToolKind::Custom { format } => {
            note_format(format.as_deref(), losses);
            FREE_TEXT
        }
        ToolKind::Hosted { kind, .. } => {
            losses.note(format!("tools[].{kind}"), "no such tool here", Severity::Meaning);
            return None;
        }
    };
    let mut out = Vec::with_capacity(128 + schema.len());
    json::object(&mut out, |envelope| {
        envelope.text("type", "function");
        envelope.nest("function", |function| {
            function.text("name", &tool.name);
            if let Some(description) = &tool.description {
                function.text("description", description);
            }
            function.raw("parameters", schema);
        });
    });
    Some(out)
}

/// Notes the grammar of a custom tool, which a function cannot be held to. Plain text is none.
pub(super) fn note_format(format: Option<&RawValue>, losses: &mut Losses) {
    let Some(format) = format else { return };
    let object = RawObject::read(format.get().as_bytes()).ok();
    if object.and_then(|it| it.raw("type")) != Some(r#""text""#) {
        losses.note("tools[].custom.format", "no grammars", Severity::Meaning);
    }
}

/// What a call was given, as a JSON object: nothing at all is an empty one, and a text that is no
/// object stands in one, which is noted where the client did not declare it as free text.
pub(super) fn arguments<'i>(input: &'i str, custom: bool, losses: &mut Losses) -> Cow<'i, str> {
    let text = input.trim();
    if !custom && text.is_empty() {
        return Cow::Borrowed("{}");
    }
    if !custom {
        if text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok() {
            return Cow::Borrowed(text);
        }
        let reason = "arguments that are no JSON object, carried as text";
        losses.note("messages[].tool_calls[].arguments", reason, Severity::Hint);
    }
    let mut out = Vec::with_capacity(input.len() + 16);
    json::object(&mut out, |object: &mut Object<'_>| {
        object.text("input", input);
    });
    Cow::Owned(String::from_utf8(out).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_an_object_whatever_was_sent() {
        let mut losses = Losses::default();
        let mut given = |input: &str, custom| arguments(input, custom, &mut losses).into_owned();
        assert_eq!(given("", false), "{}");
        assert_eq!(given(r#" {"a": 1.0} "#, false), r#"{"a": 1.0}"#);
        assert_eq!(given(r#"{"a":1}"#, true), r#"{"input":"{\"a\":1}"}"#);
        assert!(losses.is_empty());
        assert_eq!(arguments("[1]", false, &mut losses), r#"{"input":"[1]"}"#);
        assert_eq!(arguments(r#"{"a":"#, false, &mut losses), r#"{"input":"{\"a\":"}"#);
        assert_eq!(losses.iter().count(), 1);
    }

    #[test]
    fn a_tool_of_free_text_is_a_function_of_one_string() {
        let kind = ToolKind::Custom { format: None };
        let tool = Tool { name: "sh".into(), description: None, kind, cache: None };
        let mut losses = Losses::default();
        let written = definition(&tool, &mut losses).unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            r#"{"type":"function","function":{"name":"sh","parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}}"#
        );
        assert!(losses.is_empty());
    }
}
