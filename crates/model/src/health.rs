//! How a credential fares, as one node has learnt it: what is shown of it, and what a person may say.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a node knows of a credential, or of a credential for one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether it is used.
    pub state: HealthState,
    /// Why it rests.
    pub cause: Option<Cause>,
    /// Since when it has not been well.
    pub since: Option<Timestamp>,
    /// Whole seconds until it is tried again; `None`: it is not at rest, or until a person says so.
    pub seconds_left: Option<u64>,
    /// Failures in a row.
    pub failures: u32,
    /// It was refused, or could not be reached, again and again: it is tried only rarely.
    pub quarantined: bool,
    /// Calls under way.
    pub in_flight: u32,
    /// Usual time to the first byte of an answer; `None`: nothing was measured yet.
    pub first_byte_ms: Option<u64>,
}

/// Whether something is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// It is.
    Ready,
    /// It is not, for a while.
    Resting,
    /// It has rested: the next request tries it, and that one only.
    Due,
    /// One request tries it; all others avoid it until it succeeds.
    Trying,
}

impl HealthState {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            HealthState::Ready => "ready",
            HealthState::Resting => "resting",
            HealthState::Due => "due",
            HealthState::Trying => "trying",
        }
    }
}

/// Why something rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The provider said it was too much.
    Throttled,
    /// The provider refused the credential, or its account has not paid.
    Refused,
    /// No connection could be made.
    Unreachable,
    /// The provider failed, or said that it is overloaded.
    Unavailable,
    /// The provider was silent for too long.
    Timeout,
    /// The provider has no such model for this credential.
    ModelMissing,
    /// A person said so.
    ByHand,
}

impl Cause {
    /// The word in JSON and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Throttled => "throttled",
            Cause::Refused => "refused",
            Cause::Unreachable => "unreachable",
            Cause::Unavailable => "unavailable",
            Cause::Timeout => "timeout",
            Cause::ModelMissing => "model_missing",
            Cause::ByHand => "by_hand",
        }
    }
}

/// What a person says of a credential, to one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Override {
    /// Do not use it for so many seconds; `None`: until it is cleared.
    Rest {
        /// How long.
        seconds: Option<u64>,
    },
    /// All is well: forget what was held against it.
    Clear,
    /// No longer in quarantine: the next request tries it.
    EndQuarantine,
}
