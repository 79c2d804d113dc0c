//! `POST /api/v1/system/tokens/{token}/revoke`

use axum::Json;
use axum::extract::{Path, State};
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::tokens;

use super::TokenView;
use crate::auth::Operator;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Ends a token, now and for good.
#[utoipa::path(
    post, path = "/api/v1/system/tokens/{token}/revoke", tag = "tokens", operation_id = "revoke_token",
    params(("token" = String, Path, description = "The token, by name or id")),
    responses((status = 200, body = TokenView), Refusals)
)]
pub(crate) async fn revoke(
    State(state): State<AdminState>,
    by: Operator,
    Path(token): Path<String>,
) -> Result<Json<TokenView>, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let found = lookup::token(change.tx(), SYSTEM_WORKSPACE, &token).await?;
    let ended = tokens::revoke(&mut change, found.id).await?;
    change.commit().await?;
    Ok(Json(ended.into()))
}
