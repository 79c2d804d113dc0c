//! `POST /api/v1/workspaces/{workspace}/providers`

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::supply::Supplier;
use wayleave_store::providers::{self, ProviderDraft};

use crate::auth::Here;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::form;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ProviderView;

/// What a new provider is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewProvider {
    /// Unique in the workspace.
    name: String,
    /// A provider kind, like `openai-compatible`.
    kind: String,
    /// As the vendor prints it; the kind's own address if absent.
    #[serde(default)]
    base_url: Option<String>,
    /// Other fields of the kind's form.
    #[serde(default)]
    settings: BTreeMap<String, String>,
    /// Enable models that the catalog comes to know of its kind, whenever a newer one is put in force.
    #[serde(default)]
    new_models: bool,
    /// Whose credentials shall serve: `system` or `custom`; absent or `null`: the workspace's own, once
    /// it has one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    preference: Option<Supplier>,
}

/// Adds a provider. Its form is checked; nothing is called.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/providers", tag = "providers", operation_id = "create_provider",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = NewProvider,
    responses((status = 201, body = ProviderView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Body(new): Body<NewProvider>,
) -> Result<Created<ProviderView>, Problem> {
    let (base_url, settings) = form::provider(&new.kind, new.base_url.as_deref(), &new.settings)
        .map_err(Problem::invalid)?;
    let draft = ProviderDraft {
        name: new.name,
        kind: new.kind,
        base_url,
        settings,
        default_credential: None,
        preference: new.preference,
        enabled: true,
        new_models: new.new_models,
        managed_by: None,
    };
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let made = providers::create(&mut change, &draft).await?;
    let version = made.version;
    let (at, now) = (here.workspace.id, state.clock.now());
    let view = ProviderView::one(change.tx(), at, made, now).await?;
    change.commit().await?;
    Ok(Created(view, version))
}
