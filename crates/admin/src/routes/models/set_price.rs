//! `POST /api/v1/workspaces/{workspace}/models/{model}/price`

use axum::extract::{Path, State};
use wayleave_store::models;

use super::{PriceWish, view};
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::ModelView;

/// Sets what a model costs from now on. What was asked before keeps the price it had.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/models/{model}/price", tag = "models", operation_id = "set_price",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("model" = String, Path, description = "The model's id")),
    request_body = PriceWish,
    responses((status = 200, body = ModelView), Refusals)
)]
pub(crate) async fn set_price(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<PriceWish>,
) -> Result<Tagged<ModelView>, Problem> {
    let (_, model) = named;
    let at = here.workspace.id;
    let draft = wish.draft()?;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let found = lookup::model(change.tx(), at, &model).await?;
    let changed = models::set_price(&mut change, found.id, expected, &draft).await?;
    let version = changed.version;
    let shown = view(change.tx(), at, changed).await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}
