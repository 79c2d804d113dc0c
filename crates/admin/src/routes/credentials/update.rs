//! `PATCH /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}`

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::credential::Credential;
use wayleave_model::id::WorkspaceId;
use wayleave_model::provider::Provider;
use wayleave_provider::proof::{Claim, Outcome};
use wayleave_store::credentials::{self, CredentialDraft};
use wayleave_store::{Actor, StoreError};

use super::secrets;
use super::validation::{self, Asked, ProofWish};
use crate::apply::document::Hidden;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::form;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::CredentialView;

/// What changes of a credential; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialChange {
    name: Option<String>,
    /// Secret fields to replace. `[__HIDDEN__]` keeps the stored value, as leaving it out does.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    fields: BTreeMap<String, Hidden>,
    /// All other fields at once.
    settings: Option<BTreeMap<String, String>>,
    enabled: Option<bool>,
    /// How far its proof may go.
    validate: Option<ProofWish>,
    /// Save other secrets or settings without asking its provider: it is `unverified` again.
    #[serde(default)]
    skip_validation: bool,
}

/// A change whose form is right, ready to be proven.
pub(super) struct Prepared {
    pub(super) claim: Claim,
    provider: Provider,
    found: Credential,
    draft: CredentialDraft,
    /// Whether there is anything that its provider has not been asked about.
    fresh: bool,
    skip: bool,
}

impl Prepared {
    pub(super) fn asked<'a>(&'a self, by: &'a Actor) -> Asked<'a> {
        Asked::of(by, &self.provider, Some(self.found.id))
    }
}

/// Changes a credential. With other secrets or settings it is proven first, as a new one is.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}",
    tag = "credentials", operation_id = "update_credential",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("credential" = String, Path, description = "The credential, by name or id")),
    request_body = CredentialChange,
    responses((status = 200, body = CredentialView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<CredentialChange>,
) -> Result<Tagged<CredentialView>, Problem> {
    let (_, provider, credential) = &named;
    let at = here.workspace.id;
    let mut it = prepare(&state, at, provider, credential, expected, wish).await?;
    if it.fresh && it.skip {
        (it.draft.status, it.draft.checks) = validation::skipped();
    } else if it.fresh {
        let asked = it.asked(&here.actor);
        let proof = validation::prove(&state, at, asked, &it.claim).await?;
        if proof.outcome != Outcome::Proven {
            return Err(validation::refusal(&it.claim, proof));
        }
        (it.draft.status, it.draft.checks) =
            validation::proven(&proof, &here.actor.name, state.clock.now());
    }
    let mut change = state.store.change(at, &here.actor, "").await?;
    let provider = lookup::provider(change.tx(), at, &it.provider.id.to_string()).await?;
    if it.fresh && !it.skip {
        validation::same_place(&it.provider, &provider)?;
    }
    // What was proven is the state that was read: a change in between is not overwritten.
    let read = Some(it.found.version);
    let secrets = Some(&it.claim.secrets);
    let changed = credentials::update(&mut change, it.found.id, read, &it.draft, secrets).await?;
    let version = changed.version;
    let shown = CredentialView::read(change.tx(), at, changed, &provider).await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}

/// Everything that can be wrong without asking anybody is found here.
pub(super) async fn prepare(
    state: &AdminState,
    at: WorkspaceId,
    provider: &str,
    credential: &str,
    expected: Option<i64>,
    wish: CredentialChange,
) -> Result<Prepared, Problem> {
    if wish.skip_validation && wish.validate.is_some() {
        return Err(Problem::field("skip_validation", "contradicts `validate`: leave one out"));
    }
    let mut tx = state.store.read().await?;
    let provider = lookup::provider(&mut tx, at, provider).await?;
    let kind = validation::known(&provider)?;
    let found = lookup::credential(&mut tx, at, &provider, credential).await?;
    if let Some(expected) = expected.filter(|it| *it != found.version) {
        let (noun, actual) = ("credential", found.version);
        return Err(StoreError::Stale { noun, expected, actual }.into());
    }
    let own = match found.model {
        Some(id) => wayleave_store::models::get(&mut tx, at, id).await?,
        None => None,
    };
    let stored = credentials::secrets(&mut tx, at, found.id).await?;
    let mut draft = CredentialDraft::from(&found);
    let settings = wish.settings.unwrap_or_else(|| draft.settings.clone());
    let checked =
        form::credential(&provider.kind, &settings, &secrets(wish.fields), stored.as_ref());
    let (settings, secrets) = checked.map_err(Problem::invalid)?;
    let same = settings == found.settings
        && state.store.hasher().fingerprint(&secrets) == found.fingerprint;
    let fresh = !same || wish.validate.is_some();
    if let Some(name) = wish.name.as_ref().filter(|it| **it != found.name)
        && credentials::by_name(&mut tx, at, provider.id, found.model, name).await?.is_some()
    {
        return Err(StoreError::NameTaken { noun: "credential", name: name.clone() }.into());
    }
    draft.settings = settings;
    draft.name = wish.name.unwrap_or(draft.name);
    draft.enabled = wish.enabled.unwrap_or(draft.enabled);
    let proof = wish.validate.unwrap_or_default();
    let call = proof.callee(&mut tx, at, &provider, own.as_ref()).await?;
    let claim = Claim::new(kind, &provider, &draft.settings, secrets, call);
    Ok(Prepared { claim, provider, found, draft, fresh, skip: wish.skip_validation })
}
