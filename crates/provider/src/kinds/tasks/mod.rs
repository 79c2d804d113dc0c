//! What each kind does beside conversations: in which grammar, and at which path.

mod embed;
mod image;
mod moderate;
mod rerank;
mod speech;
mod transcribe;
mod video;

use wayleave_model::provider::Operation;

use super::compatible;
use crate::address::safe_segment;
use crate::{BadAccount, TaskOffer};

/// What the kind of that id does, as its vendor documents it; empty: nothing of the sort.
pub(crate) fn offered(kind: &str, operation: Operation, model: &str) -> &'static [TaskOffer] {
    said(kind, operation, model).unwrap_or_default()
}

/// The same for a kind that speaks OpenAI's grammar where its vendor says nothing else.
pub(super) fn of_compatible(kind: &str, operation: Operation, model: &str) -> &'static [TaskOffer] {
    said(kind, operation, model).unwrap_or(openai(operation))
}

/// An operation's address below a base URL.
pub(crate) fn below(base_url: &str, path: &str, model: &str) -> Result<String, BadAccount> {
    if !path.contains("{model}") {
        return compatible::below(base_url, path);
    }
    let model = safe_segment(model.strip_prefix("models/").unwrap_or(model))?;
    compatible::below(base_url, &path.replace("{model}", model))
}

fn said(kind: &str, operation: Operation, model: &str) -> Option<&'static [TaskOffer]> {
    match operation {
        Operation::Embed => embed::offers(kind, model),
        Operation::Rerank => rerank::offers(kind, model),
        Operation::Transcribe | Operation::Translate => transcribe::offers(kind, operation),
        Operation::Speech => speech::offers(kind, model),
        Operation::Image | Operation::ImageEdit => image::offers(kind, operation, model),
        Operation::Moderate => moderate::offers(kind),
        Operation::Video => video::offers(kind, model),
        Operation::Chat | Operation::CountTokens | Operation::StoredResponse => None,
    }
}

/// Where OpenAI does it, below a base URL that ends in the version.
pub(super) fn openai(operation: Operation) -> &'static [TaskOffer] {
    match operation {
        Operation::Embed => embed::OPENAI,
        Operation::Rerank => rerank::JINA,
        Operation::Transcribe => transcribe::OPENAI,
        Operation::Translate => transcribe::OPENAI_TO_ENGLISH,
        Operation::Speech => speech::OPENAI,
        Operation::Image => image::OPENAI,
        Operation::ImageEdit => image::OPENAI_EDIT,
        Operation::Moderate => moderate::OPENAI,
        Operation::Video => video::OPENAI,
        Operation::Chat | Operation::CountTokens | Operation::StoredResponse => &[],
    }
}
