//! `GET /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}`

use axum::extract::{Path, State};

use crate::auth::Here;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{CredentialView, FareView};

/// Shows a credential, its secrets masked, and how it fares on this node.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}", tag = "credentials",
    operation_id = "get_credential",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("credential" = String, Path, description = "The credential, by name or id")),
    responses((status = 200, body = CredentialView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
) -> Result<Tagged<CredentialView>, Problem> {
    let (_, provider, credential) = named;
    let mut tx = state.store.read().await?;
    let provider = lookup::provider(&mut tx, here.workspace.id, &provider).await?;
    let found = lookup::credential(&mut tx, here.workspace.id, &provider, &credential).await?;
    let (version, id) = (found.version, found.id);
    let health = FareView::of(state.healths.as_ref(), id);
    let shown = CredentialView::read(&mut tx, here.workspace.id, found, &provider).await?;
    Ok(Tagged(CredentialView { health, ..shown }, version))
}
