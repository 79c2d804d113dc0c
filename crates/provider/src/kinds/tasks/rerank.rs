//! Who orders documents by relevance, and where.

use wayleave_dialect::task::Grammar;

use crate::TaskOffer;

/// The form that Jina, Cohere's first version and most servers share.
pub(super) const JINA: &[TaskOffer] = &[TaskOffer { grammar: Grammar::Jina, path: "/rerank" }];

/// What the kind of that id does; `None`: its vendor says nothing of its own.
pub(super) fn offers(_kind: &str, _model: &str) -> Option<&'static [TaskOffer]> {
    None
}
