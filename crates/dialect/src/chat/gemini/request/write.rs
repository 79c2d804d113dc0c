//! The whole request, written for an upstream that speaks this dialect. Model and stream stand in
//! its address.

use serde_json::Value;
use wayleave_model::target::ModelFacts;

use super::calling::Toolbox;
use super::generation::{self, Generation};
use super::thinking::Thinking;
use super::turns::{self, Content};
use super::{calling, thinking};
use crate::chat::json::{Object, object};
use crate::chat::{ChatRequest, OutputFormat, rest};
use crate::{Losses, Malformed, Severity};

/// Most texts that end an answer.
const MOST_STOPS: usize = 5;

/// Most alternatives of a token whose probabilities are told.
const MOST_LOGPROBS: u32 = 20;

/// Renders `request` for `model`.
///
/// Fails on what would silently be another question: several answers, a file in another
/// provider's store, a JSON answer that cannot be enforced, a demanded tool that is not there.
pub(in super::super) fn write(
    request: &ChatRequest,
    model: &str,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Vec<u8>, Malformed> {
    if request.choices > 1 {
        return Err(Malformed::unsupported("n", "this model gives one answer: `n` must be 1"));
    }
    let generation = generation::of(model);
    let layout = turns::lay_out(&request.turns, generation, losses)?;
    let toolbox = calling::plan(request, facts, losses)?;
    let (shape, toolbox) = shape(request, facts, generation, toolbox)?;
    let thinking = thinking::plan(request, model, generation, facts, losses);
    let config = config(request, facts, shape, &thinking, losses);
    let tier = tier(request, losses);
    note_rest(request, losses);

    let contents: Vec<Vec<u8>> = layout.contents.iter().map(Content::render).collect();
    let mut out = Vec::with_capacity(1024 + contents.iter().map(Vec::len).sum::<usize>());
    object(&mut out, |body| {
        if !layout.system.is_empty() {
            body.nest("systemInstruction", |system| {
                system.list("parts", &layout.system);
            });
        }
        body.list("contents", &contents);
        toolbox.write(body);
        if config.len() > 2 {
            body.raw("generationConfig", &String::from_utf8_lossy(&config));
        }
        if let Some(tier) = tier {
            body.text("serviceTier", tier);
        }
    });
    Ok(out)
}

/// How the shape of the answer is demanded.
#[derive(Clone, Copy)]
enum Shape<'r> {
    Free,
    Object,
    Schema(&'r str),
}

/// Google takes JSON Schema as it is and passes over what it does not know
/// (<https://ai.google.dev/gemini-api/docs/structured-output>). Before Gemini 3 it refuses a JSON
/// answer beside functions.
fn shape<'r>(
    request: &'r ChatRequest,
    facts: &ModelFacts,
    generation: Generation,
    toolbox: Toolbox,
) -> Result<(Shape<'r>, Toolbox), Malformed> {
    let refuse = |why: &str| Err(Malformed::incapable("response_format", why));
    let shape = match &request.output {
        OutputFormat::Text if request.rest.iter().any(|(key, _)| key == "response_format") => {
            return refuse("this model cannot be held to an answer of that type");
        }
        OutputFormat::Text => return Ok((Shape::Free, toolbox)),
        OutputFormat::JsonObject => Shape::Object,
        OutputFormat::JsonSchema { .. } if facts.json_schema == Some(false) => {
            return refuse("this model cannot be held to a JSON schema");
        }
        OutputFormat::JsonSchema { schema, .. } => Shape::Schema(schema.get()),
    };
    let exclusive = matches!(generation, Generation::Early | Generation::Budget);
    match (exclusive, toolbox.is_open()) {
        (true, true) => refuse("this model cannot be held to a JSON answer together with tools"),
        (true, false) => Ok((shape, toolbox.without_functions())),
        (false, _) => Ok((shape, toolbox)),
    }
}

fn config(
    request: &ChatRequest,
    facts: &ModelFacts,
    shape: Shape<'_>,
    thinking: &Thinking,
    losses: &mut Losses,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    object(&mut out, |config| {
        sampling(request, facts, config, losses);
        if let Some(limit) = max_output(request, facts, losses) {
            config.count("maxOutputTokens", limit);
        }
        let stops = stops(request, losses);
        if !stops.is_empty() {
            config.list("stopSequences", &stops);
        }
        match shape {
            Shape::Free => (),
            Shape::Object => {
                config.text("responseMimeType", "application/json");
            }
            Shape::Schema(schema) => {
                config.text("responseMimeType", "application/json");
                config.raw("responseJsonSchema", schema);
            }
        }
        if let Some(count) = request.logprobs {
            config.raw("responseLogprobs", "true");
            if count > 0 {
                config.count("logprobs", u64::from(count.min(MOST_LOGPROBS)));
            }
            if count > MOST_LOGPROBS {
                losses.note("top_logprobs", "lowered to 20, the most there is", Severity::Hint);
            }
        }
        thinking.write(config);
    });
    out
}

fn sampling(
    request: &ChatRequest,
    facts: &ModelFacts,
    config: &mut Object<'_>,
    losses: &mut Losses,
) {
    let wish = &request.sampling;
    let temperature = wish.temperature.map(|t| t.min(2.0));
    if temperature != wish.temperature {
        losses.note("temperature", "lowered to 2, the most there is", Severity::Meaning);
    }
    let seed = wish.seed.filter(|seed| i32::try_from(*seed).is_ok());
    if seed != wish.seed {
        losses.note("seed", "a seed has 32 bits here", Severity::Hint);
    }
    let fields = [
        ("temperature", "temperature", temperature.map(Value::from)),
        ("top_p", "topP", wish.top_p.map(Value::from)),
        ("top_k", "topK", wish.top_k.map(Value::from)),
        ("frequency_penalty", "frequencyPenalty", wish.frequency_penalty.map(Value::from)),
        ("presence_penalty", "presencePenalty", wish.presence_penalty.map(Value::from)),
        ("seed", "seed", seed.map(Value::from)),
    ];
    for (name, field, value) in fields {
        let Some(value) = value.filter(|value| !value.is_null()) else { continue };
        if facts.refuses.iter().any(|refused| refused == name || refused == field) {
            losses.note(name, "the model refuses it", Severity::Meaning);
        } else {
            config.raw(field, &value.to_string());
        }
    }
}

fn max_output(request: &ChatRequest, facts: &ModelFacts, losses: &mut Losses) -> Option<u64> {
    let wish = request.max_output?;
    match facts.max_output {
        Some(most) if wish > most => {
            losses.note("max_tokens", "lowered to the model's most", Severity::Hint);
            Some(most)
        }
        _ => Some(wish),
    }
}

/// The stop texts, as JSON.
fn stops(request: &ChatRequest, losses: &mut Losses) -> Vec<String> {
    let texts: Vec<&String> = request.stop.iter().filter(|text| !text.is_empty()).collect();
    if texts.len() > MOST_STOPS {
        losses.note("stop", "only the first five are taken", Severity::Meaning);
    }
    texts.into_iter().take(MOST_STOPS).map(|text| Value::from(&**text).to_string()).collect()
}

/// The latency class, in Google's words; its own default is `standard`.
fn tier(request: &ChatRequest, losses: &mut Losses) -> Option<&'static str> {
    match request.service_tier.as_deref() {
        Some("flex") => Some("flex"),
        Some("priority") => Some("priority"),
        Some("default" | "standard" | "standard_only") => Some("standard"),
        None | Some("auto") => None,
        Some(_) => {
            losses.note("service_tier", "no such class", Severity::Hint);
            None
        }
    }
}

fn note_rest(request: &ChatRequest, losses: &mut Losses) {
    let hints = [
        ("user", request.end_user.is_some()),
        ("prompt_cache_key", request.cache_key.is_some()),
        ("metadata", request.metadata.is_some()),
    ];
    for (name, present) in hints {
        if present {
            losses.note(name, "no such field", Severity::Hint);
        }
    }
    for (name, json) in &request.rest {
        losses.note(name, "no such field", rest::severity(name, json));
    }
}
