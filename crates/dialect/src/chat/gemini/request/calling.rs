//! Tools and the choice among them, written.

use wayleave_model::target::ModelFacts;

use crate::chat::json::{Object, object};
use crate::chat::{ChatRequest, Tool, ToolChoice, ToolKind, functions};
use crate::raw::RawObject;
use crate::{Losses, Malformed, Severity};

/// What a tool that takes free text takes here: one string.
const FREE_TEXT: &str =
    r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}"#;

/// Tools and choice as they go up.
#[derive(Default)]
pub(super) struct Toolbox {
    functions: Vec<Vec<u8>>,
    hosted: Vec<Vec<u8>>,
    mode: Option<(&'static str, Option<String>)>,
}

/// Decides, and notes what stays behind.
pub(super) fn plan(
    request: &ChatRequest,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Toolbox, Malformed> {
    let mut toolbox = Toolbox::default();
    let forced = matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Tool(_)));
    for tool in &request.tools {
        match &tool.kind {
            ToolKind::Hosted { .. } => toolbox.hosted.extend(hosted(tool, losses)),
            _ => toolbox.functions.push(function(tool, forced, losses)),
        }
    }
    if !toolbox.functions.is_empty() && !toolbox.hosted.is_empty() {
        // Some models refuse both at once, the others demand parts back that clients of other
        // dialects cannot keep.
        let reason = "Google's own tools do not go together with functions";
        losses.note("tools[].hosted", reason, Severity::Meaning);
        toolbox.hosted.clear();
    }
    if facts.tools == Some(false) && !toolbox.functions.is_empty() {
        return Err(Malformed::incapable("tools", "this model cannot call tools"));
    }
    toolbox.mode = match &request.tool_choice {
        _ if toolbox.functions.is_empty() && forced => {
            let message = "a tool is demanded but none can be offered";
            return Err(match request.tools.is_empty() {
                true => Malformed::at("tool_choice", message),
                false => Malformed::incapable("tool_choice", message),
            });
        }
        _ if toolbox.functions.is_empty() => None,
        None => None,
        Some(ToolChoice::Auto) => Some(("AUTO", None)),
        Some(ToolChoice::None) => Some(("NONE", None)),
        Some(ToolChoice::Required) => Some(("ANY", None)),
        Some(ToolChoice::Tool(name)) => Some(("ANY", Some(name.clone()))),
    };
    if request.parallel_tools == Some(false) && !toolbox.functions.is_empty() {
        let reason = "Google cannot be held to one call at a time";
        losses.note("parallel_tool_calls", reason, Severity::Meaning);
    }
    Ok(toolbox)
}

impl Toolbox {
    /// Whether functions may be called.
    pub(super) fn is_open(&self) -> bool {
        !self.functions.is_empty() && self.mode.as_ref().is_none_or(|(mode, _)| *mode != "NONE")
    }

    /// Takes the functions back: they may not be called, and stand in the way of a JSON answer.
    pub(super) fn without_functions(self) -> Toolbox {
        Toolbox { functions: Vec::new(), mode: None, ..self }
    }

    /// Writes the fields.
    pub(super) fn write(&self, body: &mut Object<'_>) {
        let mut tools = self.hosted.clone();
        if !self.functions.is_empty() {
            let mut declarations = Vec::new();
            object(&mut declarations, |tool| {
                tool.list("functionDeclarations", &self.functions);
            });
            tools.push(declarations);
        }
        if !tools.is_empty() {
            body.list("tools", &tools);
        }
        if let Some((mode, name)) = &self.mode {
            body.nest("toolConfig", |config| {
                config.nest("functionCallingConfig", |calling| {
                    calling.text("mode", mode);
                    if let Some(name) = name {
                        let name = serde_json::Value::from(&**name).to_string();
                        calling.list("allowedFunctionNames", [name]);
                    }
                });
            });
        }
    }
}

/// A function's declaration. `parametersJsonSchema` takes JSON Schema as it is, `$schema` and
/// `$ref` included (<https://ai.google.dev/api/caching#FunctionDeclaration>).
fn function(tool: &Tool, forced: bool, losses: &mut Losses) -> Vec<u8> {
    let schema = match &tool.kind {
        ToolKind::Function { schema, strict } => {
            // A forced call is held to its schema anyway.
            if *strict == Some(true) && !forced {
                losses.note("tools[].strict", "no such field", Severity::Hint);
            }
            schema.as_ref().map(|schema| schema.get())
        }
        ToolKind::Custom { format } => {
            functions::note_format(format.as_deref(), losses);
            Some(FREE_TEXT)
        }
        ToolKind::Hosted { .. } => None,
    };
    if tool.cache.is_some() {
        losses.note("tools[].cache_control", "Google caches by itself", Severity::Hint);
    }
    let mut out = Vec::with_capacity(128 + schema.map_or(0, str::len));
    object(&mut out, |function| {
        function.text("name", &tool.name);
        if let Some(description) = &tool.description {
            function.text("description", description);
        }
        if let Some(schema) = schema {
            function.raw("parametersJsonSchema", schema);
        }
    });
    out
}

/// Google's own tools as they are, and the ones it has in place of others'.
fn hosted(tool: &Tool, losses: &mut Losses) -> Option<Vec<u8>> {
    let ToolKind::Hosted { kind, json } = &tool.kind else { return None };
    const OURS: [&str; 8] = [
        "googleSearch",
        "googleSearchRetrieval",
        "codeExecution",
        "urlContext",
        "googleMaps",
        "fileSearch",
        "computerUse",
        "enterpriseWebSearch",
    ];
    if OURS.contains(&&**kind) {
        return Some(json.get().as_bytes().to_vec());
    }
    let ours = match &**kind {
        kind if kind.starts_with("web_search") => r#"{"googleSearch":{}}"#,
        kind if kind.starts_with("web_fetch") => r#"{"urlContext":{}}"#,
        kind if kind.starts_with("code_execution") || kind == "code_interpreter" => {
            r#"{"codeExecution":{}}"#
        }
        _ => {
            let reason = "a tool that another provider runs";
            losses.note(format!("tools[].{kind}"), reason, Severity::Meaning);
            return None;
        }
    };
    let plain = RawObject::read(json.get().as_bytes())
        .is_ok_and(|json| json.keys().all(|key| matches!(key, "type" | "name")));
    if !plain {
        let reason = "Google's own tool in its place, without its settings";
        losses.note(format!("tools[].{kind}"), reason, Severity::Hint);
    }
    Some(ours.as_bytes().to_vec())
}
