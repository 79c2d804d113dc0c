//! `GET /api/v1/workspaces/{workspace}/keys`

use axum::Json;
use axum::extract::State;
use wayleave_store::keys;

use super::every_alias;
use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{KeyView, PageView};

/// Lists keys without their secrets, newest first.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/keys", tag = "keys", operation_id = "list_keys",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Paging),
    responses((status = 200, body = PageView<KeyView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<KeyView>>, Problem> {
    let mut tx = state.store.read().await?;
    let page = keys::list(&mut tx, here.workspace.id, None, &paging.listing()).await?;
    let aliases = every_alias(&mut tx, here.workspace.id).await?;
    let now = state.clock.now();
    Ok(Json(PageView::of(page, |it| KeyView::of(it, &aliases, now))))
}
