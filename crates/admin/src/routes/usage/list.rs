//! `GET /api/v1/workspaces/{workspace}/usage`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use wayleave_store::Listing;
use wayleave_store::usage::{self, UsageFilter};

use crate::apply::document::Instant;
use crate::auth::Here;
use crate::body::Search;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::shape::usage::UsageRow;
use crate::state::AdminState;
use crate::view::PageView;

/// Which requests.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Admitted then or later, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Instant>,
    /// Admitted before then, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Instant>,
    /// With this key, by name or id.
    key: Option<String>,
    /// That asked for this public name.
    alias: Option<String>,
    /// Only this request.
    request_id: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most so many items, 1 to 500; 50 if absent.
    limit: Option<u32>,
}

/// One request, by the names things had at the time: tokens, cost, timing, outcome.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct RowView(usage::UsageRow);

/// Lists requests, newest first.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/usage", tag = "usage", operation_id = "list_usage",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Filter),
    responses((status = 200, body = PageView<UsageRow>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(filter): Search<Filter>,
) -> Result<Json<PageView<RowView>>, Problem> {
    let mut tx = state.store.read().await?;
    let key = match &filter.key {
        Some(text) => Some(lookup::key(&mut tx, here.workspace.id, text).await?.id),
        None => None,
    };
    let request = match &filter.request_id {
        Some(text) => Some(text.parse().map_err(|_| Problem::not_found("request", text))?),
        None => None,
    };
    let filter = UsageFilter {
        workspace: here.workspace.id,
        since: filter.since.map(|it| it.0),
        until: filter.until.map(|it| it.0),
        key,
        alias: filter.alias,
        request,
        listing: Listing { cursor: filter.cursor, limit: filter.limit.unwrap_or(50) },
    };
    let page = usage::list(&mut tx, &filter).await?;
    Ok(Json(PageView::of(page, RowView)))
}
