//! The whole request, written for a model that is reached through Converse.

use wayleave_model::target::ModelFacts;

use super::family::Family;
use super::{extras, labels, output, reasoning, sampling, tools, turns};
use crate::chat::anthropic::request::shape::Shape;
use crate::chat::anthropic::request::thinking::Obstacles;
use crate::chat::json::object;
use crate::chat::{ChatRequest, Written};
use crate::{Losses, Malformed};

/// Renders `request` for `model`.
///
/// Fails on what would silently be another question: several answers, media that cannot be
/// reached, a JSON answer that cannot be enforced, a demanded tool that is not there, a tool whose
/// name is not accepted.
pub(in super::super) fn write(
    request: &ChatRequest,
    model: &str,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    if request.choices > 1 {
        return Err(Malformed::unsupported("n", "this model gives one answer: `n` must be 1"));
    }
    let family = Family::of(model, facts);
    let layout = turns::lay_out(&request.turns, family, losses)?;
    let shape = output::shape(request, facts)?;
    let toolbox = tools::plan(request, &shape, &layout, family, facts, losses)?;
    let max_tokens = sampling::max_tokens(request, facts, losses);
    let room = sampling::room(max_tokens, facts);
    let obstacles =
        Obstacles { forced_tool: toolbox.is_forced(), unthought_loop: layout.in_unthought_loop() };
    let thoughts = reasoning::plan(request, family, facts, room, obstacles, losses);
    let inference = sampling::plan(request, family, facts, max_tokens, &thoughts, losses);

    let mut body = Vec::with_capacity(1024 + layout.messages.room());
    object(&mut body, |body| {
        body.with("messages", |out| layout.messages.write(out));
        if !layout.system.is_empty() {
            body.list("system", &layout.system);
        }
        inference.write(body);
        toolbox.write(body);
        output::write(&shape, thoughts.effort(), body);
        extras::write(family, &thoughts, &inference, body);
        labels::write(request, body, losses);
    });
    let answer_tool = match &shape {
        Shape::Tool(tool) => Some(tool.name.clone()),
        Shape::Free | Shape::Native { .. } => None,
    };
    Ok(Written { body, answer_tool })
}
