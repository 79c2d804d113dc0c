//! `GET /api/v1/workspaces/{workspace}/jobs/{job}`

use axum::Json;
use axum::extract::{Path, State};
use wayleave_store::jobs;

use crate::auth::Here;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::JobView;

/// Shows one job.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/jobs/{job}", tag = "jobs", operation_id = "get_job",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("job" = String, Path, description = "The job's id, `video_…`")),
    responses((status = 200, body = JobView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Json<JobView>, Problem> {
    let (_, job) = named;
    let id = job.parse().map_err(|_| Problem::not_found("job", &job))?;
    let found = jobs::get(&mut state.store.read().await?, here.workspace.id, id).await?;
    let found = found.ok_or_else(|| Problem::not_found("job", &job))?;
    Ok(Json(JobView::from(&found)))
}
