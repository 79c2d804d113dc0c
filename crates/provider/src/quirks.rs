//! What a vendor's chat completions are known to do otherwise than OpenAI's, as data.
//!
//! A quirk fills in what nobody stated of a model: it becomes part of the model's facts, which the
//! grammar obeys when a request is amended or written. What a model's own facts say wins. Each
//! quirk names the page or the public issue it was taken from; what is not known stands nowhere.

use std::fmt;

use wayleave_model::target::{
    ModelFacts, ReasoningBack, ReasoningField, RequiredWord, SeedField, TokenLimit,
};

/// One difference, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirk {
    /// The difference.
    pub what: Difference,
    /// The vendor's models it is true of.
    pub models: Models,
    /// Address of the vendor's page, or of a public issue.
    pub source: &'static str,
}

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The answer limit goes by this name alone.
    TokenLimit(TokenLimit),
    /// These fields are refused; written as in [`refuses`](field@ModelFacts::refuses).
    Refuses(&'static [&'static str]),
    /// How much to reason is said so.
    Reasoning(ReasoningField),
    /// Reasoning is wanted back, in this field, beside the calls that it led to.
    ReasoningBack(ReasoningBack),
    /// The seed goes by this name.
    Seed(SeedField),
    /// The word that makes a call of some tool a must.
    RequiredTool(RequiredWord),
    /// The role `developer` is unknown.
    NoDeveloper,
    /// An answer cannot be held to a JSON schema.
    NoJsonSchema,
    /// Custom tools, which are called with free text, are known.
    CustomTools,
    /// So many inputs make vectors in one call, at most.
    MaxBatch(u64),
}

/// Which of a vendor's models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Models {
    /// All of them.
    All,
    /// Those whose names begin so and do not hold `without` (empty: nothing is left out).
    Named {
        /// One of these stands first.
        prefixes: &'static [&'static str],
        /// And this nowhere.
        without: &'static str,
    },
}

/// What is known of a vendor. Of two quirks about one thing the first counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks(pub &'static [Quirk]);

impl Quirks {
    /// Nothing is known, or nothing differs.
    pub const NONE: Quirks = Quirks(&[]);

    /// The facts of the vendor's model of that name, with what is known of the vendor filled in.
    pub fn fill(&self, model: &str, facts: &ModelFacts) -> ModelFacts {
        let mut facts = facts.clone();
        for quirk in self.0.iter().filter(|quirk| quirk.models.hold(model)) {
            quirk.what.fill(&mut facts);
        }
        facts
    }
}

impl Quirk {
    /// True of all models of a vendor.
    pub const fn new(what: Difference, source: &'static str) -> Quirk {
        Quirk { what, models: Models::All, source }
    }

    /// True of models whose names begin so.
    pub const fn of(
        prefixes: &'static [&'static str],
        what: Difference,
        source: &'static str,
    ) -> Quirk {
        Quirk { what, models: Models::Named { prefixes, without: "" }, source }
    }
}

impl Models {
    /// Whether `model` is one of them.
    pub fn hold(self, model: &str) -> bool {
        match self {
            Models::All => true,
            Models::Named { prefixes, without } => {
                let left_out = !without.is_empty() && model.contains(without);
                !left_out && prefixes.iter().any(|prefix| model.starts_with(prefix))
            }
        }
    }
}

impl Difference {
    fn fill(self, facts: &mut ModelFacts) {
        match self {
            Difference::TokenLimit(it) => facts.token_limit = facts.token_limit.or(Some(it)),
            Difference::Refuses(fields) => {
                for field in fields {
                    if !facts.refuses(field) {
                        facts.refuses.push((*field).to_owned());
                    }
                }
            }
            Difference::Reasoning(it) => facts.reasoning_field = facts.reasoning_field.or(Some(it)),
            Difference::ReasoningBack(it) => {
                facts.reasoning_back = facts.reasoning_back.or(Some(it));
            }
            Difference::Seed(it) => facts.seed_field = facts.seed_field.or(Some(it)),
            Difference::RequiredTool(it) => {
                facts.tool_choice_required = facts.tool_choice_required.or(Some(it));
            }
            Difference::NoDeveloper => facts.developer_role = facts.developer_role.or(Some(false)),
            Difference::NoJsonSchema => facts.json_schema = facts.json_schema.or(Some(false)),
            Difference::CustomTools => facts.custom_tools = facts.custom_tools.or(Some(true)),
            Difference::MaxBatch(most) => facts.max_batch = facts.max_batch.or(Some(most)),
        }
    }
}

/// In the words of the docs page.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::TokenLimit(it) => write!(f, "limit by `{}`", it.field()),
            Difference::Refuses(fields) => {
                f.write_str("refuses ")?;
                let fields: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
                f.write_str(&fields.join(", "))
            }
            Difference::Reasoning(it) => f.write_str(match it {
                ReasoningField::ReasoningEffort => "reasoning by `reasoning_effort`",
                ReasoningField::Thinking => "reasoning by `thinking.type`",
                ReasoningField::ThinkingAndEffort => {
                    "reasoning by `reasoning_effort`, off by `thinking.type`"
                }
                ReasoningField::EnableThinking => {
                    "reasoning by `enable_thinking` and `thinking_budget`"
                }
                ReasoningField::ChatTemplateKwargs => "reasoning by `chat_template_kwargs`",
                ReasoningField::Reasoning => "reasoning by `reasoning`",
            }),
            Difference::ReasoningBack(it) => {
                write!(f, "wants reasoning back in `{}`", it.field())
            }
            Difference::Seed(it) => write!(f, "seed by `{}`", it.field()),
            Difference::RequiredTool(it) => write!(f, "tool must: `{}`", it.word()),
            Difference::NoDeveloper => f.write_str("no role `developer`"),
            Difference::NoJsonSchema => f.write_str("no JSON schema"),
            Difference::CustomTools => f.write_str("custom tools"),
            Difference::MaxBatch(most) => write!(f, "vectors of {most} inputs in a call"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "https://example.com";

    static QUIRKS: Quirks = Quirks(&[
        Quirk::new(Difference::TokenLimit(TokenLimit::MaxTokens), SOURCE),
        Quirk::new(Difference::Refuses(&["user", "stop"]), SOURCE),
        Quirk::new(Difference::NoDeveloper, SOURCE),
        Quirk::of(&["new-"], Difference::Reasoning(ReasoningField::Thinking), SOURCE),
        Quirk::new(Difference::Reasoning(ReasoningField::EnableThinking), SOURCE),
        Quirk {
            what: Difference::NoJsonSchema,
            models: Models::Named { prefixes: &["new-", "old-"], without: "plain" },
            source: SOURCE,
        },
    ]);

    #[test]
    fn what_nobody_stated_is_filled_in() {
        let facts = QUIRKS.fill("m", &ModelFacts::UNKNOWN);
        let expected = ModelFacts {
            token_limit: Some(TokenLimit::MaxTokens),
            refuses: vec!["user".to_owned(), "stop".to_owned()],
            developer_role: Some(false),
            reasoning_field: Some(ReasoningField::EnableThinking),
            ..ModelFacts::default()
        };
        assert_eq!(facts, expected);
        assert_eq!(Quirks::NONE.fill("m", &facts), facts);
    }

    #[test]
    fn a_models_own_facts_win_and_what_it_refuses_is_united() {
        let own = ModelFacts {
            token_limit: Some(TokenLimit::MaxCompletionTokens),
            refuses: vec!["seed".to_owned(), "user".to_owned()],
            developer_role: Some(true),
            ..ModelFacts::default()
        };
        let facts = QUIRKS.fill("m", &own);
        assert_eq!(facts.token_limit, own.token_limit);
        assert_eq!(facts.developer_role, Some(true));
        assert_eq!(facts.refuses, ["seed", "user", "stop"]);
    }

    #[test]
    fn a_quirk_can_be_of_some_models_only_and_the_first_counts() {
        let facts = |model| QUIRKS.fill(model, &ModelFacts::UNKNOWN);
        assert_eq!(facts("new-1").reasoning_field, Some(ReasoningField::Thinking));
        assert_eq!(facts("new-1").json_schema, Some(false));
        assert_eq!(facts("old-plain").json_schema, None);
        assert_eq!(facts("brand-new-1").json_schema, None);
    }
}
