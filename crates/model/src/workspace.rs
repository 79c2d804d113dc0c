//! Workspaces, what they decide for themselves, and the owners of their keys.

use serde::{Deserialize, Serialize};

use crate::editor_limits::EditorLimits;
use crate::id::{OwnerId, PlanId, WorkspaceId};
use crate::time::Timestamp;

/// A tenant: owns members, providers, credentials, aliases, keys, budgets and usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Unique in the instance; can change.
    pub name: String,
    /// IANA name of the zone whose days its reports use.
    pub time_zone: String,
    /// What it is granted; `None`: everything.
    pub plan: Option<PlanId>,
    /// Goes up with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a workspace decides for itself. What is absent is as it is without being said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkspaceSettings {
    /// Responses of providers that keep none are kept here; `None`: they are not.
    pub keep_responses: Option<KeepResponses>,
    /// How many proofs of credentials may cost something.
    pub proofs_per_hour: ProofsPerHour,
    /// What editors are limited to; `None`: nothing.
    pub editor_limits: Option<EditorLimits>,
}

/// How many proofs of credentials that cost something a workspace may have in an hour; 0: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProofsPerHour(pub u16);

impl Default for ProofsPerHour {
    /// One a minute: enough to set up many credentials, and cents at most.
    fn default() -> ProofsPerHour {
        ProofsPerHour(60)
    }
}

/// That responses are kept here, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepResponses {
    /// How long after it was given, or after one that is kept went on from it.
    #[serde(default)]
    pub days: KeptDays,
}

/// Whole days, 1 to 365.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct KeptDays(u16);

impl Default for KeptDays {
    /// As long as OpenAI keeps them
    /// (<https://platform.openai.com/docs/guides/conversation-state>).
    fn default() -> KeptDays {
        KeptDays(30)
    }
}

impl KeptDays {
    /// In microseconds.
    pub fn micros(self) -> i64 {
        i64::from(self.0) * 24 * 60 * 60 * 1_000_000
    }
}

impl TryFrom<u16> for KeptDays {
    type Error = &'static str;

    fn try_from(days: u16) -> Result<KeptDays, &'static str> {
        if (1..=365).contains(&days) { Ok(KeptDays(days)) } else { Err("expected 1 to 365 days") }
    }
}

impl From<KeptDays> for u16 {
    fn from(days: KeptDays) -> u16 {
        days.0
    }
}

/// A team or a service account that keys belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its id.
    pub id: OwnerId,
    /// Unique in the workspace.
    pub name: String,
    /// What it is.
    pub kind: OwnerKind,
    /// Who owns its declaration.
    pub managed_by: Option<String>,
    /// Goes up with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What an owner of keys is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerKind {
    /// People.
    #[default]
    Team,
    /// A program.
    Service,
}

impl OwnerKind {
    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            OwnerKind::Team => "team",
            OwnerKind::Service => "service",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<OwnerKind> {
        [OwnerKind::Team, OwnerKind::Service].into_iter().find(|it| it.as_str() == name)
    }
}
