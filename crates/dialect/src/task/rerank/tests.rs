//! Requests for an order, in bytes: what each provider is sent, and what the client reads.

mod answers;
mod any;
mod asking;

use bytes::Bytes;
use wayleave_model::target::ModelFacts;

use super::read;
use crate::chat::Head;
use crate::error::Fault;
use crate::task::{
    Body, Callee, Context, Given, Grammar, Piece, Question, Reader, Said, SaidHead, Spoken, Wire,
    Written,
};
use crate::{Losses, Malformed};

fn question(json: &str) -> Result<Box<dyn Question>, Malformed> {
    let body = Body::Json(Bytes::copy_from_slice(json.as_bytes()));
    read(&Given { head: Head::default(), body: &body })
}

/// What is sent, and what is lost.
struct Sent {
    written: Written,
    losses: Vec<String>,
}

fn ask_with(json: &str, to: &Callee<'_>) -> Result<Sent, Malformed> {
    let mut losses = Losses::default();
    let written = question(json)?.write(to, &mut losses)?;
    Ok(Sent { written, losses: losses.iter().map(|loss| loss.path.clone()).collect() })
}

fn ask(json: &str, grammar: Grammar, model: &str) -> Sent {
    let facts = ModelFacts::UNKNOWN;
    ask_with(json, &Callee { grammar, model, facts: &facts }).expect("it can be asked")
}

fn text(wire: &Wire) -> String {
    let each = wire.body.iter().map(|piece| match piece {
        Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        other => format!("{other:?}"),
    });
    each.collect()
}

impl Sent {
    fn only(&self) -> String {
        assert_eq!(self.written.wires.len(), 1);
        text(&self.written.wires[0])
    }

    fn answered(self, bodies: &[&str]) -> Result<Spoken, Fault> {
        self.heard(bodies, &[])
    }

    fn heard(self, bodies: &[&str], headers: &[(&'static str, &str)]) -> Result<Spoken, Fault> {
        let Reader::Whole(mut reader) = self.written.reader else { panic!("a stream") };
        for body in bodies {
            let mut head = SaidHead::default();
            for (name, value) in headers {
                head.headers.insert(*name, value.parse().expect("a value"));
            }
            reader.read(Said { head, body: Bytes::copy_from_slice(body.as_bytes()) })?;
        }
        reader.end(&Context {
            id: "req_1".to_owned(),
            target_model: "own".to_owned(),
            ..Context::default()
        })
    }
}

fn body(spoken: &Spoken) -> String {
    String::from_utf8_lossy(&spoken.body).into_owned()
}
