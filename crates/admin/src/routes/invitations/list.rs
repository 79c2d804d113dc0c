//! `GET /api/v1/workspaces/{workspace}/invitations`

use axum::Json;
use axum::extract::State;
use wayleave_store::invitations;

use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{InvitationView, PageView};

/// Lists invitations, newest first, used and ended ones too.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/invitations", tag = "members", operation_id = "list_invitations",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Paging),
    responses((status = 200, body = PageView<InvitationView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<InvitationView>>, Problem> {
    let mut tx = state.store.read().await?;
    let page = invitations::list(&mut tx, here.workspace.id, &paging.listing()).await?;
    let now = state.clock.now();
    Ok(Json(PageView::of(page, |it| InvitationView::of(it, now))))
}
