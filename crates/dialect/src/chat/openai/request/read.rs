//! A request's top level: everything but the conversation and the tools.

mod messages;
mod parts;
mod tools;

pub(in crate::chat) use tools::SEARCH;

use serde_json::value::RawValue;

use crate::Malformed;
use crate::chat::node::{Node, keep, refuse_depth};
use crate::chat::openai::amend::is_bare;
use crate::chat::{ChatRequest, Head, OutputFormat, Reasoning, ReasoningAmount, Sampling};

/// The fields that have a place in a [`ChatRequest`]. Others go to its `rest`.
const KNOWN: [&str; 29] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "tools",
    "functions",
    "tool_choice",
    "function_call",
    "parallel_tool_calls",
    "response_format",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "stop",
    "reasoning_effort",
    "thinking",
    "n",
    "logprobs",
    "top_logprobs",
    "user",
    "service_tier",
    "prompt_cache_key",
    "metadata",
    "web_search_options",
];

/// Reads a request. Whatever is wrong is named with its path.
pub(in crate::chat::openai) fn read(
    head: &Head<'_>,
    body: &[u8],
) -> Result<ChatRequest, Malformed> {
    refuse_depth(body)?;
    let text = std::str::from_utf8(body).map_err(|_| Malformed::new("the body is not UTF-8"))?;
    let node = Node::read(text, String::new())?;
    let model = match (node.text("model")?, head.model) {
        (Some(model), _) => model.into_owned(),
        (None, Some(model)) => model.to_owned(),
        (None, None) => return Err(node.missing("model")),
    };
    let mut rest = node.others(&KNOWN);
    let (output, unknown) = output(&node)?;
    rest.extend(unknown.map(|json| ("response_format".to_owned(), json)));
    let (tool_choice, unknown) = tools::choice(&node)?;
    rest.extend(unknown);
    if node.raw("reasoning_effort").is_some() {
        // The effort counts, so a `thinking` beside it is not read.
        rest.extend(node.json("thinking").map(|json| ("thinking".to_owned(), json)));
    }
    let (end_user, mut rest) = end_user(&node, rest)?;
    let turns = messages::read(&node, &mut rest)?;
    let legacy_functions = tools::are_legacy(&node)?;
    let parallel_tools = node.flag("parallel_tool_calls")?;
    Ok(ChatRequest {
        model,
        stream: node.flag("stream")?.or(head.stream).unwrap_or(false),
        turns,
        tools: tools::read(&node)?,
        tool_choice,
        // The older form has room for one call.
        parallel_tools: if legacy_functions { Some(false) } else { parallel_tools },
        legacy_functions,
        output,
        max_output: match node.count("max_completion_tokens")? {
            Some(limit) => Some(limit),
            None => node.count("max_tokens")?,
        },
        sampling: sampling(&node)?,
        stop: stop(&node)?,
        reasoning: reasoning(&node)?,
        choices: count(&node, "n")?.unwrap_or(0),
        logprobs: match node.flag("logprobs")? {
            Some(true) => Some(count(&node, "top_logprobs")?.unwrap_or(0)),
            _ => None,
        },
        end_user,
        service_tier: node.text("service_tier")?.map(Into::into),
        cache_key: node.text("prompt_cache_key")?.map(Into::into),
        metadata: node.json("metadata"),
        rest,
    })
}

fn sampling(node: &Node<'_>) -> Result<Sampling, Malformed> {
    let seed = node.number("seed")?.map(|seed| seed as i64);
    Ok(Sampling {
        temperature: node.number("temperature")?,
        top_p: node.number("top_p")?,
        top_k: node.count("top_k")?,
        frequency_penalty: node.number("frequency_penalty")?,
        presence_penalty: node.number("presence_penalty")?,
        // A number as a float keeps 53 bits; a seed may have 64.
        seed: node.raw("seed").and_then(|raw| raw.parse().ok()).or(seed),
    })
}

/// One text or a list of them.
fn stop(node: &Node<'_>) -> Result<Vec<String>, Malformed> {
    match node.raw("stop") {
        None => Ok(Vec::new()),
        Some(raw) if raw.starts_with('"') => Ok(vec![node.required("stop")?]),
        Some(raw) => serde_json::from_str(raw)
            .map_err(|_| node.wrong("stop", "a string or a list of strings")),
    }
}

/// An effort in words, or the `thinking` object that several vendors of this dialect take.
fn reasoning(node: &Node<'_>) -> Result<Option<Reasoning>, Malformed> {
    let amount = match node.text("reasoning_effort")? {
        Some(effort) => ReasoningAmount::Effort(effort.into_owned()),
        None => match node.node("thinking")? {
            None => return Ok(None),
            Some(thinking) => {
                match (thinking.text("type")?.as_deref(), thinking.count("budget_tokens")?) {
                    (Some("disabled"), _) => ReasoningAmount::Off,
                    (_, Some(budget)) => ReasoningAmount::Budget(budget),
                    _ => ReasoningAmount::Adaptive,
                }
            }
        },
    };
    Ok(Some(Reasoning { amount, show: None }))
}

/// The shape of the answer, or one that only this dialect knows.
fn output(node: &Node<'_>) -> Result<(OutputFormat, Option<Box<RawValue>>), Malformed> {
    let Some(format) = node.node("response_format")? else { return Ok((OutputFormat::Text, None)) };
    Ok(match &*format.required("type")? {
        "text" => (OutputFormat::Text, None),
        "json_object" => (OutputFormat::JsonObject, None),
        "json_schema" => (schema(&format)?, None),
        _ => (OutputFormat::Text, node.json("response_format")),
    })
}

fn schema(format: &Node<'_>) -> Result<OutputFormat, Malformed> {
    let Some(wrapped) = format.node("json_schema")? else {
        return Err(format.missing("json_schema"));
    };
    if let Some(bare) = format.raw("json_schema").filter(|schema| is_bare(schema)).and_then(keep) {
        let name = "response".to_owned();
        return Ok(OutputFormat::JsonSchema {
            name,
            description: None,
            schema: bare,
            strict: None,
        });
    }
    let Some(schema) = wrapped.json("schema") else { return Ok(OutputFormat::JsonObject) };
    Ok(OutputFormat::JsonSchema {
        name: wrapped.text("name")?.map_or_else(|| "response".to_owned(), Into::into),
        description: wrapped.text("description")?.map(Into::into),
        schema,
        strict: wrapped.flag("strict")?,
    })
}

type Rest = Vec<(String, Box<RawValue>)>;

/// `user` or its successor, whichever is there. With both, the successor stays in the rest.
fn end_user(node: &Node<'_>, mut rest: Rest) -> Result<(Option<String>, Rest), Malformed> {
    if let Some(user) = node.text("user")? {
        return Ok((Some(user.into_owned()), rest));
    }
    let user = node.text("safety_identifier")?.map(Into::into);
    rest.retain(|(key, _)| key != "safety_identifier");
    Ok((user, rest))
}

fn count(node: &Node<'_>, key: &str) -> Result<Option<u32>, Malformed> {
    let fits = |count| u32::try_from(count).map_err(|_| node.wrong(key, "a smaller number"));
    node.count(key)?.map(fits).transpose()
}
