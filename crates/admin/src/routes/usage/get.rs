//! `GET /api/v1/workspaces/{workspace}/usage/{request}`

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use wayleave_store::usage::{self, Receipt};

use crate::auth::Here;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::shape::usage as shape;
use crate::state::AdminState;

/// Everything about one request: attempts, usage, prices, costs by unit.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct ReceiptView(Receipt);

/// Shows the receipt of one request.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/usage/{request}", tag = "usage", operation_id = "get_usage",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("request" = String, Path, description = "The request's id, `req_…`")),
    responses((status = 200, body = shape::Receipt), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Json<ReceiptView>, Problem> {
    let (_, request) = named;
    let id = request.parse().map_err(|_| Problem::not_found("request", &request))?;
    let mut tx = state.store.read().await?;
    let found = usage::receipt(&mut tx, here.workspace.id, id).await?;
    found.map(|it| Json(ReceiptView(it))).ok_or_else(|| Problem::not_found("request", &request))
}
