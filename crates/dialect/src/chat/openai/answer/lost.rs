//! What an answer holds that this dialect has no word for.

use crate::chat::cited;
use crate::chat::lost::Lost;
use crate::chat::{ChatEvent, Finish, PartKind};

/// Notes what of `event` cannot be written.
pub(super) fn note(event: &ChatEvent, lost: &mut Lost) {
    match event {
        ChatEvent::Open { part: PartKind::Vendor { kind }, .. } if kind != "audio" => {
            lost.note("answer.vendor_parts");
        }
        // A proof for another provider's next turn.
        ChatEvent::Seal { seal, .. } => lost.seal(seal.kind),
        ChatEvent::Annotation { kind, json, .. } if kind == "citation" => {
            cited::read(kind, json).lost().for_each(|kind| lost.annotation(kind));
        }
        ChatEvent::Annotation { kind, .. } if !matches!(&**kind, "annotation" | "logprobs") => {
            lost.annotation(kind);
        }
        // Written as `stop`, so the client does not know that it is to ask again.
        ChatEvent::Finish { reason: Finish::Pause, .. } => lost.note("answer.pause"),
        ChatEvent::Finish { stop: Some(_), .. } => lost.note("answer.stop_sequence"),
        _ => (),
    }
}
