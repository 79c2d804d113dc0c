//! What the operator supplies a workspace with: grants of its own providers, with quotas, and the rule
//! that says whose credentials serve.

use serde::{Deserialize, Serialize};

use crate::id::{GrantId, ProviderId, QuotaId, WorkspaceId};
use crate::record::Attempt;
use crate::time::Timestamp;

/// Whose credentials serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supplier {
    /// The operator's, within quotas.
    System,
    /// The workspace's own.
    Custom,
}

impl Supplier {
    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Supplier::System => "system",
            Supplier::Custom => "custom",
        }
    }

    /// The supplier of that name.
    pub fn parse(name: &str) -> Option<Supplier> {
        [Supplier::System, Supplier::Custom].into_iter().find(|it| it.as_str() == name)
    }
}

/// What a quota is for. The order is the order in which they serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaType {
    /// Bought.
    Paid,
    /// Given.
    Free,
    /// Given to try.
    Trial,
}

impl QuotaType {
    /// Every type, in the order in which they serve.
    pub const ALL: [QuotaType; 3] = [QuotaType::Paid, QuotaType::Free, QuotaType::Trial];

    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            QuotaType::Paid => "paid",
            QuotaType::Free => "free",
            QuotaType::Trial => "trial",
        }
    }

    /// The type of that name.
    pub fn parse(name: &str) -> Option<QuotaType> {
        QuotaType::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// What a quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaUnit {
    /// Billionths of a US dollar.
    Money,
    /// Tokens of prompts and answers, cached ones included.
    Tokens,
    /// Calls that reached the provider.
    Calls,
}

impl QuotaUnit {
    /// Every unit.
    pub const ALL: [QuotaUnit; 3] = [QuotaUnit::Money, QuotaUnit::Tokens, QuotaUnit::Calls];

    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            QuotaUnit::Money => "money",
            QuotaUnit::Tokens => "tokens",
            QuotaUnit::Calls => "calls",
        }
    }

    /// The unit of that name.
    pub fn parse(name: &str) -> Option<QuotaUnit> {
        QuotaUnit::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// The limit of a quota that has none.
pub const UNLIMITED: i64 = -1;

/// How much of a grant may be used. Its type is unique in its grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Its id: what is used counts for it.
    pub id: QuotaId,
    /// What it is for.
    #[serde(rename = "type")]
    pub quota_type: QuotaType,
    /// What it counts.
    pub unit: QuotaUnit,
    /// How much, in its unit; [`UNLIMITED`].
    pub limit: i64,
    /// From then on it does not serve.
    pub expires_at: Option<Timestamp>,
    /// What was used when it was read. No part of the configuration.
    #[serde(skip)]
    pub used: i64,
}

impl Quota {
    /// Whether it serves when `used` of it are gone.
    pub fn is_valid(&self, used: i64, now: Timestamp) -> bool {
        (self.limit == UNLIMITED || used < self.limit) && self.expires_at.is_none_or(|it| now < it)
    }

    /// What is left of it after `used`; `None`: it is unlimited.
    pub fn left(&self, used: i64) -> Option<i64> {
        (self.limit != UNLIMITED).then(|| self.limit.saturating_sub(used).max(0))
    }
}

/// The operator lets a workspace's provider be served with the credential of one of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who is granted it.
    pub workspace: WorkspaceId,
    /// The workspace's own provider that it supplies; it has no other grant.
    pub provider: ProviderId,
    /// The provider of the system workspace, of the same kind.
    pub system_provider: ProviderId,
    /// The models that it covers, by name; `None`: all that are predefined.
    pub models: Option<Vec<String>>,
    /// A disabled grant supplies nothing.
    pub enabled: bool,
    /// In the order in which they serve.
    pub quotas: Vec<Quota>,
    /// Goes up with each change: the entity tag of the API.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Grant {
    /// Whether it covers the predefined model of that name.
    pub fn covers(&self, model: &str) -> bool {
        self.models.as_ref().is_none_or(|names| names.iter().any(|it| it == model))
    }
}

/// The quota that an attempt counts for, as its record names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplyLabel {
    /// The quota.
    pub quota: QuotaId,
    /// What it is for.
    #[serde(rename = "type")]
    pub quota_type: QuotaType,
    /// What it counts.
    pub unit: QuotaUnit,
}

impl SupplyLabel {
    /// What `attempt` uses of the quota. One that names no model costs nothing and counts for nothing.
    pub fn amount(&self, attempt: &Attempt) -> i64 {
        if attempt.start.target.model.0.is_nil() {
            return 0;
        }
        match self.unit {
            QuotaUnit::Money => attempt.cost.0,
            QuotaUnit::Tokens => i64::try_from(attempt.usage.total()).unwrap_or(i64::MAX),
            QuotaUnit::Calls => i64::from(reached(attempt)),
        }
    }
}

/// Whether a call reached its provider, as far as is known: one that nobody answered may have.
fn reached(attempt: &Attempt) -> bool {
    let may_have = ["upstream_timeout", "client_gone", "interrupted"];
    attempt.status.is_some() || may_have.contains(&&*attempt.verdict)
}

/// What decides whose credentials serve a provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What a person prefers; `None`: the workspace's own, once it has one.
    pub preference: Option<Supplier>,
    /// The workspace has a credential of its own there, default or not.
    pub has_own: bool,
    /// One of them is the default.
    pub has_default: bool,
    /// It is granted and a quota is valid.
    pub has_quota: bool,
}

impl Standing {
    /// Whose credentials serve.
    ///
    /// The system's, preferred but without a valid quota, gives way to the workspace's own. The
    /// workspace's own, without a default, gives way to the system's; but not where a person chose
    /// `custom` and left the default unset among credentials that are there: then nobody serves, as
    /// that person said.
    pub fn using(self) -> Supplier {
        let by_rule = if self.has_own { Supplier::Custom } else { Supplier::System };
        let meant = self.preference == Some(Supplier::Custom) && self.has_own;
        match self.preference.unwrap_or(by_rule) {
            _ if !self.has_quota => Supplier::Custom,
            Supplier::System => Supplier::System,
            Supplier::Custom if self.has_default || meant => Supplier::Custom,
            Supplier::Custom => Supplier::System,
        }
    }

    /// Whether only a quota is missing for the system to serve.
    pub fn lacks_quota(self) -> bool {
        !self.has_quota && Standing { has_quota: true, ..self }.using() == Supplier::System
    }
}

#[cfg(test)]
mod tests;
