//! `POST /api/v1/workspaces/{workspace}/providers/{provider}/credentials`

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::credential::{Checks, CredentialStatus, SecretFields};
use wayleave_model::id::{ModelId, WorkspaceId};
use wayleave_model::provider::Provider;
use wayleave_model::target::Model;
use wayleave_provider::proof::{Claim, Outcome};
use wayleave_store::credentials::{self, CredentialDraft};
use wayleave_store::{Change, StoreError, Tx, models, providers};

use super::validation::{self, Asked, ProofWish};
use super::{make_default, secrets};
use crate::apply::document::Hidden;
use crate::auth::Here;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::form;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::CredentialView;

/// What a new credential is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCredential {
    /// Unique in its provider, or in the custom model; `API KEY n` if absent.
    #[serde(default)]
    name: Option<String>,
    /// The id of the one custom model it is for; all models of the provider if absent.
    #[serde(default)]
    pub(crate) model: Option<String>,
    /// The secret fields of the kind's form.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    fields: BTreeMap<String, Hidden>,
    /// Its other fields.
    #[serde(default)]
    settings: BTreeMap<String, String>,
    /// Let it serve unless a target says otherwise. The first of a provider, or of a custom model,
    /// always does.
    #[serde(default)]
    default: bool,
    /// How far its proof may go.
    #[serde(default)]
    validate: Option<ProofWish>,
    /// Save it without asking its provider: it is `unverified` until its first success.
    #[serde(default)]
    skip_validation: bool,
}

/// A new credential whose form is right, ready to be proven.
pub(crate) struct Prepared {
    pub(super) provider: Provider,
    pub(super) claim: Claim,
    name: Option<String>,
    model: Option<ModelId>,
    settings: BTreeMap<String, String>,
    default: bool,
    skip: bool,
}

/// Adds a credential. It is proven first, cheapest first, and nothing is saved unless its provider
/// accepts it: 422 with the transcript in `proof`. `skip_validation` saves it unasked.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials", tag = "credentials",
    operation_id = "create_credential",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id")),
    request_body = NewCredential,
    responses((status = 201, body = CredentialView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    Body(new): Body<NewCredential>,
) -> Result<Created<CredentialView>, Problem> {
    let it = prepare(&state, here.workspace.id, &named.1, new).await?;
    let (status, checks) = proved(&state, &here, &it).await?;
    save(&state, &here, it, status, checks).await
}

/// Proves it, unless that is not wished: refused unless its provider accepts it.
pub(crate) async fn proved(
    state: &AdminState,
    here: &Here,
    it: &Prepared,
) -> Result<(CredentialStatus, Checks), Problem> {
    if it.skip {
        return Ok(validation::skipped());
    }
    let asked = Asked::of(&here.actor, &it.provider, None);
    let proof = validation::prove(state, here.workspace.id, asked, &it.claim).await?;
    if proof.outcome != Outcome::Proven {
        return Err(validation::refusal(&it.claim, proof));
    }
    Ok(validation::proven(&proof, &here.actor.name, state.clock.now()))
}

/// Everything that can be wrong without asking anybody is found here.
pub(super) async fn prepare(
    state: &AdminState,
    at: WorkspaceId,
    provider: &str,
    new: NewCredential,
) -> Result<Prepared, Problem> {
    let mut tx = state.store.read().await?;
    let provider = lookup::provider(&mut tx, at, provider).await?;
    let own = match &new.model {
        Some(id) => Some(lookup::model(&mut tx, at, id).await?),
        None => None,
    };
    if own.as_ref().is_some_and(|it| it.provider != provider.id) {
        return Err(Problem::field("model", "expected a model of the same provider"));
    }
    prepare_for(&mut tx, at, provider, own.as_ref(), new).await
}

/// The same for a model that may not be stored yet.
pub(crate) async fn prepare_for(
    tx: &mut Tx,
    at: WorkspaceId,
    provider: Provider,
    own: Option<&Model>,
    new: NewCredential,
) -> Result<Prepared, Problem> {
    if new.skip_validation && new.validate.is_some() {
        return Err(Problem::field("skip_validation", "contradicts `validate`: leave one out"));
    }
    let kind = validation::known(&provider)?;
    let model = own.map(|it| it.id);
    let checked = form::credential(&provider.kind, &new.settings, &secrets(new.fields), None);
    let (settings, secrets) = checked.map_err(Problem::invalid)?;
    if let Some(name) = &new.name
        && credentials::by_name(tx, at, provider.id, model, name).await?.is_some()
    {
        return Err(StoreError::NameTaken { noun: "credential", name: name.clone() }.into());
    }
    let wish = new.validate.unwrap_or_default();
    let call = wish.callee(tx, at, &provider, own).await?;
    let claim = Claim::new(kind, &provider, &settings, secrets, call);
    let (default, skip) = (new.default, new.skip_validation);
    Ok(Prepared { provider, claim, name: new.name, model, settings, default, skip })
}

async fn save(
    state: &AdminState,
    here: &Here,
    it: Prepared,
    status: CredentialStatus,
    checks: Checks,
) -> Result<Created<CredentialView>, Problem> {
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    if let Some(model) = it.model
        && models::get(change.tx(), at, model).await?.is_none()
    {
        return Err(Problem::not_found("model", &model.to_string()));
    }
    let model = it.model;
    let (shown, version) = store(&mut change, it, model, status, checks).await?;
    change.commit().await?;
    Ok(Created(shown, version))
}

/// Writes it, for that model if for one.
pub(crate) async fn store(
    change: &mut Change,
    it: Prepared,
    model: Option<ModelId>,
    status: CredentialStatus,
    checks: Checks,
) -> Result<(CredentialView, i64), Problem> {
    let (at, id) = (change.workspace(), it.provider.id);
    let provider = lookup::provider(change.tx(), at, &id.to_string()).await?;
    validation::same_place(&it.provider, &provider)?;
    let name = match it.name {
        Some(name) => name,
        None => credentials::next_name(change, id, model).await?,
    };
    let draft = CredentialDraft {
        provider: id,
        model,
        name,
        settings: it.settings,
        enabled: true,
        status,
        checks,
        managed_by: None,
    };
    let secrets: SecretFields = it.claim.secrets;
    let made = credentials::create(change, &draft, &secrets).await?;
    if it.default {
        make_default::point(change, &made).await?;
    }
    let version = made.version;
    let provider = providers::get(change.tx(), at, id).await?.unwrap_or(provider);
    let shown = CredentialView::read(change.tx(), at, made, &provider).await?;
    Ok((shown, version))
}
