//! Tools and the choice among them, read.

use super::super::proto::Message;
use super::read::keep_rest;
use super::schema;
use crate::Malformed;
use crate::chat::json::object;
use crate::chat::node::keep;
use crate::chat::{ChatRequest, Tool, ToolChoice, ToolKind};

/// Reads `tools` and `toolConfig`. A tool is an object whose every field is a tool of its own:
/// functions of the client, and what Google runs itself.
pub(super) fn read(message: &Message<'_>, request: &mut ChatRequest) -> Result<(), Malformed> {
    for (at, json) in message.list("tools")?.into_iter().enumerate() {
        let tool = Message::read(json, format!("tools[{at}]"))?;
        let path = tool.path("functionDeclarations");
        for (at, json) in tool.list("functionDeclarations")?.into_iter().enumerate() {
            let declaration = Message::read(json, format!("{path}[{at}]"))?;
            function(&declaration, request)?;
        }
        for (kind, options) in tool.others(&["functionDeclarations"]) {
            let mut json = Vec::new();
            object(&mut json, |tool| {
                tool.raw(&kind, options.get());
            });
            let json = keep(&String::from_utf8_lossy(&json)).ok_or_else(|| tool.odd("is odd"))?;
            request.tools.push(Tool {
                name: kind.clone(),
                description: None,
                kind: ToolKind::Hosted { kind, json },
                cache: None,
            });
        }
    }
    let Some(config) = message.message("toolConfig")? else { return Ok(()) };
    keep_rest("toolConfig", config.others(&["functionCallingConfig"]), request);
    let Some(calling) = config.message("functionCallingConfig")? else { return Ok(()) };
    const KNOWN: [&str; 2] = ["mode", "allowedFunctionNames"];
    keep_rest("toolConfig.functionCallingConfig", calling.others(&KNOWN), request);
    choice(&calling, request)
}

fn function(declaration: &Message<'_>, request: &mut ChatRequest) -> Result<(), Malformed> {
    const KNOWN: [&str; 4] = ["name", "description", "parameters", "parametersJsonSchema"];
    let schema = match declaration.json("parametersJsonSchema")? {
        Some(schema) => Some(schema),
        None => match declaration.raw("parameters")? {
            Some(json) => Some(schema::to_json_schema(json, &declaration.path("parameters"))?),
            None => None,
        },
    };
    keep_rest("tools[].functionDeclarations[]", declaration.others(&KNOWN), request);
    request.tools.push(Tool {
        name: declaration.required("name")?,
        description: declaration.text("description")?.map(Into::into),
        kind: ToolKind::Function { schema, strict: None },
        cache: None,
    });
    Ok(())
}

/// The mode. Where only some functions may be called, the others are not offered.
fn choice(calling: &Message<'_>, request: &mut ChatRequest) -> Result<(), Malformed> {
    let allowed = calling.texts("allowedFunctionNames")?;
    let mode = calling.text("mode")?.unwrap_or_default().to_ascii_uppercase();
    request.tool_choice = Some(match (&*mode, &allowed[..]) {
        ("ANY", [only]) => ToolChoice::Tool(only.clone()),
        ("ANY", _) => ToolChoice::Required,
        ("NONE", _) => ToolChoice::None,
        ("AUTO" | "", _) => ToolChoice::Auto,
        ("MODE_UNSPECIFIED", _) => return Ok(()),
        ("VALIDATED", _) => {
            // The same freedom; that arguments fit their schema is promised nowhere else.
            let mode = calling.json("mode")?;
            let name = "toolConfig.functionCallingConfig.mode".to_owned();
            request.rest.extend(mode.map(|mode| (name, mode)));
            ToolChoice::Auto
        }
        _ => return Err(calling.wrong("mode", "AUTO, ANY, NONE or VALIDATED")),
    });
    if allowed.len() > 1 || mode == "VALIDATED" && !allowed.is_empty() {
        request.tools.retain(|tool| {
            !matches!(tool.kind, ToolKind::Function { .. }) || allowed.contains(&tool.name)
        });
    }
    Ok(())
}
