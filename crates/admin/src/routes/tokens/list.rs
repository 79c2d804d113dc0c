//! `GET /api/v1/system/tokens`

use axum::Json;
use axum::extract::State;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::tokens;

use super::TokenView;
use crate::auth::Operator;
use crate::body::{Paging, Search};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PageView;

/// Lists the operators' tokens, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/system/tokens", tag = "tokens", operation_id = "list_tokens",
    params(Paging),
    responses((status = 200, body = PageView<TokenView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    _: Operator,
    Search(paging): Search<Paging>,
) -> Result<Json<PageView<TokenView>>, Problem> {
    let page =
        tokens::list(&mut state.store.read().await?, SYSTEM_WORKSPACE, &paging.listing()).await?;
    Ok(Json(PageView::of(page, TokenView::from)))
}
