//! `POST /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/default`

use axum::extract::{Path, State};
use wayleave_model::credential::Credential;
use wayleave_store::providers::{self, ProviderDraft};
use wayleave_store::{Change, StoreError, models};

use crate::auth::Here;
use crate::body::{IfMatch, Tagged};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::CredentialView;

/// Lets a credential serve unless a target says otherwise: all models of its provider, or the one
/// custom model it belongs to. The next request goes by it; those under way end on the old one.
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
    IfMatch(expected): IfMatch,
) -> Result<Tagged<CredentialView>, Problem> {
    let (_, provider, credential) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let provider = lookup::provider(change.tx(), at, &provider).await?;
    let found = lookup::credential(change.tx(), at, &provider, &credential).await?;
    if let Some(expected) = expected.filter(|it| *it != found.version) {
        let (noun, actual) = ("credential", found.version);
        return Err(StoreError::Stale { noun, expected, actual }.into());
    }
    point(&mut change, &found).await?;
    let provider = providers::get(change.tx(), at, provider.id).await?.unwrap_or(provider);
    let version = found.version;
    let shown = CredentialView::read(change.tx(), at, found, &provider).await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}

/// Points its provider, or its custom model, to `it`.
pub(super) async fn point(change: &mut Change, it: &Credential) -> Result<(), Problem> {
    if let Some(model) = it.model {
        models::set_default(change, model, Some(it.id)).await?;
        return Ok(());
    }
    let at = change.workspace();
    if let Some(provider) = providers::get(change.tx(), at, it.provider).await? {
        let draft =
            ProviderDraft { default_credential: Some(it.id), ..ProviderDraft::from(&provider) };
        providers::update(change, provider.id, None, &draft).await?;
    }
    Ok(())
}
