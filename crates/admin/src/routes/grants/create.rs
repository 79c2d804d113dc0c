//! `POST /api/v1/system/grants`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::{ProviderId, SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::provider::Provider;
use wayleave_store::Change;
use wayleave_store::grants::{self, GrantDraft};
use wayleave_store::providers::{self, ProviderDraft};

use super::{GrantView, QuotaWish, drafts};
use crate::auth::Operator;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::lookup::{self, every};
use crate::routes::Refusals;
use crate::state::AdminState;

/// What a new grant is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGrant {
    /// Who gets it, by name or id.
    workspace: String,
    /// The provider of the system workspace, by name or id.
    system_provider: String,
    /// The workspace's own provider that is supplied, by name or id. If absent: its oldest one of that
    /// kind that has no grant, else a new one of the system provider's name.
    #[serde(default)]
    provider: Option<String>,
    /// The models that it covers; absent or `null`: all that are predefined.
    #[serde(default)]
    models: Option<Vec<String>>,
    /// Absent: it is enabled.
    #[serde(default)]
    enabled: Option<bool>,
    /// One of a type at most. Without one nothing is supplied.
    #[serde(default)]
    quotas: Vec<QuotaWish>,
}

/// Supplies a workspace with a provider of the system, within quotas.
#[utoipa::path(
    post, path = "/api/v1/system/grants", tag = "grants", operation_id = "create_grant",
    request_body = NewGrant,
    responses((status = 201, body = GrantView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    by: Operator,
    Body(new): Body<NewGrant>,
) -> Result<Created<GrantView>, Problem> {
    let quotas = drafts(new.quotas)?;
    let at = lookup::workspace(&mut state.store.read().await?, &new.workspace).await?.id;
    let mut change = state.store.change(at, &by.actor, "").await?;
    let system = lookup::provider(change.tx(), SYSTEM_WORKSPACE, &new.system_provider).await?;
    let provider = match &new.provider {
        Some(named) => lookup::provider(change.tx(), at, named).await?.id,
        None => fitting(&mut change, at, &system).await?,
    };
    let draft = GrantDraft {
        provider,
        system_provider: system.id,
        models: new.models,
        enabled: new.enabled.unwrap_or(true),
        quotas,
    };
    let made = grants::create(&mut change, &draft).await?;
    let version = made.version;
    let view = GrantView::of(change.tx(), made, state.clock.now()).await?;
    change.commit().await?;
    Ok(Created(view, version))
}

/// The workspace's provider of that kind that nobody supplies yet; a new one if there is none.
async fn fitting(
    change: &mut Change,
    at: WorkspaceId,
    system: &Provider,
) -> Result<ProviderId, Problem> {
    let taken = grants::of(change.tx(), at).await?;
    let all: Vec<Provider> = every!(page => providers::list(change.tx(), at, &page));
    let is_free = |it: &&Provider| {
        it.kind == system.kind && !taken.iter().any(|grant| grant.provider == it.id)
    };
    // Pages are newest first.
    if let Some(found) = all.iter().rev().find(is_free) {
        return Ok(found.id);
    }
    // Nothing of where the system's provider is: that is the operator's.
    let draft = ProviderDraft {
        name: system.name.clone(),
        kind: system.kind.clone(),
        base_url: None,
        settings: std::collections::BTreeMap::new(),
        default_credential: None,
        preference: None,
        enabled: true,
        new_models: false,
        managed_by: None,
    };
    Ok(providers::create(change, &draft).await?.id)
}
