//! Who is signed in: what they may do where, their password, their sessions.

pub(crate) mod accept;
pub(crate) mod get;
pub(crate) mod password;
pub(crate) mod revoke_session;
pub(crate) mod sessions;
pub(crate) mod update;

#[cfg(test)]
mod tests;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::member::Role;
use wayleave_model::person::{Person, Session};
use wayleave_store::{Tx, members, workspaces};

use crate::error::Problem;
use crate::permission::Power;
use crate::state::AdminState;
use crate::view::{PersonView, SessionView};

/// Who is signed in, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeView {
    /// `person`, `token`, or `local`: over the server's own socket.
    pub(crate) kind: &'static str,
    /// As the audit log names them.
    pub(crate) name: String,
    /// Absent for others than people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<PersonView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<SessionView>,
    /// An operator: may do everything in every workspace, in those too that are not listed here.
    pub(crate) operator: bool,
    /// What they may do in the instance.
    pub(crate) permissions: Vec<&'static str>,
    /// What they are a member of.
    pub(crate) workspaces: Vec<PlaceView>,
}

/// A workspace, and what one may do there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlaceView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: &'static str,
    pub(crate) permissions: Vec<&'static str>,
}

/// A person who has just signed in, or asks.
pub(crate) async fn of_person(
    state: &AdminState,
    person: Person,
    session: Session,
) -> Result<MeView, Problem> {
    let mut tx = state.store.read().await?;
    let operator = person.operator.is_some();
    let mut places = Vec::new();
    for member in members::of(&mut tx, person.id).await? {
        let role = if operator { Role::Operator } else { member.role };
        let mut place = place(&mut tx, member.workspace, &Power::of(role)).await?;
        if let Some(place) = &mut place {
            place.role = member.role.as_str();
        }
        places.extend(place);
    }
    places.sort_by(|a, b| a.name.cmp(&b.name));
    let current = session.id;
    Ok(MeView {
        kind: "person",
        name: crate::auth::name_of(&person),
        person: Some(person.into()),
        session: Some(SessionView::of(session, Some(current))),
        operator,
        permissions: if operator { Power::of(Role::Operator).names() } else { Vec::new() },
        workspaces: places,
    })
}

/// A workspace that is still there.
async fn place(
    tx: &mut Tx,
    workspace: wayleave_model::id::WorkspaceId,
    power: &Power,
) -> Result<Option<PlaceView>, Problem> {
    let found = workspaces::get(tx, workspace).await?;
    Ok(found.map(|it| PlaceView {
        id: it.id.to_string(),
        name: it.name,
        role: power.role.as_str(),
        permissions: power.names(),
    }))
}
