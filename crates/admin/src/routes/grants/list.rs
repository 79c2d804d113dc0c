//! `GET /api/v1/system/grants`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use wayleave_store::{Listing, grants};

use super::GrantView;
use crate::auth::Operator;
use crate::body::Search;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PageView;

/// Which grants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Items of a page, 1 to 500.
    limit: Option<u32>,
    /// Only those of one workspace, by name or id.
    workspace: Option<String>,
}

/// Lists grants, newest first.
#[utoipa::path(
    get, path = "/api/v1/system/grants", tag = "grants", operation_id = "list_grants",
    params(Which),
    responses((status = 200, body = PageView<GrantView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    _: Operator,
    Search(which): Search<Which>,
) -> Result<Json<PageView<GrantView>>, Problem> {
    let mut tx = state.store.read().await?;
    let of = match &which.workspace {
        Some(named) => Some(lookup::workspace(&mut tx, named).await?.id),
        None => None,
    };
    let usual = Listing::default();
    let listing = Listing { cursor: which.cursor, limit: which.limit.unwrap_or(usual.limit) };
    let page = grants::list(&mut tx, of, &listing).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for it in page.items {
        items.push(GrantView::of(&mut tx, it, state.clock.now()).await?);
    }
    Ok(Json(PageView { items, next_cursor: page.next_cursor }))
}
