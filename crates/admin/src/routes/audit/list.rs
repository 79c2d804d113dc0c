//! `GET /api/v1/workspaces/{workspace}/audit`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use wayleave_store::audit::{self, Entry};

use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::shape::audit::AuditEntry;
use crate::state::AdminState;
use crate::view::PageView;

/// One entry: who did what to which thing, before and after, chained by hashes.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct EntryView(Entry);

/// Lists a workspace's audit log, newest first.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/audit", tag = "audit", operation_id = "list_audit",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Paging),
    responses((status = 200, body = PageView<AuditEntry>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<EntryView>>, Problem> {
    let page =
        audit::list(&mut state.store.read().await?, here.workspace.id, &paging.listing()).await?;
    Ok(Json(PageView::of(page, EntryView)))
}
