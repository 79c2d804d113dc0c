//! Single sign-on: its set-up, which is the operator's, and the two steps of a browser.

pub(crate) mod callback;
pub(crate) mod get;
pub(crate) mod remove;
pub(crate) mod set;
pub(crate) mod start;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_store::{Tx, workspaces};

use crate::error::Problem;
use crate::sign_in::sso::CALLBACK;
use crate::sign_in::sso::config::Sso;
use crate::state::AdminState;

/// How single sign-on is set up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SsoView {
    issuer: String,
    client_id: String,
    /// A client secret is stored. It is never shown.
    has_client_secret: bool,
    label: String,
    scopes: Vec<String>,
    groups_claim: String,
    grants: Vec<GroupGrantView>,
    /// What the issuer must allow as redirect address.
    redirect_uri: String,
}

/// What a group makes of its people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupGrantView {
    /// `*`: everybody who can sign in there.
    group: String,
    /// The workspace's name (its id, if it has ended); `null`: the instance.
    workspace: Option<String>,
    role: &'static str,
}

async fn view(
    tx: &mut Tx,
    state: &AdminState,
    sso: Sso,
    has_client_secret: bool,
) -> Result<SsoView, Problem> {
    let mut grants = Vec::new();
    for grant in sso.grants {
        let workspace = match grant.workspace {
            Some(id) => {
                let found = workspaces::get(tx, id).await?;
                Some(found.map_or_else(|| id.to_string(), |it| it.name))
            }
            None => None,
        };
        grants.push(GroupGrantView { group: grant.group, workspace, role: grant.role.as_str() });
    }
    Ok(SsoView {
        issuer: sso.issuer,
        client_id: sso.client_id,
        has_client_secret,
        label: sso.label,
        scopes: sso.scopes,
        groups_claim: sso.groups_claim,
        grants,
        redirect_uri: format!("{}{CALLBACK}", state.public_url.trim_end_matches('/')),
    })
}
