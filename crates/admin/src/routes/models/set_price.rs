//! `POST /api/v1/workspaces/{workspace}/models/{model}/price`

use axum::extract::{Path, State};
use wayleave_provider::catalog::Catalog;
use wayleave_store::{models, providers};

use super::{PriceWish, declared, draft, row, view};
use crate::apply::Declared;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::catalog::in_force;
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
    let declared = declared(wish.price.as_ref(), wish.free)?;
    let catalog = match declared {
        Declared::Catalog => in_force(&mut state.store.read().await?).await?,
        _ => Catalog::built_in(),
    };
    let mut change = state.store.change(at, &here.actor, "").await?;
    let found = lookup::model(change.tx(), at, &model).await?;
    let provider = providers::get(change.tx(), at, found.provider).await?;
    let kind = provider.map_or_else(String::new, |it| it.kind);
    let row = row(&catalog, &kind, &found.name, found.model_type);
    let draft = draft(declared, wish.source, row.as_ref(), &kind, &found.name)?;
    let changed = models::set_price(&mut change, found.id, expected, &draft).await?;
    let version = changed.version;
    let shown = view(change.tx(), at, changed, state.clock.now()).await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}
