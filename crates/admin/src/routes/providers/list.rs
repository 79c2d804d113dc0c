//! `GET /api/v1/workspaces/{workspace}/providers`

use axum::Json;
use axum::extract::State;
use wayleave_store::providers;

use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{PageView, ProviderView};

/// Lists providers, newest first.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/providers", tag = "providers", operation_id = "list_providers",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Paging),
    responses((status = 200, body = PageView<ProviderView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<ProviderView>>, Problem> {
    let mut tx = state.store.read().await?;
    let at = here.workspace.id;
    let page = providers::list(&mut tx, at, &paging.listing()).await?;
    let items = ProviderView::all(&mut tx, at, page.items, state.clock.now()).await?;
    Ok(Json(PageView { items, next_cursor: page.next_cursor }))
}
