//! `DELETE /api/v1/workspaces/{workspace}/models/{model}`

use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use wayleave_store::models;

use crate::auth::Here;
use crate::body::{IfMatch, Search};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// What becomes of its credentials.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Leaving {
    /// Keep those of a custom model: it can then be added again without its secrets (`…/addable` of
    /// its provider).
    #[serde(default)]
    keep_credentials: bool,
}

/// Removes a model that no alias leads to, with its own credentials, unless they are to be kept. Its
/// prices stay: usage names them.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace}/models/{model}", tag = "models", operation_id = "delete_model",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("model" = String, Path, description = "The model's id"), Leaving),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    Search(leaving): Search<Leaving>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let (_, model) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let found = lookup::model(change.tx(), here.workspace.id, &model).await?;
    match leaving.keep_credentials {
        true => models::delete_keeping(&mut change, found.id, expected).await?,
        false => models::delete(&mut change, found.id, expected).await?,
    }
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
