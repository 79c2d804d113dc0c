//! A request's top level, written for Ollama.

use serde_json::value::RawValue;
use wayleave_model::target::ModelFacts;

use super::{messages, thinking};
use crate::chat::json::{self, Object};
use crate::chat::openai::amend::within;
use crate::chat::{ChatRequest, OutputFormat, ToolChoice, functions, rest};
use crate::raw::RawObject;
use crate::{Losses, Malformed, Severity};

/// Top-level fields that only Ollama has: carried where a client sends them in another dialect.
const OURS: [&str; 3] = ["keep_alive", "truncate", "shift"];

/// Renders `request` for `model`.
///
/// Fails on what would silently be another question: several answers, a picture whose bytes are
/// not at hand, a JSON answer or a call of a tool that cannot be enforced.
pub(in super::super) fn write(
    request: &ChatRequest,
    model: &str,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Vec<u8>, Malformed> {
    if request.choices > 1 {
        return Err(Malformed::unsupported("n", "this model gives one answer: `n` must be 1"));
    }
    let messages = messages::write(&request.turns, losses)?;
    let tools = tools(request, losses)?;
    let format = format(request, facts, !tools.is_empty())?;
    let options = options(request, facts, losses);
    let think = thinking::plan(request, facts, losses);
    let mut out = Vec::with_capacity(1024 + messages.len());
    json::object(&mut out, |body| {
        body.text("model", model);
        body.with("messages", |out| out.extend_from_slice(&messages));
        if !tools.is_empty() {
            body.list("tools", &tools);
        }
        if let Some(format) = format {
            body.raw("format", format);
        }
        if let Some(think) = think {
            body.raw("think", think);
        }
        if let Some(top) = request.logprobs {
            body.raw("logprobs", "true");
            if top > 0 {
                body.count("top_logprobs", u64::from(top));
            }
        }
        if !options.is_empty() {
            body.nest("options", |inner| {
                for (key, json) in &options {
                    inner.raw(key, json);
                }
            });
        }
        others(request, think.is_some(), body, losses);
        // It streams unless it is told not to.
        body.raw("stream", if request.stream { "true" } else { "false" });
    });
    Ok(out)
}

/// What may be called. Nothing may where the client forbids it: then nothing is offered. That
/// something must be called has no word here, and nothing else would have that effect.
fn tools(request: &ChatRequest, losses: &mut Losses) -> Result<Vec<Vec<u8>>, Malformed> {
    match &request.tool_choice {
        Some(ToolChoice::None) => return Ok(Vec::new()),
        Some(ToolChoice::Required | ToolChoice::Tool(_)) => {
            let message = "this model cannot be made to call a tool";
            return Err(Malformed::incapable("tool_choice", message));
        }
        Some(ToolChoice::Auto) | None => (),
    }
    let tools: Vec<_> =
        request.tools.iter().filter_map(|tool| functions::definition(tool, losses)).collect();
    if !tools.is_empty() && request.parallel_tools == Some(false) {
        let reason = "several calls at once cannot be forbidden";
        losses.note("parallel_tool_calls", reason, Severity::Meaning);
    }
    let strict = |tool: &crate::chat::Tool| {
        matches!(tool.kind, crate::chat::ToolKind::Function { strict: Some(true), .. })
    };
    if request.tools.iter().any(strict) {
        losses.note("tools[].strict", "no field", Severity::Hint);
    }
    Ok(tools)
}

/// The shape of the answer. It is enforced on every token, so that no tool could be called.
fn format<'r>(
    request: &'r ChatRequest,
    facts: &ModelFacts,
    tools: bool,
) -> Result<Option<&'r str>, Malformed> {
    let incapable = |why| Err(Malformed::incapable("response_format", why));
    let format = match &request.output {
        OutputFormat::Text if request.rest.iter().any(|(key, _)| key == "response_format") => {
            return incapable("this model cannot be held to an answer of that type");
        }
        OutputFormat::Text => return Ok(None),
        OutputFormat::JsonObject => r#""json""#,
        OutputFormat::JsonSchema { .. } if facts.json_schema == Some(false) => {
            return incapable("this model cannot be held to a JSON schema");
        }
        OutputFormat::JsonSchema { schema, .. } => schema.get(),
    };
    if tools {
        return incapable("this model cannot be held to a JSON answer together with tools");
    }
    Ok(Some(format))
}

/// How tokens are drawn, and how many. The client's own `options` come first where it sent some;
/// what it also said in its dialect's words counts for more.
fn options(
    request: &ChatRequest,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Vec<(String, String)> {
    let mut options: Vec<(String, String)> = Vec::new();
    let mut set = |key: &str, json: Option<String>| {
        let Some(json) = json else { return };
        options.retain(|(known, _)| known != key);
        options.push((key.to_owned(), json));
    };
    let own = request.rest.iter().find(|(key, _)| key == "options");
    if let Some(own) = own.and_then(|(_, own)| RawObject::read(own.get().as_bytes()).ok()) {
        own.keys().for_each(|key| set(key, own.raw(key).map(str::to_owned)));
    }
    let fits = request.max_output.map(|asked| within(asked, facts));
    if fits != request.max_output {
        losses.note("max_tokens", "brought to what the model allows", Severity::Hint);
    }
    let wish = &request.sampling;
    let finite = |number: Option<f64>| {
        number.filter(|number| number.is_finite()).map(|number| number.to_string())
    };
    set("num_predict", fits.map(|limit| limit.to_string()));
    set("temperature", finite(wish.temperature));
    set("top_p", finite(wish.top_p));
    set("top_k", wish.top_k.map(|k| k.to_string()));
    set("frequency_penalty", finite(wish.frequency_penalty));
    set("presence_penalty", finite(wish.presence_penalty));
    set("seed", wish.seed.map(|seed| seed.to_string()));
    if !request.stop.is_empty() {
        set("stop", Some(serde_json::Value::from(request.stop.clone()).to_string()));
    }
    options
}

fn others(request: &ChatRequest, thinks: bool, body: &mut Object<'_>, losses: &mut Losses) {
    let hints = [
        ("user", request.end_user.is_some()),
        ("prompt_cache_key", request.cache_key.is_some()),
        ("metadata", request.metadata.is_some()),
        ("service_tier", !matches!(request.service_tier.as_deref(), None | Some("auto"))),
    ];
    for (field, _) in hints.iter().filter(|(_, sent)| *sent) {
        losses.note(*field, "no field", Severity::Hint);
    }
    for (key, json) in &request.rest {
        match &**key {
            "options" if is_object(json) => (),
            "think" if !thinks => {
                body.raw("think", json.get());
            }
            key if OURS.contains(&key) => {
                body.raw(key, json.get());
            }
            key => losses.note(key, "no field", rest::severity(key, json)),
        }
    }
}

fn is_object(json: &RawValue) -> bool {
    RawObject::read(json.get().as_bytes()).is_ok()
}
