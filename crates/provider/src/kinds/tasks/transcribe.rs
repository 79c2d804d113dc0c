//! Who writes down speech, and where.

use wayleave_dialect::task::Grammar;
use wayleave_model::provider::Operation;

use crate::TaskOffer;

/// OpenAI's own.
pub(super) const OPENAI: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::OpenAi, path: "/audio/transcriptions" }];

/// OpenAI's own, into English.
pub(super) const OPENAI_TO_ENGLISH: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::OpenAi, path: "/audio/translations" }];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(kind: &str, operation: Operation) -> Option<&'static [TaskOffer]> {
    match (kind, operation) {
        ("azure-openai", Operation::Translate) => Some(OPENAI_TO_ENGLISH),
        ("azure-openai", _) => Some(OPENAI),
        _ => None,
    }
}
