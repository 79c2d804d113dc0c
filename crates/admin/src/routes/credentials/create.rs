//! `POST /api/v1/workspaces/{workspace}/providers/{provider}/credentials`

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::credential::CredentialStatus;
use wayleave_store::credentials::{self, CredentialDraft};
use wayleave_store::providers::{self, ProviderDraft};

use super::secrets;
use crate::apply::document::Hidden;
use crate::auth::Here;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::form;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::CredentialView;

/// What a new credential is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCredential {
    /// Unique in its provider, or in the custom model.
    name: String,
    /// The id of the one custom model it is for; all models of the provider if absent.
    #[serde(default)]
    model: Option<String>,
    /// The secret fields of the kind's form.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    fields: BTreeMap<String, Hidden>,
    /// Its other fields.
    #[serde(default)]
    settings: BTreeMap<String, String>,
    /// Let it serve unless a target says otherwise. The first of a provider always does.
    #[serde(default)]
    default: bool,
}

/// Adds a credential. Its form is checked, but no call is made with it: it is `unverified` until
/// its first success.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials", tag = "credentials",
    operation_id = "create_credential",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id")),
    request_body = NewCredential,
    responses((status = 201, body = CredentialView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    Body(new): Body<NewCredential>,
) -> Result<Created<CredentialView>, Problem> {
    let (_, provider) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let mut provider = lookup::provider(change.tx(), at, &provider).await?;
    let model = match &new.model {
        Some(id) => Some(lookup::model(change.tx(), at, id).await?.id),
        None => None,
    };
    let checked = form::credential(&provider.kind, &new.settings, &secrets(new.fields), None);
    let (settings, secrets) = checked.map_err(Problem::invalid)?;
    let draft = CredentialDraft {
        provider: provider.id,
        model,
        name: new.name,
        settings,
        enabled: true,
        status: CredentialStatus::Unverified,
        managed_by: None,
    };
    let made = credentials::create(&mut change, &draft, &secrets).await?;
    if model.is_none() && (new.default || provider.default_credential.is_none()) {
        let draft =
            ProviderDraft { default_credential: Some(made.id), ..ProviderDraft::from(&provider) };
        provider = providers::update(&mut change, provider.id, None, &draft).await?;
    }
    change.commit().await?;
    let version = made.version;
    Ok(Created(CredentialView::of(made, &provider), version))
}
