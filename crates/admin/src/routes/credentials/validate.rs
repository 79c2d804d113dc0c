//! `POST /api/v1/workspaces/{workspace}/providers/{provider}/credentials/validate`

use axum::Json;
use axum::extract::{Path, State};

use super::create::{NewCredential, prepare};
use super::validation::{self, Asked};
use crate::auth::Here;
use crate::body::Body;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ProofView;

/// Proves a credential as creating it would, and stores nothing. 200 whatever the proof shows:
/// `outcome` says it.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/validate", tag = "credentials",
    operation_id = "validate_credential",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id")),
    request_body = NewCredential,
    responses((status = 200, body = ProofView), Refusals)
)]
pub(crate) async fn validate(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    Body(new): Body<NewCredential>,
) -> Result<Json<ProofView>, Problem> {
    let it = prepare(&state, here.workspace.id, &named.1, new).await?;
    let asked = Asked::of(&here.actor, &it.provider, None);
    Ok(Json(validation::prove(&state, here.workspace.id, asked, &it.claim).await?.into()))
}
