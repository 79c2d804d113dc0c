//! OpenAI's older completions: a prompt, and what follows it.
//!
//! Reference: <https://platform.openai.com/docs/api-reference/completions>. Passed on where both
//! sides speak it; a prompt is no conversation, so nothing is translated into or out of it.

mod ask;
mod carry;
mod read;
mod whole;
mod write;

use bytes::Bytes;
use wayleave_model::target::ModelFacts;

use super::openai::error;
use super::{Ask, ChatDialect, ChatRequest, ChatSurface, Head, ReadEvents, WriteEvents, Written};
use crate::carry::{Answer, Carry, Whole};
use crate::error::{ErrorBody, Fault};
use crate::raw::{Edits, RawObject};
use crate::{Losses, Malformed};

/// The grammar of `/v1/completions`.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiCompletions;

impl ChatDialect for OpenAiCompletions {
    /// A conversation is not sent to a model that only continues a text.
    fn write_request(
        &self,
        _request: &ChatRequest,
        _model: &str,
        _facts: &ModelFacts,
        _losses: &mut Losses,
    ) -> Result<Written, Malformed> {
        let message = "this model only completes a text: use /v1/completions";
        Err(elsewhere(message))
    }

    fn reader(&self, _answer: &Answer) -> Box<dyn ReadEvents> {
        Box::new(read::Reader::default())
    }

    fn read_error(&self, body: &[u8]) -> Option<(Option<String>, String)> {
        error::read(body)
    }
}

impl ChatSurface for OpenAiCompletions {
    fn ask<'a>(&self, head: &Head<'a>, body: RawObject<'a>) -> Result<Ask<'a>, Malformed> {
        ask::ask(head, body)
    }

    fn amend(&self, ask: &Ask<'_>, model: &str, facts: &ModelFacts, edits: &mut Edits) {
        ask::amend(ask, model, facts, edits);
    }

    /// A prompt is not sent to a model that only holds conversations.
    fn read_request(&self, _head: &Head<'_>, _body: &[u8]) -> Result<ChatRequest, Malformed> {
        let message = "this model is served for chat: use /v1/chat/completions";
        Err(elsewhere(message))
    }

    fn writer(&self, answer: &Answer) -> Box<dyn WriteEvents> {
        Box::new(write::Writer::new(answer))
    }

    fn carry(&self, answer: &Answer) -> Box<dyn Carry> {
        Box::new(carry::Carrier::new(answer))
    }

    fn carry_whole(&self, answer: &Answer, body: Bytes) -> Result<Whole, Fault> {
        whole::carry(answer, &body)
    }

    fn error(&self, error: &ErrorBody) -> Vec<u8> {
        error::body(error)
    }

    fn error_frames(&self, error: &ErrorBody) -> Vec<u8> {
        error::frames(error)
    }

    fn heartbeat(&self) -> &'static [u8] {
        error::PING
    }
}

/// The model is served, at another path.
fn elsewhere(message: &str) -> Malformed {
    Malformed { code: Some("wrong_endpoint"), ..Malformed::at("model", message) }
}

#[cfg(test)]
mod tests;
