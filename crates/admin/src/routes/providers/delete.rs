//! `DELETE /api/v1/workspaces/{workspace}/providers/{provider}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_store::providers;

use crate::auth::Here;
use crate::body::IfMatch;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Removes a provider that no alias needs, with its models and credentials.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace}/providers/{provider}", tag = "providers", operation_id = "delete_provider",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id")),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let (_, provider) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let found = lookup::provider(change.tx(), here.workspace.id, &provider).await?;
    providers::delete(&mut change, found.id, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
