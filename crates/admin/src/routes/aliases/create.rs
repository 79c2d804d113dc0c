//! `POST /api/v1/workspaces/{workspace}/aliases`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::alias::Policy;
use wayleave_store::aliases::{self, AliasDraft};

use super::shown;
use crate::apply;
use crate::apply::document::TargetDecl;
use crate::auth::Here;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::AliasView;

/// What a new alias is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAlias {
    /// What clients send as `model`.
    name: String,
    /// Tried in this order; those with the same `group` share the load.
    targets: Vec<TargetDecl>,
    /// How requests behave.
    #[serde(default)]
    #[schema(value_type = crate::shape::configuration::Policy, required = false)]
    policy: Policy,
    /// Why, for the log.
    #[serde(default)]
    reason: String,
}

/// Makes an alias with version 1 of its route.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/aliases", tag = "aliases", operation_id = "create_alias",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = NewAlias,
    responses((status = 201, body = AliasView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Body(new): Body<NewAlias>,
) -> Result<Created<AliasView>, Problem> {
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, &new.reason).await?;
    let (groups, paths) = apply::groups(change.tx(), at, new.targets).await?;
    let draft =
        AliasDraft { name: new.name, enabled: true, groups, policy: new.policy, managed_by: None };
    let made = aliases::create(&mut change, &draft).await?;
    let version = made.version;
    let shown = shown(&mut change, &here, made, &paths, "targets").await?;
    change.commit().await?;
    Ok(Created(shown, version))
}
