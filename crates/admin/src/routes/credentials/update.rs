//! `PATCH /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}`

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::credential::CredentialStatus;
use wayleave_store::credentials::{self, CredentialDraft};

use super::secrets;
use crate::apply::document::Hidden;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::form;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::CredentialView;

/// What changes of a credential; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialChange {
    name: Option<String>,
    /// Secret fields to replace. `[__HIDDEN__]` keeps the stored value, as leaving it out does.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, String>)]
    fields: BTreeMap<String, Hidden>,
    /// All other fields at once.
    settings: Option<BTreeMap<String, String>>,
    enabled: Option<bool>,
}

/// Changes a credential. With other secrets or settings it is `unverified` again.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}",
    tag = "credentials", operation_id = "update_credential",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("credential" = String, Path, description = "The credential, by name or id")),
    request_body = CredentialChange,
    responses((status = 200, body = CredentialView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<CredentialChange>,
) -> Result<Tagged<CredentialView>, Problem> {
    let (_, provider, credential) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let provider = lookup::provider(change.tx(), at, &provider).await?;
    let found = lookup::credential(change.tx(), at, &provider, &credential).await?;
    let stored = credentials::secrets(change.tx(), at, found.id).await?;
    let mut draft = CredentialDraft::from(&found);
    let settings = wish.settings.unwrap_or_else(|| draft.settings.clone());
    let checked =
        form::credential(&provider.kind, &settings, &secrets(wish.fields), stored.as_ref());
    let (settings, secrets) = checked.map_err(Problem::invalid)?;
    let same = settings == found.settings
        && state.store.hasher().fingerprint(&secrets) == found.fingerprint;
    if !same {
        draft.status = CredentialStatus::Unverified;
    }
    draft.settings = settings;
    draft.name = wish.name.unwrap_or(draft.name);
    draft.enabled = wish.enabled.unwrap_or(draft.enabled);
    let changed =
        credentials::update(&mut change, found.id, expected, &draft, Some(&secrets)).await?;
    change.commit().await?;
    let version = changed.version;
    Ok(Tagged(CredentialView::of(changed, &provider), version))
}
