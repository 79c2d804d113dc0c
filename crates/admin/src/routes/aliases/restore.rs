//! `POST /api/v1/workspaces/{workspace}/aliases/{alias}/restore`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_store::aliases;

use super::shown;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::AliasView;

/// Which version to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restoration {
    /// The version's number.
    number: i64,
    /// Why, for the log.
    #[serde(default)]
    reason: String,
}

/// Leads an alias where an earlier version of its route led.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/aliases/{alias}/restore", tag = "aliases",
    operation_id = "restore_route_version",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("alias" = String, Path, description = "The alias, by name or id")),
    request_body = Restoration,
    responses((status = 200, body = AliasView), Refusals)
)]
pub(crate) async fn restore(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<Restoration>,
) -> Result<Tagged<AliasView>, Problem> {
    let (_, alias) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, &wish.reason).await?;
    let found = lookup::alias(change.tx(), at, &alias).await?;
    let changed = aliases::restore(&mut change, found.id, expected, wish.number).await?;
    let version = changed.version;
    let shown = shown(&mut change, &here, changed, &[], "number").await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}
