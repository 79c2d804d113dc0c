//! People, what they are in a workspace, how they are invited, and their sessions.

use serde::{Deserialize, Serialize};

use crate::id::{InvitationId, PersonId, SessionId, WorkspaceId};
use crate::member::Role;
use crate::time::Timestamp;

/// Somebody who signs in. A person may be in many workspaces, and be an operator beside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// What they sign in with: lower case, unique in the instance.
    pub email: String,
    /// How others see them.
    pub name: String,
    /// By whom they were made an operator of the instance; `None`: they are none.
    pub operator: Option<Grantor>,
    /// They have a password; without one they sign in with another system.
    pub has_password: bool,
    /// Somebody who is disabled cannot sign in, and their sessions are refused.
    pub enabled: bool,
    /// Goes up with each change.
    pub version: i64,
    /// When they were made.
    pub created_at: Timestamp,
    /// When they were last changed.
    pub updated_at: Timestamp,
    /// When they last signed in.
    pub last_sign_in_at: Option<Timestamp>,
}

/// What a person is in one workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The person.
    pub person: PersonId,
    /// What they may do there.
    pub role: Role,
    /// Who says so.
    pub granted_by: Grantor,
    /// Goes up with each change.
    pub version: i64,
    /// When they became one.
    pub created_at: Timestamp,
}

/// Who says that somebody is something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grantor {
    /// Somebody did, here. Sign-ins leave it alone.
    Hand,
    /// Their groups at single sign-on. Each sign-in says it again, or takes it back.
    Sso,
}

impl Grantor {
    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Grantor::Hand => "hand",
            Grantor::Sso => "sso",
        }
    }

    /// The grantor of that name.
    pub fn parse(name: &str) -> Option<Grantor> {
        [Grantor::Hand, Grantor::Sso].into_iter().find(|it| it.as_str() == name)
    }
}

/// A way in for one person, once, as it is stored: the link's secret is not part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The workspace it leads into.
    pub workspace: WorkspaceId,
    /// Whom it is for.
    pub email: String,
    /// What they become.
    pub role: Role,
    /// Who invites.
    pub invited_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Refused from then on.
    pub expires_at: Timestamp,
    /// When it was used.
    pub accepted_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl Invitation {
    /// Whether it can be used at `now`.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.accepted_at.is_none() && self.revoked_at.is_none() && now < self.expires_at
    }

    /// `open`, `accepted`, `revoked` or `expired`.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match (self.accepted_at, self.revoked_at) {
            (Some(_), _) => "accepted",
            (None, Some(_)) => "revoked",
            (None, None) if now < self.expires_at => "open",
            (None, None) => "expired",
        }
    }
}

/// A browser that somebody signed in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub person: PersonId,
    /// How they signed in.
    pub how: SignIn,
    /// From where.
    pub addr: Option<String>,
    /// What the browser calls itself.
    pub agent: String,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was last used, to a minute.
    pub seen_at: Timestamp,
    /// Refused from then on, however much it is used.
    pub expires_at: Timestamp,
}

/// How somebody signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    /// With a password of their own.
    Password,
    /// With another system (OpenID Connect).
    Sso,
}

impl SignIn {
    /// The word in SQL and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            SignIn::Password => "password",
            SignIn::Sso => "sso",
        }
    }

    /// The way of that name.
    pub fn parse(name: &str) -> Option<SignIn> {
        [SignIn::Password, SignIn::Sso].into_iter().find(|it| it.as_str() == name)
    }
}

/// An address as people are known by: lower case, something on both sides of one `@`. `None` if it
/// is none.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.split_once('@')?;
    let plain = |it: &str| {
        !it.is_empty()
            && !it.contains('@')
            && !it.chars().any(|c| c.is_control() || c.is_whitespace())
    };
    // RFC 5321, section 4.5.3.1: 64 and 255 octets.
    let fits = local.len() <= 64 && domain.len() <= 255;
    (plain(local) && plain(domain) && fits).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_however_it_is_typed() {
        assert_eq!(email(" Ada@Example.COM "), Some("ada@example.com".to_owned()));
        assert_eq!(email("root@localhost"), Some("root@localhost".to_owned()));
        for bad in
            ["", "ada", "@x", "a@", "a@b@c", "a b@c", "a@b\nc", &format!("{}@x", "a".repeat(65))]
        {
            assert_eq!(email(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_invitation_is_open_until_it_is_used_taken_back_or_over() {
        let at = Timestamp::from_micros;
        let open = Invitation {
            id: InvitationId::new(at(0)),
            workspace: crate::id::SYSTEM_WORKSPACE,
            email: "a@b".to_owned(),
            role: Role::Viewer,
            invited_by: "x".to_owned(),
            created_at: at(0),
            expires_at: at(10),
            accepted_at: None,
            revoked_at: None,
        };
        assert!(open.is_open(at(9)) && !open.is_open(at(10)));
        assert_eq!((open.state(at(9)), open.state(at(10))), ("open", "expired"));
        let used = Invitation { accepted_at: Some(at(5)), ..open.clone() };
        let gone = Invitation { revoked_at: Some(at(5)), ..open };
        assert!(!used.is_open(at(6)) && !gone.is_open(at(6)));
        assert_eq!((used.state(at(6)), gone.state(at(6))), ("accepted", "revoked"));
    }
}
