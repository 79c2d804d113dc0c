//! The provider-neutral conversation: what every chat dialect reads into and writes from.
//!
//! Shaped for eight grammars: OpenAI chat and Responses, Anthropic messages, Gemini, Cohere v2,
//! Bedrock Converse, Ollama and Azure's variants. What only one of them knows stays in place as
//! its raw JSON ([`Part::Vendor`], [`ChatRequest::rest`]), so it can be carried or named as a loss.

pub mod anthropic;
pub mod bedrock;
pub mod cohere;
pub mod completions;
mod follow;
mod functions;
pub mod gemini;
mod halves;
mod json;
mod lost;
mod node;
pub mod ollama;
pub mod openai;
pub mod responses;

use bytes::Bytes;
use serde_json::value::RawValue;
use wayleave_model::Usage;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use crate::carry::{Answer, Carry, Whole};
use crate::error::{ErrorBody, Fault};
use crate::frame::Framing;
use crate::raw::{Edits, RawObject};
use crate::{Losses, Malformed};

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

/// A conversation and what is wanted of its next turn.
#[derive(Debug, Default)]
pub struct ChatRequest {
    /// The public name asked for.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Everything said so far, in order. System and developer turns stand where they stood.
    pub turns: Vec<Turn>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Whether it must, may or may not.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    pub parallel_tools: Option<bool>,
    /// The tools were declared in OpenAI's older form (`functions`), so their calls must be
    /// answered in it.
    pub legacy_functions: bool,
    /// The shape of the answer.
    pub output: OutputFormat,
    /// Most tokens of the answer, under whichever name.
    pub max_output: Option<u64>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// How much to reason, and what to show of it.
    pub reasoning: Option<Reasoning>,
    /// How many answers; 0 and 1 both mean one.
    pub choices: u32,
    /// Whether token probabilities are wanted, and how many alternatives of each.
    pub logprobs: Option<u32>,
    /// The client's name for its end user.
    pub end_user: Option<String>,
    /// The provider's latency class (`auto`, `default`, `flex`, `priority` …), as sent.
    pub service_tier: Option<String>,
    /// A key that groups requests for the provider's prompt cache.
    pub cache_key: Option<String>,
    /// Labels the provider is to store with the call.
    pub metadata: Option<Box<RawValue>>,
    /// Top-level fields without a common word: name and value. Each is a loss across dialects.
    pub rest: Vec<(String, Box<RawValue>)>,
}

impl ChatRequest {
    /// The names of the tools that are called with free text.
    pub fn custom_tools(&self) -> Vec<String> {
        let custom = self.tools.iter().filter(|it| matches!(it.kind, ToolKind::Custom { .. }));
        custom.map(|tool| tool.name.clone()).collect()
    }
}

/// How tokens are drawn. Absent: the provider's default.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2 (OpenAI, Gemini) or 0 to 1 (Anthropic, Cohere): see each writer.
    pub temperature: Option<f64>,
    /// Nucleus.
    pub top_p: Option<f64>,
    /// Candidates.
    pub top_k: Option<u64>,
    /// Less of what was said, by count.
    pub frequency_penalty: Option<f64>,
    /// Less of what was said, at all.
    pub presence_penalty: Option<f64>,
    /// For answers that can be repeated.
    pub seed: Option<i64>,
}

/// One turn of the conversation.
#[derive(Debug)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// A participant's name, where the dialect has one.
    pub name: Option<String>,
    /// What is said, in order. Never regrouped: signatures hold at their position.
    pub parts: Vec<Part>,
}

/// Who speaks. Results of tools are parts of a user's turn ([`Part::ToolResult`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The operator of the application.
    System,
    /// The same, in OpenAI's newer word.
    Developer,
    /// The person, or the program that calls.
    User,
    /// The model.
    Assistant,
}

/// A piece of a turn.
#[derive(Debug)]
pub enum Part {
    /// Text, with the prompt-cache mark that stands on it (Anthropic's `cache_control`).
    Text {
        /// The text.
        text: String,
        /// The mark's own JSON.
        cache: Option<Box<RawValue>>,
    },
    /// A picture.
    Image {
        /// Where it is.
        media: Media,
        /// OpenAI's `detail`: low, high, auto.
        detail: Option<String>,
        /// A prompt-cache mark.
        cache: Option<Box<RawValue>>,
    },
    /// Sound.
    Audio {
        /// Where it is.
        media: Media,
    },
    /// A document.
    File {
        /// Where it is.
        media: Media,
        /// What it is called.
        name: Option<String>,
        /// A prompt-cache mark.
        cache: Option<Box<RawValue>>,
    },
    /// A film.
    Video {
        /// Where it is.
        media: Media,
    },
    /// What the model thought, with the seal that its provider demands back unchanged.
    Reasoning {
        /// The visible text; empty for a redacted block.
        text: String,
        /// Signature, encrypted or redacted content.
        seal: Option<Seal>,
    },
    /// The model refused to answer, in these words.
    Refusal(String),
    /// The model calls a tool.
    ToolCall {
        /// Pairs the call with its result.
        id: String,
        /// Which tool.
        name: String,
        /// The arguments: JSON text, or free text for a custom tool. Byte for byte.
        input: String,
        /// Whether `input` is free text.
        custom: bool,
        /// A signature on the call (Gemini's `thoughtSignature`).
        seal: Option<Seal>,
        /// A prompt-cache mark.
        cache: Option<Box<RawValue>>,
    },
    /// What a tool gave back.
    ToolResult {
        /// The call it answers.
        id: String,
        /// The tool's name, where the dialect repeats it.
        name: Option<String>,
        /// Text and pictures.
        parts: Vec<Part>,
        /// The tool failed.
        is_error: bool,
        /// A prompt-cache mark.
        cache: Option<Box<RawValue>>,
    },
    /// A piece only one dialect knows (hosted tools and their results, citations …), as sent.
    Vendor {
        /// Its `type`.
        kind: String,
        /// Its JSON.
        json: Box<RawValue>,
    },
}

/// Opaque proof that a provider made a piece of reasoning: kept in place, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// What kind of proof.
    pub kind: SealKind,
    /// The proof.
    pub bytes: Bytes,
}

/// What a seal proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealKind {
    /// Signs the text beside it (Anthropic `signature`, Gemini `thoughtSignature`).
    Signature,
    /// Stands for reasoning that may not be seen (Anthropic `redacted_thinking`).
    Redacted,
    /// Holds the reasoning itself, encrypted (OpenAI `encrypted_content`).
    Encrypted,
}

/// Where a picture, sound, film or document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Media {
    /// In the request: its type and its base64 text, as sent.
    Inline {
        /// Like `image/png`; empty where the client did not say.
        mime: String,
        /// Standard base64.
        base64: String,
    },
    /// At an address.
    Url(String),
    /// In the provider's own store.
    FileId(String),
}

/// Something the model may call.
#[derive(Debug)]
pub struct Tool {
    /// What it is called by.
    pub name: String,
    /// When to call it.
    pub description: Option<String>,
    /// How it is called.
    pub kind: ToolKind,
    /// A prompt-cache mark.
    pub cache: Option<Box<RawValue>>,
}

/// How a tool is called.
#[derive(Debug)]
pub enum ToolKind {
    /// With JSON arguments.
    Function {
        /// The caller's JSON Schema, byte for byte.
        schema: Option<Box<RawValue>>,
        /// Whether the arguments must fit it.
        strict: Option<bool>,
    },
    /// With free text.
    Custom {
        /// OpenAI's `format` (a grammar), as sent.
        format: Option<Box<RawValue>>,
    },
    /// Run by the provider (web search, code execution …).
    Hosted {
        /// Its `type`.
        kind: String,
        /// Its JSON.
        json: Box<RawValue>,
    },
}

/// Whether the model must, may or may not call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// It may.
    Auto,
    /// It may not.
    None,
    /// It must call something.
    Required,
    /// It must call this.
    Tool(String),
}

/// The shape of the answer.
#[derive(Debug, Default)]
pub enum OutputFormat {
    /// Free text.
    #[default]
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// What the schema is called.
        name: String,
        /// What it is for.
        description: Option<String>,
        /// The schema, byte for byte.
        schema: Box<RawValue>,
        /// Whether the answer must fit it.
        strict: Option<bool>,
    },
}

/// How much to reason, and what to show of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// Off, a budget, an effort, or the model's own judgement.
    pub amount: ReasoningAmount,
    /// Whether a summary or the text is to be shown (OpenAI's `summary`, Gemini's
    /// `includeThoughts`), as sent.
    pub show: Option<String>,
}

/// How much to reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReasoningAmount {
    /// Not at all.
    Off,
    /// As the model judges.
    #[default]
    Adaptive,
    /// A word: none, minimal, low, medium, high, xhigh, max.
    Effort(String),
    /// At most so many tokens.
    Budget(u64),
}

/// An answer as it unfolds. A whole answer is the fold of its events.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// The answer begins.
    Begin {
        /// The provider's id of the answer.
        id: String,
        /// The provider's name for the model.
        model: String,
    },
    /// A part begins. Indexes rise within a choice; parts of one choice never overlap.
    Open {
        /// Which answer, where several were asked for.
        choice: u32,
        /// Which part of it.
        index: u32,
        /// What it is.
        part: PartKind,
    },
    /// More of an open part: text, reasoning text, or arguments of a call.
    Delta {
        /// Which answer.
        choice: u32,
        /// Which part of it.
        index: u32,
        /// What is added.
        text: String,
    },
    /// A signature or encrypted reasoning for an open part.
    Seal {
        /// Which answer.
        choice: u32,
        /// Which part of it.
        index: u32,
        /// The proof.
        seal: Seal,
    },
    /// Something only one dialect knows about an open part (citations, log probabilities), raw.
    Annotation {
        /// Which answer.
        choice: u32,
        /// Which part of it.
        index: u32,
        /// Its `type`.
        kind: String,
        /// Its JSON text.
        json: String,
    },
    /// A part ends.
    Close {
        /// Which answer.
        choice: u32,
        /// Which part of it.
        index: u32,
    },
    /// An answer ends.
    Finish {
        /// Which answer.
        choice: u32,
        /// Why.
        reason: Finish,
        /// The stop text that was met.
        stop: Option<String>,
    },
    /// What it consumed so far; a later one replaces an earlier one.
    Usage(Usage),
}

impl ChatEvent {
    /// Whether a client can tell the answer by it: from here on nothing is retried.
    pub const fn is_semantic(&self) -> bool {
        !matches!(self, ChatEvent::Begin { .. } | ChatEvent::Usage(_))
    }
}

/// What a part of an answer is.
#[derive(Clone, Debug, PartialEq)]
pub enum PartKind {
    /// Text.
    Text,
    /// Reasoning that may be shown.
    Reasoning,
    /// A refusal's words.
    Refusal,
    /// A call of a tool.
    ToolCall {
        /// Pairs the call with its result.
        id: String,
        /// Which tool.
        name: String,
        /// Whether its input is free text.
        custom: bool,
    },
    /// A picture, complete: base64 in the deltas.
    Image {
        /// Like `image/png`.
        mime: String,
    },
    /// Sound: base64 in the deltas.
    Audio {
        /// The provider's id of it.
        id: String,
    },
    /// A piece only one dialect knows: its JSON in the deltas.
    Vendor {
        /// Its `type`.
        kind: String,
    },
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It was complete.
    Stop,
    /// A stop text was met.
    StopSequence,
    /// The answer limit.
    Length,
    /// The context window.
    ContextLength,
    /// Tools are to be run.
    ToolCalls,
    /// The model refused, or a filter cut it.
    Refused,
    /// The provider pauses a long turn and wants to be asked again (Anthropic `pause_turn`).
    Pause,
}
