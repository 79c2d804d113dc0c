//! Requests for vectors, in bytes: what each provider is sent, and what the client reads.

mod answers;
mod any;
mod asking;
mod google;
mod passing;

use bytes::Bytes;
use wayleave_model::target::ModelFacts;

use super::{read_gemini, read_gemini_batch, read_openai};
use crate::chat::Head;
use crate::error::Fault;
use crate::task::{
    Body, Callee, Context, Given, Grammar, Piece, Question, Reader, Said, SaidHead, Spoken, Wire,
    Written,
};
use crate::{Losses, Malformed};

/// A question as a client of OpenAI's asks it.
fn openai(json: &str) -> Result<Box<dyn Question>, Malformed> {
    let body = Body::Json(Bytes::copy_from_slice(json.as_bytes()));
    read_openai(&Given { head: Head::default(), body: &body })
}

/// As a client of Google's does.
fn google(json: &str, batch: bool) -> Result<Box<dyn Question>, Malformed> {
    let body = Body::Json(Bytes::copy_from_slice(json.as_bytes()));
    let head = Head { model: Some("public"), ..Head::default() };
    let given = Given { head, body: &body };
    if batch { read_gemini_batch(&given) } else { read_gemini(&given) }
}

/// What is sent, and what is lost.
struct Sent {
    written: Written,
    losses: Vec<String>,
}

impl Sent {
    fn of(
        question: &dyn Question,
        grammar: Grammar,
        model: &str,
        facts: &ModelFacts,
    ) -> Result<Sent, Malformed> {
        let mut losses = Losses::default();
        let written = question.write(&Callee { grammar, model, facts }, &mut losses)?;
        let losses = losses.iter().map(|loss| loss.path.clone()).collect();
        Ok(Sent { written, losses })
    }

    fn bodies(&self) -> Vec<String> {
        self.written.wires.iter().map(text).collect()
    }

    fn only(&self) -> String {
        assert_eq!(self.written.wires.len(), 1);
        text(&self.written.wires[0])
    }

    /// The client's answer to `bodies`.
    fn answered(self, bodies: &[&str]) -> Result<Spoken, Fault> {
        let said = bodies.iter().map(|body| said(body, &[])).collect();
        self.heard(said, &context())
    }

    fn heard(self, said: Vec<Said>, context: &Context) -> Result<Spoken, Fault> {
        let Reader::Whole(mut reader) = self.written.reader else { panic!("a stream") };
        for said in said {
            reader.read(said)?;
        }
        reader.end(context)
    }
}

fn context() -> Context {
    Context { id: "req_1".to_owned(), target_model: "own".to_owned(), ..Context::default() }
}

fn said(body: &str, headers: &[(&'static str, &'static str)]) -> Said {
    let mut head = SaidHead::default();
    for (name, value) in headers {
        head.headers.insert(*name, value.parse().expect("a value"));
    }
    Said { head, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn text(wire: &Wire) -> String {
    let each = wire.body.iter().map(|piece| match piece {
        Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    });
    each.collect()
}

/// Asks `grammar`'s provider of the model `own`.
fn ask(json: &str, grammar: Grammar) -> Sent {
    ask_model(json, grammar, "own")
}

fn ask_model(json: &str, grammar: Grammar, model: &str) -> Sent {
    let question = openai(json).expect("a question");
    Sent::of(&*question, grammar, model, &ModelFacts::UNKNOWN).expect("it can be asked")
}

/// Why it cannot be asked.
fn refused(json: &str, grammar: Grammar, model: &str) -> Malformed {
    let question = openai(json).expect("a question");
    match Sent::of(&*question, grammar, model, &ModelFacts::UNKNOWN) {
        Err(refusal) => refusal,
        Ok(sent) => panic!("it was asked: {}", sent.only()),
    }
}

fn body(spoken: &Spoken) -> String {
    String::from_utf8_lossy(&spoken.body).into_owned()
}
