//! Framings: bytes to frames, in whatever pieces the network hands them over.
//!
//! Two readings of server-sent events: [`sse`] for those who want each event's data, [`split`] for
//! those who pass frames on and want to know only where they end.

pub mod amazon;
pub mod lines;
pub mod split;
pub mod sse;

use bytes::Bytes;

use amazon::AmazonEvents;
use lines::Lines;
use sse::Sse;

use crate::error::Fault;

/// How a dialect cuts a stream into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events (WHATWG HTML, section 9.2): [`sse`].
    Events,
    /// One JSON object per line.
    Lines,
    /// `application/vnd.amazon.eventstream`: binary messages with headers and checksums.
    AmazonEvents,
}

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

/// Cuts a stream into frames, whichever way it is framed.
#[derive(Debug)]
pub enum Frames {
    /// Server-sent events.
    Events(Sse),
    /// One JSON object per line.
    Lines(Lines),
    /// Amazon's binary messages.
    AmazonEvents(AmazonEvents),
}

impl Frames {
    /// From the beginning of a stream.
    pub fn new(framing: Framing) -> Frames {
        match framing {
            Framing::Events => Frames::Events(Sse::default()),
            Framing::Lines => Frames::Lines(Lines::default()),
            Framing::AmazonEvents => Frames::AmazonEvents(AmazonEvents::default()),
        }
    }

    /// Takes what has come.
    pub fn push(&mut self, chunk: Bytes) {
        match self {
            Frames::Events(it) => it.push(chunk),
            Frames::Lines(it) => it.push(&chunk),
            Frames::AmazonEvents(it) => it.push(&chunk),
        }
    }

    /// The next whole frame.
    ///
    /// # Errors
    /// The frame has no end in sight, or is damaged.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Fault> {
        match self {
            Frames::Events(it) => Ok(it.next_frame()?),
            Frames::Lines(it) => Ok(it.next_frame()?),
            Frames::AmazonEvents(it) => it.next_frame(),
        }
    }

    /// What is left when the stream has ended.
    ///
    /// # Errors
    /// The stream ended inside a message whose length it had said.
    pub fn finish(&mut self) -> Result<Option<Frame>, Fault> {
        match self {
            Frames::Events(it) => Ok(it.finish()),
            Frames::Lines(it) => Ok(it.finish()),
            Frames::AmazonEvents(it) => it.finish().map(|()| None),
        }
    }
}
