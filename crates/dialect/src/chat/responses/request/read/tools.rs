//! What the model may call, read, and whether it must.
//!
//! Tools within a `namespace` become tools of a flat name: no other dialect has namespaces.

use serde_json::value::RawValue;

use super::Rest;
use crate::Malformed;
use crate::chat::json;
use crate::chat::node::{Node, keep};
use crate::chat::responses::names;
use crate::chat::{Tool, ToolChoice, ToolKind};

/// Reads `tools`.
pub(super) fn read(node: &Node<'_>, rest: &mut Rest) -> Result<Vec<Tool>, Malformed> {
    let mut tools = Vec::new();
    for (at, json) in node.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        tool(&Node::read(json, format!("tools[{at}]"))?, json, None, rest, &mut tools)?;
    }
    Ok(tools)
}

fn tool(
    node: &Node<'_>,
    json: &str,
    namespace: Option<&str>,
    rest: &mut Rest,
    tools: &mut Vec<Tool>,
) -> Result<(), Malformed> {
    let kind = node.text("type")?.unwrap_or("function".into());
    let envelope = match &*kind {
        "function" | "custom" => node.node(&kind)?,
        _ => None,
    };
    // Some clients write a tool as the chat dialect does, in an envelope.
    let inner = envelope.as_ref().unwrap_or(node);
    let named = |kind| -> Result<Tool, Malformed> {
        Ok(Tool {
            name: names::flat(namespace, &inner.required("name")?),
            description: inner.text("description")?.map(Into::into),
            kind,
            cache: None,
        })
    };
    match &*kind {
        "function" => {
            let known = ["type", "name", "description", "parameters", "strict", "function"];
            rest.others("tools[]", inner, &known);
            let (schema, strict) = (inner.json("parameters"), inner.flag("strict")?);
            tools.push(named(ToolKind::Function { schema, strict })?);
        }
        "custom" => {
            rest.others("tools[]", inner, &["type", "name", "description", "format", "custom"]);
            tools.push(named(ToolKind::Custom { format: format(inner)? })?);
        }
        "namespace" if namespace.is_none() => {
            let name = node.required("name")?;
            rest.others("tools[].namespace", node, &["type", "name", "tools"]);
            let path = node.path("tools");
            for (at, json) in node.list("tools")?.unwrap_or_default().into_iter().enumerate() {
                let inner = Node::read(json, format!("{path}[{at}]"))?;
                tool(&inner, json, Some(&name), rest, tools)?;
            }
        }
        _ => tools.push(Tool {
            name: kind.clone().into_owned(),
            description: None,
            kind: ToolKind::Hosted {
                kind: kind.into_owned(),
                json: keep(json).ok_or_else(|| node.wrong("type", "a kind of tool"))?,
            },
            cache: None,
        }),
    }
    Ok(())
}

/// The format of a custom tool's input, in the chat dialect's form, where a grammar stands in an
/// envelope.
fn format(tool: &Node<'_>) -> Result<Option<Box<RawValue>>, Malformed> {
    let Some(format) = tool.node("format")? else { return Ok(None) };
    let is_flat = format.raw("grammar").is_none() && format.raw("definition").is_some();
    if !is_flat || format.text("type")?.as_deref() != Some("grammar") {
        return Ok(tool.json("format"));
    }
    let mut out = Vec::new();
    json::object(&mut out, |object| {
        object.text("type", "grammar").nest("grammar", |grammar| {
            for (key, json) in format.others(&["type"]) {
                grammar.raw(&key, json.get());
            }
        });
    });
    Ok(keep(&String::from_utf8(out).unwrap_or_default()))
}

/// Reads `tool_choice`. A choice among some tools becomes one among all and is kept beside it, in
/// the chat dialect's form, to be carried or named as a loss; so is the choice of a hosted tool,
/// as sent.
pub(super) fn choice(node: &Node<'_>, rest: &mut Rest) -> Result<Option<ToolChoice>, Malformed> {
    let key = "tool_choice";
    let Some(raw) = node.raw(key) else { return Ok(None) };
    if raw.starts_with('"') {
        return word(node, &node.required(key)?).map(Some);
    }
    let Some(choice) = node.node(key)? else { return Ok(None) };
    let kind = choice.required("type")?;
    match &*kind {
        "auto" | "none" | "required" => word(node, &kind).map(Some),
        "function" | "custom" => {
            let inner = choice.node(&kind)?;
            let name = inner.as_ref().unwrap_or(&choice).required("name")?;
            let namespace = choice.text("namespace")?;
            Ok(Some(ToolChoice::Tool(names::flat(namespace.as_deref(), &name))))
        }
        "allowed_tools" => {
            let mode = choice.text("mode")?.unwrap_or("auto".into());
            rest.keep(key, keep(&allowed(&choice, &mode)?));
            word(node, &mode).map(Some)
        }
        kind => {
            rest.keep(format!("{key}.{kind}"), node.json(key));
            Ok(None)
        }
    }
}

fn word(node: &Node<'_>, word: &str) -> Result<ToolChoice, Malformed> {
    match word {
        "none" => Ok(ToolChoice::None),
        "auto" => Ok(ToolChoice::Auto),
        "required" | "any" => Ok(ToolChoice::Required),
        _ => Err(node.wrong("tool_choice", "`none`, `auto`, `required` or a tool")),
    }
}

/// The choice among some tools as the chat dialect writes it.
fn allowed(choice: &Node<'_>, mode: &str) -> Result<String, Malformed> {
    let path = choice.path("tools");
    let mut tools = Vec::new();
    for (at, json) in choice.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let tool = Node::read(json, format!("{path}[{at}]"))?;
        let kind = tool.required("type")?;
        let Some(name) = tool.text("name")? else {
            tools.push(json.as_bytes().to_vec());
            continue;
        };
        let name = names::flat(tool.text("namespace")?.as_deref(), &name);
        let mut out = Vec::new();
        json::object(&mut out, |object| {
            object.text("type", &kind).nest(&kind, |inner| {
                inner.text("name", &name);
            });
        });
        tools.push(out);
    }
    let mut out = Vec::new();
    json::object(&mut out, |object| {
        object.text("type", "allowed_tools").nest("allowed_tools", |inner| {
            inner.text("mode", mode).list("tools", tools);
        });
    });
    Ok(String::from_utf8(out).unwrap_or_default())
}
