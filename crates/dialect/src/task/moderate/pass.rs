//! A provider of OpenAI's grammar: the client's bytes go up, the provider's come down.
//!
//! OpenAI charges nothing and reports nothing
//! (<https://platform.openai.com/docs/guides/moderation>): such a call consumes a request.

use bytes::Bytes;
use serde::Deserialize;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::request::Moderation;
use crate::Malformed;
use crate::error::Fault;
use crate::node;
use crate::raw::RawObject;
use crate::task::{Callee, Context, ReadAnswer, Reader, Said, Spoken, Written, said, splice};

pub(super) fn write(asked: &Moderation, to: &Callee<'_>) -> Result<Written, Malformed> {
    let (wire, edits) = splice::for_model(&asked.body, to.model)?;
    let reader = Passed { expected: asked.inputs.len(), body: Bytes::new(), input: None };
    Ok(Written { wires: vec![wire], edits, reader: Reader::Whole(Box::new(reader)) })
}

struct Passed {
    expected: usize,
    body: Bytes,
    input: Option<u64>,
}

/// What some clones say was consumed.
#[derive(Deserialize)]
struct Consumed {
    #[serde(default)]
    prompt_tokens: Option<f64>,
    #[serde(default)]
    total_tokens: Option<f64>,
}

impl ReadAnswer for Passed {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        let none = || said::none(&said, "judgements");
        let object = RawObject::read(&said.body).map_err(|_| none())?;
        let results = object.raw("results").ok_or_else(none)?;
        let results = node::list(results, "results").map_err(|_| none())?;
        counted(results.len(), self.expected)?;
        let consumed = object.parse::<Consumed>("usage").and_then(Result::ok);
        self.input = consumed
            .and_then(|it| said::figure(it.prompt_tokens).or(said::figure(it.total_tokens)));
        self.body = said.body;
        Ok(())
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let usage = Usage { input: self.input.unwrap_or_default(), ..Usage::default() };
        let source = self.input.map_or(UsageSource::Counted, |_| UsageSource::Provider);
        let body = splice::answered(&self.body, context);
        Ok(Spoken { body, usage, source, ..Spoken::default() })
    }
}

/// One judgement for each input.
pub(super) fn counted(given: usize, expected: usize) -> Result<(), Fault> {
    if given == expected {
        return Ok(());
    }
    let message = format!("the provider gave {given} judgements for {expected} inputs");
    Err(Fault::unreadable(message))
}
