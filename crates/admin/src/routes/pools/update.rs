//! `PATCH /api/v1/workspaces/{workspace}/models/{model}/pool`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::pool::{Pool, Strategy};
use wayleave_store::pools::{self, PoolDraft};

use super::must_serve;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{Around, PoolView};

/// What changes of a pool; its entries, and absent fields, stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoolChange {
    /// Off, the default credential serves, and the pool is kept as it is.
    enabled: Option<bool>,
    /// `round_robin`, `weighted`, `least_busy`, `lowest_latency` or `priority`.
    #[schema(value_type = Option<String>)]
    strategy: Option<Strategy>,
}

/// Switches a model's pool on or off, or lets it choose otherwise.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{workspace}/models/{model}/pool", tag = "pools", operation_id = "update_pool",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("model" = String, Path, description = "The model's id")),
    request_body = PoolChange,
    responses((status = 200, body = PoolView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<PoolChange>,
) -> Result<Tagged<PoolView>, Problem> {
    let (_, model) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let model = lookup::model(change.tx(), at, &model).await?;
    let around = Around::of_model(change.tx(), at, &model).await?;
    let before = around.pools.first().cloned().unwrap_or_else(|| Pool::none(model.id));
    let mut draft = PoolDraft::from(&before);
    draft.enabled = wish.enabled.unwrap_or(draft.enabled);
    draft.strategy = wish.strategy.unwrap_or(draft.strategy);
    if wish.enabled.is_some() && expected.is_none_or(|it| it == before.version) {
        must_serve(&around, &model, &before, &draft, "enabled")?;
    }
    let pool = pools::put(&mut change, model.id, expected, &draft).await?;
    change.commit().await?;
    let version = pool.version;
    Ok(Tagged(around.view(&model, &pool, state.healths.as_ref()), version))
}
