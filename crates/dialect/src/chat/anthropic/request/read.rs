//! The whole request, read for a target that speaks another dialect.

use super::parts::content;
use crate::Malformed;
use crate::chat::node::{Node, keep, refuse_depth};
use crate::chat::{
    ChatRequest, Head, OutputFormat, Reasoning, ReasoningAmount, Role, Sampling, Tool, ToolChoice,
    ToolKind, Turn,
};

/// Top-level fields with a common word. What is not among them goes to `rest`.
const KNOWN: [&str; 16] = [
    "model",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "metadata",
    "service_tier",
];

/// Reads everything. `max_tokens` may be missing: see [`super::super::ask`].
pub(in super::super) fn read(head: &Head<'_>, body: &[u8]) -> Result<ChatRequest, Malformed> {
    refuse_depth(body)?;
    let body = std::str::from_utf8(body)
        .map_err(|error| Malformed::new(format!("the body is not UTF-8: {error}")))?;
    let node = Node::read(body, String::new())?;
    let model = match (node.text("model")?, head.model) {
        (Some(model), _) => model.into_owned(),
        (None, Some(model)) => model.to_owned(),
        (None, None) => return Err(node.missing("model")),
    };
    let mut request = ChatRequest {
        model,
        stream: node.flag("stream")?.or(head.stream).unwrap_or(false),
        max_output: node.count("max_tokens")?,
        sampling: Sampling {
            temperature: node.number("temperature")?,
            top_p: node.number("top_p")?,
            top_k: node.count("top_k")?,
            ..Sampling::default()
        },
        stop: strings(&node, "stop_sequences")?,
        service_tier: node.text("service_tier")?.map(Into::into),
        rest: node.others(&KNOWN),
        ..ChatRequest::default()
    };
    turns(&node, &mut request)?;
    tools(&node, &mut request)?;
    thinking(&node, &mut request)?;
    output(&node, &mut request)?;
    if let Some(metadata) = node.node("metadata")? {
        request.end_user = metadata.text("user_id")?.map(Into::into);
        keep_rest("metadata", metadata.others(&["user_id"]), &mut request);
    }
    Ok(request)
}

/// The system prompt, which stands first, then the messages. A message may be the operator's too:
/// coding agents put reminders between the turns.
fn turns(node: &Node<'_>, request: &mut ChatRequest) -> Result<(), Malformed> {
    let system = content(node, "system")?;
    if !system.is_empty() {
        request.turns.push(Turn { role: Role::System, name: None, parts: system });
    }
    let messages = node.list("messages")?.ok_or_else(|| node.missing("messages"))?;
    for (at, json) in messages.into_iter().enumerate() {
        let message = Node::read(json, format!("messages[{at}]"))?;
        let role = match &*message.required("role")? {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => return Err(message.wrong("role", "user, assistant or system")),
        };
        if message.raw("content").is_none() {
            return Err(message.missing("content"));
        }
        keep_rest("messages[]", message.others(&["role", "content"]), request);
        request.turns.push(Turn { role, name: None, parts: content(&message, "content")? });
    }
    Ok(())
}

fn tools(node: &Node<'_>, request: &mut ChatRequest) -> Result<(), Malformed> {
    for (at, json) in node.list("tools")?.unwrap_or_default().into_iter().enumerate() {
        let tool = Node::read(json, format!("tools[{at}]"))?;
        let kind = match tool.text("type")? {
            None => None,
            Some(kind) if kind == "custom" => None,
            Some(kind) => Some(kind.into_owned()),
        };
        let kind = match kind.and_then(|kind| Some((kind, keep(json)?))) {
            Some((kind, json)) => ToolKind::Hosted { kind, json },
            None => {
                const KNOWN: [&str; 6] =
                    ["type", "name", "description", "input_schema", "strict", "cache_control"];
                keep_rest("tools[]", tool.others(&KNOWN), request);
                let strict = tool.flag("strict")?;
                ToolKind::Function { schema: tool.json("input_schema"), strict }
            }
        };
        let hosted = matches!(kind, ToolKind::Hosted { .. });
        let name = tool.text("name")?;
        let name = name.map(Into::into).or_else(|| hosted.then(String::new));
        request.tools.push(Tool {
            name: name.ok_or_else(|| tool.missing("name"))?,
            description: tool.text("description")?.map(Into::into),
            kind,
            cache: tool.json("cache_control"),
        });
    }
    let Some(choice) = node.node("tool_choice")? else { return Ok(()) };
    request.tool_choice = Some(match &*choice.required("type")? {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Required,
        "none" => ToolChoice::None,
        "tool" => ToolChoice::Tool(choice.required("name")?),
        _ => return Err(choice.wrong("type", "auto, any, tool or none")),
    });
    request.parallel_tools = choice.flag("disable_parallel_tool_use")?.map(|one| !one);
    Ok(())
}

/// Thinking and effort are one wish elsewhere: an explicit budget or "off" wins over an effort,
/// which then goes to `rest`.
fn thinking(node: &Node<'_>, request: &mut ChatRequest) -> Result<(), Malformed> {
    let config = node.node("output_config")?;
    let effort = match &config {
        Some(config) => config.text("effort")?.map(String::from),
        None => None,
    };
    let Some(thinking) = node.node("thinking")? else {
        request.reasoning =
            effort.map(|word| Reasoning { amount: ReasoningAmount::Effort(word), show: None });
        return Ok(());
    };
    let amount = match (&*thinking.required("type")?, effort) {
        ("enabled", effort) => {
            let budget = thinking.count("budget_tokens")?;
            keep_effort(effort, request);
            budget.map_or(ReasoningAmount::Adaptive, ReasoningAmount::Budget)
        }
        ("disabled", effort) => {
            keep_effort(effort, request);
            ReasoningAmount::Off
        }
        (_, Some(effort)) => ReasoningAmount::Effort(effort),
        (_, None) => ReasoningAmount::Adaptive,
    };
    let show = thinking.text("display")?.map(Into::into);
    keep_rest("thinking", thinking.others(&["type", "budget_tokens", "display"]), request);
    request.reasoning = Some(Reasoning { amount, show });
    Ok(())
}

fn keep_effort(effort: Option<String>, request: &mut ChatRequest) {
    let json = effort.and_then(|word| keep(&serde_json::Value::from(word).to_string()));
    request.rest.extend(json.map(|json| ("output_config.effort".to_owned(), json)));
}

/// The shape of the answer, under its present name or the one of its beta.
fn output(node: &Node<'_>, request: &mut ChatRequest) -> Result<(), Malformed> {
    let format = match node.node("output_config")? {
        None => None,
        Some(config) => {
            keep_rest("output_config", config.others(&["effort", "format"]), request);
            config.node("format")?
        }
    };
    let Some(format) = format.map_or_else(|| node.node("output_format"), |f| Ok(Some(f)))? else {
        return Ok(());
    };
    if format.required("type")? != "json_schema" {
        return Err(format.wrong("type", "json_schema"));
    }
    request.output = OutputFormat::JsonSchema {
        name: format.text("name")?.map_or_else(|| "response".to_owned(), Into::into),
        description: None,
        schema: format.json("schema").ok_or_else(|| format.missing("schema"))?,
        // Anthropic has no lax mode: what it is given, the answer fits.
        strict: Some(true),
    };
    Ok(())
}

fn strings(node: &Node<'_>, key: &str) -> Result<Vec<String>, Malformed> {
    let Some(json) = node.raw(key) else { return Ok(Vec::new()) };
    serde_json::from_str(json).map_err(|_| node.wrong(key, "a list of strings"))
}

/// Fields of an inner object without a common word, under their path, each once.
fn keep_rest(
    path: &str,
    fields: Vec<(String, Box<serde_json::value::RawValue>)>,
    request: &mut ChatRequest,
) {
    for (field, json) in fields {
        let name = format!("{path}.{field}");
        if !request.rest.iter().any(|(known, _)| *known == name) {
            request.rest.push((name, json));
        }
    }
}
