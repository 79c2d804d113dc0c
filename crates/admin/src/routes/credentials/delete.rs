//! `DELETE /api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}`

use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use wayleave_store::credentials::{self, Instead};

use crate::auth::Here;
use crate::body::{IfMatch, Search};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// What serves instead of a default that goes.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Leaving {
    /// The next default, by name or id: another credential of the same provider, or of the same
    /// custom model.
    successor: Option<String>,
    /// No default serves from then on: calls are refused with `no_default_credential` until another
    /// one is chosen.
    #[serde(default)]
    leave_unset: bool,
}

/// Removes a credential that no target names. A default goes only with a `successor`, or with
/// `leave_unset`: 409 otherwise. The last credential of a custom model takes the model with it.
#[utoipa::path(
    delete, path = "/api/v1/workspaces/{workspace}/providers/{provider}/credentials/{credential}", tag = "credentials", operation_id = "delete_credential",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("provider" = String, Path, description = "The provider, by name or id"), ("credential" = String, Path, description = "The credential, by name or id"), Leaving),
    responses((status = 204, description = "It is gone"), Refusals)
)]
pub(crate) async fn delete(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String, String)>,
    Search(leaving): Search<Leaving>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Problem> {
    let (_, provider, credential) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let at = here.workspace.id;
    let provider = lookup::provider(change.tx(), at, &provider).await?;
    let found = lookup::credential(change.tx(), at, &provider, &credential).await?;
    let instead = match (&leaving.successor, leaving.leave_unset) {
        (None, false) => Instead::Unsaid,
        (None, true) => Instead::Nothing,
        (Some(_), true) => {
            return Err(Problem::field("leave_unset", "contradicts `successor`: leave one out"));
        }
        (Some(next), false) => {
            let next = lookup::sibling(change.tx(), at, &found, next).await?;
            Instead::Successor(next.id)
        }
    };
    credentials::delete(&mut change, found.id, expected, instead).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
