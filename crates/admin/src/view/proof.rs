//! What was tried to prove a credential, as it is shown: the transcript, secrets taken out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_provider::proof::{Proof, Step};

/// What was tried, cheapest first, and what it shows.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ProofView {
    /// `proven`, `unproven` (nothing that was tried needs the credential), `unreachable`, `refused`,
    /// `unusable`, `model_missing` or `failed`.
    pub outcome: String,
    /// What it comes to, in one line: what is wrong and what to do.
    pub summary: String,
    /// The form's field to blame, where it is known.
    pub field: Option<String>,
    /// Each thing that was tried, in order.
    pub steps: Vec<StepView>,
    /// How many models the provider lists for the credential; `null`: it was not asked, or did not
    /// say.
    pub models_listed: Option<usize>,
}

/// One thing that was tried.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct StepView {
    /// `address`, `token`, `models` or `call`.
    pub rung: String,
    /// The HTTP method; empty where none was sent.
    pub method: String,
    /// Where.
    pub url: String,
    /// The answer's status.
    pub status: Option<u16>,
    /// The beginning of the answer, secrets taken out.
    pub body: Option<String>,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// `passed`, `failed`, `inconclusive` or `skipped`.
    pub result: String,
    /// What it shows, in one line.
    pub note: String,
    /// Whether the provider charges for it.
    pub paid: bool,
}

impl From<Proof> for ProofView {
    fn from(it: Proof) -> ProofView {
        ProofView {
            outcome: it.outcome.as_str().to_owned(),
            summary: it.summary,
            field: it.field,
            steps: it.steps.into_iter().map(StepView::from).collect(),
            models_listed: it.listed.map(|it| it.len()),
        }
    }
}

impl From<Step> for StepView {
    fn from(it: Step) -> StepView {
        StepView {
            rung: it.rung.as_str().to_owned(),
            method: it.method.to_owned(),
            url: it.url,
            status: it.status,
            body: it.body,
            micros: it.micros,
            result: it.result.as_str().to_owned(),
            note: it.note,
            paid: it.rung.paid(),
        }
    }
}
