//! What a body turns out to be, where a stream was asked for.

use bytes::{Buf, Bytes, BytesMut};

use super::is_text;
use crate::error::Fault;
use crate::frame::{FrameTooLong, LONGEST};

/// How the upstream answers.
#[derive(Debug, Default)]
pub(crate) enum Form {
    /// Nothing but white space yet.
    #[default]
    Unknown,
    /// With a stream, as it was asked to.
    Frames,
    /// With one JSON body: an error with a status of success, or an answer from a provider that
    /// cannot stream.
    Whole(BytesMut),
}

impl Form {
    /// What of `chunk` belongs to a stream; the rest is kept. A body that is no stream begins with
    /// a byte of `openings`; `web_page` is the fault of a chunk with which a page begins.
    pub(crate) fn take(
        &mut self,
        mut chunk: Bytes,
        openings: &[u8],
        web_page: impl FnOnce(&[u8]) -> Fault,
    ) -> Result<Option<Bytes>, Fault> {
        if matches!(self, Form::Unknown) {
            chunk.advance(chunk.iter().position(is_text).unwrap_or(chunk.len()));
            *self = match chunk.first() {
                None => return Ok(None),
                Some(b'<') => return Err(web_page(&chunk)),
                Some(first) if openings.contains(first) => Form::Whole(BytesMut::new()),
                Some(_) => Form::Frames,
            };
        }
        match self {
            Form::Whole(body) if body.len() + chunk.len() > LONGEST => Err(FrameTooLong.into()),
            Form::Whole(body) => {
                body.extend_from_slice(&chunk);
                Ok(None)
            }
            Form::Frames | Form::Unknown => Ok(Some(chunk)),
        }
    }
}
