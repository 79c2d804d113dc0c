//! What a writer of answers found no word for.

use super::SealKind;

/// The names of what was lost, each once. They are fixed: nothing of what a provider sends gets
/// into a header or a row by them.
#[derive(Clone, Debug, Default)]
pub(super) struct Lost(Vec<&'static str>);

impl Lost {
    /// Notes a loss once.
    pub(super) fn note(&mut self, name: &'static str) {
        if !self.0.contains(&name) {
            self.0.push(name);
        }
    }

    /// Notes a proof.
    pub(super) fn seal(&mut self, kind: SealKind) {
        self.note(match kind {
            SealKind::Signature => "answer.signature",
            SealKind::Redacted => "answer.redacted_reasoning",
            SealKind::Encrypted => "answer.encrypted_reasoning",
        });
    }

    /// Notes what was said about a part, by the readers' word for it.
    pub(super) fn annotation(&mut self, kind: &str) {
        self.note(match kind {
            "citation" => "answer.citations",
            "logprobs" => "answer.logprobs",
            _ => "answer.annotations",
        });
    }

    /// Every name, in the order noted.
    pub(super) fn names(&self) -> &[&'static str] {
        &self.0
    }
}
