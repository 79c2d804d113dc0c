//! Bodies on the way to and from an upstream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;

use super::decode::Decoder;
use super::play::Player;

pub use super::pieces::Pieces;

/// An upstream's body broke off: the connection failed or what came could not be decoded.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Broken(pub String);

/// Why a small body could not be read whole.
#[derive(Debug)]
pub enum Unread {
    /// It is longer than was asked for.
    TooLong,
    /// It broke off.
    Broken(Broken),
}

/// An answer's body.
pub enum AnswerBody {
    /// From the network.
    Http(Incoming),
    /// From the network, compressed although nobody asked.
    Packed(Incoming, Box<Decoder>),
    /// From a script.
    Play(Box<Player>),
}

impl AnswerBody {
    /// The next piece; `None` at a clean end.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        match self {
            AnswerBody::Http(body) => poll_data(body, cx),
            AnswerBody::Play(player) => player.poll_chunk(cx),
            AnswerBody::Packed(body, decoder) => loop {
                match ready!(poll_data(body, cx)) {
                    Some(Ok(packed)) => match decoder.push(&packed) {
                        Ok(plain) if plain.is_empty() => {}
                        Ok(plain) => return Poll::Ready(Some(Ok(plain))),
                        Err(err) => return Poll::Ready(Some(Err(Broken(err)))),
                    },
                    Some(Err(err)) => return Poll::Ready(Some(Err(err))),
                    None => return Poll::Ready(decoder.finish().map_err(Broken).transpose()),
                }
            },
        }
    }

    /// All of it, where that is at most `most` bytes. Whoever asks keeps the time.
    pub async fn at_most(mut self, most: usize) -> Result<Vec<u8>, Unread> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await {
            let chunk = chunk.map_err(Unread::Broken)?;
            if bytes.len() + chunk.len() > most {
                return Err(Unread::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// The next piece; `None` at a clean end.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, Broken>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }
}

fn poll_data(body: &mut Incoming, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
    loop {
        return Poll::Ready(match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => Some(Ok(data)),
                Err(_trailers) => continue,
            },
            Some(Err(err)) => Some(Err(Broken(chain(&err)))),
            None => None,
        });
    }
}

/// An error and its causes in one line.
pub fn chain(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut cause = err.source();
    while let Some(err) = cause {
        let next = err.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = err.source();
    }
    text
}
