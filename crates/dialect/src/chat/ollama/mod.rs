//! Ollama's own chat, as its server speaks it.
//!
//! Reference: <https://docs.ollama.com/api/chat>; types: `api/types.go` of `ollama/ollama` and
//! `ollama._types` of the `ollama` package on PyPI.

mod answer;
mod request;

use wayleave_model::target::ModelFacts;

use super::openai::error;
use super::{ChatDialect, ChatRequest, Media, ReadEvents, Written};
use crate::carry::Answer;
use crate::frame::Framing;
use crate::{Losses, Malformed};

/// The grammar of `/api/chat`.
#[derive(Clone, Copy, Debug)]
pub struct Ollama;

impl ChatDialect for Ollama {
    fn framing(&self) -> Framing {
        Framing::Lines
    }

    /// It takes pictures as base64 only.
    fn fetches(&self, _media: &Media) -> bool {
        false
    }

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

    /// `{"error": "…"}`.
    fn read_error(&self, body: &[u8]) -> Option<(Option<String>, String)> {
        error::read(body)
    }
}
