//! Errors as data: what a client is told, and what an upstream did wrong.

use serde::Serialize;

/// What a client is told, before it is rendered in the client's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorBody {
    /// The status, or what it would have been where the head is already out.
    pub status: u16,
    /// The code of the taxonomy, like `model_not_found`, or the provider's own.
    pub code: String,
    /// One line: what is wrong and what to do.
    pub message: String,
    /// The field to blame.
    pub param: Option<String>,
    /// Who refused.
    pub source: Source,
    /// The provider's own status, where it answered.
    pub provider_status: Option<u16>,
    /// The provider's own error type, where it said one in this dialect.
    pub provider_type: Option<String>,
    /// Our id of the request.
    pub request_id: String,
}

/// Who refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Wayleave.
    Gateway,
    /// The provider.
    Provider,
}

/// What an upstream did wrong in an answer that began well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What went wrong.
    pub kind: FaultKind,
    /// The provider's error type or code, if it named one.
    pub code: Option<String>,
    /// One line, the provider's own words where it had any.
    pub message: String,
}

/// What went wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The provider sent an error in place of, or in the middle of, an answer.
    Reported,
    /// The answer is not of its grammar: a web page, broken JSON, an endless frame.
    Unreadable,
    /// The body ended before the answer did.
    Cut,
}

impl Fault {
    /// An answer that cannot be read.
    pub fn unreadable(message: impl Into<String>) -> Fault {
        Fault { kind: FaultKind::Unreadable, code: None, message: message.into() }
    }

    /// An error that the provider sent, in its own words.
    pub fn reported(code: Option<String>, message: impl Into<String>) -> Fault {
        Fault { kind: FaultKind::Reported, code, message: message.into() }
    }

    /// An answer that ended too early.
    pub fn cut() -> Fault {
        let message = "the provider's stream ended before its answer did".to_owned();
        Fault { kind: FaultKind::Cut, code: None, message }
    }
}
