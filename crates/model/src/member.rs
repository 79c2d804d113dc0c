//! What the people and programs of a workspace may do: the roles.

use serde::{Deserialize, Serialize};

/// What a member, or the bearer of a management token, may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The whole instance: workspaces, system providers, nodes, key-encryption keys.
    Operator,
    /// Configures everything in a workspace; exactly one.
    Owner,
    /// Configures everything in a workspace.
    Admin,
    /// Creates and rotates keys and aliases within limits; sees secrets masked.
    Editor,
    /// Reads, secrets masked.
    Viewer,
    /// Usage, prices, ledger, exports.
    Finance,
    /// Audit, settings, retention; no usage content.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] = [
        Role::Operator,
        Role::Owner,
        Role::Admin,
        Role::Editor,
        Role::Viewer,
        Role::Finance,
        Role::Auditor,
    ];

    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Operator => "operator",
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Editor => "editor",
            Role::Viewer => "viewer",
            Role::Finance => "finance",
            Role::Auditor => "auditor",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|it| it.as_str() == name)
    }
}
