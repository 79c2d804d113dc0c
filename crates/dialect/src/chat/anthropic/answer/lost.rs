//! What an answer holds that this dialect has no word for.

use super::super::request::is_ours;
use super::whole::is_citation;
use crate::chat::lost::Lost;
use crate::chat::{ChatEvent, PartKind, SealKind};

/// Watches the events of one answer.
#[derive(Debug, Default)]
pub(super) struct Watch {
    lost: Lost,
    open: Open,
}

/// What of the open part decides whether something can be said of it.
#[derive(Debug, Default)]
enum Open {
    #[default]
    Other,
    Text,
    /// Reasoning, and whether some of it can be read.
    Reasoning {
        said: bool,
    },
}

impl Watch {
    /// Notes what of `event` cannot be written.
    pub(super) fn event(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Begin { .. } | ChatEvent::Usage(_) => (),
            ChatEvent::Open { choice: 0, part, .. } => self.open(part),
            ChatEvent::Delta { choice: 0, .. } => {
                if let Open::Reasoning { said } = &mut self.open {
                    *said = true;
                }
            }
            ChatEvent::Seal { choice: 0, seal, .. } => match (&self.open, seal.kind) {
                (Open::Reasoning { .. }, SealKind::Signature)
                | (Open::Reasoning { said: false }, SealKind::Redacted) => (),
                // Encrypted reasoning is another dialect's: a client of this one could not send it
                // back as what it is.
                (_, kind) => self.lost.seal(kind),
            },
            ChatEvent::Annotation { choice: 0, kind, json, .. } => {
                if !matches!(self.open, Open::Text) || !is_citation(json) {
                    self.lost.annotation(kind);
                }
            }
            ChatEvent::Close { choice: 0, .. } | ChatEvent::Finish { choice: 0, .. } => (),
            // One answer is all there can be.
            _ => self.lost.note("answer.choices"),
        }
    }

    /// Every loss, in the order noted.
    pub(super) fn names(&self) -> &[&'static str] {
        self.lost.names()
    }

    fn open(&mut self, part: &PartKind) {
        self.open = match part {
            PartKind::Text | PartKind::Refusal => Open::Text,
            PartKind::Reasoning => Open::Reasoning { said: false },
            _ => Open::Other,
        };
        match part {
            PartKind::Image { .. } => self.lost.note("answer.images"),
            PartKind::Audio { .. } => self.lost.note("answer.audio"),
            PartKind::Vendor { kind } if kind == "audio" => self.lost.note("answer.audio"),
            PartKind::Vendor { kind } if !is_ours(kind) => self.lost.note("answer.vendor_parts"),
            _ => (),
        }
    }
}
