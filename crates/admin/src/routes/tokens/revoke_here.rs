//! `POST /api/v1/workspaces/{workspace}/tokens/{token}/revoke`

use axum::Json;
use axum::extract::{Path, State};
use wayleave_store::tokens;

use super::TokenView;
use crate::auth::Here;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Ends a token of the workspace, now and for good.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/tokens/{token}/revoke", tag = "tokens", operation_id = "revoke_workspace_token",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("token" = String, Path, description = "The token, by name or id")),
    responses((status = 200, body = TokenView), Refusals)
)]
pub(crate) async fn revoke(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Json<TokenView>, Problem> {
    let (_, token) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let found = lookup::token(change.tx(), here.workspace.id, &token).await?;
    let ended = tokens::revoke(&mut change, found.id).await?;
    change.commit().await?;
    Ok(Json(ended.into()))
}
