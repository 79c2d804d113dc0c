//! How tokens are drawn, and how many: `inferenceConfig`.

use wayleave_model::target::ModelFacts;

use super::family::Family;
use super::reasoning::Plan;
use crate::chat::ChatRequest;
use crate::chat::anthropic::request::sampling::{self as claude, Drawn};
use crate::chat::json::Object;
use crate::{Losses, Severity};

/// A budget must stay below the answer limit; where neither the client nor the catalog names one,
/// the model's own most is in force, and no model that thinks has less than this.
const ASSUMED_MOST: u64 = 64_000;

/// What goes up.
pub(super) struct Inference {
    max_tokens: Option<u64>,
    drawn: Drawn,
    stop: Vec<String>,
}

/// The answer limit: what the client wants, at most what the model gives.
pub(super) fn max_tokens(
    request: &ChatRequest,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Option<u64> {
    match (request.max_output, facts.max_output) {
        (Some(wish), Some(most)) if wish > most => {
            losses.note("max_tokens", "lowered to the model's most", Severity::Hint);
            Some(most)
        }
        (wish, _) => wish,
    }
}

/// What bounds a thinking budget.
pub(super) fn room(max_tokens: Option<u64>, facts: &ModelFacts) -> u64 {
    max_tokens.or(facts.max_output).unwrap_or(ASSUMED_MOST)
}

/// Decides, and notes what stays behind. A wish for the default is none, and no loss.
pub(super) fn plan(
    request: &ChatRequest,
    family: Family,
    facts: &ModelFacts,
    mut max_tokens: Option<u64>,
    reasoning: &Plan<'_>,
    losses: &mut Losses,
) -> Inference {
    let mut drawn = if family == Family::Claude {
        claude::plan(request, facts, reasoning.is_claude_thinking(), losses)
    } else {
        claude::note_unknown(request, losses);
        plain(request, facts, losses)
    };
    if reasoning.is_nova_at_most() {
        let mut refuse = |field: &str, stood: bool| {
            if stood {
                losses.note(field, "not taken at the highest effort", Severity::Meaning);
            }
        };
        refuse("max_tokens", max_tokens.take().is_some());
        refuse("temperature", drawn.temperature.take().is_some());
        refuse("top_p", drawn.top_p.take().is_some());
        refuse("top_k", drawn.top_k.take().is_some());
    }
    if drawn.top_k.is_some() && top_k_field(family).is_none() {
        losses.note("top_k", "no field for it in this model", Severity::Meaning);
        drawn.top_k = None;
    }
    Inference { max_tokens, drawn, stop: stop(request, family, losses) }
}

/// For any model but Claude: what Converse itself allows.
fn plain(request: &ChatRequest, facts: &ModelFacts, losses: &mut Losses) -> Drawn {
    let wish = &request.sampling;
    let mut drawn = Drawn { temperature: wish.temperature, top_p: wish.top_p, top_k: wish.top_k };
    if drawn.temperature.is_some_and(|t| t > 1.0) {
        losses.note("temperature", "lowered to 1, the most there is", Severity::Meaning);
        drawn.temperature = Some(1.0);
    }
    let refused = |field: &str| facts.refuses.iter().any(|it| it == field);
    let mut refuse = |field: &str, gone: bool| {
        if gone {
            losses.note(field, "the model refuses it", Severity::Meaning);
        }
    };
    refuse("temperature", refused("temperature") && drawn.temperature.take().is_some());
    refuse("top_p", refused("top_p") && drawn.top_p.take().is_some());
    refuse("top_k", refused("top_k") && drawn.top_k.take().is_some());
    drawn
}

/// The stop texts, as JSON. Empty ones are refused, and by Claude those of white space alone.
fn stop(request: &ChatRequest, family: Family, losses: &mut Losses) -> Vec<String> {
    let blank = |text: &&String| match family {
        Family::Claude => text.trim().is_empty(),
        _ => text.is_empty(),
    };
    let (blank, kept): (Vec<&String>, Vec<&String>) = request.stop.iter().partition(blank);
    if !blank.is_empty() {
        losses.note("stop", "texts of white space alone are refused", Severity::Meaning);
    }
    kept.into_iter().map(|text| serde_json::Value::from(&**text).to_string()).collect()
}

/// Where a family takes `top_k`: an object around it, if any, and its name.
fn top_k_field(family: Family) -> Option<(Option<&'static str>, &'static str)> {
    match family {
        Family::Claude | Family::Mistral => Some((None, "top_k")),
        Family::Nova | Family::Nova2 => Some((Some("inferenceConfig"), "topK")),
        Family::Cohere => Some((None, "k")),
        _ => None,
    }
}

impl Inference {
    /// Writes `inferenceConfig`, if there is anything in it.
    pub(super) fn write(&self, body: &mut Object<'_>) {
        let Drawn { temperature, top_p, .. } = self.drawn;
        let silent = self.max_tokens.is_none() && self.stop.is_empty();
        if silent && temperature.is_none() && top_p.is_none() {
            return;
        }
        body.nest("inferenceConfig", |config| {
            if let Some(most) = self.max_tokens {
                config.count("maxTokens", most);
            }
            for (field, value) in [("temperature", temperature), ("topP", top_p)] {
                if let Some(value) = value {
                    config.raw(field, &serde_json::Value::from(value).to_string());
                }
            }
            if !self.stop.is_empty() {
                config.list("stopSequences", &self.stop);
            }
        });
    }

    /// Writes what the family takes beside that.
    pub(super) fn write_extras(&self, family: Family, fields: &mut Object<'_>) {
        let (Some(top_k), Some((around, name))) = (self.drawn.top_k, top_k_field(family)) else {
            return;
        };
        match around {
            Some(around) => fields.nest(around, |inner| {
                inner.count(name, top_k);
            }),
            None => fields.count(name, top_k),
        };
    }

    /// Whether the answer may end at a text of the client's.
    pub(super) fn has_stops(&self) -> bool {
        !self.stop.is_empty()
    }
}
