//! What an answer holds that this dialect has no word for.

use super::super::request::is_item;
use super::citation;
use crate::chat::cited;
use crate::chat::lost::Lost;
use crate::chat::{ChatEvent, Finish, PartKind, SealKind};

/// Watches the events of one answer.
#[derive(Debug, Default)]
pub(super) struct Watch {
    lost: Lost,
    open: Open,
}

/// What of the open part decides whether something can be said of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Other,
    Text,
    Reasoning,
}

impl Watch {
    /// Notes what of `event` cannot be written.
    pub(super) fn event(&mut self, event: &ChatEvent) {
        match event {
            ChatEvent::Open { choice: 0, part, .. } => self.open(part),
            ChatEvent::Seal { choice: 0, seal, .. } => {
                if self.open != Open::Reasoning || seal.kind != SealKind::Encrypted {
                    self.lost.seal(seal.kind);
                }
            }
            ChatEvent::Annotation { choice: 0, kind, json, .. } => {
                let known = kind == "logprobs" || citation::write(kind, json).is_some();
                if self.open != Open::Text || !known {
                    self.lost.annotation(kind);
                } else if kind == "citation" {
                    cited::read(kind, json).lost().for_each(|kind| self.lost.annotation(kind));
                }
            }
            ChatEvent::Finish { choice: 0, reason, stop } => {
                if *reason == Finish::Pause {
                    // Written as complete, so the client does not know that it is to ask again.
                    self.lost.note("answer.pause");
                }
                if stop.is_some() {
                    self.lost.note("answer.stop_sequence");
                }
            }
            ChatEvent::Begin { .. }
            | ChatEvent::Usage(_)
            | ChatEvent::Delta { choice: 0, .. }
            | ChatEvent::Close { choice: 0, .. } => (),
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
            PartKind::Text => Open::Text,
            PartKind::Reasoning => Open::Reasoning,
            _ => Open::Other,
        };
        match part {
            PartKind::Audio { .. } => self.lost.note("answer.audio"),
            PartKind::Vendor { kind } if kind == "audio" => self.lost.note("answer.audio"),
            PartKind::Vendor { kind } if !is_item(kind) => self.lost.note("answer.vendor_parts"),
            _ => (),
        }
    }
}
