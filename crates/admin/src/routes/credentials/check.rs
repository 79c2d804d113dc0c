//! `POST /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/check`

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::credential::{Checks, Credential, CredentialStatus, Validated};
use wayleave_model::id::WorkspaceId;
use wayleave_provider::proof::{Claim, Outcome, Proof, Rung};
use wayleave_store::credentials::{self, CredentialDraft};
use wayleave_store::{Actor, models};

use super::validation::{self, Asked, ProofWish};
use crate::auth::Here;
use crate::body::Body;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{CredentialView, ProofView};

/// How far a check may go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckWish {
    /// Nothing that costs is called without it.
    #[serde(default)]
    validate: ProofWish,
}

/// A credential after its check, and what was tried.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedView {
    credential: CredentialView,
    proof: ProofView,
}

/// Proves a stored credential again and notes what that shows: proven, it is `active`; refused, it
/// is `invalid`. Anything else says nothing of the credential, and leaves its status.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/check",
    tag = "credentials", operation_id = "check_credential",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("credential" = String, Path, description = "The credential, by name or id")),
    request_body = CheckWish,
    responses((status = 200, body = CheckedView), Refusals)
)]
pub(crate) async fn check(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
    Body(wish): Body<CheckWish>,
) -> Result<Json<CheckedView>, Problem> {
    let (_, provider, credential) = named;
    let at = here.workspace.id;
    let mut tx = state.store.read().await?;
    let provider = lookup::provider(&mut tx, at, &provider).await?;
    let kind = validation::known(&provider)?;
    let found = lookup::credential(&mut tx, at, &provider, &credential).await?;
    let own = match found.model {
        Some(id) => models::get(&mut tx, at, id).await?,
        None => None,
    };
    let secrets = credentials::secrets(&mut tx, at, found.id).await?.unwrap_or_default();
    let call = wish.validate.callee(&mut tx, at, &provider, own.as_ref()).await?;
    drop(tx);
    let claim = Claim::new(kind, &provider, &found.settings, secrets, call);
    let asked = Asked::of(&here.actor, &provider, Some(found.id));
    let proof = validation::prove(&state, at, asked, &claim).await?;
    note(&state, at, &here.actor, &found, &proof).await?;
    let mut tx = state.store.read().await?;
    let after = lookup::credential(&mut tx, at, &provider, &found.id.to_string()).await?;
    let credential = CredentialView::read(&mut tx, at, after, &provider).await?;
    Ok(Json(CheckedView { credential, proof: proof.into() }))
}

/// Keys that may call models, but not list them, are refused with 403 by the list alone.
fn condemns(proof: &Proof) -> bool {
    let last = proof.steps.last();
    last.is_none_or(|it| (it.rung, it.status) != (Rung::Models, Some(403)))
}

/// Writes down what a check has shown. Only another status is a change of the configuration.
pub(crate) async fn note(
    state: &AdminState,
    at: WorkspaceId,
    actor: &Actor,
    found: &Credential,
    proof: &Proof,
) -> Result<(), Problem> {
    let now = state.clock.now();
    let mut draft = CredentialDraft::from(found);
    match proof.outcome {
        Outcome::Proven => {
            (draft.status, draft.checks) = validation::proven(proof, &actor.name, now);
        }
        Outcome::Refused if condemns(proof) => {
            draft.status = CredentialStatus::Invalid;
            draft.checks.validated = Some(Validated::Refused);
        }
        _ => {}
    }
    draft.checks =
        Checks { proof: Some(proof.summary.clone()), last_checked_at: Some(now), ..draft.checks };
    if (draft.status, draft.checks.validated) == (found.status, found.checks.validated) {
        return Ok(state.store.note_check(at, found.id, &draft.checks).await?);
    }
    let mut change = state.store.change(at, actor, "").await?;
    // The proof is of what was read: not of what somebody made of it meanwhile.
    credentials::update(&mut change, found.id, Some(found.version), &draft, None).await?;
    change.commit().await?;
    Ok(())
}
