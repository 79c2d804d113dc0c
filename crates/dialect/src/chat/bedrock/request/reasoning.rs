//! How much to reason, in the words of each family.
//!
//! Claude: `thinking` as on Anthropic's own wire, and the effort in `outputConfig`
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html>).
//! Nova 2: `reasoningConfig` with `maxReasoningEffort`
//! (<https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html>).
//! OpenAI's, Moonshot's and Z.ai's: an effort, as langchain-aws 1.x writes it.

use wayleave_model::target::{ModelFacts, ReasoningControl};

use super::family::Family;
use crate::chat::anthropic::request::thinking::{self, Obstacles, Thinking};
use crate::chat::json::Object;
use crate::chat::{ChatRequest, ReasoningAmount};
use crate::{Losses, Severity};

/// What goes up.
pub(super) enum Plan<'r> {
    /// Nothing is said.
    Unsaid,
    /// In Anthropic's words.
    Claude(Thinking),
    /// Nova's: low, medium or high.
    Nova(&'static str),
    /// A field of its own.
    Word(&'r str),
    /// Inside `reasoning`.
    Nested(&'r str),
}

/// Decides, and notes what stays behind. `max_tokens` bounds a budget.
pub(super) fn plan<'r>(
    request: &'r ChatRequest,
    family: Family,
    facts: &ModelFacts,
    max_tokens: u64,
    obstacles: Obstacles,
    losses: &mut Losses,
) -> Plan<'r> {
    let Some(wish) = &request.reasoning else { return Plan::Unsaid };
    if family == Family::Claude {
        return Plan::Claude(thinking::plan(request, facts, max_tokens, obstacles, losses));
    }
    if wish.amount == ReasoningAmount::Unsaid {
        losses.note("reasoning.summary", thinking::UNASKED, Severity::Hint);
        return Plan::Unsaid;
    }
    let wanted = thinking::wanted(request);
    if facts.reasoning == Some(ReasoningControl::None) {
        if wanted {
            losses.note("reasoning", "the model cannot reason", Severity::Meaning);
        }
        return Plan::Unsaid;
    }
    match (family, wanted) {
        (Family::Nova2, true) => Plan::Nova(nova(&wish.amount, losses)),
        (Family::Gpt, true) => word(&wish.amount, losses).map_or(Plan::Unsaid, Plan::Nested),
        (Family::Gpt, false) => Plan::Nested("none"),
        (Family::GptOss | Family::EffortWord, true) => {
            word(&wish.amount, losses).map_or(Plan::Unsaid, Plan::Word)
        }
        (Family::GptOss | Family::EffortWord, false) => {
            let reason = "the model cannot be kept from reasoning";
            losses.note("reasoning", reason, Severity::Meaning);
            Plan::Unsaid
        }
        (_, true) => {
            losses.note("reasoning", "no field for it in this model", Severity::Meaning);
            Plan::Unsaid
        }
        // Nova does not reason unless it is told to.
        (_, false) => Plan::Unsaid,
    }
}

impl Plan<'_> {
    /// Whether Claude will think, which leaves it little choice of tokens.
    pub(super) fn is_claude_thinking(&self) -> bool {
        matches!(self, Plan::Claude(thinking) if thinking.is_on())
    }

    /// Whether Nova reasons as much as it can, which leaves it none.
    pub(super) fn is_nova_at_most(&self) -> bool {
        matches!(self, Plan::Nova("high"))
    }

    /// The effort that stands in `outputConfig`.
    pub(super) fn effort(&self) -> Option<&'static str> {
        match self {
            Plan::Claude(thinking) => thinking.effort(),
            _ => None,
        }
    }

    /// Writes the field that the model takes.
    pub(super) fn write(&self, fields: &mut Object<'_>) {
        match self {
            Plan::Unsaid => (),
            Plan::Claude(thinking) => thinking.write(fields),
            Plan::Nova(effort) => {
                fields.nest("reasoningConfig", |config| {
                    config.text("type", "enabled").text("maxReasoningEffort", effort);
                });
            }
            Plan::Word(effort) => {
                fields.text("reasoning_effort", effort);
            }
            Plan::Nested(effort) => {
                fields.nest("reasoning", |reasoning| {
                    reasoning.text("effort", effort);
                });
            }
        }
    }
}

/// Nova's three words.
fn nova(amount: &ReasoningAmount, losses: &mut Losses) -> &'static str {
    match amount {
        ReasoningAmount::Budget(budget) => of_budget(*budget, losses),
        ReasoningAmount::Effort(word) => match &**word {
            "minimal" | "low" => "low",
            "high" => "high",
            "xhigh" | "max" => {
                losses.note("reasoning_effort", "lowered to the model's most", Severity::Hint);
                "high"
            }
            _ => "medium",
        },
        ReasoningAmount::Adaptive | ReasoningAmount::Unsaid | ReasoningAmount::Off => "medium",
    }
}

/// The client's own word; `None` leaves it to the model.
fn word<'r>(amount: &'r ReasoningAmount, losses: &mut Losses) -> Option<&'r str> {
    match amount {
        ReasoningAmount::Effort(word) => Some(word),
        ReasoningAmount::Budget(budget) => Some(of_budget(*budget, losses)),
        ReasoningAmount::Adaptive | ReasoningAmount::Unsaid | ReasoningAmount::Off => None,
    }
}

fn of_budget(budget: u64, losses: &mut Losses) -> &'static str {
    losses.note("reasoning", "the model takes an effort, no budget", Severity::Hint);
    match budget {
        0..=2048 => "low",
        2049..=8192 => "medium",
        _ => "high",
    }
}
