//! An answer as it unfolds, whichever dialect it comes in.

use wayleave_model::Usage;

use super::request::Seal;

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
