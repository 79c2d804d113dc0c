//! `GET /api/v1/workspaces/{workspace}/models/{model}/pool`

use axum::extract::{Path, State};
use wayleave_model::pool::Pool;

use crate::auth::Here;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{Around, PoolView};

/// Shows a model's pool, and how its credentials fare on this node. A model that was never given one
/// has an empty pool of version 0.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/models/{model}/pool", tag = "pools", operation_id = "get_pool",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("model" = String, Path, description = "The model's id")),
    responses((status = 200, body = PoolView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Tagged<PoolView>, Problem> {
    let (_, model) = named;
    let at = here.workspace.id;
    let mut tx = state.store.read().await?;
    let model = lookup::model(&mut tx, at, &model).await?;
    let around = Around::of_model(&mut tx, at, &model).await?;
    let pool = around.pools.first().cloned().unwrap_or_else(|| Pool::none(model.id));
    Ok(Tagged(around.view(&model, &pool, state.healths.as_ref()), pool.version))
}
