//! `PATCH /api/v1/workspaces/{workspace}/aliases/{alias}`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::alias::Policy;
use wayleave_store::aliases::{self, AliasDraft};

use super::shown;
use crate::apply;
use crate::apply::document::TargetDecl;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::AliasView;

/// What changes of an alias; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AliasChange {
    name: Option<String>,
    enabled: Option<bool>,
    /// All targets at once.
    targets: Option<Vec<TargetDecl>>,
    #[schema(value_type = Option<crate::shape::configuration::Policy>)]
    policy: Option<Policy>,
    /// Why, for the log.
    #[serde(default)]
    reason: String,
}

/// Changes an alias. Other targets or another policy make a new version of its route.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{workspace}/aliases/{alias}", tag = "aliases", operation_id = "update_alias",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("alias" = String, Path, description = "The alias, by name or id")),
    request_body = AliasChange,
    responses((status = 200, body = AliasView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<AliasChange>,
) -> Result<Tagged<AliasView>, Problem> {
    let (_, alias) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, &wish.reason).await?;
    let found = lookup::alias(change.tx(), at, &alias).await?;
    let mut draft = AliasDraft::from(&found);
    let mut paths = Vec::new();
    if let Some(targets) = wish.targets {
        (draft.groups, paths) = apply::groups(change.tx(), at, targets).await?;
    }
    draft.policy = wish.policy.unwrap_or(draft.policy);
    draft.name = wish.name.unwrap_or(draft.name);
    draft.enabled = wish.enabled.unwrap_or(draft.enabled);
    let changed = aliases::update(&mut change, found.id, expected, &draft).await?;
    let version = changed.version;
    let shown = shown(&mut change, &here, changed, &paths, "targets").await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}
