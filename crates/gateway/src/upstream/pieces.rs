//! Bodies on the way to an upstream: bytes at hand, and parts of what a client uploaded.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;
use wayleave_dialect::task::Piece;

use crate::task::upload::Upload;

/// Bytes of a file that are read at a time: as base64 they make a whole number of groups.
const STEP: u64 = 3 * 64 * 1024;

/// A request's body: pieces of the client's bytes and what was spliced between them.
#[derive(Debug, Default)]
pub struct Pieces {
    queue: VecDeque<Piece>,
    upload: Option<Arc<Upload>>,
    /// The part of the file that is being read.
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    /// Bytes that are still to come.
    left: u64,
}

impl Pieces {
    /// The pieces, in order.
    pub fn new(pieces: Vec<Bytes>) -> Pieces {
        Pieces::with_upload(pieces.into_iter().map(Piece::Bytes).collect(), None)
    }

    /// The same, with parts of `upload` between them.
    pub fn with_upload(pieces: Vec<Piece>, upload: Option<Arc<Upload>>) -> Pieces {
        let left = pieces.iter().map(Piece::len).sum();
        Pieces { queue: pieces.into(), upload, reading: None, left }
    }

    /// Takes up to a step of the file's part `range` off the queue's head.
    fn step(&mut self, range: Range<u64>, encode: bool) -> JoinHandle<io::Result<Bytes>> {
        let end = range.end.min(range.start.saturating_add(STEP));
        let rest = end..range.end;
        if !rest.is_empty() {
            let rest = if encode { Piece::Base64(rest) } else { Piece::File(rest) };
            self.queue.push_front(rest);
        }
        let upload = self.upload.clone();
        tokio::task::spawn_blocking(move || {
            let upload = upload.ok_or(io::ErrorKind::NotFound)?;
            let bytes = upload.read(range.start..end)?;
            Ok(if encode { STANDARD.encode(bytes).into() } else { bytes })
        })
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = ready!(Pin::new(reading).poll(cx));
                self.reading = None;
                let bytes = read.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))?;
                self.left = self.left.saturating_sub(bytes.len() as u64);
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            match self.queue.pop_front() {
                None => return Poll::Ready(None),
                Some(Piece::Bytes(bytes)) => {
                    self.left = self.left.saturating_sub(bytes.len() as u64);
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Piece::File(range)) if range.is_empty() => {}
                Some(Piece::Base64(range)) if range.is_empty() => {}
                Some(Piece::File(range)) => self.reading = Some(self.step(range, false)),
                Some(Piece::Base64(range)) => self.reading = Some(self.step(range, true)),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.queue.is_empty() && self.reading.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_file_goes_up_between_bytes_and_its_length_is_known_before() {
        let file: Vec<u8> = (0..500_000_u32).map(|it| it.to_le_bytes()[0]).collect();
        let upload = Arc::new(Upload::of(&file).unwrap());
        let pieces = vec![
            Piece::Bytes(Bytes::from_static(b"<")),
            Piece::File(10..400_010),
            Piece::Bytes(Bytes::from_static(b"|")),
            Piece::Base64(0..499_999),
            Piece::File(3..3),
            Piece::Bytes(Bytes::from_static(b">")),
        ];
        let body = Pieces::with_upload(pieces, Some(upload));
        let told = body.size_hint().exact().unwrap();
        let sent = body.collect().await.unwrap().to_bytes();
        let encoded = STANDARD.encode(&file[..499_999]);
        let want = [b"<", &file[10..400_010], b"|", encoded.as_bytes(), b">"].concat();
        assert!(sent == want, "the bytes differ");
        assert_eq!(told, want.len() as u64);
    }
}
