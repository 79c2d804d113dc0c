//! `GET /api/v1/workspaces/{workspace}/models`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use wayleave_model::provider::ModelType;
use wayleave_model::target::Model;
use wayleave_store::Listing;
use wayleave_store::models::{self, ModelFilter};

use crate::auth::Here;
use crate::body::Search;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::{ModelView, PageView, Scene};

/// Which models.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Filter {
    /// Only those of this provider, by name or id.
    provider: Option<String>,
    /// Only those of this type.
    #[serde(rename = "type")]
    #[param(value_type = Option<String>, example = "llm")]
    model_type: Option<ModelType>,
    /// Only those that are enabled, or are not.
    enabled: Option<bool>,
    /// Only those that the workspace made, or that were enabled from the catalog.
    custom: Option<bool>,
    /// Only those that their vendor no longer serves, or still does as far as the catalog knows.
    deprecated: Option<bool>,
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
    Search(wish): Search<Filter>,
) -> Result<Json<PageView<ModelView>>, Problem> {
    let at = here.workspace.id;
    let mut tx = state.store.read().await?;
    let provider = match &wish.provider {
        Some(text) => Some(lookup::provider(&mut tx, at, text).await?.id),
        None => None,
    };
    let Filter { model_type, enabled, custom, .. } = wish;
    let filter = ModelFilter { provider, model_type, enabled, custom };
    let scene = Scene::of_workspace(&mut tx, at, state.clock.now()).await?;
    let fits = |it: &Model| match wish.deprecated {
        Some(wanted) => scene.deprecation(it).is_some_and(|(_, past)| past) == wanted,
        None => true,
    };
    let listing = Listing { cursor: wish.cursor, limit: wish.limit.unwrap_or(50) };
    let page = models::search(&mut tx, at, &filter, &fits, &listing).await?;
    Ok(Json(PageView::of(page, |it| scene.show(it))))
}
