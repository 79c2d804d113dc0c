//! What goes to the client of a run of frames: untouched neighbours as one slice of the bytes they
//! came in.

use std::ops::Range;

use bytes::Bytes;

/// Collects what goes out of one run.
pub(super) struct Emit<'o> {
    run: &'o Bytes,
    /// Passed on but not yet put out: one stretch of the run.
    kept: Range<usize>,
    out: &'o mut Vec<Bytes>,
}

impl<'o> Emit<'o> {
    pub(super) fn new(run: &'o Bytes, out: &'o mut Vec<Bytes>) -> Emit<'o> {
        Emit { run, kept: 0..0, out }
    }

    /// Passes a stretch of the run on as it is.
    #[inline]
    pub(super) fn pass(&mut self, range: Range<usize>) {
        if self.kept.end == range.start {
            self.kept.end = range.end;
        } else {
            self.flush();
            self.kept = range;
        }
    }

    /// Puts other bytes out.
    pub(super) fn put(&mut self, bytes: Bytes) {
        self.flush();
        self.out.push(bytes);
    }

    /// Puts out what was passed on.
    pub(super) fn flush(&mut self) {
        let kept = std::mem::replace(&mut self.kept, 0..0);
        if kept.len() == self.run.len() && !kept.is_empty() {
            self.out.push(self.run.clone());
        } else if !kept.is_empty() {
            self.out.push(self.run.slice(kept));
        }
    }

    /// Ends the run here: the rest goes out another way.
    pub(super) fn into_out(mut self) -> &'o mut Vec<Bytes> {
        self.flush();
        self.out
    }
}
