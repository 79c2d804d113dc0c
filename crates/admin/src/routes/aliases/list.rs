//! `GET /api/v1/workspaces/{workspace}/aliases`

use axum::Json;
use axum::extract::State;
use wayleave_store::aliases;

use super::names;
use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{AliasView, PageView};

/// Lists aliases with the route in force, newest first.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/aliases", tag = "aliases", operation_id = "list_aliases",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Paging),
    responses((status = 200, body = PageView<AliasView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<AliasView>>, Problem> {
    let mut tx = state.store.read().await?;
    let page = aliases::list(&mut tx, here.workspace.id, &paging.listing()).await?;
    let names = names(&mut tx, here.workspace.id).await?;
    Ok(Json(PageView::of(page, |it| AliasView::of(it, &names))))
}
