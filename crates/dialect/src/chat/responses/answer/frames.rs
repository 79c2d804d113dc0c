//! The frames of a stream that is being written.

use crate::chat::json::{Object, object};

/// Numbers the events of one stream and frames them; silent where only the whole is wanted.
#[derive(Default)]
pub(super) struct Frames {
    sequence: u64,
    pub(super) silent: bool,
}

impl Frames {
    /// Appends the frame of the event `kind`.
    pub(super) fn put(
        &mut self,
        out: &mut Vec<u8>,
        kind: &str,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        if self.silent {
            return;
        }
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        object(out, |data| {
            data.text("type", kind).count("sequence_number", self.sequence);
            fill(data);
        });
        out.extend_from_slice(b"\n\n");
        self.sequence += 1;
    }
}
