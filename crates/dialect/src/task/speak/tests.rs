//! Requests of every grammar, and the sound that comes back.

mod answers;
mod requests;

use bytes::Bytes;
use serde_json::Value;
use wayleave_model::target::ModelFacts;

use super::*;
use crate::carry::{Carried, Seen};
use crate::chat::Head;
use crate::error::Fault;
use crate::task::{Body, Broken, Context, Piece, Reader, SaidHead, Wire};

fn parsed(body: &Value) -> Result<Speak, Malformed> {
    let body = Body::Json(body.to_string().into());
    read(&Given { head: Head::default(), body: &body })
}

/// What a client asks for, beside model and text.
fn asked(more: &Value) -> Speak {
    let mut body = serde_json::json!({"model": "tts", "input": "Good day.", "voice": "nova"});
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    parsed(&body).expect("a request")
}

fn try_write(
    asked: &Speak,
    grammar: Grammar,
    facts: &ModelFacts,
) -> Result<(Written, Losses), Malformed> {
    let callee = Callee { grammar, model: "aura-2-thalia-en", facts };
    let mut losses = Losses::default();
    let written = asked.write(&callee, &mut losses)?;
    Ok((written, losses))
}

fn write(asked: &Speak, grammar: Grammar) -> (Written, Losses) {
    try_write(asked, grammar, &ModelFacts::UNKNOWN).expect("a request")
}

fn in_pieces(asked: &Speak, grammar: Grammar, most: u64) -> Result<Written, Malformed> {
    let facts = ModelFacts { max_characters: Some(most), ..ModelFacts::UNKNOWN };
    try_write(asked, grammar, &facts).map(|(written, _)| written)
}

fn refusal(asked: &Speak, grammar: Grammar) -> Malformed {
    try_write(asked, grammar, &ModelFacts::UNKNOWN).err().expect("a refusal")
}

fn json(wire: &Wire) -> Value {
    let piece = |it: &Piece| match it {
        Piece::Bytes(bytes) => bytes.clone(),
        other => panic!("{other:?}"),
    };
    let body: Vec<Bytes> = wire.body.iter().map(piece).collect();
    serde_json::from_slice(&body.concat()).expect("JSON")
}

/// What the client gets.
#[derive(Debug)]
struct Told {
    content_type: String,
    broken: Broken,
    bytes: Vec<u8>,
    end: Result<(), Fault>,
    seen: Seen,
}

/// The answers of each wire: a type, and the chunks of its body.
fn told(written: Written, answers: &[(&str, &[&[u8]])]) -> Told {
    assert_eq!(written.wires.len(), answers.len());
    let Reader::Stream(reader) = written.reader else { panic!("no stream") };
    let head = |kind: &str| SaidHead { content_type: kind.to_owned(), ..SaidHead::default() };
    let streaming = reader.begin(&head(answers[0].0), &Context::default()).expect("an answer");
    let (mut carry, mut out) = (streaming.carry, Carried::default());
    for (at, (kind, chunks)) in answers.iter().enumerate() {
        if at > 0 {
            carry.part(&head(kind), &mut out);
        }
        for chunk in *chunks {
            carry.push(Bytes::copy_from_slice(chunk), &mut out);
        }
    }
    if out.end.is_none() {
        carry.end(&mut out);
    }
    Told {
        content_type: streaming.content_type.into_owned(),
        broken: streaming.broken,
        bytes: out.bytes.concat(),
        end: out.end.expect("an end"),
        seen: carry.seen().clone(),
    }
}
