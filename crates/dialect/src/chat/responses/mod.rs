//! OpenAI Responses.
//!
//! The grammar: <https://platform.openai.com/docs/api-reference/responses>, and the types in
//! `openai/types/responses` of OpenAI's Python SDK.

mod answer;
mod ask;
mod carry;
mod error;
pub mod kept;
mod names;
mod request;
mod splice;
mod unfold;
mod usage;
mod whole;

use bytes::Bytes;
use wayleave_model::target::ModelFacts;

use super::{Ask, ChatDialect, ChatRequest, ChatSurface, Head, ReadEvents, WriteEvents, Written};
use crate::carry::{Answer, Carry, Whole};
use crate::error::{ErrorBody, Fault};
use crate::raw::{Edits, RawObject};
use crate::{Losses, Malformed};

/// The grammar of `/v1/responses`.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiResponses;

/// Makes the request go on from `vendor_id`, the provider's own id of the answer that the client
/// knows by another ([`Ask::continues`]).
pub fn continue_from(edits: &mut Edits, vendor_id: &str) {
    let id = serde_json::Value::from(vendor_id).to_string();
    edits.set("previous_response_id", id, "previous_response_id");
}

impl ChatDialect for OpenAiResponses {
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
        Box::new(answer::Reader::default())
    }

    fn read_error(&self, body: &[u8]) -> Option<(Option<String>, String)> {
        error::read(body)
    }
}

impl ChatSurface for OpenAiResponses {
    fn ask<'a>(&self, head: &Head<'a>, body: RawObject<'a>) -> Result<Ask<'a>, Malformed> {
        ask::ask(head, body)
    }

    fn amend(&self, ask: &Ask<'_>, model: &str, facts: &ModelFacts, edits: &mut Edits) {
        ask::amend(ask, model, facts, edits);
    }

    fn read_request(&self, head: &Head<'_>, body: &[u8]) -> Result<ChatRequest, Malformed> {
        request::read::read(head, body)
    }

    fn writer(&self, answer: &Answer) -> Box<dyn WriteEvents> {
        Box::new(answer::Writer::new(answer))
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
