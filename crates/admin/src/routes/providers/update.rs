//! `PATCH /api/v1/workspaces/{workspace}/providers/{provider}`

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::supply::Supplier;
use wayleave_store::providers::{self, ProviderDraft};

use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged, nullable};
use crate::error::Problem;
use crate::form;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ProviderView;

/// What changes of a provider; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderChange {
    name: Option<String>,
    /// `null`: the kind's own address.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    base_url: Option<Option<String>>,
    /// All fields of the form at once.
    settings: Option<BTreeMap<String, String>>,
    enabled: Option<bool>,
    /// Enable models that the catalog comes to know of its kind, whenever a newer one is put in force.
    new_models: Option<bool>,
    /// Whose credentials shall serve: `system` or `custom`; `null`: the workspace's own, once it has
    /// one.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    preference: Option<Option<Supplier>>,
}

/// Changes a provider. Its kind cannot change.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{workspace}/providers/{provider}", tag = "providers",
    operation_id = "update_provider",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id")),
    request_body = ProviderChange,
    responses((status = 200, body = ProviderView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<ProviderChange>,
) -> Result<Tagged<ProviderView>, Problem> {
    let (_, provider) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let found = lookup::provider(change.tx(), here.workspace.id, &provider).await?;
    let mut draft = ProviderDraft::from(&found);
    let base_url = wish.base_url.unwrap_or(draft.base_url);
    let settings = wish.settings.unwrap_or(draft.settings);
    let checked = form::provider(&draft.kind, base_url.as_deref(), &settings);
    (draft.base_url, draft.settings) = checked.map_err(Problem::invalid)?;
    draft.name = wish.name.unwrap_or(draft.name);
    draft.preference = wish.preference.unwrap_or(draft.preference);
    draft.enabled = wish.enabled.unwrap_or(draft.enabled);
    draft.new_models = wish.new_models.unwrap_or(draft.new_models);
    let changed = providers::update(&mut change, found.id, expected, &draft).await?;
    let version = changed.version;
    let (at, now) = (here.workspace.id, state.clock.now());
    let view = ProviderView::one(change.tx(), at, changed, now).await?;
    change.commit().await?;
    Ok(Tagged(view, version))
}
