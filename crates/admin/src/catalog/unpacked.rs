//! A gzip body for clients that take none: unpacked piece by piece as it is sent.

use std::io::{Cursor, Read};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http_body::{Body, Frame};

/// Bytes of one piece.
const PIECE: usize = 32 << 10;

/// What was packed, as a body.
pub(crate) struct Unpacked(GzDecoder<Cursor<Bytes>>);

impl Unpacked {
    pub(crate) fn new(gzip: Bytes) -> Unpacked {
        Unpacked(GzDecoder::new(Cursor::new(gzip)))
    }
}

impl Body for Unpacked {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let mut piece = vec![0; PIECE];
        Poll::Ready(match self.0.read(&mut piece) {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some(Ok(Frame::data(Bytes::from(piece))))
            }
            Err(error) => Some(Err(error)),
        })
    }
}
