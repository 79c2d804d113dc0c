//! A part of a message that is being written: text, or a refusal.

use crate::chat::cited::Cited;
use crate::chat::json::{self, object};

/// A part of a message that grows.
#[derive(Default)]
pub(super) struct Said {
    pub(super) refusal: bool,
    pub(super) text: String,
    pub(super) notes: Vec<Vec<u8>>,
    /// Sources on the web whose places are not known yet.
    pub(super) sources: Vec<Cited>,
    pub(super) logprobs: Vec<String>,
}

impl Said {
    /// Appends the part as JSON.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        object(out, |part| {
            if self.refusal {
                part.text("type", "refusal").text("refusal", &self.text);
                return;
            }
            part.text("type", "output_text").list("annotations", &self.notes);
            part.with("logprobs", |out| self.probabilities(out)).text("text", &self.text);
        });
    }

    /// The reports of a stream as one list.
    pub(super) fn probabilities(&self, out: &mut Vec<u8>) {
        #[derive(serde::Deserialize)]
        struct Report<'a> {
            #[serde(borrow, default)]
            content: Option<Vec<&'a serde_json::value::RawValue>>,
        }
        let reports = self.logprobs.iter().filter_map(|json| serde_json::from_str(json).ok());
        let tokens = reports.flat_map(|report: Report<'_>| report.content.unwrap_or_default());
        json::list(out, tokens.map(|token| token.get().as_bytes()));
    }
}
