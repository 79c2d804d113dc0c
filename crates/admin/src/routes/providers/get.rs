//! `GET /api/v1/workspaces/{workspace}/providers/{provider}`

use axum::extract::{Path, State};

use crate::auth::Here;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ProviderView;

/// Shows a provider.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/providers/{provider}", tag = "providers", operation_id = "get_provider",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id")),
    responses((status = 200, body = ProviderView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Tagged<ProviderView>, Problem> {
    let (_, provider) = named;
    let mut tx = state.store.read().await?;
    let at = here.workspace.id;
    let found = lookup::provider(&mut tx, at, &provider).await?;
    let version = found.version;
    Ok(Tagged(ProviderView::one(&mut tx, at, found, state.clock.now()).await?, version))
}
