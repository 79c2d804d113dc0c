//! Google's Gemini: `generateContent` and `streamGenerateContent`.
//!
//! Reference: <https://ai.google.dev/api/generate-content>; types as the `google-genai` package
//! has them. Model and stream stand in the path; both spellings of a field are taken (`proto.rs`).

mod answer;
mod ask;
mod carry;
mod cut;
mod error;
mod ids;
mod proto;
mod request;
mod seal;
mod usage;
mod whole;

use bytes::Bytes;
use wayleave_model::target::ModelFacts;

use super::{
    Ask, ChatDialect, ChatRequest, ChatSurface, Head, Media, ReadEvents, WriteEvents, Written,
};
use crate::carry::{Answer, Carry, Whole};
use crate::error::{ErrorBody, Fault};
use crate::raw::{Edits, RawObject};
use crate::{Losses, Malformed, base64};

pub(crate) use request::{PROOF, proof};

/// The grammar of `/v1beta/models/{model}:generateContent`.
pub struct Gemini;

impl ChatDialect for Gemini {
    fn fetches(&self, media: &Media) -> bool {
        request::fetches(media)
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
        Box::new(answer::Reader::new(answer))
    }

    fn read_error(&self, body: &[u8]) -> Option<(Option<String>, String)> {
        error::read(body)
    }
}

impl ChatSurface for Gemini {
    fn ask<'a>(&self, head: &Head<'a>, body: RawObject<'a>) -> Result<Ask<'a>, Malformed> {
        ask::ask(head, body)
    }

    fn amend(&self, ask: &Ask<'_>, model: &str, facts: &ModelFacts, edits: &mut Edits) {
        ask::amend(ask, model, facts, edits);
    }

    fn read_request(&self, head: &Head<'_>, body: &[u8]) -> Result<ChatRequest, Malformed> {
        request::read(head, body)
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

    fn error_items(&self, error: &ErrorBody, begun: bool) -> Vec<u8> {
        error::items(error, begun)
    }

    fn heartbeat(&self) -> &'static [u8] {
        error::SILENCE
    }
}
