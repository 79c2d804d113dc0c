//! Who somebody is here who signed in elsewhere, and what their groups make of them.

use http::StatusCode;
use wayleave_model::Timestamp;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::member::Role;
use wayleave_model::person::{Grantor, Person};
use wayleave_store::people::{self, PersonDraft};
use wayleave_store::{Actor, Store, identities, members, workspaces};

use super::Identity;
use super::config::Sso;
use super::groups::Wanted;
use crate::auth::name_of;
use crate::error::Problem;

/// The person, made if need be; afterwards they are what their groups say.
pub(crate) async fn bring(
    store: &Store,
    sso: &Sso,
    who: &Identity,
    from: &Actor,
) -> Result<Person, Problem> {
    let wanted = Wanted::of(sso, &who.groups);
    let person = known(store, sso, who, &wanted, from).await?;
    let actor = Actor { name: name_of(&person), role: "person".to_owned(), ..from.clone() };
    let person = operator(store, person, wanted.operator, &actor).await?;
    roles(store, &person, &wanted, &actor).await?;
    Ok(person)
}

/// By issuer and subject; else by an address that the issuer has verified; else somebody new.
async fn known(
    store: &Store,
    sso: &Sso,
    who: &Identity,
    wanted: &Wanted,
    from: &Actor,
) -> Result<Person, Problem> {
    let mut tx = store.read().await?;
    if let Some(person) = identities::person(&mut tx, &sso.issuer, &who.subject).await? {
        return if person.enabled { Ok(person) } else { Err(disabled()) };
    }
    drop(tx);
    let Some(email) = who.email.as_deref().filter(|_| who.email_verified) else {
        let detail = "the system that you signed in with does not say that your address is yours (`email`, `email_verified`)";
        return Err(refused("email_unverified", detail));
    };
    let actor =
        Actor { name: format!("person {email}"), role: "person".to_owned(), ..from.clone() };
    let mut change = store.change(SYSTEM_WORKSPACE, &actor, "single sign-on").await?;
    let person = match people::by_email(change.tx(), email).await? {
        Some(person) if person.enabled => person,
        Some(_) => return Err(disabled()),
        None if wanted.is_nothing() => {
            let detail = "no workspace is open to you here: ask to be invited, or to be put into a group that is";
            return Err(refused("not_invited", detail));
        }
        None => {
            let draft = PersonDraft {
                email: email.to_owned(),
                name: who.name.clone().unwrap_or_else(|| email.to_owned()),
                operator: None,
                enabled: true,
            };
            people::create(&mut change, &draft, None).await?
        }
    };
    identities::link(&mut change, &person, &sso.issuer, &who.subject).await?;
    change.commit().await?;
    Ok(person)
}

/// An operator by their groups; one who was made so by hand stays one.
async fn operator(
    store: &Store,
    person: Person,
    wanted: bool,
    actor: &Actor,
) -> Result<Person, Problem> {
    let then = match (person.operator, wanted) {
        (None, true) => Some(Grantor::Sso),
        (Some(Grantor::Sso), false) => None,
        (same, _) => same,
    };
    if then == person.operator {
        return Ok(person);
    }
    let mut change = store.change(SYSTEM_WORKSPACE, actor, "groups at single sign-on").await?;
    let draft = PersonDraft { operator: then, ..PersonDraft::from(&person) };
    let person = people::update(&mut change, person.id, None, &draft).await?;
    change.commit().await?;
    Ok(person)
}

/// A member by their groups, in each workspace; what was said by hand stays.
async fn roles(
    store: &Store,
    person: &Person,
    wanted: &Wanted,
    actor: &Actor,
) -> Result<(), Problem> {
    let mut tx = store.read().await?;
    let is = members::of(&mut tx, person.id).await?;
    let mut todo: Vec<(_, Option<Role>)> = Vec::new();
    for (workspace, role) in &wanted.roles {
        match is.iter().find(|it| it.workspace == *workspace) {
            Some(member) if member.granted_by == Grantor::Hand || member.role == *role => {}
            // A workspace may have ended since the grants were set up.
            _ if workspaces::get(&mut tx, *workspace).await?.is_none() => {}
            _ => todo.push((*workspace, Some(*role))),
        }
    }
    drop(tx);
    let left = is.iter().filter(|it| it.granted_by == Grantor::Sso);
    let left = left.filter(|it| !wanted.roles.contains_key(&it.workspace));
    todo.extend(left.map(|it| (it.workspace, None)));
    for (workspace, role) in todo {
        let mut change = store.change(workspace, actor, "groups at single sign-on").await?;
        match role {
            Some(role) => {
                members::put(&mut change, person.id, role, Grantor::Sso).await?;
            }
            None => members::remove(&mut change, person.id, None).await?,
        }
        change.commit().await?;
    }
    Ok(())
}

fn refused(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, detail)
}

fn disabled() -> Problem {
    refused("disabled", "this account is disabled: ask an operator")
}

/// When a sign-in that is under way ends.
pub(crate) fn ends(now: Timestamp) -> Timestamp {
    now.plus_micros(600_000_000)
}
