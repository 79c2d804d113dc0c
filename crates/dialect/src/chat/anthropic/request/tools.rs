//! Tools and the choice among them.

use std::borrow::Cow;

use serde_json::value::RawValue;
use wayleave_model::target::ModelFacts;

use super::shape::{JsonTool, Shape};
use crate::chat::json::{Object, object};
use crate::chat::{ChatRequest, Tool, ToolChoice, ToolKind, functions};
use crate::raw::RawObject;
use crate::{Losses, Malformed, Severity};

/// What a function without a schema takes.
pub(in crate::chat) const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// What a tool that takes free text takes here: one string.
pub(in crate::chat) const FREE_TEXT: &str =
    r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}"#;

/// Tools and choice as they go up.
#[derive(Default)]
pub(super) struct Toolbox {
    tools: Vec<Vec<u8>>,
    choice: Option<Vec<u8>>,
    forced: bool,
}

/// Decides, and notes what stays behind. `called` are the tools that the conversation has calls
/// of: Anthropic refuses those without a definition of any tool.
pub(super) fn plan(
    request: &ChatRequest,
    shape: &Shape<'_>,
    called: &[String],
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Toolbox, Malformed> {
    if let Shape::Tool(tool) = shape {
        return Ok(answer_only(tool));
    }
    let defined = request.tools.iter().filter_map(|tool| definition(tool, facts, losses));
    let mut tools: Vec<Vec<u8>> = defined.collect();
    for (name, ours) in [("web_search", SEARCH), ("code_execution", CODE)] {
        let is_taken =
            |tool: &Tool| tool.name == name && !matches!(tool.kind, ToolKind::Hosted { .. });
        if request.tools.iter().any(is_taken) && tools.iter().any(|tool| tool == ours) {
            // Two tools of one name are refused.
            losses.note(format!("tools[].{name}"), "a function has its name", Severity::Meaning);
            tools.retain(|tool| tool != ours);
        }
    }
    let one_at_a_time = request.parallel_tools == Some(false);
    if tools.is_empty() {
        if let Some(choice @ (ToolChoice::Required | ToolChoice::Tool(_))) = &request.tool_choice {
            let message = format!("a tool is demanded ({choice:?}) but none can be offered");
            return Err(match request.tools.is_empty() {
                true => Malformed::at("tool_choice", message),
                false => Malformed::incapable("tool_choice", message),
            });
        }
        return Ok(if called.is_empty() { Toolbox::default() } else { retired(called) });
    }
    let choice = match (&request.tool_choice, one_at_a_time) {
        (None, false) => None,
        (None | Some(ToolChoice::Auto), _) => Some(choice("auto", None, one_at_a_time)),
        (Some(ToolChoice::None), _) => Some(choice("none", None, false)),
        (Some(ToolChoice::Required), _) => Some(choice("any", None, one_at_a_time)),
        (Some(ToolChoice::Tool(name)), _) => Some(choice("tool", Some(name), one_at_a_time)),
    };
    let forced = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_)));
    Ok(Toolbox { tools, choice, forced })
}

impl Toolbox {
    /// Whether a call is demanded.
    pub(super) fn is_forced(&self) -> bool {
        self.forced
    }

    /// Writes the fields.
    pub(super) fn write(&self, body: &mut Object<'_>) {
        if !self.tools.is_empty() {
            body.list("tools", &self.tools);
        }
        if let Some(choice) = &self.choice {
            body.with("tool_choice", |out| out.extend_from_slice(choice));
        }
    }
}

/// `schema` as `input_schema` takes it: of an object, and saying so. Its own bytes stay. `None`
/// when it describes something else.
pub(in crate::chat) fn object_schema(schema: &str) -> Option<Cow<'_, str>> {
    let object = RawObject::read(schema.as_bytes()).ok()?;
    match object.raw("type") {
        Some(r#""object""#) => Some(Cow::Borrowed(schema)),
        Some(_) => None,
        None => {
            let inside = schema.trim_start().strip_prefix('{')?;
            let comma = if inside.trim_start().starts_with('}') { "" } else { "," };
            Some(Cow::Owned(format!(r#"{{"type":"object"{comma}{inside}"#)))
        }
    }
}

fn definition(tool: &Tool, facts: &ModelFacts, losses: &mut Losses) -> Option<Vec<u8>> {
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
        ToolKind::Hosted { kind, json } if is_ours(kind) => {
            return Some(json.get().as_bytes().to_vec());
        }
        ToolKind::Hosted { kind, json } if is_search(kind) => {
            if !is_plain(json, &[]) {
                let reason = "Anthropic's own search in its place, without its settings";
                losses.note(format!("tools[].{kind}"), reason, Severity::Hint);
            }
            return Some(SEARCH.to_vec());
        }
        ToolKind::Hosted { kind, json } if is_code(kind) => {
            if !is_plain(json, &[("container", r#"{"type":"auto"}"#)]) {
                let reason = "run in Anthropic's own container, without its settings";
                losses.note(format!("tools[].{kind}"), reason, Severity::Hint);
            }
            return Some(CODE.to_vec());
        }
        ToolKind::Hosted { kind, .. } => {
            let reason = "a tool that another provider runs";
            losses.note(format!("tools[].{kind}"), reason, Severity::Meaning);
            return None;
        }
    };
    let strict = strict && {
        let known = facts.json_schema == Some(true);
        if !known {
            losses.note("tools[].strict", "not known of this model", Severity::Hint);
        }
        known
    };
    let mut out = Vec::with_capacity(128 + schema.len());
    object(&mut out, |object| {
        object.text("name", &tool.name);
        if let Some(description) = &tool.description {
            object.text("description", description);
        }
        object.raw("input_schema", &schema);
        if strict {
            object.raw("strict", "true");
        }
        if let Some(cache) = &tool.cache {
            object.raw("cache_control", cache.get());
        }
    });
    Some(out)
}

/// Anthropic's hosted tools carry a date: `web_search_20250305`.
fn is_ours(kind: &str) -> bool {
    kind.rsplit_once('_').is_some_and(|(_, date)| {
        date.len() == 8 && date.starts_with("20") && date.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Anthropic's search of the web
/// (<https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool>).
const SEARCH: &[u8] = br#"{"type":"web_search_20250305","name":"web_search"}"#;

/// Whether it is another vendor's search of the web: OpenAI's under its dated names, or Google's.
fn is_search(kind: &str) -> bool {
    kind.starts_with("web_search") || matches!(kind, "googleSearch" | "googleSearchRetrieval")
}

/// Anthropic's container that code runs in
/// (<https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool>).
const CODE: &[u8] = br#"{"type":"code_execution_20250825","name":"code_execution"}"#;

/// Whether it is another vendor's container: OpenAI's, or Google's.
fn is_code(kind: &str) -> bool {
    matches!(kind, "code_interpreter" | "codeExecution")
}

/// Whether a hosted tool says nothing but its kind, or what it would do anyway (`usual`).
fn is_plain(tool: &RawValue, usual: &[(&str, &str)]) -> bool {
    RawObject::read(tool.get().as_bytes()).is_ok_and(|tool| {
        tool.keys().all(|key| {
            let spaceless = |json: &str| json.replace(char::is_whitespace, "");
            let said = tool.raw(key).map(spaceless).unwrap_or_default();
            matches!(key, "type" | "name")
                || matches!(&*said, "{}" | "null")
                || usual.contains(&(key, &*said))
        })
    })
}

/// The one tool that carries the answer.
fn answer_only(tool: &JsonTool<'_>) -> Toolbox {
    let choice = Some(choice("tool", Some(&tool.name), true));
    Toolbox { tools: vec![tool.definition()], choice, forced: true }
}

/// Tools that were called earlier and are not offered now.
fn retired(called: &[String]) -> Toolbox {
    let tools = called.iter().map(|name| {
        let mut out = Vec::new();
        object(&mut out, |tool| {
            tool.text("name", name).raw("input_schema", NO_ARGUMENTS);
        });
        out
    });
    Toolbox { tools: tools.collect(), choice: Some(choice("none", None, false)), forced: false }
}

fn choice(kind: &str, name: Option<&str>, one_at_a_time: bool) -> Vec<u8> {
    let mut out = Vec::new();
    object(&mut out, |choice| {
        choice.text("type", kind);
        if let Some(name) = name {
            choice.text("name", name);
        }
        if one_at_a_time {
            choice.raw("disable_parallel_tool_use", "true");
        }
    });
    out
}
