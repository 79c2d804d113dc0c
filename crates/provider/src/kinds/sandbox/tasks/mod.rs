//! The sandbox's models that hold no conversation: each does a small, honest piece of its work.
//!
//! Vectors come of the words of a text, so texts that share words are near; ranks come of the words
//! that a document shares with the query; speech is a recording that says what it is; pictures are
//! drawn here. Nothing is understood, and nothing claims to be.

mod embed;
mod image;
mod moderate;
mod rerank;
mod speech;
mod transcribe;
mod video;
mod words;

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;
use wayleave_dialect::task::{Piece, Wire};
use wayleave_model::Timestamp;
use wayleave_model::provider::Operation;

use super::render::{Complaint, Renderer};
use crate::{Play, PlayEnd};

/// Until the head of an answer.
const AFTER: Duration = Duration::from_millis(20);

/// An answer's body, in pieces, and what it is.
pub(super) struct Done {
    content_type: &'static str,
    pieces: Vec<Bytes>,
}

impl Done {
    fn json(value: &Value) -> Done {
        Done::of("application/json", value.to_string())
    }

    fn of(content_type: &'static str, bytes: impl Into<Bytes>) -> Done {
        Done { content_type, pieces: vec![bytes.into()] }
    }
}

/// The whole answer to one request; `None`: an operation it has no model for.
pub(super) fn perform(
    operation: Operation,
    model: &str,
    wire: &Wire,
    now: Timestamp,
) -> Option<Play> {
    let done = match operation {
        Operation::Embed => known("embedding", model).and_then(|()| embed::done(&json(wire)?)),
        Operation::Rerank => known("rerank", model).and_then(|()| rerank::done(&json(wire)?)),
        Operation::Moderate => {
            known("moderation", model).and_then(|()| moderate::done(&json(wire)?))
        }
        Operation::Speech => known("speech", model).and_then(|()| speech::done(&json(wire)?)),
        Operation::Image => {
            known("image", model).and_then(|()| image::done(&json(wire)?, now.as_seconds()))
        }
        Operation::ImageEdit => {
            known("image", model).and_then(|()| image::edited(wire, now.as_seconds()))
        }
        Operation::Transcribe | Operation::Translate => {
            known("transcription", model).and_then(|()| transcribe::done(wire))
        }
        Operation::Video => known("video", model).and_then(|()| video::done(wire, now.as_micros())),
        Operation::Chat | Operation::CountTokens | Operation::StoredResponse => {
            return None;
        }
    };
    Some(done.map_or_else(
        |complaint| Renderer::new(model, b"", now).error(&complaint),
        |done| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(done.content_type));
            let steps = done.pieces.into_iter().map(|it| (Duration::from_millis(1), it)).collect();
            let (status, end) = (StatusCode::OK, PlayEnd::Clean);
            Play { status, headers, head_after: AFTER, steps, end }
        },
    ))
}

fn known(own: &str, model: &str) -> Result<(), Complaint> {
    if own == model { Ok(()) } else { Err(Complaint::no_such_model(model)) }
}

/// The bytes of a request that are at hand: of a form, everything but its files.
fn at_hand(wire: &Wire) -> Vec<u8> {
    let pieces = wire.body.iter().filter_map(|piece| match piece {
        Piece::Bytes(bytes) => Some(&bytes[..]),
        Piece::File(_) | Piece::Base64(_) => None,
    });
    pieces.flatten().copied().collect()
}

fn json(wire: &Wire) -> Result<Value, Complaint> {
    let body = at_hand(wire);
    let read = serde_json::from_slice(&body);
    read.map_err(|_| Complaint::invalid(None, "The request is no JSON object."))
}

/// A field of a form that is at hand.
fn field(form: &str, name: &str) -> Option<String> {
    let head = format!("name=\"{name}\"\r\n\r\n");
    let (_, rest) = form.split_once(&head)?;
    let (value, _) = rest.split_once("\r\n--")?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests;
