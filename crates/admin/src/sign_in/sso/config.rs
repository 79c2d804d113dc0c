//! How single sign-on is set up: a setting of the instance, its client secret sealed beside it.

use http::Uri;
use serde::{Deserialize, Serialize};
use wayleave_model::Secret;
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::member::Role;
use wayleave_store::{Change, StoreError, Tx, settings};

use crate::error::{FieldError, Problem};

/// The setting, and the sealed one beside it.
const SETTING: &str = "sso";
const SECRET: &str = "sso-client-secret";

/// Which system people sign in with, and what they become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sso {
    /// Its issuer identifier, exactly as its own tokens spell it.
    pub(crate) issuer: String,
    /// What Wayleave is called there.
    pub(crate) client_id: String,
    /// What people read on the button.
    pub(crate) label: String,
    /// Asked for beside `openid`.
    pub(crate) scopes: Vec<String>,
    /// The claim that lists a person's groups.
    pub(crate) groups_claim: String,
    /// What each group makes of its people.
    pub(crate) grants: Vec<GroupGrant>,
}

/// What a group makes of its people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupGrant {
    /// The group; `*` is everybody who can sign in there.
    pub(crate) group: String,
    /// The workspace; `None`: the instance, of which the only role is operator.
    pub(crate) workspace: Option<WorkspaceId>,
    /// The role.
    pub(crate) role: Role,
}

/// A set-up that is whole: with its secret, if the client has one.
pub(crate) struct SetUp {
    pub(crate) sso: Sso,
    pub(crate) client_secret: Option<Secret>,
}

impl Sso {
    /// What is wrong with it, field by field.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        let mut wrong = Vec::new();
        if !is_safe(&self.issuer) {
            let why =
                "expected an https:// address without a query (http:// for this machine only)";
            wrong.push(FieldError::new("issuer", why));
        }
        for (field, value) in [
            ("client_id", &self.client_id),
            ("label", &self.label),
            ("groups_claim", &self.groups_claim),
        ] {
            if value.trim().is_empty() || value.chars().any(char::is_control) {
                wrong.push(FieldError::new(field, "expected text"));
            }
        }
        for (index, grant) in self.grants.iter().enumerate() {
            let fits = match grant.role {
                Role::Operator => grant.workspace.is_none(),
                Role::Owner => false,
                _ => grant.workspace.is_some(),
            };
            if !fits {
                let why = "`operator` is of the instance, every other role of a workspace, and an owner is made by hand";
                wrong.push(FieldError::new(format!("grants[{index}].role"), why));
            }
            if grant.group.is_empty() {
                wrong.push(FieldError::new(format!("grants[{index}].group"), "expected a group"));
            }
            if grant.role == Role::Operator && grant.group == "*" {
                let why = "not everybody can be an operator: name a group";
                wrong.push(FieldError::new(format!("grants[{index}].group"), why));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(Problem::invalid(wrong)) }
    }
}

/// TLS protects code and tokens on their way; on one machine nobody is in between.
fn is_safe(issuer: &str) -> bool {
    let Ok(uri) = issuer.parse::<Uri>() else { return false };
    let Some(authority) = uri.authority() else { return false };
    let plain = !authority.as_str().contains('@') && uri.query().is_none();
    let host = authority.host().trim_matches(['[', ']']);
    let here = host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    plain && (uri.scheme_str() == Some("https") || uri.scheme_str() == Some("http") && here)
}

/// The set-up without its secret, and whether it has one.
pub(crate) async fn shown(tx: &mut Tx) -> Result<Option<(Sso, bool)>, StoreError> {
    let Some(value) = settings::get(tx, SYSTEM_WORKSPACE, SETTING).await? else { return Ok(None) };
    let has_secret = settings::secret(tx, SYSTEM_WORKSPACE, SECRET).await?.is_some();
    Ok(typed(value).map(|sso| (sso, has_secret)))
}

/// The whole set-up.
pub(crate) async fn set_up(tx: &mut Tx) -> Result<Option<SetUp>, StoreError> {
    let Some(value) = settings::get(tx, SYSTEM_WORKSPACE, SETTING).await? else { return Ok(None) };
    let client_secret = settings::secret(tx, SYSTEM_WORKSPACE, SECRET).await?;
    Ok(typed(value).map(|sso| SetUp { sso, client_secret }))
}

/// One that a newer version wrote and this one cannot read is as good as none.
fn typed(value: serde_json::Value) -> Option<Sso> {
    serde_json::from_value(value)
        .inspect_err(|error| tracing::error!(%error, "the single sign-on setting is unreadable"))
        .ok()
}

/// Sets it up; without a secret, the one that is there stays.
pub(crate) async fn set(
    change: &mut Change,
    sso: &Sso,
    client_secret: Option<&Secret>,
) -> Result<(), Problem> {
    let value = serde_json::to_value(sso).map_err(|error| Problem::internal(&error))?;
    settings::set(change, SETTING, &value).await?;
    if let Some(secret) = client_secret {
        settings::set_secret(change, SECRET, secret).await?;
    }
    Ok(())
}

/// Ends it. People who came by it stay, and sign in no more unless they have a password.
pub(crate) async fn remove(change: &mut Change) -> Result<(), StoreError> {
    settings::remove(change, SETTING).await?;
    settings::remove(change, SECRET).await
}

#[cfg(test)]
pub(crate) fn example(issuer: &str, grants: Vec<GroupGrant>) -> Sso {
    Sso {
        issuer: issuer.to_owned(),
        client_id: "wayleave".to_owned(),
        label: "Example".to_owned(),
        scopes: vec!["email".to_owned(), "profile".to_owned()],
        groups_claim: "groups".to_owned(),
        grants,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_tokens_go_over_tls_or_stay_on_this_machine() {
        for good in ["https://id.example.com/realms/a", "http://127.0.0.1:9/x", "http://[::1]:9"] {
            assert!(example(good, vec![]).check().is_ok(), "{good}");
        }
        for bad in [
            "http://id.example.com",
            "http://127.0.0.1.evil.org",
            "https://u:p@id.example.com",
            "https://id.example.com/?a=b",
            "id.example.com",
            "",
        ] {
            assert!(example(bad, vec![]).check().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_group_cannot_make_owners_nor_everybody_an_operator() {
        let at = Some(WorkspaceId(SYSTEM_WORKSPACE.0));
        for (group, workspace, role, fine) in [
            ("a", at, Role::Admin, true),
            ("*", at, Role::Viewer, true),
            ("a", None, Role::Operator, true),
            ("a", at, Role::Owner, false),
            ("a", at, Role::Operator, false),
            ("a", None, Role::Admin, false),
            ("*", None, Role::Operator, false),
            ("", at, Role::Viewer, false),
        ] {
            let grant = GroupGrant { group: group.to_owned(), workspace, role };
            let checked = example("https://i", vec![grant]).check();
            assert_eq!(checked.is_ok(), fine, "{group} {role:?}");
        }
    }
}
