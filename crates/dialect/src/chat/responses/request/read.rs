//! A request's top level: everything but the conversation and the tools.
//!
//! What the provider keeps for the client (`previous_response_id`, `conversation`, a stored
//! `prompt`, an answer in the background) is refused: without it the answer is another one.

mod items;
mod parts;
mod tools;

use serde_json::value::RawValue;

use crate::Malformed;
use crate::chat::node::{Node, keep, refuse_depth};
use crate::chat::{ChatRequest, Head, OutputFormat, Reasoning, ReasoningAmount, Sampling};

/// The fields that are looked at. Others go to the `rest`.
const KNOWN: [&str; 27] = [
    "model",
    "input",
    "instructions",
    "stream",
    "stream_options",
    "store",
    "previous_response_id",
    "conversation",
    "prompt",
    "background",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "text",
    "max_output_tokens",
    "temperature",
    "top_p",
    "top_logprobs",
    "include",
    "reasoning",
    "service_tier",
    "prompt_cache_key",
    "user",
    "safety_identifier",
    "metadata",
    "truncation",
    "response_format",
];

/// Fields without a common word: name and value, each once.
#[derive(Default)]
struct Rest(Vec<(String, Box<RawValue>)>);

impl Rest {
    fn keep(&mut self, path: impl Into<String>, json: Option<Box<RawValue>>) {
        let path = path.into();
        if let Some(json) = json
            && !self.0.iter().any(|(kept, _)| *kept == path)
        {
            self.0.push((path, json));
        }
    }

    /// What of `node` is not among `known`, under the path that all of its kind share.
    fn others(&mut self, path: &str, node: &Node<'_>, known: &[&str]) {
        for (key, json) in node.others(known) {
            self.keep(format!("{path}.{key}"), Some(json));
        }
    }
}

/// Reads a request. Whatever is wrong is named with its path.
pub(in crate::chat::responses) fn read(
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
    refuse_state(&node)?;
    let mut rest = Rest(node.others(&KNOWN));
    let turns = items::read(&node, &mut rest)?;
    let (tools, tool_choice) = (tools::read(&node, &mut rest)?, tools::choice(&node, &mut rest)?);
    let output = output(&node, &mut rest)?;
    let reasoning = reasoning(&node, &mut rest)?;
    let logprobs = logprobs(&node, &mut rest)?;
    let end_user = end_user(&node, &mut rest)?;
    settings(&node, &mut rest)?;
    Ok(ChatRequest {
        model,
        stream: node.flag("stream")?.or(head.stream).unwrap_or(false),
        turns,
        tools,
        tool_choice,
        parallel_tools: node.flag("parallel_tool_calls")?,
        legacy_functions: false,
        output,
        max_output: node.count("max_output_tokens")?,
        sampling: Sampling {
            temperature: node.number("temperature")?,
            top_p: node.number("top_p")?,
            ..Sampling::default()
        },
        stop: Vec::new(),
        reasoning,
        choices: 0,
        logprobs,
        end_user,
        service_tier: node.text("service_tier")?.map(Into::into),
        cache_key: node.text("prompt_cache_key")?.map(Into::into),
        metadata: node.json("metadata"),
        rest: rest.0,
    })
}

/// What only the provider that keeps it can answer from.
fn refuse_state(node: &Node<'_>) -> Result<(), Malformed> {
    let kept = [
        ("previous_response_id", "the earlier answer"),
        ("conversation", "the conversation"),
        ("prompt", "the prompt"),
    ];
    for (key, what) in kept {
        if node.raw(key).is_some_and(|raw| raw != "\"\"") {
            let message = format!(
                "`{key}` is not supported for this model: its provider does not have {what}; send the whole input instead"
            );
            return Err(Malformed::unsupported(key, message));
        }
    }
    if node.flag("background")? == Some(true) {
        let message = "this model's provider does not answer in the background";
        return Err(Malformed::unsupported("background", message));
    }
    Ok(())
}

/// Fields whose usual values ask for nothing that another dialect would not do anyway.
fn settings(node: &Node<'_>, rest: &mut Rest) -> Result<(), Malformed> {
    if node.flag("store")? == Some(true) {
        // Not `store`: in the chat dialect that asks for something else.
        rest.keep("response.store", node.json("store"));
    }
    if node.text("truncation")?.is_some_and(|word| word != "disabled") {
        rest.keep("truncation", node.json("truncation"));
    }
    if let Some(options) = node.node("stream_options")? {
        let asks = options.flag("include_obfuscation")? == Some(true);
        rest.keep("stream_options", node.json("stream_options").filter(|_| asks));
        rest.others("stream_options", &options, &["include_obfuscation", "include_usage"]);
    }
    Ok(())
}

/// `text`, or the field of the chat dialect that people put in its place.
fn output(node: &Node<'_>, rest: &mut Rest) -> Result<OutputFormat, Malformed> {
    rest.keep("response_format", node.json("response_format"));
    let Some(text) = node.node("text")? else { return Ok(OutputFormat::Text) };
    rest.keep("verbosity", text.json("verbosity"));
    rest.others("text", &text, &["format", "verbosity"]);
    let Some(format) = text.node("format")? else { return Ok(OutputFormat::Text) };
    match &*format.required("type")? {
        "text" => Ok(OutputFormat::Text),
        "json_object" => Ok(OutputFormat::JsonObject),
        "json_schema" => {
            let nested = format.node("json_schema")?;
            let format = nested.as_ref().unwrap_or(&format);
            Ok(OutputFormat::JsonSchema {
                name: format.text("name")?.map_or_else(|| "response".to_owned(), Into::into),
                description: format.text("description")?.map(Into::into),
                schema: format.json("schema").ok_or_else(|| format.missing("schema"))?,
                strict: format.flag("strict")?,
            })
        }
        kind => {
            let message = format!("no other dialect has an answer of the form `{kind}`");
            Err(Malformed::unsupported(text.path("format"), message))
        }
    }
}

fn reasoning(node: &Node<'_>, rest: &mut Rest) -> Result<Option<Reasoning>, Malformed> {
    let Some(wish) = node.node("reasoning")? else { return Ok(None) };
    rest.others("reasoning", &wish, &["effort", "summary", "generate_summary"]);
    let effort = wish.text("effort")?;
    let show = match wish.text("summary")? {
        Some(word) => Some(word),
        None => wish.text("generate_summary")?,
    };
    if effort.is_none() && show.is_none() {
        return Ok(None);
    }
    let amount = match effort {
        Some(word) => ReasoningAmount::Effort(word.into_owned()),
        None => ReasoningAmount::Unsaid,
    };
    Ok(Some(Reasoning { amount, show: show.map(Into::into) }))
}

/// What is to be put into the answer beyond itself. Encrypted reasoning always is, where there is
/// any.
fn logprobs(node: &Node<'_>, rest: &mut Rest) -> Result<Option<u32>, Malformed> {
    let mut wanted = false;
    for item in node.list("include")?.unwrap_or_default() {
        match item {
            r#""reasoning.encrypted_content""# => (),
            r#""message.output_text.logprobs""# => wanted = true,
            other => rest.keep(format!("include.{}", other.trim_matches('"')), keep(other)),
        }
    }
    let top = node.count("top_logprobs")?.unwrap_or(0);
    let top = u32::try_from(top).map_err(|_| node.wrong("top_logprobs", "a smaller number"))?;
    Ok((wanted || top > 0).then_some(top))
}

/// `user` or its successor, whichever is there. With both, the successor stays in the rest.
fn end_user(node: &Node<'_>, rest: &mut Rest) -> Result<Option<String>, Malformed> {
    if let Some(user) = node.text("user")? {
        rest.keep("safety_identifier", node.json("safety_identifier"));
        return Ok(Some(user.into_owned()));
    }
    Ok(node.text("safety_identifier")?.map(Into::into))
}
