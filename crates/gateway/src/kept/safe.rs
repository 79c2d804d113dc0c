//! What is put away before an answer ends: proofs of its thoughts, and the answer itself.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::value::RawValue;
use wayleave_dialect::carry::keep::{Anchor, Kept};
use wayleave_dialect::carry::{KEPT_LOSSES, Whole};
use wayleave_dialect::chat::responses::kept;
use wayleave_model::id::WorkspaceId;
use wayleave_store::KeptDraft;

use super::recall::output;
use super::{Keep, Record};
use crate::gateway::Gateway;
use crate::vault::PATIENCE;

/// The loss that an answer was not kept which said that it is.
const LOSS: &str = "answer.store";

/// Where what is kept of one answer goes.
pub struct Safe {
    /// Whose it is.
    pub whose: WorkspaceId,
    /// Stands for what it answers.
    pub asked: [u8; 32],
    /// The answer itself is to be kept.
    pub keep: Option<Arc<Keep>>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptOf {
    /// The proofs are safe.
    thoughts: bool,
    /// The answer is not, although it said so.
    unstored: bool,
}

type Thoughts = Option<Box<(Anchor, Kept)>>;

impl KeptOf {
    /// Says what is lost after all, and what is not.
    pub fn note(self, losses: &mut Vec<&'static str>) {
        if self.thoughts {
            losses.retain(|loss| !KEPT_LOSSES.contains(loss));
        }
        if self.unstored {
            losses.push(LOSS);
        }
    }

    /// Has the end of a stream say so, if the answer is not stored.
    pub fn say(self, last: &mut [Bytes]) {
        if let (true, Some(last)) = (self.unstored, last.last_mut()) {
            *last = kept::stream_unstored(last);
        }
    }
}

impl Safe {
    /// Keeps what is to be kept of `whole`, which says so in the end.
    pub async fn whole(&self, gateway: &Gateway, whole: &mut Whole) {
        let thoughts = whole.kept.take();
        if thoughts.is_none() && self.keep.is_none() {
            return;
        }
        let body = std::str::from_utf8(&whole.body).ok();
        let kept = Box::pin(self.put(gateway, thoughts, body)).await;
        if kept.unstored {
            whole.body = kept::whole_unstored(&whole.body);
        }
        kept.note(&mut whole.losses);
    }

    /// Keeps what is to be kept of a stream that ends with `end`.
    pub async fn stream(&self, gateway: &Gateway, thoughts: Thoughts, end: &[u8]) -> KeptOf {
        self.put(gateway, thoughts, kept::ended(end)).await
    }

    async fn put(&self, gateway: &Gateway, thoughts: Thoughts, response: Option<&str>) -> KeptOf {
        let now = gateway.recorder.clock.now();
        let vault = async {
            match &thoughts {
                Some(it) => gateway.vault.keep(self.whose, it, &self.asked, now).await,
                None => false,
            }
        };
        let Some(keep) = self.keep.as_deref().filter(|keep| keep.stored.is_some()) else {
            return KeptOf { thoughts: vault.await, unstored: false };
        };
        // Side by side: without the database an answer waits for it once.
        let (safe, kept) = tokio::join!(vault, keep.put(gateway, &thoughts, response));
        KeptOf { thoughts: safe || (kept && thoughts.is_some()), unstored: !kept }
    }
}

impl Keep {
    /// Keeps the answer. Whether it is safe.
    async fn put(&self, gateway: &Gateway, thoughts: &Thoughts, response: Option<&str>) -> bool {
        let Some(response) = response.and_then(|it| RawValue::from_string(it.to_owned()).ok())
        else {
            return false;
        };
        let record = Record {
            response,
            input: self.input.iter().map(|it| it.json.clone()).collect(),
            thoughts: thoughts.as_deref().cloned(),
        };
        let said = self.input.iter().filter(|it| !it.is_reference).map(|it| it.id.clone());
        let answered = output(&record).into_iter().map(|(id, _)| id);
        let items: Vec<String> = said.chain(answered).filter(|id| !id.is_empty()).collect();
        let Ok(text) = serde_json::to_vec(&record) else { return false };
        let (id, previous, micros) = (self.id, self.previous, self.micros);
        let draft = KeptDraft { id, previous, record: &text, items: &items, micros };
        let now = gateway.recorder.clock.now();
        let put = gateway.vault.store().keep_response(self.whose, &draft, now);
        match tokio::time::timeout(PATIENCE, put).await {
            Ok(Ok(())) => true,
            Ok(Err(err)) => {
                tracing::warn!(%err, "a response could not be kept for its client");
                false
            }
            Err(_) => {
                tracing::warn!("a response could not be kept for its client: the database is slow");
                false
            }
        }
    }
}
