//! Proof that an account works: what was tried, cheapest first, and what that shows. No I/O.

mod claim;
mod smallest;
mod trial;

use serde::{Deserialize, Serialize};
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use crate::Listed;

pub use claim::{Callee, Claim};
pub use smallest::{Smallest, Unmade};
pub use trial::{Trial, trial};

/// What was tried and what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What it comes to.
    pub outcome: Outcome,
    /// What it comes to, in one line: what is wrong and what to do.
    pub summary: String,
    /// The form's field to blame, where it is known.
    pub field: Option<String>,
    /// Each thing that was tried, in order.
    pub steps: Vec<Step>,
    /// The models that the provider lists; `None`: it was not asked, or did not say.
    pub listed: Option<Vec<Listed>>,
    /// What the smallest call consumed.
    pub spent: Spent,
}

/// What the smallest call of a model consumed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// How often the model was called, refusals included.
    pub calls: u32,
    /// Tokens. Refusals cost nothing.
    pub usage: Usage,
    /// Where the figures come from.
    pub source: UsageSource,
}

/// What a proof comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The provider accepted the credential.
    Proven,
    /// Nothing is wrong, and nothing that was tried needs the credential.
    Unproven,
    /// The address cannot be reached.
    Unreachable,
    /// The provider refused the credential.
    Refused,
    /// The credential cannot even be sent: a field is missing or no header can carry it.
    Unusable,
    /// The provider has no such model, or not for this credential.
    ModelMissing,
    /// The provider answered, but not as it should.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 7] = [
        Outcome::Proven,
        Outcome::Unproven,
        Outcome::Unreachable,
        Outcome::Refused,
        Outcome::Unusable,
        Outcome::ModelMissing,
        Outcome::Failed,
    ];

    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Proven => "proven",
            Outcome::Unproven => "unproven",
            Outcome::Unreachable => "unreachable",
            Outcome::Refused => "refused",
            Outcome::Unusable => "unusable",
            Outcome::ModelMissing => "model_missing",
            Outcome::Failed => "failed",
        }
    }
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub rung: Rung,
    /// The HTTP method; empty where none was sent.
    pub method: &'static str,
    /// Where.
    pub url: String,
    /// The answer's status.
    pub status: Option<u16>,
    /// The beginning of the answer, secrets taken out.
    pub body: Option<String>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// How it went.
    pub result: StepResult,
    /// What it shows, in one line.
    pub note: String,
}

/// The rungs of the ladder, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// The address resolves, answers, and its certificate is good.
    Address,
    /// The credential is exchanged for a token.
    Token,
    /// The provider lists its models. Free.
    Models,
    /// The smallest call of the model's type. The only rung that costs money.
    Call,
}

impl Rung {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rung::Address => "address",
            Rung::Token => "token",
            Rung::Models => "models",
            Rung::Call => "call",
        }
    }

    /// Whether the provider charges for it.
    pub const fn paid(self) -> bool {
        matches!(self, Rung::Call)
    }
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// As it should.
    Passed,
    /// Not, and that decides.
    Failed,
    /// It shows nothing either way.
    Inconclusive,
    /// It was not sent.
    Skipped,
}

impl StepResult {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            StepResult::Passed => "passed",
            StepResult::Failed => "failed",
            StepResult::Inconclusive => "inconclusive",
            StepResult::Skipped => "skipped",
        }
    }
}
