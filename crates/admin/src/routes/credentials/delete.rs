//! `DELETE /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}`

use axum::extract::{Path, State};
use http::StatusCode;
use wayleave_store::credentials;

use crate::auth::Here;
use crate::body::IfMatch;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Removes a credential that no target names.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}", tag = "credentials", operation_id = "delete_credential",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("credential" = String, Path, description = "The credential, by name or id")),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let (_, provider, credential) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let at = here.workspace.id;
    let provider = lookup::provider(change.tx(), at, &provider).await?;
    let found = lookup::credential(change.tx(), at, &provider, &credential).await?;
    credentials::delete(&mut change, found.id, expected).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
