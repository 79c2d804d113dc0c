//! Who makes images, and where.

use wayleave_dialect::task::Grammar;
use wayleave_model::provider::Operation;

use crate::TaskOffer;

/// OpenAI's own.
pub(super) const OPENAI: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::OpenAi, path: "/images/generations" }];

/// OpenAI's own, from another image.
pub(super) const OPENAI_EDIT: &[TaskOffer] =
    &[TaskOffer { grammar: Grammar::OpenAi, path: "/images/edits" }];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(
    kind: &str,
    operation: Operation,
    _model: &str,
) -> Option<&'static [TaskOffer]> {
    match (kind, operation) {
        ("azure-openai", Operation::ImageEdit) => Some(OPENAI_EDIT),
        ("azure-openai", _) => Some(OPENAI),
        _ => None,
    }
}
