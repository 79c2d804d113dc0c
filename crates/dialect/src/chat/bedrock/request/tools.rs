//! Tools and the choice among them, as `toolConfig`.
//!
//! A conversation that holds calls or results is refused without any definition, and nothing says
//! "call nothing": where that is asked for, tools stay at home if they can, and else only the names
//! go up, said to be gone.

use std::borrow::Cow;

use wayleave_model::target::ModelFacts;

use super::family::Family;
use super::turns::Layout;
use super::{blocks, names};
use crate::chat::anthropic::request::shape::{JsonTool, Shape};
use crate::chat::anthropic::request::tools::{FREE_TEXT, NO_ARGUMENTS, object_schema};
use crate::chat::json::{Object, object};
use crate::chat::{ChatRequest, Tool, ToolChoice, ToolKind, functions};
use crate::{Losses, Malformed, Severity};

/// What a tool that may not be called any more is said to be.
const GONE: &str = "Not available any more. Never call this.";

/// A name for a tool where results answer calls that are not there.
const NAMELESS: &str = "unavailable";

/// Tools and choice as they go up.
#[derive(Default)]
pub(super) struct Toolbox {
    tools: Vec<Vec<u8>>,
    choice: Option<Vec<u8>>,
    forced: bool,
}

/// Decides, and notes what stays behind.
pub(super) fn plan(
    request: &ChatRequest,
    shape: &Shape<'_>,
    layout: &Layout,
    family: Family,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Toolbox, Malformed> {
    if let Shape::Tool(tool) = shape {
        return Ok(answer_only(tool, layout));
    }
    let mut tools = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        if let Some(definition) = definition(tool, facts, losses)? {
            tools.push(definition);
            tools.extend(cache_point(tool, family, losses));
        }
    }
    let demanded = request
        .tool_choice
        .as_ref()
        .filter(|choice| matches!(choice, ToolChoice::Required | ToolChoice::Tool(_)));
    if let (true, Some(choice)) = (tools.is_empty(), demanded) {
        let message = format!("a tool is demanded ({choice:?}) but none can be offered");
        return Err(match request.tools.is_empty() {
            true => Malformed::at("tool_choice", message),
            false => Malformed::incapable("tool_choice", message),
        });
    }
    if tools.is_empty() || request.tool_choice == Some(ToolChoice::None) {
        return Ok(at_home(!tools.is_empty(), layout, losses));
    }
    if request.parallel_tools == Some(false) {
        let reason = "no field: it may call several at once";
        losses.note("parallel_tool_calls", reason, Severity::Meaning);
    }
    let choice = match &request.tool_choice {
        Some(ToolChoice::Auto) => Some(choice("auto", None)),
        Some(ToolChoice::Required) => Some(choice("any", None)),
        Some(ToolChoice::Tool(name)) => Some(choice("tool", Some(names::tool(name)?))),
        Some(ToolChoice::None) | None => None,
    };
    Ok(Toolbox { tools, choice, forced: demanded.is_some() })
}

impl Toolbox {
    /// Whether a call is demanded.
    pub(super) fn is_forced(&self) -> bool {
        self.forced
    }

    /// Writes the field.
    pub(super) fn write(&self, body: &mut Object<'_>) {
        if self.tools.is_empty() {
            return;
        }
        body.nest("toolConfig", |config| {
            config.list("tools", &self.tools);
            if let Some(choice) = &self.choice {
                config.with("toolChoice", |out| out.extend_from_slice(choice));
            }
        });
    }
}

fn definition(
    tool: &Tool,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Option<Vec<u8>>, Malformed> {
    let (schema, strict) = match &tool.kind {
        ToolKind::Function { schema, strict } => {
            let schema = schema.as_ref().map_or(NO_ARGUMENTS, |schema| schema.get());
            // What is not a schema of an object goes up as it is: the provider says why not.
            let schema = object_schema(schema).unwrap_or(Cow::Borrowed(schema));
            (schema, strict.unwrap_or(false))
        }
        ToolKind::Custom { format } => {
            functions::note_format(format.as_deref(), losses);
            (Cow::Borrowed(FREE_TEXT), false)
        }
        ToolKind::Hosted { kind, .. } => {
            let reason = "a tool that another provider runs";
            losses.note(format!("tools[].{kind}"), reason, Severity::Meaning);
            return Ok(None);
        }
    };
    let known = facts.json_schema == Some(true);
    if strict && !known {
        losses.note("tools[].strict", "not known of this model", Severity::Hint);
    }
    let description = tool.description.as_deref();
    Ok(Some(spec(names::tool(&tool.name)?, description, &schema, strict && known)))
}

fn spec(name: &str, description: Option<&str>, schema: &str, strict: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(160 + schema.len());
    object(&mut out, |tool| {
        tool.nest("toolSpec", |spec| {
            spec.text("name", name);
            if let Some(description) = description.filter(|it| !it.trim().is_empty()) {
                spec.text("description", description);
            }
            spec.nest("inputSchema", |input| {
                input.raw("json", schema);
            });
            if strict {
                spec.raw("strict", "true");
            }
        });
    });
    out
}

fn cache_point(tool: &Tool, family: Family, losses: &mut Losses) -> Option<Vec<u8>> {
    let mark = tool.cache.as_deref()?;
    if !family.caches_tools_and_for_long() {
        losses.note("tools[].cache_control", "the model caches no tools", Severity::Hint);
        return None;
    }
    blocks::cache_point(mark, family, losses)
}

/// The one tool that carries the answer. `any` with one tool on offer demands it, and more models
/// take that than `tool`.
fn answer_only(tool: &JsonTool<'_>, layout: &Layout) -> Toolbox {
    let mut tools = vec![spec(&tool.name, Some(&tool.description), &tool.schema, false)];
    let choice = match gone(layout) {
        gone if gone.is_empty() => choice("any", None),
        gone => {
            tools.extend(gone);
            choice("tool", Some(&tool.name))
        }
    };
    Toolbox { tools, choice: Some(choice), forced: true }
}

/// Nothing may be called, or nothing can be.
fn at_home(offered: bool, layout: &Layout, losses: &mut Losses) -> Toolbox {
    let tools = gone(layout);
    match (offered, tools.is_empty()) {
        (true, true) => {
            let reason = "nothing may be called, so the tools were left out";
            losses.note("tools", reason, Severity::Hint);
        }
        (_, false) => {
            let reason = "calls cannot be forbidden: the tools are only said to be gone";
            losses.note("tool_choice", reason, Severity::Meaning);
        }
        (false, true) => (),
    }
    Toolbox { tools, choice: None, forced: false }
}

/// Definitions for what the conversation calls, where it must have some.
fn gone(layout: &Layout) -> Vec<Vec<u8>> {
    let nameless = (layout.called.is_empty() && layout.answered).then_some(NAMELESS);
    let names = layout.called.iter().map(String::as_str).chain(nameless);
    names.map(|name| spec(name, Some(GONE), NO_ARGUMENTS, false)).collect()
}

fn choice(kind: &str, name: Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    object(&mut out, |choice| {
        choice.nest(kind, |inner| {
            if let Some(name) = name {
                inner.text("name", name);
            }
        });
    });
    out
}
