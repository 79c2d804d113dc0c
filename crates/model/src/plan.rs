//! Plans: what the operator grants a workspace.

use serde::{Deserialize, Serialize};

use crate::id::PlanId;
use crate::time::Timestamp;

/// A named grant. A workspace without one may do everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Unique in the instance; can change.
    pub name: String,
    /// What it grants beyond what everybody has, in the order of [`Feature::ALL`].
    pub features: Vec<Feature>,
    /// Goes up with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Plan {
    /// Whether `plan`, or having none, grants `feature`.
    pub fn grants(plan: Option<&Plan>, feature: Feature) -> bool {
        plan.is_none_or(|plan| plan.features.contains(&feature))
    }
}

/// What a plan may grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Pools of credentials share a model's load. Without it they are kept and ignored.
    Pools,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Feature; 1] = [Feature::Pools];

    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Feature::Pools => "pools",
        }
    }

    /// The feature of that name.
    pub fn parse(name: &str) -> Option<Feature> {
        Feature::ALL.into_iter().find(|it| it.as_str() == name)
    }
}
