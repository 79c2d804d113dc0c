//! How much to reason: on or off, and at most so many tokens.
//!
//! Models that reason do so unless it is switched off, without a limit unless one is set
//! (<https://docs.cohere.com/docs/reasoning>).

use wayleave_model::target::{ModelFacts, ReasoningControl};

use crate::chat::json::{self, Object};
use crate::chat::{ChatRequest, ReasoningAmount};
use crate::{Losses, Severity};

/// The efforts that stand for a limit. Above them there is none.
const BUDGETS: [(&str, u64); 3] = [("minimal", 1024), ("low", 2048), ("medium", 8192)];

/// The value of `thinking`, if there is a wish; what cannot be granted is noted.
pub(super) fn plan(
    request: &ChatRequest,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Option<Vec<u8>> {
    let wish = request.reasoning.as_ref()?;
    if wish.show.as_deref() == Some("omitted") {
        losses.note("reasoning.show", "what is thought is always shown", Severity::Hint);
    }
    if wish.amount == ReasoningAmount::Unsaid {
        return None;
    }
    let off = match &wish.amount {
        ReasoningAmount::Off | ReasoningAmount::Budget(0) => true,
        ReasoningAmount::Effort(word) => word == "none",
        _ => false,
    };
    if facts.reasoning == Some(ReasoningControl::None) {
        if !off {
            losses.note("reasoning", "the model cannot reason", Severity::Meaning);
        }
        return None;
    }
    let budget = match &wish.amount {
        ReasoningAmount::Budget(budget) => Some(*budget),
        ReasoningAmount::Effort(word) if !off => {
            losses.note("reasoning_effort", "sent as a number of tokens", Severity::Hint);
            BUDGETS.iter().find(|(known, _)| known == word).map(|(_, budget)| *budget)
        }
        _ => None,
    };
    let mut out = Vec::with_capacity(48);
    json::object(&mut out, |thinking: &mut Object<'_>| {
        thinking.text("type", if off { "disabled" } else { "enabled" });
        if let Some(budget) = budget.filter(|_| !off) {
            thinking.count("token_budget", budget);
        }
    });
    Some(out)
}
