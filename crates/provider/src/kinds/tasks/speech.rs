//! Who speaks, and where.

use wayleave_dialect::task::Grammar;

use crate::TaskOffer;

/// OpenAI's own.
pub(super) const OPENAI: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::OpenAi, path: "/audio/speech" }];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(kind: &str, _model: &str) -> Option<&'static [TaskOffer]> {
    match kind {
        "azure-openai" => Some(OPENAI),
        _ => None,
    }
}
