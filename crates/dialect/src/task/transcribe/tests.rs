//! Forms in, requests of every grammar out, and answers back.

mod answers;
mod requests;
mod streams;

use bytes::Bytes;
use wayleave_model::target::ModelFacts;

use super::super::audio::wav;
use super::form;
use super::*;
use crate::chat::Head;
use crate::task::{Body, Callee, Context, FormFile, Given, Piece, Reader, Said, SaidHead, Spoken};

/// Two seconds of sound at 16 kHz.
const LEN: u64 = 44 + 64_000;

fn file(name: Option<&str>, head: &[u8], len: u64) -> FormFile {
    FormFile {
        field: "file".to_owned(),
        filename: name.map(str::to_owned),
        content_type: None,
        head: Bytes::copy_from_slice(head),
        at: 100..100 + len,
    }
}

fn wav_file() -> FormFile {
    file(Some("speech.mp3"), &wav::header(16_000), LEN)
}

fn given<T>(
    fields: &[(&str, &str)],
    files: Vec<FormFile>,
    read: impl FnOnce(&Given<'_>) -> T,
) -> T {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let body = Body::Form { fields: fields.iter().map(pair).collect(), files };
    read(&Given { head: Head::default(), body: &body })
}

fn asked(fields: &[(&str, &str)]) -> Transcribe {
    given(fields, vec![wav_file()], |it| form::read(it, false)).expect("a request")
}

fn callee(grammar: Grammar) -> Callee<'static> {
    static FACTS: ModelFacts = ModelFacts::UNKNOWN;
    Callee { grammar, model: "whisper-large", facts: &FACTS }
}

fn write(asked: &Transcribe, grammar: Grammar) -> (Written, Losses) {
    let mut losses = Losses::default();
    let written = asked.write(&callee(grammar), &mut losses).expect("a request");
    (written, losses)
}

fn refusal(asked: &Transcribe, grammar: Grammar) -> Malformed {
    asked.write(&callee(grammar), &mut Losses::default()).err().expect("a refusal")
}

/// The body as text, with files as what they are.
fn shown(body: &[Piece]) -> String {
    let piece = |it: &Piece| match it {
        Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Piece::File(at) => format!("<file {at:?}>"),
        Piece::Base64(at) => format!("<base64 {at:?}>"),
    };
    body.iter().map(piece).collect()
}

fn answer(written: Written, content_type: &str, body: &str) -> Result<Spoken, crate::error::Fault> {
    let Reader::Whole(mut reader) = written.reader else { panic!("a stream") };
    let head = SaidHead { content_type: content_type.to_owned(), ..SaidHead::default() };
    reader.read(Said { head, body: Bytes::copy_from_slice(body.as_bytes()) })?;
    reader.end(&Context::default())
}
