//! Who judges content, and where.

use wayleave_dialect::task::Grammar;

use crate::TaskOffer;

/// OpenAI's own.
pub(super) const OPENAI: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::OpenAi, path: "/moderations" }];

/// <https://docs.mistral.ai/api/#tag/classifiers>.
const MISTRAL: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Mistral, path: "/moderations" }];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(kind: &str) -> Option<&'static [TaskOffer]> {
    match kind {
        "mistral" => Some(MISTRAL),
        _ => None,
    }
}
