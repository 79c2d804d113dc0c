//! People, members, invitations and sessions as the API shows them.

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::Timestamp;
use wayleave_model::id::SessionId;
use wayleave_model::person::{Invitation, Member, Person, Session};

/// Somebody who signs in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonView {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    /// An operator of the whole instance.
    pub(crate) operator: bool,
    /// `hand`: made so by somebody; `sso`: by their groups at single sign-on; `null`: no operator.
    pub(crate) operator_by: Option<&'static str>,
    /// Without one they sign in with single sign-on only.
    pub(crate) has_password: bool,
    /// Somebody who is disabled cannot sign in.
    pub(crate) enabled: bool,
    pub(crate) version: i64,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) last_sign_in_at: Option<String>,
}

impl From<Person> for PersonView {
    fn from(it: Person) -> PersonView {
        PersonView {
            id: it.id.to_string(),
            email: it.email,
            name: it.name,
            operator: it.operator.is_some(),
            operator_by: it.operator.map(|by| by.as_str()),
            has_password: it.has_password,
            enabled: it.enabled,
            version: it.version,
            created_at: it.created_at.to_string(),
            updated_at: it.updated_at.to_string(),
            last_sign_in_at: it.last_sign_in_at.map(|at| at.to_string()),
        }
    }
}

/// What somebody is in a workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberView {
    /// The person's id.
    pub(crate) person: String,
    pub(crate) email: String,
    pub(crate) name: String,
    /// `owner`, `admin`, `editor`, `viewer`, `finance` or `auditor`.
    pub(crate) role: &'static str,
    /// `hand`, or `sso`: their groups say so at each sign-in.
    pub(crate) granted_by: &'static str,
    pub(crate) enabled: bool,
    pub(crate) last_sign_in_at: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: String,
}

impl MemberView {
    pub(crate) fn of(it: &Member, person: &Person) -> MemberView {
        MemberView {
            person: person.id.to_string(),
            email: person.email.clone(),
            name: person.name.clone(),
            role: it.role.as_str(),
            granted_by: it.granted_by.as_str(),
            enabled: person.enabled,
            last_sign_in_at: person.last_sign_in_at.map(|at| at.to_string()),
            version: it.version,
            created_at: it.created_at.to_string(),
        }
    }
}

/// A way into a workspace, for one person, once. Its link is shown when it is made, and never again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationView {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) role: &'static str,
    /// `open`, `accepted`, `revoked` or `expired`.
    pub(crate) state: &'static str,
    pub(crate) invited_by: String,
    pub(crate) created_at: String,
    pub(crate) expires_at: String,
    pub(crate) accepted_at: Option<String>,
    pub(crate) revoked_at: Option<String>,
}

impl InvitationView {
    pub(crate) fn of(it: Invitation, now: Timestamp) -> InvitationView {
        InvitationView {
            id: it.id.to_string(),
            role: it.role.as_str(),
            state: it.state(now),
            email: it.email,
            invited_by: it.invited_by,
            created_at: it.created_at.to_string(),
            expires_at: it.expires_at.to_string(),
            accepted_at: it.accepted_at.map(|at| at.to_string()),
            revoked_at: it.revoked_at.map(|at| at.to_string()),
        }
    }
}

/// A browser that somebody signed in with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    pub(crate) id: String,
    /// It is the one that asks.
    pub(crate) current: bool,
    /// `password` or `sso`.
    pub(crate) how: &'static str,
    pub(crate) addr: Option<String>,
    pub(crate) agent: String,
    pub(crate) created_at: String,
    /// To a minute.
    pub(crate) seen_at: String,
    /// When it ends however much it is used.
    pub(crate) expires_at: String,
}

impl SessionView {
    pub(crate) fn of(it: Session, current: Option<SessionId>) -> SessionView {
        SessionView {
            current: current == Some(it.id),
            id: it.id.to_string(),
            how: it.how.as_str(),
            addr: it.addr,
            agent: it.agent,
            created_at: it.created_at.to_string(),
            seen_at: it.seen_at.to_string(),
            expires_at: it.expires_at.to_string(),
        }
    }
}
