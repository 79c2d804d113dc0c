//! Framings: bytes to frames, in whatever pieces the network hands them over.
//!
//! Two readings of server-sent events: [`sse`] for those who want each event's data, [`split`] for
//! those who pass frames on and want to know only where they end.

pub mod split;
pub mod sse;

use bytes::Bytes;

use crate::error::Fault;

/// One frame of a stream. Only what the dialects look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The event's name; empty where the framing has none or the upstream sent none.
    pub event: Bytes,
    /// Its data: the joined `data` lines of a server-sent event.
    pub data: Bytes,
}

/// The most bytes that are kept of a frame whose end has not come. A frame that holds a picture
/// has a few; nothing that is meant to be read has more.
pub const LONGEST: usize = 16 << 20;

/// A frame without an end, as far as anyone can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of the stream is longer than 16 MiB")]
pub struct FrameTooLong;

impl From<FrameTooLong> for Fault {
    fn from(error: FrameTooLong) -> Fault {
        Fault::unreadable(error.to_string())
    }
}
