//! `DELETE /api/v1/workspaces/{workspace}/providers/{provider}/addable/{model}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_store::credentials;

use crate::auth::Here;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Throws away the credentials that were kept of a removed custom model.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace}/providers/{provider}/addable/{model}", tag = "models",
    operation_id = "forget_model",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("model" = String, Path, description = "The id the model had")),
    responses((status = 204, description = "They are gone"), Refusals)
)]
pub(crate) async fn forget(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let (_, provider, model) = named;
    let id = model.parse().map_err(|_| Problem::not_found("kept model", &model))?;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let provider = lookup::provider(change.tx(), here.workspace.id, &provider).await?;
    credentials::forget(&mut change, provider.id, id).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
