//! The whole request, written for an upstream that speaks this dialect.

use wayleave_model::target::ModelFacts;

use super::thinking::Obstacles;
use super::{output, sampling, shape, thinking, tools, turns};
use crate::chat::json::{Object, object};
use crate::chat::{ChatRequest, rest};
use crate::{Losses, Malformed, Severity};

/// The answer limit where neither the client nor the catalog names one: Anthropic demands one,
/// and every model since Claude 3.5 takes this. What is thought counts into it.
const DEFAULT_MAX_TOKENS: u64 = 8192;

/// The highest limit of an answer that is not streamed, where the client names none: what can be
/// written in ten minutes, as Anthropic's own SDKs reckon, which refuse more
/// (<https://platform.claude.com/docs/en/api/errors#long-requests>).
const MOST_UNSTREAMED: u64 = 21_333;

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
    let max_tokens = max_tokens(request, facts, losses);
    let layout = turns::lay_out(&request.turns, losses)?;
    let shape = shape::shape(request, facts, None)?;
    let toolbox = tools::plan(request, &shape, &layout.called, facts, losses)?;
    let obstacles =
        Obstacles { forced_tool: toolbox.is_forced(), unthought_loop: layout.in_unthought_loop() };
    let thinking = thinking::plan(request, facts, max_tokens, obstacles, losses);
    let drawn = sampling::plan(request, facts, thinking.is_on(), losses);
    let stop = stop(request, losses);
    note_rest(request, losses);

    let mut out = Vec::with_capacity(1024 + layout.messages.room());
    object(&mut out, |body| {
        body.text("model", model).count("max_tokens", max_tokens);
        if !layout.system.is_empty() {
            body.list("system", &layout.system);
        }
        body.with("messages", |out| layout.messages.write(out));
        toolbox.write(body);
        thinking.write(body);
        output::write(&shape, thinking.effort(), body);
        if !stop.is_empty() {
            body.list("stop_sequences", &stop);
        }
        drawn.write(body);
        whose(request, body, losses);
        if request.stream {
            body.raw("stream", "true");
        }
    });
    Ok(out)
}

fn max_tokens(request: &ChatRequest, facts: &ModelFacts, losses: &mut Losses) -> u64 {
    let wish = request.max_output.unwrap_or_else(|| unstated(request, facts));
    match facts.max_output {
        Some(most) if wish > most => {
            losses.note("max_tokens", "lowered to the model's most", Severity::Hint);
            most
        }
        _ => wish,
    }
}

/// The limit where the client names none: the model's most, or enough to answer after what may be
/// thought.
fn unstated(request: &ChatRequest, facts: &ModelFacts) -> u64 {
    let enough =
        thinking::allowance(request, facts).unwrap_or(0).saturating_add(DEFAULT_MAX_TOKENS);
    match facts.max_output {
        None => enough,
        Some(most) if request.stream => most,
        Some(most) => most.min(MOST_UNSTREAMED.max(enough)),
    }
}

/// The stop texts, as JSON. Anthropic refuses those of white space alone.
fn stop(request: &ChatRequest, losses: &mut Losses) -> Vec<String> {
    let (blank, kept): (Vec<&String>, Vec<&String>) =
        request.stop.iter().partition(|text| text.trim().is_empty());
    if !blank.is_empty() {
        losses.note("stop", "texts of white space alone are refused", Severity::Meaning);
    }
    kept.into_iter().map(|text| serde_json::Value::from(&**text).to_string()).collect()
}

/// For whom, and in which latency class.
fn whose(request: &ChatRequest, body: &mut Object<'_>, losses: &mut Losses) {
    if let Some(user) = request.end_user.as_ref().filter(|user| !user.is_empty()) {
        body.nest("metadata", |metadata| {
            metadata.text("user_id", user);
        });
    }
    match request.service_tier.as_deref() {
        None => (),
        // Both of them use reserved capacity where there is some.
        Some("auto" | "priority") => {
            body.text("service_tier", "auto");
        }
        Some("default" | "standard" | "standard_only") => {
            body.text("service_tier", "standard_only");
        }
        Some(_) => losses.note("service_tier", "no such class", Severity::Hint),
    }
}

fn note_rest(request: &ChatRequest, losses: &mut Losses) {
    if request.cache_key.is_some() {
        losses.note("prompt_cache_key", "no such field", Severity::Hint);
    }
    if request.metadata.is_some() {
        losses.note("metadata", "no labels are stored", Severity::Hint);
    }
    for (name, json) in &request.rest {
        losses.note(name, "no such field", rest::severity(name, json));
    }
}
