//! `GET /api/v1/system/grants/{grant}`

use axum::extract::{Path, State};

use super::GrantView;
use crate::auth::Operator;
use crate::body::Tagged;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Shows a grant, and what is used of it.
#[utoipa::path(
    get, path = "/api/v1/system/grants/{grant}", tag = "grants", operation_id = "get_grant",
    params(("grant" = String, Path, description = "The grant, by id")),
    responses((status = 200, body = GrantView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    _: Operator,
    Path(grant): Path<String>,
) -> Result<Tagged<GrantView>, Problem> {
    let mut tx = state.store.read().await?;
    let found = super::find(&mut tx, &grant).await?;
    let version = found.version;
    Ok(Tagged(GrantView::of(&mut tx, found, state.clock.now()).await?, version))
}
