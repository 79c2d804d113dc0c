//! `GET /api/v1/workspaces/{workspace}/default-models`

use axum::Json;
use axum::extract::State;
use wayleave_model::provider::ModelType;
use wayleave_store::default_models;

use crate::auth::Here;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{DefaultModelView, PageView};

/// Lists the default model of every type, also of those that have none.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/default-models", tag = "models", operation_id = "list_default_models",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    responses((status = 200, body = PageView<DefaultModelView>), Refusals)
)]
pub(crate) async fn list(
    State(state): State<AdminState>,
    here: Here,
) -> Result<Json<PageView<DefaultModelView>>, Problem> {
    let (at, now) = (here.workspace.id, state.clock.now());
    let mut tx = state.store.read().await?;
    let mut set = default_models::all(&mut tx, at).await?;
    let mut items = Vec::with_capacity(ModelType::ALL.len());
    for of in ModelType::ALL {
        let place = set.iter().position(|it| it.model_type == of);
        let found = place.map(|place| set.swap_remove(place));
        items.push(DefaultModelView::read(&mut tx, at, of, found, now).await?);
    }
    Ok(Json(PageView::whole(items)))
}
