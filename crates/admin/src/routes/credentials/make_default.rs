//! `POST /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/default`

use axum::extract::{Path, State};
use wayleave_store::providers::{self, ProviderDraft};

use crate::auth::Here;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::CredentialView;

/// Lets a credential serve unless a target says otherwise.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/default",
    tag = "credentials", operation_id = "make_credential_default",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("credential" = String, Path, description = "The credential, by name or id")),
    responses((status = 200, body = CredentialView), Refusals)
)]
pub(crate) async fn make_default(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
) -> Result<Tagged<CredentialView>, Problem> {
    let (_, provider, credential) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let provider = lookup::provider(change.tx(), at, &provider).await?;
    let found = lookup::credential(change.tx(), at, &provider, &credential).await?;
    let draft =
        ProviderDraft { default_credential: Some(found.id), ..ProviderDraft::from(&provider) };
    let provider = providers::update(&mut change, provider.id, None, &draft).await?;
    change.commit().await?;
    let version = found.version;
    Ok(Tagged(CredentialView::of(found, &provider), version))
}
