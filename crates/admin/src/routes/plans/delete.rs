//! `DELETE /api/v1/system/plans/{plan}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::plans;

use crate::auth::Operator;
use crate::body::IfMatch;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Removes a plan that no workspace has.
#[utoipa::path(
    delete, path = "/api/v1/system/plans/{plan}", tag = "plans", operation_id = "delete_plan",
    params(("plan" = String, Path, description = "The plan, by name or id")),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    by: Operator,
    Path(plan): Path<String>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let found = lookup::plan(change.tx(), &plan).await?;
    plans::delete(&mut change, found.id, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
