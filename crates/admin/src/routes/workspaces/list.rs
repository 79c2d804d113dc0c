//! `GET /api/v1/system/workspaces`

use axum::Json;
use axum::extract::State;
use wayleave_store::workspaces;

use crate::auth::Operator;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{PageView, WorkspaceView};

/// Lists workspaces, newest first.
#[utoipa::path(
    get, path = "/api/v1/system/workspaces", tag = "workspaces", operation_id = "list_workspaces",
    params(Paging),
    responses((status = 200, body = PageView<WorkspaceView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    _: Operator,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<WorkspaceView>>, Problem> {
    let page = workspaces::list(&mut state.store.read().await?, &paging.listing()).await?;
    Ok(Json(PageView::of(page, WorkspaceView::from)))
}
