//! Responses kept for clients of providers that keep none, where the workspace says so: found
//! again and put before what goes on from them, and put away before an answer ends.

mod listed;
mod recall;
mod safe;

use std::sync::Arc;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wayleave_dialect::carry::Stored;
use wayleave_dialect::carry::keep::{Anchor, Kept};
use wayleave_dialect::chat::ChatRequest;
use wayleave_dialect::chat::responses::kept::Item;
use wayleave_dialect::{Losses, Severity};
use wayleave_model::id::ResponseId;
use wayleave_store::Whose;

use crate::refusal::Refusal;
use crate::stored;
pub use safe::{KeptOf, Safe};

/// The loss that an answer was not stored which was to be.
const REQUEST_LOSS: &str = "response.store";

/// What a conversation has to do with what is kept here.
#[derive(Default)]
pub struct Memory {
    /// What is to be kept of its answer, should that be ours to keep.
    pub keep: Option<Arc<Keep>>,
    /// It goes on from what is kept here.
    pub recalled: bool,
    /// Proofs of the thoughts in that, oldest first.
    pub thoughts: Vec<(Anchor, Kept)>,
}

impl Memory {
    /// Takes from `request` what is done here: its provider need not do it.
    pub fn read(&self, request: &mut ChatRequest, translated: bool) {
        if translated && self.keep.as_ref().is_some_and(|keep| keep.stored.is_some()) {
            request.rest.retain(|(name, _)| name != REQUEST_LOSS);
        }
    }

    /// Says of what was written for a provider what is made good here, and what is not.
    pub fn written(&self, losses: &mut Losses, translated: bool) {
        match self.keep.as_deref().filter(|_| translated) {
            None => {}
            // Labels are stored with the response.
            Some(Keep { stored: Some(_), .. }) => losses.take_back("metadata"),
            Some(_) => {
                losses.note(REQUEST_LOSS, "the input is too large to be kept", Severity::Hint);
            }
        }
    }
}

/// What is to be kept of an answer.
pub struct Keep {
    whose: Whose,
    id: ResponseId,
    previous: Option<ResponseId>,
    /// For how long, in microseconds.
    micros: i64,
    input: Vec<Item>,
    /// What the answer says of itself; `None`: its input alone is too large to be kept.
    pub stored: Option<Arc<Stored>>,
}

/// A response as it is kept.
#[derive(Serialize, Deserialize)]
struct Record {
    /// As it was answered.
    response: Box<RawValue>,
    /// What it was asked with, beside what it goes on from.
    input: Vec<Box<RawValue>>,
    /// Proofs of its thoughts for which its dialect has no field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thoughts: Option<(Anchor, Kept)>,
}

/// A request that goes on from what is not here, and the model that it names.
pub struct Forgotten {
    /// What the client is told.
    pub refusal: Refusal,
    /// As the client names it; may be of any form.
    pub model: String,
}

/// The refusal to go on from what is not here, in the words that clients know.
pub fn not_found(id: &str) -> Refusal {
    let message = format!(
        "Previous response with id '{}' not found: nobody keeps it, its time is over, or it is not of this workspace. Send the conversation itself",
        stored::shown(id)
    );
    Refusal::new(StatusCode::NOT_FOUND, "previous_response_not_found", message)
        .at("previous_response_id")
}

#[cfg(test)]
mod tests;
