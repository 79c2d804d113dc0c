//! `POST /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/validate`

use axum::Json;
use axum::extract::{Path, State};

use super::update::{CredentialChange, prepare};
use super::validation;
use crate::auth::Here;
use crate::body::{Body, IfMatch};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ProofView;

/// Proves a stored credential as a change would leave it (`{}`: as it is), and stores nothing.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}/validate",
    tag = "credentials", operation_id = "validate_stored_credential",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("credential" = String, Path, description = "The credential, by name or id")),
    request_body = CredentialChange,
    responses((status = 200, body = ProofView), Refusals)
)]
pub(crate) async fn validate_stored(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<CredentialChange>,
) -> Result<Json<ProofView>, Problem> {
    let (_, provider, credential) = &named;
    let it = prepare(&state, here.workspace.id, provider, credential, expected, wish).await?;
    let asked = it.asked(&here.actor);
    Ok(Json(validation::prove(&state, here.workspace.id, asked, &it.claim).await?.into()))
}
