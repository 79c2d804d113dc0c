//! `GET /api/v1/workspaces/{workspace}/proofs/days`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wayleave_store::proofs;

use crate::auth::Here;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PageView;

/// The most days that are shown.
const MOST_DAYS: u16 = 366;

/// What the proofs of one day cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProofDayView {
    /// The day, of UTC, like `2026-11-22`.
    day: String,
    /// How many there were.
    proofs: i64,
    /// Billionths of a US dollar.
    cost_nanos: i64,
}

/// Sums by day what proofs of credentials cost: the newest 366 days that had any.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/proofs/days", tag = "usage", operation_id = "sum_paid_proofs",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    responses((status = 200, body = PageView<ProofDayView>), Refusals)
)]
pub(crate) async fn days(
    State(state): State<AdminState>,
    here: Here,
) -> Result<Json<PageView<ProofDayView>>, Problem> {
    let mut tx = state.store.read().await?;
    let days = proofs::by_day(&mut tx, here.workspace.id, MOST_DAYS).await?;
    let view = days.into_iter().map(|(at, proofs, cost)| ProofDayView {
        day: at.to_string().chars().take(10).collect(),
        proofs,
        cost_nanos: cost.0,
    });
    Ok(Json(PageView::whole(view.collect())))
}
