//! How much to reason: on or off; a few models take a level in place of that
//! (<https://docs.ollama.com/capabilities/thinking>), and the others refuse one.

use wayleave_model::target::{ModelFacts, ReasoningControl};

use crate::chat::{ChatRequest, ReasoningAmount};
use crate::{Losses, Severity};

/// The value of `think`, if there is a wish; what cannot be granted is noted.
pub(super) fn plan(
    request: &ChatRequest,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Option<&'static str> {
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
    match facts.reasoning {
        Some(ReasoningControl::None) => {
            if !off {
                losses.note("reasoning", "the model cannot reason", Severity::Meaning);
            }
            None
        }
        _ if off => Some("false"),
        Some(ReasoningControl::Effort) => level(&wish.amount, losses),
        _ => {
            if !matches!(wish.amount, ReasoningAmount::Adaptive) {
                losses.note("reasoning", "only on or off", Severity::Hint);
            }
            Some("true")
        }
    }
}

fn level(amount: &ReasoningAmount, losses: &mut Losses) -> Option<&'static str> {
    let mut nearest = |word| {
        losses.note("reasoning", "sent as the nearest level", Severity::Hint);
        Some(word)
    };
    match amount {
        ReasoningAmount::Effort(word) => match &**word {
            "low" => Some(r#""low""#),
            "medium" => Some(r#""medium""#),
            "high" => Some(r#""high""#),
            "minimal" => nearest(r#""low""#),
            _ => nearest(r#""high""#),
        },
        ReasoningAmount::Budget(0..=2048) => nearest(r#""low""#),
        ReasoningAmount::Budget(2049..=8192) => nearest(r#""medium""#),
        ReasoningAmount::Budget(_) => nearest(r#""high""#),
        ReasoningAmount::Adaptive | ReasoningAmount::Unsaid | ReasoningAmount::Off => Some("true"),
    }
}
