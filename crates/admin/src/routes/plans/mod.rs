//! Plans: what the operator grants workspaces.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

#[cfg(test)]
mod tests;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::plan::Plan;

/// A named grant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanView {
    id: String,
    name: String,
    /// What it grants: `pools`.
    features: Vec<&'static str>,
    version: i64,
    created_at: String,
    updated_at: String,
}

impl From<Plan> for PlanView {
    fn from(it: Plan) -> PlanView {
        PlanView {
            id: it.id.to_string(),
            name: it.name,
            features: it.features.iter().map(|it| it.as_str()).collect(),
            version: it.version,
            created_at: it.created_at.to_string(),
            updated_at: it.updated_at.to_string(),
        }
    }
}
