//! `GET /api/v1/workspaces/{workspace}/members`

use axum::Json;
use axum::extract::State;
use wayleave_store::{members, people};

use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{MemberView, PageView};

/// Lists members, the newest person first.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/members", tag = "members", operation_id = "list_members",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Paging),
    responses((status = 200, body = PageView<MemberView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<MemberView>>, Problem> {
    let mut tx = state.store.read().await?;
    let page = members::list(&mut tx, here.workspace.id, &paging.listing()).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for member in &page.items {
        if let Some(person) = people::get(&mut tx, member.person).await? {
            items.push(MemberView::of(member, &person));
        }
    }
    Ok(Json(PageView { items, next_cursor: page.next_cursor }))
}
