//! What the model may call, read: functions, custom tools, the older `functions`, and tools that
//! the provider runs itself.

use serde_json::value::RawValue;

use crate::Malformed;
use crate::chat::node::Node;
use crate::chat::{Tool, ToolChoice, ToolKind};

/// The name under which `web_search_options` is kept as a tool: searching the web is a field here,
/// and a tool that the provider runs everywhere else.
pub(in crate::chat) const SEARCH: &str = "web_search_options";

/// Reads `tools`, `functions` and `web_search_options`.
pub(super) fn read(node: &Node<'_>) -> Result<Vec<Tool>, Malformed> {
    let mut tools = Vec::new();
    for (at, json) in node.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        tools.push(tool(&Node::read(json, format!("tools[{at}]"))?, json)?);
    }
    for (at, json) in node.list("functions")?.unwrap_or_default().into_iter().enumerate() {
        tools.push(function(&Node::read(json, format!("functions[{at}]"))?)?);
    }
    if let Some(json) = node.json(SEARCH) {
        // What is no object is refused here, with its name.
        node.node(SEARCH)?;
        tools.push(Tool {
            name: "web_search".to_owned(),
            description: None,
            kind: ToolKind::Hosted { kind: SEARCH.to_owned(), json },
            cache: None,
        });
    }
    Ok(tools)
}

/// Whether the tools are in the older form alone. A client that knows both reads the newer.
pub(super) fn are_legacy(node: &Node<'_>) -> Result<bool, Malformed> {
    let some = |key| Ok(node.list(key)?.is_some_and(|list| !list.is_empty()));
    Ok(some("functions")? && !some("tools")?)
}

fn tool(node: &Node<'_>, json: &str) -> Result<Tool, Malformed> {
    let kind = node.text("type")?.unwrap_or("function".into());
    match &*kind {
        "function" => {
            let inner = node.node("function")?;
            // Some clients write a function as the Responses dialect does, without the envelope.
            let mut tool = function(inner.as_ref().unwrap_or(node))?;
            tool.cache = tool.cache.or_else(|| node.json("cache_control"));
            Ok(tool)
        }
        "custom" => {
            let inner = node.node("custom")?;
            let inner = inner.as_ref().unwrap_or(node);
            Ok(Tool {
                name: inner.required("name")?,
                description: inner.text("description")?.map(Into::into),
                kind: ToolKind::Custom { format: inner.json("format") },
                cache: node.json("cache_control"),
            })
        }
        _ => Ok(Tool {
            name: node.text("name")?.unwrap_or_else(|| kind.clone()).into_owned(),
            description: None,
            kind: ToolKind::Hosted {
                kind: kind.into_owned(),
                json: RawValue::from_string(json.to_owned())
                    .map_err(|error| Malformed::new(error.to_string()))?,
            },
            cache: None,
        }),
    }
}

fn function(node: &Node<'_>) -> Result<Tool, Malformed> {
    Ok(Tool {
        name: node.required("name")?,
        description: node.text("description")?.map(Into::into),
        kind: ToolKind::Function { schema: node.json("parameters"), strict: node.flag("strict")? },
        cache: node.json("cache_control"),
    })
}

type Unknown = Option<(String, Box<RawValue>)>;

/// Reads `tool_choice` or the older `function_call`. A choice among some tools becomes one among
/// all, and is kept as sent beside it, to be carried or named as a loss.
pub(super) fn choice(node: &Node<'_>) -> Result<(Option<ToolChoice>, Unknown), Malformed> {
    let key = if node.raw("tool_choice").is_some() { "tool_choice" } else { "function_call" };
    let Some(raw) = node.raw(key) else { return Ok((None, None)) };
    let word = |word: &str| match word {
        "none" => Ok(ToolChoice::None),
        "auto" => Ok(ToolChoice::Auto),
        "required" | "any" => Ok(ToolChoice::Required),
        _ => Err(node.wrong(key, "`none`, `auto`, `required` or a tool")),
    };
    if raw.starts_with('"') {
        return Ok((Some(word(&node.required(key)?)?), None));
    }
    let Some(choice) = node.node(key)? else { return Ok((None, None)) };
    match choice.text("type")?.as_deref() {
        Some("allowed_tools") => {
            let inner = choice.node("allowed_tools")?;
            let mode = inner.as_ref().unwrap_or(&choice).text("mode")?;
            let unknown = node.json(key).map(|json| (key.to_owned(), json));
            Ok((Some(word(mode.as_deref().unwrap_or("auto"))?), unknown))
        }
        Some("auto" | "none" | "required" | "any") => {
            Ok((Some(word(&choice.required("type")?)?), None))
        }
        Some(kind @ ("function" | "custom")) => {
            let inner = choice.node(kind)?;
            let name = inner.as_ref().unwrap_or(&choice).required("name")?;
            Ok((Some(ToolChoice::Tool(name)), None))
        }
        Some(_) => Ok((None, node.json(key).map(|json| (key.to_owned(), json)))),
        None => Ok((Some(ToolChoice::Tool(choice.required("name")?)), None)),
    }
}
