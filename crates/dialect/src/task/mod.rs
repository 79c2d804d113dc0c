//! Operations that are asked once and answered once: vectors, ranks, speech, images, judgements.
//!
//! A surface reads a client's request into a [`Question`]; a question writes itself in the
//! [`Grammar`] of a provider as one or more [`Wire`]s, and brings the [`ReadAnswer`] that makes of
//! the provider's answers the client's. Where both sides speak the same, bytes pass through. No
//! I/O: files are named by where their bytes stand, and read by whoever sends them.

mod audio;
mod body;
pub mod embed;
pub mod error;
mod form;
mod grammar;
pub mod image;
pub mod moderate;
pub mod rerank;
mod said;
pub mod speak;
mod splice;
pub mod transcribe;
pub mod video;
mod wire;

use std::borrow::Cow;

use bytes::Bytes;
use wayleave_model::Usage;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;
use wayleave_model::usage::UsageSource;

use crate::carry::Carry;
use crate::error::Fault;
use crate::{Losses, Malformed};

pub use body::{Body, FormFile, Given, Parts};
pub use form::FormWriter;
pub use grammar::Grammar;
pub use wire::{Piece, Wire, query};

/// What a client asks, read and checked.
pub trait Question: Send + Sync {
    /// The public name asked for.
    fn model(&self) -> &str;

    /// Figures and flags for the usage row.
    fn asked(&self) -> Asked;

    /// The client's name for its end user.
    fn end_user(&self) -> Option<&str> {
        None
    }

    /// What is sent, and the most that can be consumed: what a request is charged that is cut off,
    /// and its ceiling.
    fn consumes(&self, facts: &ModelFacts) -> Consumes;

    /// Renders it for one target, noting in `losses` what that has no word for.
    ///
    /// # Errors
    /// What the target cannot be asked: another may be able to.
    fn write(&self, to: &Callee<'_>, losses: &mut Losses) -> Result<Written, Malformed>;
}

/// What a question consumes, as far as that is known before the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consumes {
    /// By being sent.
    pub sent: Usage,
    /// At most, the answer included.
    pub most: Usage,
}

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub struct Callee<'a> {
    /// In which grammar.
    pub grammar: Grammar,
    /// The provider's name for the model.
    pub model: &'a str,
    /// What the model takes and gives.
    pub facts: &'a ModelFacts,
}

/// A question rendered for a provider.
pub struct Written {
    /// What is sent, in order. Their answers are joined by the reader.
    pub wires: Vec<Wire>,
    /// Named changes to the client's own bytes.
    pub edits: Vec<Cow<'static, str>>,
    /// Reads what comes back.
    pub reader: Reader,
}

/// How an answer is read.
pub enum Reader {
    /// Whole: each wire's answer in turn, then the client's.
    Whole(Box<dyn ReadAnswer>),
    /// As it comes, the wires' answers one after the other.
    Stream(Box<dyn StreamAnswer>),
}

/// Makes of whole answers the client's.
pub trait ReadAnswer: Send {
    /// The answer to the next wire.
    ///
    /// # Errors
    /// It is none: a page, an error under a status of success, fewer vectors than texts.
    fn read(&mut self, said: Said) -> Result<(), Fault>;

    /// The client's answer, when every wire's was read.
    ///
    /// # Errors
    /// Something is missing.
    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault>;
}

/// Makes of a stream, or of bytes that nobody holds whole, the client's.
pub trait StreamAnswer: Send {
    /// Begins, when the provider's head is there: what the client is told it gets, and the carrier
    /// that makes it. An answer whose first semantic event never comes is an error, not a success.
    ///
    /// # Errors
    /// The head says that this is no answer (JSON in place of audio).
    fn begin(self: Box<Self>, head: &SaidHead, context: &Context) -> Result<Streaming, Fault>;
}

/// A stream that began.
pub struct Streaming {
    /// The client's `Content-Type`.
    pub content_type: Cow<'static, str>,
    /// Makes the client's bytes. Its [`crate::carry::Seen`] holds what was consumed. Between two
    /// wires' answers it is told so ([`Carry::part`]); only the last one's end is [`Carry::end`].
    pub carry: Box<dyn Carry>,
    /// How it ends when it fails after it began.
    pub broken: Broken,
    /// Who says what was consumed, unless [`crate::carry::Seen::source`] comes to know better.
    pub source: UsageSource,
}

/// How a stream ends that fails after it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The connection is closed before the body's end: bytes have no room for an error.
    Abort,
    /// With an `error` event in OpenAI's form.
    Event,
}

/// The head of a provider's answer.
#[derive(Clone, Debug, Default)]
pub struct SaidHead {
    /// Its `Content-Type`, in lower case, without parameters; empty: there was none.
    pub content_type: String,
    /// Its headers.
    pub headers: http::HeaderMap,
}

/// A provider's whole answer.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Its head.
    pub head: SaidHead,
    /// Its body.
    pub body: Bytes,
}

/// What an answer must know of the request it answers.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Our id of the request.
    pub id: String,
    /// Seconds since the epoch.
    pub created: i64,
    /// What `model` must say; `None`: the provider's own name.
    pub answer_model: Option<String>,
    /// The provider's name for the model, where its grammar does not repeat it.
    pub target_model: String,
}

impl Context {
    /// What `model` says where the provider named none.
    pub fn model(&self) -> &str {
        self.answer_model.as_deref().unwrap_or(&self.target_model)
    }
}

/// The client's whole answer.
#[derive(Clone, Debug, Default)]
pub struct Spoken {
    /// Its `Content-Type`; empty: JSON.
    pub content_type: Cow<'static, str>,
    /// Its body.
    pub body: Bytes,
    /// What was consumed.
    pub usage: Usage,
    /// Who says so.
    pub source: UsageSource,
    /// What was mended, each named once.
    pub repairs: Vec<&'static str>,
    /// What the client's grammar has no word for, each named once.
    pub losses: Vec<&'static str>,
    /// What the body has room for and is still to be fetched.
    pub fetch: Vec<Fetch>,
}

/// A picture that the provider named by its address, where the client wants its bytes: they go into
/// the body as base64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Where it stands.
    pub url: String,
    /// Where its base64 goes: before that byte of the body. In the order of the body.
    pub at: usize,
}

/// Reads the JSON or the form that a client sent to one path.
pub type ReadQuestion = fn(&Given<'_>) -> Result<Box<dyn Question>, Malformed>;
