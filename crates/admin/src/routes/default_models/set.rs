//! `PUT /api/v1/workspaces/{workspace}/default-models/{type}`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::WorkspaceId;
use wayleave_model::provider::ModelType;
use wayleave_model::target::Model;
use wayleave_store::{Tx, default_models, models};

use super::type_of;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::DefaultModelView;

/// Which model.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DefaultWish {
    /// Its id; or the provider's own name for it, beside `provider`.
    model: String,
    /// Its provider, by name or id; may be left out beside an id.
    #[serde(default)]
    provider: Option<String>,
}

/// Makes a model the default of its type: an enabled one, of an enabled provider. Clients of this API
/// read it; it routes nothing.
#[utoipa::path(
    put, path = "/api/v1/workspaces/{workspace}/default-models/{type}", tag = "models", operation_id = "set_default_model",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("type" = String, Path, description = "The type, like `llm`")),
    request_body = DefaultWish,
    responses((status = 200, body = DefaultModelView), Refusals)
)]
pub(crate) async fn set(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<DefaultWish>,
) -> Result<Tagged<DefaultModelView>, Problem> {
    let of = type_of(&named.1)?;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let model = find(change.tx(), at, of, &wish).await?;
    let done = default_models::set(&mut change, of, model.id, None, expected).await?;
    let version = done.version;
    let now = state.clock.now();
    let shown = DefaultModelView::read(change.tx(), at, of, Some(done), now).await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}

async fn find(
    tx: &mut Tx,
    at: WorkspaceId,
    of: ModelType,
    wish: &DefaultWish,
) -> Result<Model, Problem> {
    let provider = match &wish.provider {
        Some(text) => match lookup::provider(tx, at, text).await {
            Ok(found) => Some(found.id),
            Err(problem) if problem.code == "not_found" => {
                return Err(Problem::field("provider", problem.detail));
            }
            Err(problem) => return Err(problem),
        },
        None => None,
    };
    let by_id = match wish.model.parse() {
        Ok(id) => models::get(tx, at, id).await?,
        Err(_) => None,
    };
    let found = match (by_id, provider) {
        (Some(found), _) => Some(found),
        (None, Some(provider)) => models::by_name(tx, at, provider, &wish.model, of).await?,
        (None, None) => None,
    };
    let found = found.filter(|it| provider.is_none_or(|provider| provider == it.provider));
    found.ok_or_else(|| {
        let name: String = wish.model.chars().take(256).collect();
        let of = of.as_str();
        let why = format!("there is no model `{name}` of the type {of}: give its id, or its name and its provider's");
        Problem::field("model", why)
    })
}
