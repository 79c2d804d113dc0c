//! `POST /api/v1/workspaces/{workspace}/keys`

use axum::extract::State;
use wayleave_model::workspace::OwnerKind;
use wayleave_store::keys::{self, KeyDraft};
use wayleave_store::owners::{self, OwnerDraft};

use super::{KeyMade, alias_ids, view};
use crate::apply::document::{Hidden, KeyDecl, Sent};
use crate::auth::Here;
use crate::body::{Body, Created};
use crate::editor_limits::{self, Asked};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Makes a key. Without a `secret` of the caller's, one is minted and shown in this answer only. An
/// owner that is not there is made, as a team.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/keys", tag = "keys", operation_id = "create_key",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = KeyDecl<Hidden>,
    responses((status = 201, body = KeyMade), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Body(new): Body<KeyDecl<Hidden>>,
) -> Result<Created<KeyMade>, Problem> {
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let owner = match lookup::owner(change.tx(), at, &new.owner).await {
        Ok(owner) => owner.id,
        Err(problem) if problem.code == "not_found" => {
            let draft = OwnerDraft { name: new.owner, kind: OwnerKind::Team, managed_by: None };
            owners::create(&mut change, &draft).await?.id
        }
        Err(problem) => return Err(problem),
    };
    let aliases = match &new.aliases {
        Some(names) => Some(alias_ids(change.tx(), at, names).await?),
        None => None,
    };
    let draft = KeyDraft {
        name: new.name,
        owner,
        environment: new.environment,
        purpose: new.purpose,
        aliases,
        tags: new.tags,
        enabled: true,
        expires_at: new.expires_at.map(|it| it.0),
        losses: new.losses,
        managed_by: None,
    };
    editor_limits::check(&mut change, &here, &Asked::Make(&draft, state.clock.now())).await?;
    let (key, secret) = match new.secret {
        Some(secret) => (keys::import(&mut change, &draft, &secret.0).await?, None),
        None => {
            let (key, secret) = keys::mint(&mut change, &draft).await?;
            (key, Some(Sent(secret)))
        }
    };
    let version = key.version;
    let key = view(change.tx(), at, key, &state).await?;
    change.commit().await?;
    Ok(Created(KeyMade { key, secret }, version))
}
