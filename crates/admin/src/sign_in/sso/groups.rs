//! Groups → roles: what somebody's groups make of them.

use std::collections::BTreeMap;

use wayleave_model::id::WorkspaceId;
use wayleave_model::member::Role;

use super::config::Sso;

/// What somebody is by their groups.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) operator: bool,
    pub(crate) roles: BTreeMap<WorkspaceId, Role>,
}

impl Wanted {
    /// What `groups` make of somebody. Of several roles in one workspace the first counts, in the
    /// order admin, editor, viewer, finance, auditor.
    pub(crate) fn of(sso: &Sso, groups: &[String]) -> Wanted {
        let mut wanted = Wanted::default();
        for grant in &sso.grants {
            if grant.group != "*" && !groups.contains(&grant.group) {
                continue;
            }
            match grant.workspace {
                None => wanted.operator |= grant.role == Role::Operator,
                Some(workspace) => {
                    let role = wanted.roles.entry(workspace).or_insert(grant.role);
                    if place(grant.role) < place(*role) {
                        *role = grant.role;
                    }
                }
            }
        }
        wanted
    }

    /// Their groups make nothing of them.
    pub(crate) fn is_nothing(&self) -> bool {
        !self.operator && self.roles.is_empty()
    }
}

fn place(role: Role) -> usize {
    Role::ALL.iter().position(|it| *it == role).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::config::{GroupGrant, example};
    use super::*;
    use wayleave_model::Timestamp;

    #[test]
    fn the_first_role_counts_whatever_the_order_of_groups() {
        let now = Timestamp::from_micros(1);
        let (red, blue) = (WorkspaceId::new(now), WorkspaceId::new(now));
        let grant =
            |group: &str, workspace, role| GroupGrant { group: group.to_owned(), workspace, role };
        let sso = example(
            "https://i",
            vec![
                grant("staff", Some(red), Role::Viewer),
                grant("devs", Some(red), Role::Editor),
                grant("*", Some(blue), Role::Finance),
                grant("ops", None, Role::Operator),
            ],
        );
        let of = |groups: &[&str]| {
            Wanted::of(&sso, &groups.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>())
        };
        let both = of(&["devs", "staff"]);
        assert_eq!(both, of(&["staff", "devs"]));
        assert_eq!(both.roles, BTreeMap::from([(red, Role::Editor), (blue, Role::Finance)]));
        assert!(!both.operator && of(&["ops"]).operator);
        assert_eq!(of(&[]).roles, BTreeMap::from([(blue, Role::Finance)]));
        assert!(Wanted::of(&example("https://i", vec![]), &[]).is_nothing());
    }
}
