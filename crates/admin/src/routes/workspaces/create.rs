//! `POST /api/v1/system/workspaces`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::workspaces::{self, WorkspaceDraft};

use crate::auth::Operator;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::WorkspaceView;

/// What a new workspace is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWorkspace {
    /// Unique in the instance.
    name: String,
    /// IANA name of the zone whose days its reports use; UTC if absent.
    #[serde(default = "utc")]
    time_zone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// Makes a workspace.
#[utoipa::path(
    post, path = "/api/v1/system/workspaces", tag = "workspaces", operation_id = "create_workspace",
    request_body = NewWorkspace,
    responses((status = 201, body = WorkspaceView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    by: Operator,
    Body(new): Body<NewWorkspace>,
) -> Result<Created<WorkspaceView>, Problem> {
    let draft = WorkspaceDraft { name: new.name, time_zone: new.time_zone };
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let made = workspaces::create(&mut change, &draft).await?;
    change.commit().await?;
    let version = made.version;
    Ok(Created(made.into(), version))
}
