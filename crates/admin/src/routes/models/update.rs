//! `PATCH /api/v1/workspaces/{workspace}/models/{model}`

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::target::ModelFacts;
use wayleave_store::models::{self, ModelDraft};
use wayleave_store::providers;

use super::view;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::form;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ModelView;

/// What changes of a model; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelChange {
    name: Option<String>,
    /// All facts at once.
    #[schema(value_type = Option<crate::shape::configuration::Facts>)]
    facts: Option<ModelFacts>,
    /// The kind's form of a custom model, filled in anew. Facts that are no field of it stay.
    settings: Option<BTreeMap<String, String>>,
    enabled: Option<bool>,
}

/// Changes a model. Provider and type cannot change; for its price see `/price`.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{workspace}/models/{model}", tag = "models", operation_id = "update_model",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("model" = String, Path, description = "The model's id")),
    request_body = ModelChange,
    responses((status = 200, body = ModelView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<ModelChange>,
) -> Result<Tagged<ModelView>, Problem> {
    let (_, model) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let found = lookup::model(change.tx(), at, &model).await?;
    let mut draft = ModelDraft::from(&found);
    draft.name = wish.name.unwrap_or(draft.name);
    draft.facts = wish.facts.unwrap_or(draft.facts);
    if let Some(settings) = &wish.settings {
        let provider = providers::get(change.tx(), at, found.provider).await?;
        let kind = provider.map_or_else(String::new, |it| it.kind);
        let facts = form::refilled(&kind, found.model_type, settings, &draft.facts);
        draft.facts = facts.map_err(Problem::invalid)?;
    }
    draft.enabled = wish.enabled.unwrap_or(draft.enabled);
    let changed = models::update(&mut change, found.id, expected, &draft).await?;
    let version = changed.version;
    let shown = view(change.tx(), at, changed, state.clock.now()).await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}
