//! Cohere's chat, version 2, as its provider speaks it.
//!
//! Reference: <https://docs.cohere.com/reference/chat> and
//! <https://docs.cohere.com/reference/chat-stream>; types: `cohere.v2` of the `cohere` package on
//! PyPI.

mod answer;
mod request;
mod usage;

use wayleave_model::target::ModelFacts;

use super::openai::error;
use super::{ChatDialect, ChatRequest, ReadEvents, Written};
use crate::carry::Answer;
use crate::{Losses, Malformed};

/// The grammar of `/v2/chat`.
#[derive(Clone, Copy, Debug)]
pub struct Cohere;

impl ChatDialect for Cohere {
    fn write_request(
        &self,
        request: &ChatRequest,
        model: &str,
        facts: &ModelFacts,
        losses: &mut Losses,
    ) -> Result<Written, Malformed> {
        request::write(request, model, facts, losses).map(Written::from)
    }

    fn reader(&self, answer: &Answer) -> Box<dyn ReadEvents> {
        Box::new(answer::Reader::new(&answer.id))
    }

    /// `{"id", "message"}`, or a gateway's in front of it.
    fn read_error(&self, body: &[u8]) -> Option<(Option<String>, String)> {
        error::read(body)
    }
}
