//! `PATCH /api/v1/system/workspaces/{workspace}`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::workspaces::{self, WorkspaceDraft};

use crate::auth::Operator;
use crate::body::{Body, IfMatch, Tagged, nullable};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::WorkspaceView;

/// What changes of a workspace; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WorkspaceChange {
    name: Option<String>,
    time_zone: Option<String>,
    /// What it is granted, by a plan's name or id; `null`: everything.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    plan: Option<Option<String>>,
}

/// Renames a workspace, moves its days to another zone, or grants it a plan.
#[utoipa::path(
    patch, path = "/api/v1/system/workspaces/{workspace}", tag = "workspaces", operation_id = "update_workspace",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = WorkspaceChange,
    responses((status = 200, body = WorkspaceView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    by: Operator,
    Path(workspace): Path<String>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<WorkspaceChange>,
) -> Result<Tagged<WorkspaceView>, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let found = lookup::workspace(change.tx(), &workspace).await?;
    let draft = WorkspaceDraft {
        name: wish.name.unwrap_or(found.name),
        time_zone: wish.time_zone.unwrap_or(found.time_zone),
    };
    let mut changed = workspaces::update(&mut change, found.id, expected, &draft).await?;
    if let Some(plan) = wish.plan {
        let plan = match plan {
            Some(plan) => Some(lookup::plan(change.tx(), &plan).await?.id),
            None => None,
        };
        changed = workspaces::set_plan(&mut change, found.id, None, plan).await?;
    }
    change.commit().await?;
    let version = changed.version;
    Ok(Tagged(changed.into(), version))
}
