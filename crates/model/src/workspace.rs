//! Workspaces and the owners of their keys.

use serde::{Deserialize, Serialize};

use crate::id::{OwnerId, WorkspaceId};
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
    /// Goes up with each change.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
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
