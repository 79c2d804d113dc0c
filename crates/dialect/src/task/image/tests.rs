//! What is asked of each provider, byte for byte, and what is made of what they answer.

mod google;
mod openai;
mod others;
mod streams;

use bytes::Bytes;
use serde_json::Value;
use wayleave_model::target::ModelFacts;

use super::*;
use crate::chat::Head;
use crate::task::{
    Body, Callee, Context, FormFile, Given, Grammar, Piece, Question, ReadAnswer, Reader, Said,
    SaidHead, Spoken, Written,
};
use crate::{Losses, Malformed};

/// The beginning of a PNG file of 1024 by 1536, as base64.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAABAAAAAYACAIAAAA=";

fn given(body: &Body) -> Given<'_> {
    Given { head: Head { model: None, stream: None, list: false }, body }
}

fn asks(json: &str) -> Box<dyn Question> {
    read_generation(&given(&Body::Json(Bytes::from(json.to_owned())))).expect("a request")
}

fn edits(json: &str) -> Box<dyn Question> {
    read_edit(&given(&Body::Json(Bytes::from(json.to_owned())))).expect("a request")
}

/// A form with one PNG in it, whose bytes stand at 10 to 50.
fn form(fields: &[(&str, &str)], names: &[&str]) -> Body {
    let fields = fields.iter().map(|&(name, text)| (name.to_owned(), text.to_owned())).collect();
    let files = names.iter().map(|&name| FormFile {
        field: name.to_owned(),
        filename: Some("cat.bin".to_owned()),
        content_type: Some("application/octet-stream".to_owned()),
        head: Bytes::from_static(b"\x89PNG\r\n\x1a\n"),
        at: 10..50,
    });
    Body::Form { fields, files: files.collect() }
}

fn write_as(
    question: &dyn Question,
    grammar: Grammar,
    model: &str,
    facts: &ModelFacts,
) -> Result<(Written, Vec<String>), Malformed> {
    let mut losses = Losses::default();
    let written = question.write(&Callee { grammar, model, facts }, &mut losses)?;
    Ok((written, losses.iter().map(|it| it.path.clone()).collect()))
}

fn write(
    question: &dyn Question,
    grammar: Grammar,
    model: &str,
) -> Result<(Written, Vec<String>), Malformed> {
    write_as(question, grammar, model, &ModelFacts::UNKNOWN)
}

/// The code of the refusal.
fn refused(question: &dyn Question, grammar: Grammar, model: &str) -> (String, String) {
    let refusal = match write(question, grammar, model) {
        Err(refusal) => refusal,
        Ok(_) => panic!("it was written"),
    };
    (refusal.code.unwrap_or_default().to_owned(), refusal.param.unwrap_or_default())
}

/// A body with `<10..50>` for what stands in the upload.
fn text(pieces: &[Piece]) -> String {
    let each = pieces.iter().map(|piece| match piece {
        Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Piece::File(at) => format!("<{}..{}>", at.start, at.end),
        Piece::Base64(at) => format!("<base64 {}..{}>", at.start, at.end),
    });
    each.collect()
}

fn json(written: &Written, at: usize) -> Value {
    serde_json::from_str(&text(&written.wires[at].body)).expect("JSON")
}

fn whole(written: Written) -> Box<dyn ReadAnswer> {
    match written.reader {
        Reader::Whole(reader) => reader,
        Reader::Stream(_) => panic!("a stream"),
    }
}

fn said(body: &str) -> Said {
    let head = SaidHead { content_type: "application/json".to_owned(), ..SaidHead::default() };
    Said { head, body: Bytes::from(body.to_owned()) }
}

fn context() -> Context {
    Context { id: "req_7".to_owned(), created: 1_700_000_000, ..Context::default() }
}

/// What the client gets for these answers.
fn answered(written: Written, bodies: &[&str]) -> Result<Spoken, crate::error::Fault> {
    let mut reader = whole(written);
    for body in bodies {
        reader.read(said(body))?;
    }
    reader.end(&context())
}

fn body(spoken: &Spoken) -> Value {
    serde_json::from_slice(&spoken.body).expect("JSON")
}
