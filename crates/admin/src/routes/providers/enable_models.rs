//! `POST /api/v1/workspaces/{workspace}/providers/{provider}/models/enable`

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::provider::ModelType;

use crate::auth::Here;
use crate::body::Body;
use crate::catalog::in_force;
use crate::enabling::{self, Which};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::day;

/// Most names of one request.
const MOST: usize = 1_000;

/// Which models: `names` or `all`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnableWish {
    /// By the provider's own names for them.
    #[serde(default)]
    names: Vec<String>,
    /// Every model that the catalog has of the provider's kind and the vendor still serves.
    #[serde(default)]
    all: bool,
    /// Only models of this type.
    #[serde(default, rename = "type")]
    #[schema(value_type = Option<String>, example = "llm")]
    model_type: Option<ModelType>,
}

/// What became of each name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnabledView {
    models: Vec<EnabledModelView>,
    /// Names that `all` left out, because their vendor no longer serves them.
    left_out: Vec<String>,
}

/// What became of one name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnabledModelView {
    name: String,
    /// `null`: unknown.
    #[serde(rename = "type")]
    model_type: Option<&'static str>,
    /// `made` with the catalog's facts and price; `attached`: it was there, keeps all it has, and is
    /// enabled; `unknown`: neither workspace nor catalog has it.
    outcome: &'static str,
    /// The model's id; `null`: unknown.
    model: Option<String>,
    /// What is worth knowing: why it is unknown, or what is left to do.
    note: Option<String>,
}

/// Enables models that the catalog knows, with its facts and the price that it states. What is there
/// already keeps everything, and is enabled again if it was not.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/providers/{provider}/models/enable", tag = "models",
    operation_id = "enable_models",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id")),
    request_body = EnableWish,
    responses((status = 200, body = EnabledView), Refusals)
)]
pub(crate) async fn enable_models(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    Body(wish): Body<EnableWish>,
) -> Result<Json<EnabledView>, Problem> {
    let which = match (wish.all, wish.names) {
        (true, names) if names.is_empty() => Which::All,
        (false, names) if (1..=MOST).contains(&names.len()) => Which::Named(names),
        _ => {
            let why = format!("expected 1 to {MOST} names, or `all: true` instead of them");
            return Err(Problem::field("names", why));
        }
    };
    let at = here.workspace.id;
    // Read before the change begins: it takes a while.
    let catalog = in_force(&mut state.store.read().await?).await?;
    let today = day(state.clock.now());
    let mut change = state.store.change(at, &here.actor, "").await?;
    let provider = lookup::provider(change.tx(), at, &named.1).await?;
    let done =
        enabling::enable(&mut change, &catalog, &provider, which, wish.model_type, &today).await;
    let (done, left_out) = done?;
    change.commit().await?;
    let models = done.into_iter().map(|it| EnabledModelView {
        name: it.name,
        model_type: it.model_type.map(ModelType::as_str),
        outcome: it.outcome.as_str(),
        model: it.model.map(|id| id.to_string()),
        note: it.note,
    });
    Ok(Json(EnabledView { models: models.collect(), left_out }))
}
