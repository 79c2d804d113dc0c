//! `GET /api/v1/system/plans`

use axum::Json;
use axum::extract::State;
use wayleave_store::plans;

use super::PlanView;
use crate::auth::Operator;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PageView;

/// Lists plans, newest first.
#[utoipa::path(
    get, path = "/api/v1/system/plans", tag = "plans", operation_id = "list_plans",
    params(Paging),
    responses((status = 200, body = PageView<PlanView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    _: Operator,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<PlanView>>, Problem> {
    let page = plans::list(&mut state.store.read().await?, &paging.listing()).await?;
    Ok(Json(PageView::of(page, PlanView::from)))
}
