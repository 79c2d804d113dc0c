//! How much to reason, in Anthropic's two ways of saying it.
//!
//! Models up to 4.5 take a budget (`thinking.enabled`), from 4.6 on they judge for themselves
//! (`thinking.adaptive`) and take an effort as a hint; the newest refuse a budget. What is known
//! of the model decides; of an unknown one, the wish goes up in the words nearest to its own.
//! <https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting>

use wayleave_model::target::{ModelFacts, ReasoningControl};

use crate::chat::json::Object;
use crate::chat::{ChatRequest, Reasoning, ReasoningAmount};
use crate::{Losses, Severity};

/// Efforts and the budgets they stand for, both ways.
const EFFORTS: [(&str, u64); 6] = [
    ("minimal", 1024),
    ("low", 2048),
    ("medium", 8192),
    ("high", 16384),
    ("xhigh", 24576),
    ("max", 32000),
];

/// Fewest tokens a budget may be.
const LEAST_BUDGET: u64 = 1024;

/// Why there is nothing to show to a client that only said what is to be shown.
pub(in crate::chat) const UNASKED: &str = "nothing is thought unless it is asked for";

/// What goes up.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::chat) struct Thinking {
    mode: Mode,
    effort: Option<&'static str>,
    display: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Nothing is said.
    #[default]
    Unsaid,
    Disabled,
    Adaptive,
    Enabled(u64),
}

/// What stands in the way of thinking.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::chat) struct Obstacles {
    /// A tool call is demanded: refused together with thinking.
    pub(in crate::chat) forced_tool: bool,
    /// The running tool loop began without thinking: refused together with a budget.
    pub(in crate::chat) unthought_loop: bool,
}

/// Whether the client asks for thinking at all.
pub(in crate::chat) fn wanted(request: &ChatRequest) -> bool {
    let wish = request.reasoning.as_ref().map(|reasoning| &reasoning.amount);
    wish.is_some_and(|amount| !is_off(amount) && *amount != ReasoningAmount::Unsaid)
}

/// The budget that this request has thinking take out of the answer limit, at most; `None`: it is
/// not asked for, or the model has none. An effort alone is about the words of the answer too, and
/// starts no thinking (<https://platform.claude.com/docs/en/build-with-claude/effort>).
pub(in crate::chat) fn allowance(request: &ChatRequest, facts: &ModelFacts) -> Option<u64> {
    let amount = &request.reasoning.as_ref()?.amount;
    let unthinking = [Some(ReasoningControl::None), Some(ReasoningControl::Effort)];
    let thinks = wanted(request) && !unthinking.contains(&facts.reasoning);
    thinks.then(|| budget_of(amount))
}

/// Decides, and notes what stays behind.
pub(in crate::chat) fn plan(
    request: &ChatRequest,
    facts: &ModelFacts,
    max_tokens: u64,
    obstacles: Obstacles,
    losses: &mut Losses,
) -> Thinking {
    let Some(wish) = &request.reasoning else { return Thinking::default() };
    let mut thinking = translate(wish, facts, losses);
    let on = matches!(thinking.mode, Mode::Adaptive | Mode::Enabled(_));
    let blocked = match thinking.mode {
        _ if on && obstacles.forced_tool => Some("a tool call is demanded, which excludes it"),
        Mode::Enabled(_) if obstacles.unthought_loop => {
            Some("the running tool calls began without it")
        }
        Mode::Enabled(_) if fit(LEAST_BUDGET, max_tokens).is_none() => {
            Some("the answer limit leaves no room for it")
        }
        _ => None,
    };
    if let Some(reason) = blocked {
        losses.note("reasoning", reason, Severity::Meaning);
        return Thinking::default();
    }
    if let Mode::Enabled(budget) = thinking.mode {
        let fitted = fit(budget, max_tokens).unwrap_or(LEAST_BUDGET);
        if fitted < budget && matches!(wish.amount, ReasoningAmount::Budget(_)) {
            losses.note("reasoning", "budget lowered below the answer limit", Severity::Hint);
        }
        thinking.mode = Mode::Enabled(fitted);
    }
    if on {
        thinking.display = wish.show.as_deref().map(|show| match show {
            "omitted" => "omitted",
            _ => "summarized",
        });
    }
    thinking
}

fn translate(wish: &Reasoning, facts: &ModelFacts, losses: &mut Losses) -> Thinking {
    let say = |mode, effort| Thinking { mode, effort, display: None };
    let off = is_off(&wish.amount);
    match (facts.reasoning, &wish.amount) {
        (Some(ReasoningControl::None), _) => {
            if !off && wish.amount != ReasoningAmount::Unsaid {
                losses.note("reasoning", "the model cannot reason", Severity::Meaning);
            }
            Thinking::default()
        }
        (_, ReasoningAmount::Unsaid) => {
            losses.note("reasoning.summary", UNASKED, Severity::Hint);
            Thinking::default()
        }
        (_, _) if off => say(Mode::Disabled, None),
        (Some(ReasoningControl::Budget), amount) => say(Mode::Enabled(budget_of(amount)), None),
        (None, ReasoningAmount::Budget(budget)) => say(Mode::Enabled(*budget), None),
        (Some(ReasoningControl::Effort), amount) => say(Mode::Unsaid, effort_of(amount, losses)),
        (_, amount) => say(Mode::Adaptive, effort_of(amount, losses)),
    }
}

fn is_off(amount: &ReasoningAmount) -> bool {
    match amount {
        ReasoningAmount::Off | ReasoningAmount::Budget(0) => true,
        ReasoningAmount::Effort(word) => word == "none",
        _ => false,
    }
}

fn budget_of(amount: &ReasoningAmount) -> u64 {
    let word = match amount {
        ReasoningAmount::Budget(budget) => return *budget,
        ReasoningAmount::Effort(word) => word,
        _ => "medium",
    };
    EFFORTS.iter().find(|(known, _)| *known == word).map_or(8192, |(_, budget)| *budget)
}

fn effort_of(amount: &ReasoningAmount, losses: &mut Losses) -> Option<&'static str> {
    match amount {
        ReasoningAmount::Effort(word) => match &**word {
            // Anthropic's least.
            "minimal" | "low" => Some("low"),
            "medium" => Some("medium"),
            "high" => Some("high"),
            "xhigh" => Some("xhigh"),
            "max" => Some("max"),
            _ => {
                losses.note("reasoning_effort", "no such effort", Severity::Meaning);
                None
            }
        },
        ReasoningAmount::Budget(budget) => {
            losses.note("reasoning", "the model takes an effort, no budget", Severity::Hint);
            // Not above `high`: only some models know more.
            Some(match *budget {
                0..=2048 => "low",
                2049..=8192 => "medium",
                _ => "high",
            })
        }
        ReasoningAmount::Adaptive | ReasoningAmount::Unsaid | ReasoningAmount::Off => None,
    }
}

/// The budget that leaves at least a quarter of the answer limit for the answer; `None` when that
/// is less than the least budget.
fn fit(budget: u64, max_tokens: u64) -> Option<u64> {
    let most = max_tokens - max_tokens.div_ceil(4);
    let fitted = if budget < max_tokens { budget } else { most };
    let fitted = fitted.max(LEAST_BUDGET);
    (fitted < max_tokens).then_some(fitted)
}

impl Thinking {
    /// Whether the model will think.
    pub(in crate::chat) fn is_on(&self) -> bool {
        matches!(self.mode, Mode::Adaptive | Mode::Enabled(_))
    }

    /// The effort, which stands in `output_config`.
    pub(in crate::chat) fn effort(&self) -> Option<&'static str> {
        self.effort
    }

    /// Writes the field.
    pub(in crate::chat) fn write(&self, body: &mut Object<'_>) {
        if self.mode == Mode::Unsaid {
            return;
        }
        body.nest("thinking", |thinking| {
            match self.mode {
                Mode::Disabled => thinking.text("type", "disabled"),
                Mode::Enabled(budget) => {
                    thinking.text("type", "enabled").count("budget_tokens", budget)
                }
                Mode::Adaptive | Mode::Unsaid => thinking.text("type", "adaptive"),
            };
            if let Some(display) = self.display {
                thinking.text("display", display);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(
        amount: ReasoningAmount,
        control: Option<ReasoningControl>,
        max_tokens: u64,
        obstacles: Obstacles,
    ) -> (Thinking, Vec<&'static str>) {
        let reasoning = Some(Reasoning { amount, show: None });
        let request = ChatRequest { reasoning, ..ChatRequest::default() };
        let facts = ModelFacts { reasoning: control, ..ModelFacts::default() };
        let mut losses = Losses::default();
        let thinking = plan(&request, &facts, max_tokens, obstacles, &mut losses);
        (thinking, losses.iter().map(|loss| loss.reason).collect())
    }

    fn effort(word: &str) -> ReasoningAmount {
        ReasoningAmount::Effort(word.to_owned())
    }

    #[test]
    fn the_model_decides_the_words() {
        let none = Obstacles::default();
        let mode = |amount, control| planned(amount, control, 64_000, none).0;
        let adaptive = |effort| Thinking { mode: Mode::Adaptive, effort, display: None };
        let enabled = |n| Thinking { mode: Mode::Enabled(n), effort: None, display: None };
        let budget = Some(ReasoningControl::Budget);
        assert_eq!(mode(effort("high"), None), adaptive(Some("high")));
        assert_eq!(
            mode(effort("minimal"), Some(ReasoningControl::Adaptive)),
            adaptive(Some("low"))
        );
        assert_eq!(mode(effort("high"), budget), enabled(16384));
        assert_eq!(mode(ReasoningAmount::Adaptive, budget), enabled(8192));
        assert_eq!(mode(ReasoningAmount::Budget(5000), None), enabled(5000));
        let judged = mode(ReasoningAmount::Budget(5000), Some(ReasoningControl::Adaptive));
        assert_eq!(judged, adaptive(Some("medium")));
        assert_eq!(mode(effort("none"), None).mode, Mode::Disabled);
        assert_eq!(mode(effort("low"), Some(ReasoningControl::None)), Thinking::default());
    }

    #[test]
    fn a_wish_to_see_thoughts_asks_for_none() {
        let reasoning = Reasoning { amount: ReasoningAmount::Unsaid, show: Some("auto".into()) };
        let request = ChatRequest { reasoning: Some(reasoning), ..ChatRequest::default() };
        for control in [None, Some(ReasoningControl::Adaptive), Some(ReasoningControl::Budget)] {
            let facts = ModelFacts { reasoning: control, ..ModelFacts::default() };
            let mut losses = Losses::default();
            let thinking = plan(&request, &facts, 8192, Obstacles::default(), &mut losses);
            assert_eq!(thinking, Thinking::default());
            let lost: Vec<_> = losses.iter().map(|it| (&*it.path, it.severity)).collect();
            assert_eq!(lost, [("reasoning.summary", Severity::Hint)]);
        }
        assert!(!wanted(&request));
    }

    #[test]
    fn a_budget_leaves_room_for_the_answer() {
        let budget = |n, max| planned(ReasoningAmount::Budget(n), None, max, Obstacles::default());
        assert_eq!(budget(31_999, 32_000).0.mode, Mode::Enabled(31_999));
        assert_eq!(budget(10_000, 4_000).0.mode, Mode::Enabled(3_000));
        assert_eq!(budget(100, 4_000).0.mode, Mode::Enabled(1_024));
        assert_eq!(budget(10_000, 1_024).0.mode, Mode::Unsaid);
        assert_eq!(budget(10_000, 1_024).1, ["the answer limit leaves no room for it"]);
    }

    #[test]
    fn what_excludes_thinking_is_told() {
        let forced = Obstacles { forced_tool: true, ..Obstacles::default() };
        let (thinking, lost) = planned(effort("high"), None, 8192, forced);
        assert_eq!((thinking.is_on(), lost.len()), (false, 1));
        let unthought = Obstacles { unthought_loop: true, ..Obstacles::default() };
        let budget = Some(ReasoningControl::Budget);
        assert!(!planned(effort("low"), budget, 8192, unthought).0.is_on());
        // A model that judges for itself may begin to think in the middle.
        assert!(planned(effort("low"), None, 8192, unthought).0.is_on());
    }
}
