//! How much to think, in Google's two ways of saying it.
//!
//! Gemini 2.5 takes a budget of tokens, Gemini 3 and later a level; both at once are refused, and
//! models that cannot think refuse either. Efforts and budgets stand for each other as Google's own
//! OpenAI layer has it (<https://ai.google.dev/gemini-api/docs/openai#thinking>).

use wayleave_model::target::{ModelFacts, ReasoningControl};

use super::generation::{Generation, is_pro};
use crate::chat::json::Object;
use crate::chat::{ChatRequest, ReasoningAmount};
use crate::{Losses, Severity};

/// Efforts and the budgets they stand for.
const EFFORTS: [(&str, u64); 6] = [
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 8192),
    ("high", 24576),
    ("xhigh", 24576),
    ("max", 24576),
];

/// What goes up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Thinking {
    amount: Amount,
    shown: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Amount {
    /// As much as the model likes.
    #[default]
    Unsaid,
    /// So many tokens; -1: as the model judges.
    Budget(i64),
    Level(&'static str),
}

/// Decides, and notes what stays behind.
pub(super) fn plan(
    request: &ChatRequest,
    model: &str,
    generation: Generation,
    facts: &ModelFacts,
    losses: &mut Losses,
) -> Thinking {
    let Some(wish) = &request.reasoning else { return Thinking::default() };
    let off = is_off(&wish.amount);
    // A model that cannot think has nothing to show, which is no loss.
    let unable =
        |losses: &mut Losses| unable(off || wish.amount == ReasoningAmount::Unsaid, losses);
    let by_name = generation == Generation::Early;
    let levels = match facts.reasoning {
        Some(ReasoningControl::None) => return unable(losses),
        Some(ReasoningControl::Budget) => false,
        Some(ReasoningControl::Effort) => true,
        Some(ReasoningControl::Adaptive) => generation != Generation::Budget,
        None if by_name => return unable(losses),
        None => generation != Generation::Budget,
    };
    let amount = match levels {
        true => level(&wish.amount, model, losses),
        false => budget(&wish.amount, model, request.max_output, losses),
    };
    let hidden = matches!(wish.show.as_deref(), Some("omitted" | "none" | "false"));
    Thinking { amount, shown: !off && !hidden }
}

impl Thinking {
    /// Writes the field.
    pub(super) fn write(&self, config: &mut Object<'_>) {
        if *self == Thinking::default() {
            return;
        }
        config.nest("thinkingConfig", |thinking| {
            match self.amount {
                Amount::Unsaid => (),
                Amount::Budget(tokens) => {
                    thinking.raw("thinkingBudget", &tokens.to_string());
                }
                Amount::Level(level) => {
                    thinking.text("thinkingLevel", level);
                }
            }
            if self.shown {
                thinking.raw("includeThoughts", "true");
            }
        });
    }
}

fn unable(off: bool, losses: &mut Losses) -> Thinking {
    if !off {
        losses.note("reasoning", "the model cannot reason", Severity::Meaning);
    }
    Thinking::default()
}

fn is_off(amount: &ReasoningAmount) -> bool {
    match amount {
        ReasoningAmount::Off | ReasoningAmount::Budget(0) => true,
        ReasoningAmount::Effort(word) => word == "none",
        _ => false,
    }
}

fn level(wish: &ReasoningAmount, model: &str, losses: &mut Losses) -> Amount {
    let least = if is_pro(model) { "low" } else { "minimal" };
    // The first of the larger models knows two levels only.
    let medium = if model.contains("gemini-3-pro") { "high" } else { "medium" };
    let mut hint = |reason| losses.note("reasoning", reason, Severity::Hint);
    Amount::Level(match wish {
        wish if is_off(wish) => {
            hint("the model always thinks: its least was asked for");
            least
        }
        ReasoningAmount::Effort(word) => match &**word {
            "minimal" => least,
            "low" => "low",
            "medium" => medium,
            "high" => "high",
            "xhigh" | "max" => {
                hint("the most is `high` here");
                "high"
            }
            _ => {
                losses.note("reasoning_effort", "no such effort", Severity::Meaning);
                return Amount::Unsaid;
            }
        },
        ReasoningAmount::Budget(tokens) => {
            hint("the model takes a level, no budget");
            match *tokens {
                0..=1024 => "low",
                1025..=8192 => medium,
                _ => "high",
            }
        }
        ReasoningAmount::Adaptive | ReasoningAmount::Unsaid | ReasoningAmount::Off => {
            return Amount::Unsaid;
        }
    })
}

/// Budgets within what the models of 2.5 take: 128 to 32768 for Pro, 0 or 512 to 24576 for the
/// others. The answer limit counts thoughts too: a quarter of it is left for the answer.
fn budget(
    wish: &ReasoningAmount,
    model: &str,
    max_output: Option<u64>,
    losses: &mut Losses,
) -> Amount {
    let (least, most) = if is_pro(model) { (128, 32768) } else { (512, 24576) };
    let wished = match wish {
        wish if is_off(wish) => {
            if !is_pro(model) {
                return Amount::Budget(0);
            }
            losses.note(
                "reasoning",
                "the model always thinks: its least was asked for",
                Severity::Hint,
            );
            least
        }
        ReasoningAmount::Effort(word) => {
            let Some((_, tokens)) = EFFORTS.iter().find(|(known, _)| known == word) else {
                losses.note("reasoning_effort", "no such effort", Severity::Meaning);
                return Amount::Unsaid;
            };
            *tokens
        }
        ReasoningAmount::Budget(tokens) => *tokens,
        ReasoningAmount::Unsaid => return Amount::Unsaid,
        ReasoningAmount::Adaptive | ReasoningAmount::Off => return Amount::Budget(-1),
    };
    let mut fitted = wished.clamp(least, most);
    if let Some(limit) = max_output.filter(|limit| fitted >= *limit) {
        fitted = (limit - limit.div_ceil(4)).max(least);
    }
    if fitted != wished {
        losses.note(
            "reasoning",
            "budget fitted to the model and to the answer limit",
            Severity::Hint,
        );
    }
    Amount::Budget(i64::try_from(fitted).unwrap_or(-1))
}

#[cfg(test)]
mod tests {
    use super::super::generation;
    use super::*;
    use crate::chat::Reasoning;

    fn planned(amount: ReasoningAmount, model: &str) -> (String, Vec<&'static str>) {
        let reasoning = Some(Reasoning { amount, show: None });
        let request = ChatRequest { reasoning, ..ChatRequest::default() };
        let mut losses = Losses::default();
        let generation = generation::of(model);
        let thinking = plan(&request, model, generation, &ModelFacts::default(), &mut losses);
        let mut out = Vec::new();
        crate::chat::json::object(&mut out, |config| thinking.write(config));
        let out = String::from_utf8(out).unwrap();
        (out, losses.iter().map(|loss| loss.reason).collect())
    }

    fn effort(word: &str) -> ReasoningAmount {
        ReasoningAmount::Effort(word.to_owned())
    }

    fn shown(field: &str) -> String {
        format!(r#"{{"thinkingConfig":{{{field}"includeThoughts":true}}}}"#)
    }

    #[test]
    fn budgets_for_2_5_and_levels_for_3() {
        let (flash, pro) = ("gemini-2.5-flash", "gemini-2.5-pro");
        assert_eq!(planned(effort("low"), flash).0, shown(r#""thinkingBudget":1024,"#));
        assert_eq!(planned(effort("high"), pro).0, shown(r#""thinkingBudget":24576,"#));
        assert_eq!(planned(ReasoningAmount::Adaptive, flash).0, shown(r#""thinkingBudget":-1,"#));
        let three = "gemini-3.6-flash";
        assert_eq!(planned(effort("medium"), three).0, shown(r#""thinkingLevel":"medium","#));
        assert_eq!(planned(effort("minimal"), three).0, shown(r#""thinkingLevel":"minimal","#));
        assert_eq!(planned(ReasoningAmount::Adaptive, three).0, shown(""));
        let first = "gemini-3-pro-preview";
        assert_eq!(planned(effort("medium"), first).0, shown(r#""thinkingLevel":"high","#));
        assert_eq!(planned(effort("minimal"), first).0, shown(r#""thinkingLevel":"low","#));
    }

    #[test]
    fn a_budget_leaves_room_for_the_answer() {
        let mut losses = Losses::default();
        let wish = effort("high");
        let fitted =
            |limit, losses: &mut Losses| budget(&wish, "gemini-2.5-flash", Some(limit), losses);
        assert_eq!(fitted(32_000, &mut losses), Amount::Budget(24_576));
        assert!(losses.is_empty());
        assert_eq!(fitted(1_000, &mut losses), Amount::Budget(750));
        assert_eq!(fitted(100, &mut losses), Amount::Budget(512));
        assert_eq!(losses.iter().count(), 1);
    }

    #[test]
    fn what_cannot_be_had_is_told() {
        let (out, lost) = planned(ReasoningAmount::Budget(100_000), "gemini-2.5-flash");
        assert_eq!(out, shown(r#""thinkingBudget":24576,"#));
        assert_eq!(lost.len(), 1);
        let (out, lost) = planned(ReasoningAmount::Off, "gemini-2.5-pro");
        assert_eq!(out, r#"{"thinkingConfig":{"thinkingBudget":128}}"#);
        assert_eq!(lost.len(), 1);
        let off = r#"{"thinkingConfig":{"thinkingBudget":0}}"#.to_owned();
        assert_eq!(planned(effort("none"), "gemini-2.5-flash"), (off, vec![]));
        let (out, lost) = planned(effort("high"), "gemini-2.0-flash");
        assert_eq!((&*out, lost), ("{}", vec!["the model cannot reason"]));
        assert_eq!(planned(ReasoningAmount::Budget(4096), "gemini-3-flash").1.len(), 1);
    }
}
