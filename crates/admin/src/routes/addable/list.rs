//! `GET /api/v1/workspaces/{workspace}/providers/{provider}/addable`

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use wayleave_store::credentials::{self, KeptModel};

use crate::auth::Here;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{CredentialView, PageView, Surroundings};

/// A custom model that was removed, and whose credentials were kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddableView {
    /// The id it had, and will have again.
    id: String,
    name: String,
    #[serde(rename = "type")]
    model_type: &'static str,
    removed_at: String,
    /// Its credentials, their secrets masked.
    credentials: Vec<CredentialView>,
}

/// Lists a provider's removed custom models whose credentials were kept.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/providers/{provider}/addable", tag = "models",
    operation_id = "list_addable_models",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id")),
    responses((status = 200, body = PageView<AddableView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Json<PageView<AddableView>>, Problem> {
    let at = here.workspace.id;
    let mut tx = state.store.read().await?;
    let provider = lookup::provider(&mut tx, at, &named.1).await?;
    let around = Surroundings::of(&mut tx, at, &provider).await?;
    let all = credentials::kept(&mut tx, at, provider.id).await?;
    let view = all.into_iter().map(|it| AddableView::of(it, &around));
    Ok(Json(PageView::whole(view.collect())))
}

impl AddableView {
    fn of(it: KeptModel, around: &Surroundings) -> AddableView {
        let credentials = it.credentials.into_iter().map(|it| CredentialView::of(it, around));
        AddableView {
            id: it.id.to_string(),
            name: it.name,
            model_type: it.model_type.as_str(),
            removed_at: it.removed_at.to_string(),
            credentials: credentials.collect(),
        }
    }
}
