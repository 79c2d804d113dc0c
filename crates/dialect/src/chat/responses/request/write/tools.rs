//! What the model may call, written, and whether it must.

use serde_json::value::RawValue;

use super::super::kinds::is_tool;
use crate::chat::json::{self, Object};
use crate::chat::openai::SEARCH;
use crate::chat::{ChatRequest, Tool, ToolChoice, ToolKind};
use crate::raw::RawObject;
use crate::{Losses, Severity};

/// The tools, each as JSON.
pub(super) fn list(tools: &[Tool], losses: &mut Losses) -> Vec<Vec<u8>> {
    tools.iter().filter_map(|tool| one(tool, losses)).collect()
}

fn one(tool: &Tool, losses: &mut Losses) -> Option<Vec<u8>> {
    if tool.cache.is_some() {
        losses.note("tools[].cache_control", "cached without", Severity::Hint);
    }
    let mut out = Vec::with_capacity(256);
    match &tool.kind {
        ToolKind::Hosted { kind, json } => return hosted(kind, json, losses),
        ToolKind::Function { schema, strict } => json::object(&mut out, |function| {
            function.text("type", "function");
            named(function, tool);
            let none = r#"{"type":"object","properties":{}}"#;
            function.raw("parameters", schema.as_ref().map_or(none, |schema| schema.get()));
            // Absent means true here and false everywhere else.
            function.raw("strict", if *strict == Some(true) { "true" } else { "false" });
        }),
        ToolKind::Custom { format } => json::object(&mut out, |custom| {
            custom.text("type", "custom");
            named(custom, tool);
            if let Some(format) = format {
                custom.raw("format", &flat_format(format));
            }
        }),
    }
    Some(out)
}

fn named(object: &mut Object<'_>, tool: &Tool) {
    object.text("name", &tool.name);
    if let Some(description) = &tool.description {
        object.text("description", description);
    }
}

/// A grammar stands in an envelope in the chat dialect (`{"type":"grammar","grammar":{…}}`), and
/// without one here.
fn flat_format(format: &RawValue) -> String {
    let flat = || {
        let object = RawObject::read(format.get().as_bytes()).ok()?;
        let grammar = RawObject::read(object.raw("grammar")?.as_bytes()).ok()?;
        let mut out = Vec::new();
        json::object(&mut out, |flat| {
            flat.text("type", "grammar");
            for key in grammar.keys().filter(|key| *key != "type") {
                flat.raw(key, grammar.raw(key).unwrap_or("null"));
            }
        });
        String::from_utf8(out).ok()
    };
    flat().unwrap_or_else(|| format.get().to_owned())
}

/// A tool that the provider runs: as it is where it is one of this dialect's, and its nearest
/// relation where another's does the same.
fn hosted(kind: &str, json: &RawValue, losses: &mut Losses) -> Option<Vec<u8>> {
    if is_tool(kind) {
        return Some(json.get().as_bytes().to_vec());
    }
    if kind == SEARCH {
        return Some(search(json, losses));
    }
    let plain: String = kind.chars().filter(char::is_ascii_alphabetic).collect();
    let written: &[u8] = match &*plain.to_ascii_lowercase() {
        "websearch" | "googlesearch" | "googlesearchretrieval" => br#"{"type":"web_search"}"#,
        "codeexecution" => br#"{"type":"code_interpreter","container":{"type":"auto"}}"#,
        _ => {
            losses.note(format!("tools[].{kind}"), "no such tool here", Severity::Meaning);
            return None;
        }
    };
    let reason = "done by this provider's own, without its settings";
    losses.note(format!("tools[].{kind}"), reason, Severity::Hint);
    Some(written.to_vec())
}

/// The chat dialect's `web_search_options`: the same settings, but that the place of the user has no
/// envelope here (<https://platform.openai.com/docs/guides/tools-web-search>).
fn search(json: &RawValue, losses: &mut Losses) -> Vec<u8> {
    let mut out = Vec::new();
    json::object(&mut out, |tool| {
        tool.text("type", "web_search");
        let Ok(options) = RawObject::read(json.get().as_bytes()) else { return };
        for key in options.keys() {
            let Some(raw) = options.raw(key).filter(|raw| *raw != "null") else { continue };
            match key {
                "search_context_size" => {
                    tool.raw(key, raw);
                }
                "user_location" => {
                    let place = RawObject::read(raw.as_bytes());
                    let inner = place.as_ref().ok().and_then(|it| it.raw("approximate"));
                    let inner = inner.and_then(|raw| RawObject::read(raw.as_bytes()).ok());
                    tool.nest(key, |flat| {
                        flat.text("type", "approximate");
                        for key in inner.iter().flat_map(RawObject::keys) {
                            if let Some(raw) = inner.as_ref().and_then(|it| it.raw(key)) {
                                flat.raw(key, raw);
                            }
                        }
                    });
                }
                key => {
                    let path = format!("web_search_options.{key}");
                    losses.note(path, "no such setting", Severity::Hint);
                }
            }
        }
    });
    out
}

/// Whether the model must call. What is kept of the client's own words counts for more.
pub(super) fn choice(request: &ChatRequest, losses: &mut Losses) -> Option<Vec<u8>> {
    if let Some((_, json)) = request.rest.iter().find(|(key, _)| key.starts_with("tool_choice.")) {
        return Some(json.get().as_bytes().to_vec());
    }
    if let Some((key, json)) = request.rest.iter().find(|(key, _)| key == "tool_choice") {
        match allowed(json.get()) {
            Some(choice) => return Some(choice),
            None => losses.note(key, "no such choice here", Severity::Meaning),
        }
    }
    let mut out = Vec::new();
    match request.tool_choice.as_ref()? {
        ToolChoice::Auto => json::quote(&mut out, "auto"),
        ToolChoice::None => json::quote(&mut out, "none"),
        ToolChoice::Required => json::quote(&mut out, "required"),
        ToolChoice::Tool(name) => {
            let called = |tool: &&Tool| tool.name == *name;
            let kind = match request.tools.iter().find(called).map(|tool| &tool.kind) {
                Some(ToolKind::Custom { .. }) => "custom",
                _ => "function",
            };
            json::object(&mut out, |object| {
                object.text("type", kind).text("name", name);
            });
        }
    }
    Some(out)
}

/// A choice among some tools, from the chat dialect's form of it.
fn allowed(json: &str) -> Option<Vec<u8>> {
    let choice = RawObject::read(json.as_bytes()).ok()?;
    let inner = RawObject::read(choice.raw("allowed_tools")?.as_bytes()).ok()?;
    let mode = inner.string("mode").and_then(Result::ok).unwrap_or("auto".into());
    let tools: Vec<&RawValue> = inner.parse("tools")?.ok()?;
    let flat = |tool: &&RawValue| {
        let json = tool.get();
        let name = || {
            let tool = RawObject::read(json.as_bytes()).ok()?;
            let kind = tool.string("type")?.ok()?;
            let inner = RawObject::read(tool.raw(&kind)?.as_bytes()).ok()?;
            let mut out = Vec::new();
            json::object(&mut out, |object| {
                object.text("type", &kind).raw("name", inner.raw("name").unwrap_or(r#""""#));
            });
            Some(out)
        };
        name().unwrap_or_else(|| json.as_bytes().to_vec())
    };
    let mut out = Vec::new();
    json::object(&mut out, |object| {
        object.text("type", "allowed_tools").text("mode", &mode);
        object.list("tools", tools.iter().map(flat));
    });
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chat_dialects_search_keeps_its_settings() {
        let options = r#"{"search_context_size":"low","x":1,"user_location":{"type":"approximate","approximate":{"country":"NO","city":"Oslo"}}}"#;
        let json = RawValue::from_string(options.to_owned()).unwrap();
        let mut losses = Losses::default();
        let tool = String::from_utf8(hosted(SEARCH, &json, &mut losses).unwrap()).unwrap();
        let expected = r#"{"type":"web_search","search_context_size":"low","user_location":{"type":"approximate","country":"NO","city":"Oslo"}}"#;
        assert_eq!(tool, expected);
    }
}
