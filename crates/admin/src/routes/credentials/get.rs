//! `GET /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}`

use axum::extract::{Path, State};

use crate::auth::Here;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::CredentialView;

/// Shows a credential, its secrets masked.
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
    let version = found.version;
    Ok(Tagged(CredentialView::of(found, &provider), version))
}
