//! Which of OpenAI's grammars a model is served in, by its endpoint families.

use wayleave_dialect::Dialect;
use wayleave_model::target::{Family, ModelFacts};

use crate::Offer;

const CHAT: Offer = Offer { dialect: Dialect::OpenAiChat, path: "/chat/completions" };
const RESPONSES: Offer = Offer { dialect: Dialect::OpenAiResponses, path: "/responses" };
const COMPLETIONS: Offer = Offer { dialect: Dialect::OpenAiCompletions, path: "/completions" };

/// Chat where nothing is known; else what the families say, chat before Responses before legacy
/// completions.
pub(super) fn chat_unless_said(facts: &ModelFacts) -> &'static [Offer] {
    said(facts).unwrap_or(&[CHAT])
}

/// Chat and Responses where nothing is known: OpenAI's own models have both.
pub(super) fn both_unless_said(facts: &ModelFacts) -> &'static [Offer] {
    said(facts).unwrap_or(&[CHAT, RESPONSES])
}

/// `None`: the families name none of OpenAI's grammars.
fn said(facts: &ModelFacts) -> Option<&'static [Offer]> {
    let has = |family| facts.families.contains(&family);
    match (has(Family::Chat), has(Family::Responses), has(Family::Completions)) {
        (true, true, true) => Some(&[CHAT, RESPONSES, COMPLETIONS]),
        (true, true, false) => Some(&[CHAT, RESPONSES]),
        (true, false, true) => Some(&[CHAT, COMPLETIONS]),
        (true, false, false) => Some(&[CHAT]),
        (false, true, true) => Some(&[RESPONSES, COMPLETIONS]),
        (false, true, false) => Some(&[RESPONSES]),
        (false, false, true) => Some(&[COMPLETIONS]),
        (false, false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialects(families: &[Family], of: fn(&ModelFacts) -> &'static [Offer]) -> Vec<Dialect> {
        let facts = ModelFacts { families: families.to_vec(), ..ModelFacts::default() };
        of(&facts).iter().map(|offer| offer.dialect).collect()
    }

    #[test]
    fn families_narrow_and_widen_what_is_offered() {
        use Dialect::{
            OpenAiChat as Chat, OpenAiCompletions as Completions, OpenAiResponses as Responses,
        };
        assert_eq!(dialects(&[], chat_unless_said), [Chat]);
        assert_eq!(dialects(&[], both_unless_said), [Chat, Responses]);
        assert_eq!(dialects(&[Family::Responses], both_unless_said), [Responses]);
        assert_eq!(dialects(&[Family::Completions], chat_unless_said), [Completions]);
        let all = [Family::Completions, Family::Responses, Family::Chat];
        assert_eq!(dialects(&all, chat_unless_said), [Chat, Responses, Completions]);
        assert_eq!(dialects(&[Family::Embeddings], chat_unless_said), [Chat]);
    }
}
