//! Public model names and the versioned routes behind them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{AliasId, CredentialId, ModelId, RouteVersionId};
use crate::time::Timestamp;

/// The public model name that clients send. Matched exactly, case and all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// Its id.
    pub id: AliasId,
    /// Unique in the workspace.
    pub name: String,
    /// A disabled alias is not found.
    pub enabled: bool,
    /// The route version it points to.
    pub route: Route,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
    /// Goes up with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One immutable version of a rule that turns an alias into targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// What usage rows name.
    pub id: RouteVersionId,
    /// 1, 2, 3 … per alias.
    pub number: i64,
    /// Tried in order; within a group by weight.
    pub groups: Vec<Group>,
    /// How requests over it behave.
    pub policy: Policy,
    /// Who made it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: Timestamp,
}

/// Targets of equal rank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// At least one.
    pub targets: Vec<WeightedTarget>,
}

/// How many environments a target may name a credential for.
pub const MAX_ENVIRONMENTS: usize = 16;

/// A model a route may choose, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeightedTarget {
    /// Which model.
    pub model: ModelId,
    /// Which credential; `None`: the model's own, else the provider's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialId>,
    /// Which credential serves the keys of an environment, by its name, matched exactly; at most
    /// [`MAX_ENVIRONMENTS`]. Keys of any other go by `credential`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environments: BTreeMap<String, CredentialId>,
    /// Its share within the group.
    #[serde(default = "one")]
    pub weight: u32,
}

impl WeightedTarget {
    /// The credentials it names, for all keys and for those of an environment.
    pub fn credentials(&self) -> impl Iterator<Item = CredentialId> {
        self.credential.into_iter().chain(self.environments.values().copied())
    }
}

const fn one() -> u32 {
    1
}

/// How requests over a route behave. Every field has a default, so an old version reads as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// What `model` says in answers.
    pub answer_model: AnswerModel,
    /// What becomes of a stream whose client has gone.
    pub client_gone: ClientGone,
    /// Timers that differ from the process's.
    pub timeouts: Timeouts,
    /// What becomes of a request that a target's dialect cannot carry whole.
    #[serde(skip_serializing_if = "Losses::is_default")]
    pub losses: Losses,
}

/// What becomes of a request of which something would be lost that its answer may depend on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Losses {
    /// It is sent, and the losses are named in a header and in the row.
    #[default]
    Warn,
    /// The target is passed over; a request that no target can carry whole is refused.
    Refuse,
}

impl Losses {
    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Losses::Warn => "warn",
            Losses::Refuse => "refuse",
        }
    }

    /// The policy of that name.
    pub fn parse(name: &str) -> Option<Losses> {
        [Losses::Warn, Losses::Refuse].into_iter().find(|it| it.as_str() == name)
    }

    /// Whether this is what holds where nothing is said.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    pub fn is_default(&self) -> bool {
        *self == Losses::Warn
    }
}

/// What `model` says in answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerModel {
    /// The provider's own name.
    #[default]
    Provider,
    /// The alias the client asked for.
    Alias,
}

/// What becomes of a stream whose client has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientGone {
    /// Cancelled upstream; usage is what was reported plus an estimate.
    #[default]
    Cancel,
    /// Read to its end, so that the usage is exact.
    Drain,
}

/// Upstream timers in milliseconds; absent: the process's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// From the request's last byte to the answer's head.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte_ms: Option<u64>,
    /// From the head to the first semantic event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_token_ms: Option<u64>,
    /// Between two pieces of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<u64>,
}
