//! `GET /api/v1/workspaces/{workspace}/jobs`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use wayleave_model::job::JobState;
use wayleave_store::Listing;
use wayleave_store::jobs::{self, JobFilter};

use crate::auth::Here;
use crate::body::Search;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{JobView, PageView};

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// In this state: `accepted`, `submitted`, `running`, `completed`, `failed`, `cancelled` or `orphaned`.
    #[param(value_type = Option<String>)]
    state: Option<JobState>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most so many items, 1 to 500; 50 if absent.
    limit: Option<u32>,
}

/// Lists a workspace's jobs, newest first, those that clients deleted included.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/jobs", tag = "jobs", operation_id = "list_jobs",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), Filter),
    responses((status = 200, body = PageView<JobView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
    Search(filter): Search<Filter>,
) -> Result<Json<PageView<JobView>>, Problem> {
    let filter = JobFilter {
        state: filter.state,
        owner: None,
        listing: Listing { cursor: filter.cursor, limit: filter.limit.unwrap_or(50) },
    };
    let page = jobs::list(&mut state.store.read().await?, here.workspace.id, &filter).await?;
    Ok(Json(PageView::of(page, |it| JobView::from(&it))))
}
