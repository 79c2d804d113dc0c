//! `GET /api/v1/workspaces/{workspace}/models`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use wayleave_store::{Listing, models};

use crate::auth::Here;
use crate::body::Search;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{Around, ModelView, PageView};

/// Which models.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Only those of this provider, by name or id.
    provider: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most so many items, 1 to 500; 50 if absent.
    limit: Option<u32>,
}

/// Lists models with the price in force, newest first.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/models", tag = "models", operation_id = "list_models",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Filter),
    responses((status = 200, body = PageView<ModelView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(filter): Search<Filter>,
) -> Result<Json<PageView<ModelView>>, Problem> {
    let at = here.workspace.id;
    let mut tx = state.store.read().await?;
    let only = match &filter.provider {
        Some(text) => Some(lookup::provider(&mut tx, at, text).await?.id),
        None => None,
    };
    let listing = Listing { cursor: filter.cursor, limit: filter.limit.unwrap_or(50) };
    let page = models::list(&mut tx, at, only, &listing).await?;
    let around = Around::of_workspace(&mut tx, at).await?;
    Ok(Json(PageView::of(page, |it| {
        let (provider, marks) = (around.name_of(it.provider), around.marks(&it));
        ModelView::of(it, provider, marks)
    })))
}
