//! Which family a model is of, by its id.
//!
//! Converse leaves some wishes to the models, and each family takes those in words of its own. Ids
//! are a vendor and a name, behind an optional region and an optional ARN:
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html>.

use wayleave_model::target::{ModelFacts, ReasoningControl};

/// A family of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Anthropic's.
    Claude,
    /// Amazon's first generation, which does not reason.
    Nova,
    /// Amazon's second generation.
    Nova2,
    /// OpenAI's open weights.
    GptOss,
    /// OpenAI's others.
    Gpt,
    /// Moonshot's and Z.ai's.
    EffortWord,
    /// Mistral's.
    Mistral,
    /// Cohere's.
    Cohere,
    /// Meta's.
    Llama,
    /// Another vendor's, or an id that names none (a profile of the account's own).
    Other,
}

impl Family {
    /// The family of `model`. An id that names no vendor belongs to a model that takes a thinking
    /// budget or judges for itself only if it is a Claude.
    pub(super) fn of(model: &str, facts: &ModelFacts) -> Family {
        let name = model.rsplit('/').next().unwrap_or(model);
        let mut rest = name;
        while let Some((vendor, tail)) = rest.split_once('.') {
            if let Some(family) = Family::of_vendor(vendor, tail) {
                return family;
            }
            rest = tail;
        }
        let thinks =
            matches!(facts.reasoning, Some(ReasoningControl::Budget | ReasoningControl::Adaptive));
        if thinks && rest == name { Family::Claude } else { Family::Other }
    }

    fn of_vendor(vendor: &str, name: &str) -> Option<Family> {
        Some(match vendor {
            "anthropic" => Family::Claude,
            "amazon" if name.starts_with("nova-2") => Family::Nova2,
            "amazon" if name.starts_with("nova") => Family::Nova,
            "openai" if name.starts_with("gpt-oss") => Family::GptOss,
            "openai" => Family::Gpt,
            "moonshot" | "moonshotai" | "zai" => Family::EffortWord,
            "mistral" => Family::Mistral,
            "cohere" => Family::Cohere,
            "meta" => Family::Llama,
            _ => return None,
        })
    }

    /// Whether a cache point may stand in the messages and in the system prompt
    /// (<https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>).
    pub(super) fn caches(self) -> bool {
        matches!(self, Family::Claude | Family::Nova | Family::Nova2)
    }

    /// Whether thoughts may stand in the conversation: models that never have any refuse those that
    /// another one left there.
    pub(super) fn takes_thoughts(self) -> bool {
        !matches!(self, Family::Nova | Family::Mistral | Family::Cohere | Family::Llama)
    }

    /// Whether a cache point may stand behind a tool, and say how long it lasts.
    pub(super) fn caches_tools_and_for_long(self) -> bool {
        self == Family::Claude
    }

    /// Whether a tool's result may say that the tool failed
    /// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolResultBlock.html>).
    pub(super) fn knows_failed_results(self) -> bool {
        self.caches()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendor_decides_behind_region_and_arn() {
        let known = [
            ("anthropic.claude-3-5-sonnet-20240620-v1:0", Family::Claude),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", Family::Claude),
            (
                "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.anthropic.claude-opus-4-6-v1",
                Family::Claude,
            ),
            ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", Family::Nova),
            ("global.amazon.nova-2-lite-v1:0", Family::Nova2),
            ("openai.gpt-oss-120b-1:0", Family::GptOss),
            ("us.openai.gpt-5.2", Family::Gpt),
            ("moonshotai.kimi-k2.5", Family::EffortWord),
            ("mistral.mistral-large-2407-v1:0", Family::Mistral),
            ("cohere.command-r-plus-v1:0", Family::Cohere),
            ("meta.llama3-3-70b-instruct-v1:0", Family::Llama),
            ("qwen.qwen3-32b-v1:0", Family::Other),
            ("amazon.titan-text-express-v1", Family::Other),
        ];
        for (id, family) in known {
            assert_eq!(Family::of(id, &ModelFacts::default()), family, "{id}");
        }
    }

    #[test]
    fn an_id_without_a_vendor_goes_by_the_facts() {
        let id = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123";
        let facts = |reasoning| ModelFacts { reasoning: Some(reasoning), ..ModelFacts::default() };
        assert_eq!(Family::of(id, &ModelFacts::default()), Family::Other);
        assert_eq!(Family::of(id, &facts(ReasoningControl::Budget)), Family::Claude);
        assert_eq!(Family::of(id, &facts(ReasoningControl::Effort)), Family::Other);
        assert_eq!(Family::of("qwen.qwen3", &facts(ReasoningControl::Budget)), Family::Other);
    }
}
