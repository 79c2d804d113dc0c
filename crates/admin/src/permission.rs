//! Which role may do what: one table of permissions, one of routes, and the one place that decides.
//!
//! [`crate::auth`] looks up each request's row in [`ROUTES`] before its handler runs; a route without
//! a row is refused, and a test made from the router finds it first. A new route: add its row. A new
//! permission: add it to the enum and to [`GRANTS`].

mod grants;
mod rows;
#[cfg(test)]
mod tests;

use wayleave_model::member::Role;

pub(crate) use grants::{GRANTS, Grant};
pub(crate) use rows::ROUTES;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Nothing: nobody needs to be signed in.
    Anyone,
    /// Any token, any person.
    SignedIn,
    /// A person, not a token.
    Person,
    /// Providers, models, prices and owners of keys.
    ConfigurationRead,
    /// The same, changed; also enabled and disabled.
    ConfigurationWrite,
    /// A workspace as a setup file says.
    Apply,
    /// Credentials, masked.
    CredentialsRead,
    /// Credentials: made, changed, validated, chosen as default.
    CredentialsWrite,
    /// Aliases and their routes.
    AliasesRead,
    /// The same, changed.
    AliasesWrite,
    /// Keys, masked.
    KeysRead,
    /// Keys: made, rotated, revoked.
    KeysWrite,
    /// What was asked, and what it cost.
    UsageRead,
    /// Who changed what.
    AuditRead,
    /// Members and invitations.
    MembersRead,
    /// Members and invitations, up to one's own role.
    MembersWrite,
    /// A member without an invitation.
    MembersPlace,
    /// Another owner.
    OwnershipTransfer,
    /// A workspace's management tokens, masked.
    TokensRead,
    /// The same, made up to one's own role, and ended.
    TokensWrite,
    /// The instance: workspaces, nodes, catalog, key-encryption keys.
    InstanceRead,
    /// The same, changed.
    InstanceWrite,
    /// Workspaces: made, renamed, ended.
    WorkspacesWrite,
    /// Every person, and their sessions.
    PeopleRead,
    /// People: made, changed, signed out, removed.
    PeopleWrite,
    /// How people sign in with another system.
    SignInWrite,
    /// Management tokens of the instance.
    InstanceTokens,
}

/// One route, as the API's description spells it, and what it asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) permission: Permission,
}

/// The row of a request; `HEAD` is asked what `GET` is.
pub(crate) fn row(method: &http::Method, path: &str) -> Option<&'static Row> {
    let method = if method == http::Method::HEAD { "GET" } else { method.as_str() };
    ROUTES.iter().find(|it| it.path == path && it.method == method)
}

impl Permission {
    /// Its grant; `None` where no role is asked for.
    pub(crate) fn grant(self) -> Option<&'static Grant> {
        GRANTS.iter().find(|it| it.permission == self)
    }

    /// Whether `role` has it. The operator has all.
    pub(crate) fn of(self, role: Role) -> bool {
        self.grant().is_none_or(|it| role == Role::Operator || it.roles.contains(&role))
    }

    /// Why `role` is refused, and who may: `None` is somebody without any role.
    pub(crate) fn refusal(self, role: Option<Role>) -> String {
        let Some(grant) = self.grant() else { return "sign in first".to_owned() };
        let mut may: Vec<&str> = grant.roles.iter().map(|it| it.as_str()).collect();
        may.push(Role::Operator.as_str());
        let last = may.pop().unwrap_or_default();
        let may = if may.is_empty() {
            format!("only the role {last} may")
        } else {
            format!("the roles {} and {last} may", may.join(", "))
        };
        let role = role.map_or("without a role in it", Role::as_str);
        match self.grant().map(|it| it.roles.is_empty()) {
            Some(true) => format!("this is the instance's ({}): {may}", grant.name),
            _ => format!("the role {role} may not do this ({}): {may}", grant.name),
        }
    }
}
