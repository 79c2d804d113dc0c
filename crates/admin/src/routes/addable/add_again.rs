//! `POST /api/v1/workspaces/{workspace}/providers/{provider}/addable/{model}`

use axum::extract::{Path, State};
use wayleave_store::credentials;

use crate::auth::Here;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::routes::models::view;
use crate::state::AdminState;
use crate::view::ModelView;

/// Adds a removed custom model again, as it was: id, facts, price in force, credentials. If one of
/// its name and type has been made since, the credentials join that one.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/providers/{provider}/addable/{model}", tag = "models",
    operation_id = "add_model_again",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("model" = String, Path, description = "The id the model had")),
    responses((status = 200, body = ModelView), Refusals)
)]
pub(crate) async fn add_again(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
) -> Result<Tagged<ModelView>, Problem> {
    let (_, provider, model) = named;
    let at = here.workspace.id;
    let id = model.parse().map_err(|_| Problem::not_found("kept model", &model))?;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let provider = lookup::provider(change.tx(), at, &provider).await?;
    let made = credentials::add_again(&mut change, provider.id, id).await?;
    let version = made.version;
    let shown = view(change.tx(), at, made, state.clock.now()).await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}
