//! `DELETE /api/v1/system/grants/{grant}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_store::grants;

use crate::auth::Operator;
use crate::body::IfMatch;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Takes a grant back. The workspace's provider stays, with what is its own.
#[utoipa::path(
    delete, path = "/api/v1/system/grants/{grant}", tag = "grants", operation_id = "delete_grant",
    params(("grant" = String, Path, description = "The grant, by id")),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    by: Operator,
    Path(grant): Path<String>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let found = super::find(&mut state.store.read().await?, &grant).await?;
    let mut change = state.store.change(found.workspace, &by.actor, "").await?;
    grants::delete(&mut change, found.id, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
