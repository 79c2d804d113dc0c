//! The provider-neutral conversation: what every chat dialect reads into and writes from.
//!
//! Shaped for eight grammars: OpenAI chat and Responses, Anthropic messages, Gemini, Cohere v2,
//! Bedrock Converse, Ollama and Azure's variants. What only one of them knows stays in place as
//! its raw JSON ([`Part::Vendor`], [`ChatRequest::rest`]), so it can be carried or named as a loss.

pub mod anthropic;
pub mod bedrock;
mod cited;
pub mod cohere;
pub mod completions;
mod event;
mod follow;
mod functions;
pub mod gemini;
mod halves;
mod instead;
mod lost;
mod media;
pub mod ollama;
pub mod openai;
mod request;
pub mod responses;
mod rest;

use bytes::Bytes;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use crate::carry::{Answer, Carry, Whole};
use crate::error::{ErrorBody, Fault};
use crate::frame::Framing;
use crate::raw::{Edits, RawObject};
use crate::{Losses, Malformed, json, node};

pub use event::{ChatEvent, Finish, PartKind};
pub use media::is_media_type;
pub use request::{
    ChatRequest, Media, OutputFormat, Part, Reasoning, ReasoningAmount, Role, Sampling, Seal,
    SealKind, Tool, ToolChoice, ToolKind, Turn,
};

/// A conversation grammar, as a provider speaks it: requests are written, answers are read.
pub trait ChatDialect: Send + Sync {
    /// How its streams are cut into frames.
    fn framing(&self) -> Framing {
        Framing::Events
    }

    /// Whether a provider of this dialect fetches what stands at an address itself. Where it does
    /// not, the gateway fetches it, and [`ChatDialect::write_request`] finds its bytes.
    fn fetches(&self, _media: &Media) -> bool {
        true
    }

    /// Renders `request` for `model`, noting in `losses` what this grammar has no word for.
    /// Fails where leaving it out would change what is asked (a schema that cannot be enforced).
    fn write_request(
        &self,
        request: &ChatRequest,
        model: &str,
        facts: &ModelFacts,
        losses: &mut Losses,
    ) -> Result<Written, Malformed>;

    /// Reads an upstream's answer as events. What the answer is known by here is at hand for
    /// grammars that give calls of tools no ids.
    fn reader(&self, answer: &Answer) -> Box<dyn ReadEvents>;

    /// Reads a provider's own error body: its type or code, and its message.
    fn read_error(&self, body: &[u8]) -> Option<(Option<String>, String)>;
}

/// A conversation grammar that clients speak to us too: requests are read, answers are written.
pub trait ChatSurface: ChatDialect {
    /// The cheap reading that every request gets: nothing is parsed below the top level.
    fn ask<'a>(&self, head: &Head<'a>, body: RawObject<'a>) -> Result<Ask<'a>, Malformed>;

    /// Same dialect on both sides: what must differ from the client's bytes for this target, and
    /// only that. Each edit is named.
    fn amend(&self, ask: &Ask<'_>, model: &str, facts: &ModelFacts, edits: &mut Edits);

    /// Reads the whole request, for a target that speaks another dialect.
    fn read_request(&self, head: &Head<'_>, body: &[u8]) -> Result<ChatRequest, Malformed>;

    /// Writes events as the client's answer.
    fn writer(&self, answer: &Answer) -> Box<dyn WriteEvents>;

    /// Same dialect on both sides, streamed: passes frames on, repairing what would break a client.
    fn carry(&self, answer: &Answer) -> Box<dyn Carry>;

    /// Same dialect on both sides, whole: passes the body on, repairing what would break a client.
    /// The fault is an error or a page that came with a status of success.
    fn carry_whole(&self, answer: &Answer, body: Bytes) -> Result<Whole, Fault>;

    /// The body of an error, before the head.
    fn error(&self, error: &ErrorBody) -> Vec<u8>;

    /// The frames that end a stream with an error that every client of this dialect notices.
    fn error_frames(&self, error: &ErrorBody) -> Vec<u8>;

    /// The same where the stream is one JSON list ([`Answer::list`]): its last item and its end.
    /// `begun`: something other than white space is out already.
    fn error_items(&self, error: &ErrorBody, _begun: bool) -> Vec<u8> {
        self.error_frames(error)
    }

    /// A frame that says nothing and keeps a silent stream open.
    fn heartbeat(&self) -> &'static [u8];
}

/// A request rendered for a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Its body.
    pub body: Vec<u8>,
    /// The shape of the answer is enforced by a tool of this name that the model must call: the
    /// input of that call is the answer's text ([`crate::carry::Unwrap`]).
    pub answer_tool: Option<String>,
}

impl From<Vec<u8>> for Written {
    fn from(body: Vec<u8>) -> Written {
        Written { body, answer_tool: None }
    }
}

/// What a surface knows from the address before the body is read (Gemini names the model there).
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    /// The model, where the path names it.
    pub model: Option<&'a str>,
    /// Whether the path asks for a stream.
    pub stream: Option<bool>,
    /// A stream is to be one JSON list, not server-sent events (Gemini without `alt=sse`).
    pub list: bool,
}

/// A request read one level deep.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The client's own bytes, indexed.
    pub body: RawObject<'a>,
    /// The public name asked for.
    pub model: String,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Whether the client wants usage at the end of a stream (always, where the dialect has no
    /// switch for it).
    pub include_usage: bool,
    /// The answer limit, under whichever name.
    pub max_output: Option<u64>,
    /// How many answers were asked for.
    pub choices: u32,
    /// Figures and flags for the usage row.
    pub asked: Asked,
    /// The client's name for its end user.
    pub end_user: Option<String>,
    /// The id of an answer that this one continues, as the client has it (Responses'
    /// `previous_response_id`): only the provider that gave it can.
    pub continues: Option<String>,
    /// A stream is to be one JSON list, not server-sent events.
    pub list: bool,
}

/// Turns an upstream's answer into events. A whole body yields the same events as its stream.
pub trait ReadEvents: Send {
    /// One frame of a stream.
    fn frame(&mut self, frame: &crate::frame::Frame, out: &mut Vec<ChatEvent>)
    -> Result<(), Fault>;

    /// Whether the provider has said its last word (`[DONE]`, `message_stop`): nothing after it is
    /// read, and the answer ends without waiting for the connection to.
    fn done(&self) -> bool {
        false
    }

    /// The stream ended without an error. Pushes what is still owed (a `Finish` the vendor never
    /// sent is a fault: the answer was cut).
    fn end(&mut self, out: &mut Vec<ChatEvent>) -> Result<(), Fault>;

    /// A whole body.
    fn whole(&mut self, body: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault>;
}

/// Turns events into what the client reads.
pub trait WriteEvents: Send {
    /// Appends the frames for `event`, if it has any.
    fn event(&mut self, event: &ChatEvent, out: &mut Vec<u8>);

    /// Appends the frames that end the stream: after every event, before the connection ends.
    fn end(&mut self, out: &mut Vec<u8>);

    /// One whole body.
    fn whole(&mut self, events: &[ChatEvent]) -> Vec<u8>;

    /// What could not be written so far, each named once, like `answer.citations`.
    fn losses(&self) -> &[&'static str];
}
