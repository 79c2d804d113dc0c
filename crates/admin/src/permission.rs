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

use crate::error::Problem;

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

    /// The permission of that name.
    pub(crate) fn named(name: &str) -> Option<Permission> {
        GRANTS.iter().find(|it| it.name == name).map(|it| it.permission)
    }

    /// Whether `role` has it. The operator has all.
    pub(crate) fn of(self, role: Role) -> bool {
        self.grant().is_none_or(|it| role == Role::Operator || it.roles.contains(&role))
    }

    /// Why `role` is refused, and who may: `None` is somebody without any role.
    pub(crate) fn refusal(self, role: Option<Role>) -> String {
        let Some(grant) = self.grant() else { return "sign in first".to_owned() };
        let name = grant.name;
        if grant.roles.is_empty() {
            return format!("this is the instance's ({name}): only the role operator may");
        }
        let may: Vec<&str> = grant.roles.iter().map(|it| it.as_str()).collect();
        let role = role.map_or("of nobody", Role::as_str);
        let may = may.join(", ");
        format!("the role {role} may not do this ({name}): the roles {may} and operator may")
    }
}

/// The permissions of those names. One that an older version knew and this one does not is none.
pub(crate) fn known(names: &[String]) -> Vec<Permission> {
    names.iter().filter_map(|it| Permission::named(it)).collect()
}

/// What a caller has in one place: all of a role, or some of it.
#[derive(Debug, Clone)]
pub(crate) struct Power {
    pub(crate) role: Role,
    /// A token's scopes.
    pub(crate) scopes: Option<Vec<Permission>>,
}

impl Power {
    /// All of a role.
    pub(crate) fn of(role: Role) -> Power {
        Power { role, scopes: None }
    }

    /// Whether it holds that permission.
    pub(crate) fn has(&self, permission: Permission) -> bool {
        permission.of(self.role)
            && self.scopes.as_ref().is_none_or(|scopes| scopes.contains(&permission))
    }

    /// The names of all it holds, in the table's order.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        GRANTS.iter().filter(|it| self.has(it.permission)).map(|it| it.name).collect()
    }

    /// Refuses to give away what the giver does not hold.
    pub(crate) fn check_gives(&self, other: &Power) -> Result<(), Problem> {
        let more: Vec<&str> = GRANTS
            .iter()
            .filter(|it| other.has(it.permission) && !self.has(it.permission))
            .map(|it| it.name)
            .collect();
        if more.is_empty() {
            return Ok(());
        }
        let role = other.role.as_str();
        let more = more.join(", ");
        Err(Problem::forbidden(format!(
            "the role {role} may do what you may not ({more}): nobody grants more than they hold"
        )))
    }
}
