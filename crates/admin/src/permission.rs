//! Which role may do what: one table.

use http::Method;
use wayleave_model::member::Role;

/// A part of a workspace's API: the path's segment behind the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    /// Keys and aliases: what an editor configures.
    Everyday,
    /// Usage: what was asked and what it cost.
    Usage,
    /// The audit log.
    Audit,
    /// Providers, credentials, models, prices, owners, settings, setup files.
    Configuration,
}

impl Area {
    /// The area of a path below a workspace.
    pub(crate) fn of(segment: &str) -> Area {
        match segment {
            "keys" | "aliases" => Area::Everyday,
            "usage" => Area::Usage,
            "audit" => Area::Audit,
            _ => Area::Configuration,
        }
    }
}

/// Whether `role` may call `method` there.
pub(crate) fn may(role: Role, method: &Method, area: Area) -> bool {
    let reads = method == Method::GET || method == Method::HEAD;
    match role {
        Role::Operator | Role::Owner | Role::Admin => true,
        Role::Editor => area == Area::Everyday || (reads && area != Area::Audit),
        Role::Viewer => reads && area != Area::Audit,
        Role::Finance => reads && area != Area::Audit,
        Role::Auditor => reads && area != Area::Usage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_does_what_its_definition_says() {
        let can = |role, method: &Method, segment| may(role, method, Area::of(segment));
        assert!(can(Role::Admin, &Method::DELETE, "providers"));
        assert!(
            can(Role::Editor, &Method::POST, "keys")
                && !can(Role::Editor, &Method::POST, "providers")
        );
        assert!(
            can(Role::Viewer, &Method::GET, "providers")
                && !can(Role::Viewer, &Method::POST, "keys")
        );
        assert!(
            can(Role::Finance, &Method::GET, "usage")
                && !can(Role::Finance, &Method::PATCH, "models")
        );
        assert!(
            can(Role::Auditor, &Method::GET, "audit") && !can(Role::Auditor, &Method::GET, "usage")
        );
        assert!(!can(Role::Editor, &Method::POST, "apply"));
    }
}
