//! What the model may call, written.
//!
//! Custom tools are OpenAI's own (<https://platform.openai.com/docs/guides/function-calling#custom-tools>):
//! where they are not known of the model they are functions of one text.

use wayleave_model::target::{ModelFacts, RequiredWord};

use crate::chat::openai::SEARCH;
use crate::chat::{Tool, ToolChoice, ToolKind, functions, json};
use crate::{Losses, Severity};

/// The tools, each as JSON. Those that another provider runs itself have no place here.
pub(super) fn list(tools: &[Tool], facts: &ModelFacts, losses: &mut Losses) -> Vec<Vec<u8>> {
    tools.iter().filter_map(|tool| one(tool, facts, losses)).collect()
}

/// Whether the model takes tools of free text as such.
pub(super) fn takes_custom(facts: &ModelFacts) -> bool {
    facts.custom_tools == Some(true)
}

fn one(tool: &Tool, facts: &ModelFacts, losses: &mut Losses) -> Option<Vec<u8>> {
    if tool.cache.is_some() {
        losses.note("tools[].cache_control", "no field", Severity::Hint);
    }
    let mut out = Vec::with_capacity(256);
    match &tool.kind {
        // A field of the request, not a tool.
        ToolKind::Hosted { kind, .. } if kind == SEARCH => return None,
        ToolKind::Hosted { kind, .. } => {
            losses.note(format!("tools[].{kind}"), "no such tool here", Severity::Meaning);
            return None;
        }
        ToolKind::Function { schema, strict } => json::object(&mut out, |envelope| {
            envelope.text("type", "function");
            envelope.nest("function", |function| {
                function.text("name", &tool.name);
                if let Some(description) = &tool.description {
                    function.text("description", description);
                }
                if let Some(schema) = schema {
                    function.raw("parameters", schema.get());
                }
                if let Some(strict) = strict {
                    function.raw("strict", if *strict { "true" } else { "false" });
                }
            });
        }),
        ToolKind::Custom { .. } if !takes_custom(facts) => {
            return functions::definition(tool, losses);
        }
        ToolKind::Custom { format } => json::object(&mut out, |envelope| {
            envelope.text("type", "custom");
            envelope.nest("custom", |custom| {
                custom.text("name", &tool.name);
                if let Some(description) = &tool.description {
                    custom.text("description", description);
                }
                if let Some(format) = format {
                    custom.raw("format", format.get());
                }
            });
        }),
    }
    Some(out)
}

/// The `web_search_options`, where the request came with them.
pub(super) fn search(tools: &[Tool]) -> Option<&str> {
    tools.iter().find_map(|tool| match &tool.kind {
        ToolKind::Hosted { kind, json } if kind == SEARCH => Some(json.get()),
        _ => None,
    })
}

/// Whether the model must call.
pub(super) fn choice(choice: &ToolChoice, facts: &ModelFacts, tools: &[Tool], out: &mut Vec<u8>) {
    match choice {
        ToolChoice::Auto => json::quote(out, "auto"),
        ToolChoice::None => json::quote(out, "none"),
        ToolChoice::Required => {
            let required = facts.tool_choice_required.unwrap_or(RequiredWord::Required);
            json::quote(out, required.word());
        }
        ToolChoice::Tool(name) => {
            let is_custom =
                |tool: &Tool| tool.name == *name && matches!(tool.kind, ToolKind::Custom { .. });
            let custom = takes_custom(facts) && tools.iter().any(is_custom);
            let kind = if custom { "custom" } else { "function" };
            json::object(out, |object| {
                object.text("type", kind);
                object.nest(kind, |inner| {
                    inner.text("name", name);
                });
            });
        }
    }
}
