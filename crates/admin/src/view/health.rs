//! How a credential fares on one node, as the API shows it.

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::health::Health;
use wayleave_model::id::CredentialId;

use crate::healths::Healths;

/// How a credential fares on the node that answers. Each node learns for itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FareView {
    /// The id of that node.
    pub(crate) node: String,
    /// Whatever the model: refusals and addresses that cannot be reached count here.
    pub(crate) all_models: Option<HealthView>,
    /// For one model: limits, failures and time-outs count here.
    pub(crate) models: Vec<ModelHealthView>,
}

/// How a credential fares for one model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelHealthView {
    /// The model's id.
    pub(crate) model: String,
    #[serde(flatten)]
    pub(crate) health: HealthView,
}

/// What a node knows of a credential, for all or for one of its models.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthView {
    /// `ready`; `resting` after a failure; `due`: it has rested, the next request tries it; `trying`:
    /// one request does, the others avoid it.
    pub(crate) state: &'static str,
    /// Why it rests: `throttled`, `refused`, `unreachable`, `unavailable`, `timeout`, `model_missing`
    /// or `by_hand`.
    pub(crate) cause: Option<&'static str>,
    /// Since when it has not been well.
    pub(crate) since: Option<String>,
    /// Until it is tried again; `null` while it is not at rest, or until somebody says so.
    pub(crate) seconds_left: Option<u64>,
    /// Failures in a row.
    pub(crate) failures: u32,
    /// Refused, or not reached, three times in a row: it is tried every five minutes.
    pub(crate) quarantined: bool,
    /// Calls under way.
    pub(crate) in_flight: u32,
    /// Usual time to the first byte of an answer; `null`: not measured yet.
    pub(crate) first_byte_ms: Option<u64>,
}

impl From<Health> for HealthView {
    fn from(it: Health) -> HealthView {
        HealthView {
            state: it.state.as_str(),
            cause: it.cause.map(|cause| cause.as_str()),
            since: it.since.map(|at| at.to_string()),
            seconds_left: it.seconds_left,
            failures: it.failures,
            quarantined: it.quarantined,
            in_flight: it.in_flight,
            first_byte_ms: it.first_byte_ms,
        }
    }
}

impl FareView {
    /// `None`: nothing uses it.
    pub(crate) fn of(healths: &dyn Healths, credential: CredentialId) -> Option<FareView> {
        let all_models = healths.of(credential, None).map(HealthView::from);
        let mut models = healths.of_models(credential);
        models.sort_by_key(|(model, _)| *model);
        let models: Vec<ModelHealthView> = models
            .into_iter()
            .map(|(model, it)| ModelHealthView { model: model.to_string(), health: it.into() })
            .collect();
        (all_models.is_some() || !models.is_empty()).then(|| FareView {
            node: healths.node().to_string(),
            all_models,
            models,
        })
    }
}
