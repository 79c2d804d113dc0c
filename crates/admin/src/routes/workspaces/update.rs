//! `PATCH /api/v1/system/workspaces/{workspace}`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::workspaces::{self, WorkspaceDraft};

use crate::auth::Operator;
use crate::body::{Body, IfMatch, Tagged};
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
}

/// Renames a workspace, or moves its days to another zone.
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
    let changed = workspaces::update(&mut change, found.id, expected, &draft).await?;
    change.commit().await?;
    let version = changed.version;
    Ok(Tagged(changed.into(), version))
}
