//! Permission × role: one table.

use wayleave_model::member::Role::{self, Admin, Auditor, Editor, Finance, Owner, Viewer};

use super::Permission;

/// Who has a permission. The operator of the instance has every one, and stands in no row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) permission: Permission,
    /// As refusals, tokens' scopes and `GET /api/v1/me` name it.
    pub(crate) name: &'static str,
    /// What it is, for the roles table of the documentation.
    pub(crate) what: &'static str,
    /// The roles of a workspace that have it; none: it is the instance's.
    pub(crate) roles: &'static [Role],
}

const EVERYBODY: &[Role] = &[Owner, Admin, Editor, Viewer, Finance, Auditor];
const HEADS: &[Role] = &[Owner, Admin];
const OPERATOR_ONLY: &[Role] = &[];

const fn grant(
    permission: Permission,
    name: &'static str,
    what: &'static str,
    roles: &'static [Role],
) -> Grant {
    Grant { permission, name, what, roles }
}

/// Every permission that a role is asked for.
///
/// Reading shows secrets masked to everybody. Finance sees what a bill is made of (usage, prices, the
/// names of providers and keys), but no credentials; the auditor sees settings and the audit log, but
/// neither usage nor its content.
pub(crate) const GRANTS: &[Grant] = {
    use Permission::*;
    &[
        grant(
            ConfigurationRead,
            "configuration.read",
            "see providers, models, prices and the owners of keys",
            EVERYBODY,
        ),
        grant(ConfigurationWrite, "configuration.write", "change, enable and disable them", HEADS),
        grant(Apply, "apply", "apply a setup file", HEADS),
        grant(
            CredentialsRead,
            "credentials.read",
            "see credentials, their secrets masked",
            &[Owner, Admin, Editor, Viewer, Auditor],
        ),
        grant(
            CredentialsWrite,
            "credentials.write",
            "make, change, validate and remove credentials, choose the default",
            HEADS,
        ),
        grant(AliasesRead, "aliases.read", "see aliases and their routes", EVERYBODY),
        grant(
            AliasesWrite,
            "aliases.write",
            "make, change and remove aliases",
            &[Owner, Admin, Editor],
        ),
        grant(KeysRead, "keys.read", "see keys, their secrets masked", EVERYBODY),
        grant(
            KeysWrite,
            "keys.write",
            "make, rotate, revoke and remove keys",
            &[Owner, Admin, Editor],
        ),
        grant(
            UsageRead,
            "usage.read",
            "see usage, costs and receipts",
            &[Owner, Admin, Editor, Viewer, Finance],
        ),
        grant(AuditRead, "audit.read", "see and verify the audit log", &[Owner, Admin, Auditor]),
        grant(
            MembersRead,
            "members.read",
            "see members and invitations",
            &[Owner, Admin, Editor, Viewer, Auditor],
        ),
        grant(
            MembersWrite,
            "members.write",
            "invite, change roles and remove members, up to one's own role",
            HEADS,
        ),
        grant(
            MembersPlace,
            "members.place",
            "make somebody a member without an invitation",
            OPERATOR_ONLY,
        ),
        grant(OwnershipTransfer, "ownership.transfer", "make somebody else the owner", &[Owner]),
        grant(
            TokensRead,
            "tokens.read",
            "see the workspace's management tokens, masked",
            &[Owner, Admin, Auditor],
        ),
        grant(TokensWrite, "tokens.write", "make and revoke them, up to one's own role", HEADS),
        grant(
            InstanceRead,
            "instance.read",
            "see workspaces, nodes and key-encryption keys",
            OPERATOR_ONLY,
        ),
        grant(
            InstanceWrite,
            "instance.write",
            "change the catalog, rotate key-encryption keys, make backups",
            OPERATOR_ONLY,
        ),
        grant(
            WorkspacesWrite,
            "workspaces.write",
            "make, rename and remove workspaces",
            OPERATOR_ONLY,
        ),
        grant(PeopleRead, "people.read", "see every person and their sessions", OPERATOR_ONLY),
        grant(
            PeopleWrite,
            "people.write",
            "make, change, sign out and remove people",
            OPERATOR_ONLY,
        ),
        grant(SignInWrite, "sign-in.write", "set up single sign-on", OPERATOR_ONLY),
        grant(
            InstanceTokens,
            "instance.tokens",
            "see, make and revoke the instance's management tokens",
            OPERATOR_ONLY,
        ),
    ]
};
