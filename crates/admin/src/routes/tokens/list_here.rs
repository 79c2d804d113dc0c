//! `GET /api/v1/workspaces/{workspace}/tokens`

use axum::Json;
use axum::extract::State;
use wayleave_store::tokens;

use super::TokenView;
use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PageView;

/// Lists the workspace's tokens, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/tokens", tag = "tokens", operation_id = "list_workspace_tokens",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Paging),
    responses((status = 200, body = PageView<TokenView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<TokenView>>, Problem> {
    let mut tx = state.store.read().await?;
    let page = tokens::list(&mut tx, here.workspace.id, &paging.listing()).await?;
    Ok(Json(PageView::of(page, TokenView::from)))
}
