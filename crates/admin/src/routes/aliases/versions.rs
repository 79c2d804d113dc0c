//! `GET /api/v1/workspaces/{workspace}/aliases/{alias}/versions`

use axum::Json;
use axum::extract::{Path, State};
use wayleave_store::routes;

use super::names;
use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{PageView, RouteView};

/// Lists every version of an alias's route, newest first.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/aliases/{alias}/versions", tag = "aliases",
    operation_id = "list_route_versions",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("alias" = String, Path, description = "The alias, by name or id"), Paging),
    responses((status = 200, body = PageView<RouteView>), Refusals)
)]
pub(crate) async fn versions(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<RouteView>>, Problem> {
    let (_, alias) = named;
    let at = here.workspace.id;
    let mut tx = state.store.read().await?;
    let alias = lookup::alias(&mut tx, at, &alias).await?;
    let page = routes::list(&mut tx, at, alias.id, &paging.listing()).await?;
    let names = names(&mut tx, at).await?;
    Ok(Json(PageView::of(page, |it| RouteView::of(it, &names))))
}
