//! OpenAI chat completions, as OpenAI and most other vendors speak it.
//!
//! The grammar: <https://platform.openai.com/docs/api-reference/chat>.

pub(super) mod amend;
mod answer;
pub(super) mod ask;
pub(super) mod carry;
mod effort;
pub(super) mod error;
mod progress;
mod request;
pub(super) mod splice;
pub(super) mod usage;
mod whole;

use bytes::Bytes;
pub(in crate::chat) use request::read::SEARCH;
use wayleave_model::target::ModelFacts;

use super::{Ask, ChatDialect, ChatRequest, ChatSurface, Head, ReadEvents, WriteEvents, Written};
use crate::carry::{Answer, Carry, Whole};
use crate::error::{ErrorBody, Fault};
use crate::raw::{Edits, RawObject};
use crate::{Losses, Malformed};

/// The grammar of `/v1/chat/completions`.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiChat;

impl ChatDialect for OpenAiChat {
    fn write_request(
        &self,
        request: &ChatRequest,
        model: &str,
        facts: &ModelFacts,
        losses: &mut Losses,
    ) -> Result<Written, Malformed> {
        request::write::write(request, model, facts, losses).map(Written::from)
    }

    fn reader(&self, _answer: &Answer) -> Box<dyn ReadEvents> {
        Box::new(answer::read::Reader::default())
    }

    fn read_error(&self, body: &[u8]) -> Option<(Option<String>, String)> {
        error::read(body)
    }
}

impl ChatSurface for OpenAiChat {
    fn ask<'a>(&self, head: &Head<'a>, body: RawObject<'a>) -> Result<Ask<'a>, Malformed> {
        ask::ask(head, body)
    }

    fn amend(&self, ask: &Ask<'_>, model: &str, facts: &ModelFacts, edits: &mut Edits) {
        amend::amend(ask, model, facts, edits);
    }

    fn read_request(&self, head: &Head<'_>, body: &[u8]) -> Result<ChatRequest, Malformed> {
        request::read::read(head, body)
    }

    fn writer(&self, answer: &Answer) -> Box<dyn WriteEvents> {
        Box::new(answer::write::Writer::new(answer))
    }

    fn carry(&self, answer: &Answer) -> Box<dyn Carry> {
        Box::new(carry::Carrier::new(answer))
    }

    fn carry_whole(&self, answer: &Answer, body: Bytes) -> Result<Whole, Fault> {
        whole::carry(answer, body)
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
