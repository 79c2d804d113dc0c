//! `GET /api/v1/workspaces/{workspace}/owners`

use axum::Json;
use axum::extract::State;
use wayleave_store::owners;

use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{OwnerView, PageView};

/// Lists owners, newest first.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/owners", tag = "owners", operation_id = "list_owners",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Paging),
    responses((status = 200, body = PageView<OwnerView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<OwnerView>>, Problem> {
    let page =
        owners::list(&mut state.store.read().await?, here.workspace.id, &paging.listing()).await?;
    Ok(Json(PageView::of(page, OwnerView::from)))
}
