//! Carrying an answer from an upstream to a client: bytes in, bytes out, and what went by.
//!
//! Two carriers share one contract: the same-dialect one passes frames through and repairs what
//! would break a client; [`Translate`] reads events and writes them in another dialect.

pub(crate) mod form;
pub mod keep;
pub(crate) mod pass;
pub mod seals;
mod translate;
mod unwrap;

use std::sync::Arc;

use bytes::Bytes;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use crate::chat::ChatEvent;
pub use crate::chat::responses::kept::Stored;
use crate::error::Fault;
use crate::task::SaidHead;
use keep::{Anchor, Kept};
pub use translate::{Translate, translate_whole};
pub use unwrap::Unwrap;

/// What a carrier must know of the answer it makes.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The id to give it where the upstream's dialect has none to keep.
    pub id: String,
    /// Seconds since the epoch, for `created`.
    pub created: i64,
    /// What `model` must say; `None`: the provider's own name.
    pub model: Option<String>,
    /// The provider's name for the model, where its dialect does not repeat it.
    pub target_model: String,
    /// Whether the client wants usage at the end of a stream.
    pub include_usage: bool,
    /// Tools that the client declared as custom (free text): calls of them are answered so.
    pub custom_tools: Vec<String>,
    /// The client declared its tools in OpenAI's older form: a call of one is answered in it.
    pub legacy_functions: bool,
    /// A stream is to be one JSON list, not server-sent events.
    pub list: bool,
    /// Tool whose input is the answer's text ([`Unwrap`]).
    pub answer_tool: Option<String>,
    /// Whether reasoning that the client cannot keep may be put aside for it ([`Seen::kept`]).
    pub keep: bool,
    /// Seals the provider's id of a response, where clients may come back with it.
    pub ids: Option<Arc<dyn SealId>>,
    /// The answer is to be kept here, as a response that clients may come back to.
    pub stored: Option<Arc<Stored>>,
}

/// Makes of a provider's id of a response one that leads back to that provider and to no other.
pub trait SealId: std::fmt::Debug + Send + Sync {
    /// The id for the client: at most 512 characters of `[A-Za-z0-9_-]`.
    fn seal(&self, id: &str) -> String;
}

/// An answer on its way. Never fails: what is wrong with the upstream becomes a [`Fault`].
pub trait Carry: Send {
    /// One chunk, split anywhere.
    fn push(&mut self, chunk: Bytes, out: &mut Carried);

    /// The upstream's body ended without a transport error.
    fn end(&mut self, out: &mut Carried);

    /// The answer to the next of several requests begins here, with that head: what follows is
    /// another body. The one before it ended as it should.
    fn part(&mut self, _head: &SaidHead, _out: &mut Carried) {}

    /// What went by so far.
    fn seen(&self) -> &Seen;
}

/// What one step of a carrier yields.
#[derive(Debug, Default)]
pub struct Carried {
    /// For the client, in order.
    pub bytes: Vec<Bytes>,
    /// The answer ended: with `bytes` it is whole, or it is at fault and the error is still to be
    /// written. Nothing may be pushed after this.
    pub end: Option<Result<(), Fault>>,
}

/// What went by.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// A semantic event passed: content, reasoning, a call, a refusal, a finish.
    pub semantic: bool,
    /// The newest usage the provider reported.
    pub usage: Option<Usage>,
    /// Who says so, where that shows only as the answer goes by; `None`: as was said when it began.
    pub source: Option<UsageSource>,
    /// Bytes of content that passed since then, roughly: for an estimate when no report comes.
    pub content_bytes: u64,
    /// What was mended, each named once.
    pub repairs: Vec<&'static str>,
    /// What the client's dialect has no word for, each named once, like `answer.citations`.
    /// Nothing is, where both sides speak the same.
    pub losses: Vec<&'static str>,
    /// Reasoning with proofs for which the client's dialect has no field: to be kept for it before
    /// the answer ends. Until then it is among the losses.
    pub kept: Option<Box<(Anchor, Kept)>>,
}

impl Seen {
    /// Counts an event that passes.
    pub fn event(&mut self, event: &ChatEvent) {
        self.semantic |= event.is_semantic();
        match event {
            ChatEvent::Usage(usage) => {
                self.usage = Some(*usage);
                self.content_bytes = 0;
            }
            ChatEvent::Delta { text, .. } => self.content_bytes += text.len() as u64,
            _ => (),
        }
    }

    /// Notes a repair once.
    pub fn repaired(&mut self, name: &'static str) {
        if !self.repairs.contains(&name) {
            self.repairs.push(name);
        }
    }
}

/// Whether this is neither white space nor part of a byte order mark: a body may begin with both.
pub(crate) fn is_text(byte: &u8) -> bool {
    !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf)
}

/// A whole answer, ready for the client.
#[derive(Debug)]
pub struct Whole {
    /// The body.
    pub body: Bytes,
    /// What the provider reported.
    pub usage: Option<Usage>,
    /// Bytes of content, for an estimate when nothing was reported.
    pub content_bytes: u64,
    /// What was mended, each named once.
    pub repairs: Vec<&'static str>,
    /// What the client's dialect has no word for, each named once.
    pub losses: Vec<&'static str>,
    /// As [`Seen::kept`].
    pub kept: Option<Box<(Anchor, Kept)>>,
}

/// The losses that are none once [`Seen::kept`] is kept.
pub const KEPT_LOSSES: [&str; 3] =
    ["answer.signature", "answer.redacted_reasoning", "answer.encrypted_reasoning"];
