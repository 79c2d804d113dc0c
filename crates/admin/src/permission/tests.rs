//! The tables against the router, and against what each role is said to be.

use std::collections::BTreeSet;

use http::{Method, header};
use wayleave_model::member::Role;

use super::{GRANTS, Permission, ROUTES};
use crate::testing::Api;

/// Method and path of every operation in the description, which is made from the router.
fn described() -> BTreeSet<(String, String)> {
    let document = serde_json::to_value(crate::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let of = |(path, methods): (&String, &serde_json::Value)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[test]
fn every_route_has_one_row_and_every_row_a_route() {
    let rows: BTreeSet<(String, String)> =
        ROUTES.iter().map(|it| (it.method.to_owned(), it.path.to_owned())).collect();
    assert_eq!(rows.len(), ROUTES.len(), "a route has two rows");
    let described = described();
    let without: Vec<_> = described.difference(&rows).collect();
    assert!(without.is_empty(), "add to permission/rows.rs: {without:?}");
    let gone: Vec<_> = rows.difference(&described).collect();
    assert!(gone.is_empty(), "no such route: {gone:?}");
}

#[test]
fn every_permission_that_a_row_asks_for_is_granted_once() {
    for row in ROUTES {
        let open = [Permission::Anyone, Permission::SignedIn, Permission::Person];
        let grants = GRANTS.iter().filter(|it| it.permission == row.permission).count();
        assert_eq!(grants, usize::from(!open.contains(&row.permission)), "{}", row.path);
        let below = row.path.starts_with("/api/v1/workspaces/{workspace}/");
        let instance = row.permission.grant().is_some_and(|it| it.roles.is_empty());
        assert!(!below || !instance || row.permission == Permission::MembersPlace, "{}", row.path);
    }
    let names: BTreeSet<_> = GRANTS.iter().map(|it| it.name).collect();
    assert_eq!(names.len(), GRANTS.len());
}

/// What the definition of the roles says, route by route, from nothing but method and path.
fn promised(role: Role, method: &str, path: &str) -> bool {
    let Some(rest) = path.strip_prefix("/api/v1/workspaces/{workspace}/") else {
        let for_all = ["/info", "/kinds", "/catalog", "/catalog/models", "/permissions"];
        let open = path.strip_prefix("/api/v1/system").is_none_or(|it| for_all.contains(&it));
        return role == Role::Operator || (open && method == "GET");
    };
    let (noun, below) = rest.split_once('/').unwrap_or((rest, ""));
    // To discover is to call with a credential.
    let reads = method == "GET" && !below.ends_with("/discover");
    match role {
        Role::Operator => true,
        Role::Owner | Role::Admin => {
            !(noun == "members" && method == "POST" && below.is_empty())
                && (role == Role::Owner || !below.ends_with("/owner"))
        }
        Role::Editor => {
            (reads && !["audit", "tokens"].contains(&noun)) || ["keys", "aliases"].contains(&noun)
        }
        Role::Viewer => reads && !["audit", "tokens"].contains(&noun),
        Role::Finance => {
            let hidden = ["audit", "tokens", "members", "invitations"].contains(&noun);
            let secret = ["/credentials", "/addable"].iter().any(|it| below.contains(it));
            reads && !hidden && !secret
        }
        Role::Auditor => reads && !["usage", "proofs", "jobs"].contains(&noun),
    }
}

#[tokio::test]
async fn each_role_may_call_each_route_as_its_definition_says() {
    let api = Api::new().await;
    for role in Role::ALL {
        let token = match role {
            Role::Operator => api.token.clone(),
            _ => api.token_of("main", role).await,
        };
        let bearer = format!("Bearer {token}");
        for row in ROUTES.iter().filter(|it| it.permission != Permission::Anyone) {
            if row.permission == Permission::Person {
                continue;
            }
            // Nothing of that name is there, and no body is sent: whoever may gets no further.
            let path = row.path.replace("workspaces/{workspace}/", "workspaces/main/");
            let path: String = path
                .split('/')
                .map(|it| if it.starts_with('{') { "nothing" } else { it })
                .collect::<Vec<_>>()
                .join("/");
            let method: Method = row.method.parse().unwrap();
            let headers = [(header::AUTHORIZATION, bearer.as_str())];
            let reply = api.call(method, &path, None, &headers).await;
            let refused = reply.status.as_u16() == 403;
            let what = format!("{} {} as {}: {}", row.method, row.path, role.as_str(), reply.text);
            assert_eq!(!refused, promised(role, row.method, row.path), "{what}");
            assert_ne!(reply.status.as_u16(), 401, "{what}");
            assert!(reply.status.as_u16() < 500, "{what}");
            if refused {
                assert!(reply.text.contains(" may"), "{what}");
            }
        }
    }
}

#[test]
fn a_refusal_says_who_may() {
    assert_eq!(
        Permission::KeysWrite.refusal(Some(Role::Viewer)),
        "the role viewer may not do this (keys.write): the roles owner, admin, editor and operator may"
    );
    assert_eq!(
        Permission::InstanceWrite.refusal(None),
        "this is the instance's (instance.write): only the role operator may"
    );
}

/// The roles table of the documentation, between its two marks.
fn table() -> String {
    let roles = &Role::ALL[1..];
    let names: Vec<&str> = roles.iter().map(|it| it.as_str()).collect();
    let mut lines = vec![
        format!("| permission | what one may do with it | {} | operator |", names.join(" | ")),
        format!("|---|---|{}", "---|".repeat(roles.len() + 1)),
    ];
    for grant in GRANTS {
        let has: Vec<&str> = roles
            .iter()
            .chain([&Role::Operator])
            .map(|role| if grant.permission.of(*role) { "✓" } else { "–" })
            .collect();
        lines.push(format!("| `{}` | {} | {} |", grant.name, grant.what, has.join(" | ")));
    }
    lines.join("\n")
}

#[test]
fn the_documentation_shows_the_table_as_it_is() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/people.md");
    let page = std::fs::read_to_string(page).unwrap();
    let table = table();
    assert!(page.contains(&table), "put this between the marks of docs/people.md:\n{table}");
}
