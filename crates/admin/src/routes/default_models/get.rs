//! `GET /api/v1/workspaces/{workspace}/default-models/{type}`

use axum::extract::{Path, State};
use wayleave_store::default_models;

use super::type_of;
use crate::auth::Here;
use crate::body::Tagged;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::DefaultModelView;

/// Shows the default model of a type; `model` is `null` where none is set.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/default-models/{type}", tag = "models", operation_id = "get_default_model",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("type" = String, Path, description = "The type, like `llm`")),
    responses((status = 200, body = DefaultModelView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Tagged<DefaultModelView>, Problem> {
    let of = type_of(&named.1)?;
    let at = here.workspace.id;
    let mut tx = state.store.read().await?;
    let found = default_models::get(&mut tx, at, of).await?;
    let shown = DefaultModelView::read(&mut tx, at, of, found, state.clock.now()).await?;
    let version = shown.version;
    Ok(Tagged(shown, version))
}
