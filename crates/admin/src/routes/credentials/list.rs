//! `GET /api/v1/workspaces/{workspace}/providers/{provider}/credentials`

use axum::Json;
use axum::extract::{Path, State};
use wayleave_store::credentials;

use crate::auth::Here;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{CredentialView, PageView, Surroundings};

/// Lists a provider's credentials, their secrets masked.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials", tag = "credentials",
    operation_id = "list_credentials",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), Paging),
    responses((status = 200, body = PageView<CredentialView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<CredentialView>>, Problem> {
    let (_, provider) = named;
    let mut tx = state.store.read().await?;
    let provider = lookup::provider(&mut tx, here.workspace.id, &provider).await?;
    let page =
        credentials::list(&mut tx, here.workspace.id, Some(provider.id), &paging.listing()).await?;
    let around = Surroundings::of(&mut tx, here.workspace.id, &provider).await?;
    Ok(Json(PageView::of(page, |it| CredentialView::of(it, &around))))
}
