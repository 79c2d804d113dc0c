//! How a spool is sized, and the checks that make the sizes usable.

use crate::error::SpoolError;
use crate::record::{MAX_RECORD, OVERHEAD};
use crate::segment::HEADER;
use std::time::Duration;

/// How to open a spool. Start from [`Options::new`] and change fields.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The folder's identity if it has none yet; an existing folder keeps its own.
    pub new_node_id: [u8; 16],
    /// Size of a segment file in bytes: 64 KiB to 1 GiB, a multiple of 4096. Default 16 MiB.
    pub segment_bytes: u64,
    /// Segments kept preallocated ahead of the current one: 1 to 16. Default 1.
    pub reserve_segments: usize,
    /// Room that only [`crate::Spool::append_reserved`] may use, at most half a segment. Default 4 MiB, which is the
    /// closing of 4,000 open requests at 1 KiB each.
    pub reserve_bytes: u64,
    /// The longest an append waits for its sync to begin. Default 10 ms.
    pub fsync_every: Duration,
    /// What all segment files together may take, preallocated ones included. Default 4 GiB.
    pub max_bytes: u64,
}

impl Options {
    /// The defaults, with the identity that a new folder gets.
    pub fn new(new_node_id: [u8; 16]) -> Options {
        Options {
            new_node_id,
            segment_bytes: 16 << 20,
            reserve_segments: 1,
            reserve_bytes: 4 << 20,
            fsync_every: Duration::from_millis(10),
            max_bytes: 4 << 30,
        }
    }
}

/// Sizes that were checked against each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) segment: u32,
    pub(crate) ahead: usize,
    pub(crate) reserve: u64,
    pub(crate) max: u64,
}

impl TryFrom<&Options> for Sizes {
    type Error = SpoolError;

    fn try_from(options: &Options) -> Result<Sizes, SpoolError> {
        let refuse = |what| Err(SpoolError::Options(what));
        let bytes = options.segment_bytes;
        if !(64 << 10..=1 << 30).contains(&bytes) || !bytes.is_multiple_of(4096) {
            return refuse("segment_bytes must be 64 KiB to 1 GiB and a multiple of 4096");
        }
        if !(1..=16).contains(&options.reserve_segments) {
            return refuse("reserve_segments must be 1 to 16");
        }
        if options.reserve_bytes > bytes / 2 {
            return refuse("reserve_bytes must be at most half of segment_bytes");
        }
        if options.max_bytes < bytes * (1 + options.reserve_segments as u64) {
            return refuse("max_bytes must hold the current segment and the preallocated ones");
        }
        Ok(Sizes {
            segment: bytes as u32,
            ahead: options.reserve_segments,
            reserve: options.reserve_bytes,
            max: options.max_bytes,
        })
    }
}

impl Sizes {
    /// Whether a segment may be added to `bytes` of them; else the reason.
    pub(crate) fn admit(self, bytes: u64) -> Result<(), String> {
        if bytes + u64::from(self.segment) > self.max {
            return Err(format!("its segments take {bytes} of at most {} bytes", self.max));
        }
        Ok(())
    }

    /// The largest payload that an ordinary append can write into an empty segment and leave the reserve: then one
    /// prepared segment is always enough to go on.
    pub(crate) fn largest_payload(self) -> usize {
        let room = (self.segment - HEADER) as usize - self.reserve as usize - OVERHEAD;
        room.min(MAX_RECORD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_contradict_each_other_are_refused() {
        let good = Options::new([0; 16]);
        assert!(Sizes::try_from(&good).is_ok());
        for bad in [
            Options { segment_bytes: 4096, ..good },
            Options { segment_bytes: (1 << 20) + 1, ..good },
            Options { segment_bytes: 2 << 30, ..good },
            Options { reserve_segments: 0, ..good },
            Options { reserve_bytes: 9 << 20, ..good },
            Options { max_bytes: 16 << 20, ..good },
        ] {
            assert!(matches!(Sizes::try_from(&bad), Err(SpoolError::Options(_))), "{bad:?}");
        }
    }
}
