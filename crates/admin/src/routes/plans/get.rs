//! `GET /api/v1/system/plans/{plan}`

use axum::extract::{Path, State};

use super::PlanView;
use crate::auth::Operator;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Shows a plan.
#[utoipa::path(
    get, path = "/api/v1/system/plans/{plan}", tag = "plans", operation_id = "get_plan",
    params(("plan" = String, Path, description = "The plan, by name or id")),
    responses((status = 200, body = PlanView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    _: Operator,
    Path(plan): Path<String>,
) -> Result<Tagged<PlanView>, Problem> {
    let found = lookup::plan(&mut state.store.read().await?, &plan).await?;
    let version = found.version;
    Ok(Tagged(found.into(), version))
}
