//! `PUT /api/v1/system/catalog`

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::catalog::{self, CatalogDraft};

use super::Difference;
use super::diff::between;
use super::follow::{FollowedView, follow};
use super::offer::{Offer, Place};
use crate::auth::Operator;
use crate::body::Search;
use crate::catalog::digest_in_force;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// What the caller has seen, so that nothing else is applied.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// `base` of the difference that was shown: refused if another catalog is in force by now.
    base: Option<String>,
    /// `sha256` of the difference that was shown: refused if the address has another catalog by now.
    sha256: Option<String>,
}

/// What was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Updated {
    #[serde(flatten)]
    difference: Difference,
    /// What was enabled at providers that take new models of the catalog.
    enabled: Vec<FollowedView>,
    /// The configuration's number it made; absent if nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
}

/// Puts another catalog in force on all nodes, or the built-in one again. Models that were made
/// before keep their facts and prices. Enabled providers with `new_models` get those that it brings.
#[utoipa::path(
    put, path = "/api/v1/system/catalog", tag = "catalog", operation_id = "update_catalog",
    params(Seen),
    request_body(content = Place, description = "An array of rows, or where they are"),
    responses((status = 200, body = Updated), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    by: Operator,
    Search(seen): Search<Seen>,
    offer: Offer,
) -> Result<Json<Updated>, Problem> {
    let offered = offer.read(&state).await?;
    if seen.sha256.is_some_and(|it| it != offered.sha256) {
        return Err(stale("the address has another catalog by now: look at the difference again"));
    }
    let difference = between(&state, &offered).await?;
    if seen.base.is_some_and(|it| it != difference.base) {
        return Err(overtaken());
    }
    let enabled = follow(&state, &by, &difference.changes, &offered.catalog).await?;
    let (models, catalog) = (difference.models, offered.catalog);
    let draft = offered.source.map(|source| {
        tokio::task::spawn_blocking(move || {
            CatalogDraft::new(catalog.as_str(), &offered.sha256, models, &source)
        })
    });
    let draft = match draft {
        Some(making) => Some(making.await.map_err(|error| Problem::internal(&error))?),
        None => None,
    };
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    // Read again under the change's lock: the difference must be the one that happens.
    let base = digest_in_force(change.tx()).await?;
    if base != difference.base {
        return Err(overtaken());
    }
    match &draft {
        Some(_) if base == difference.sha256 => {}
        Some(draft) => drop(catalog::apply(&mut change, draft).await?),
        None => catalog::reset(&mut change).await?,
    }
    let revision = if change.is_empty() { None } else { Some(change.commit().await?) };
    Ok(Json(Updated { difference, enabled, revision }))
}

fn overtaken() -> Problem {
    stale("another catalog came into force meanwhile: look at the difference again")
}

fn stale(detail: &str) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, "stale", detail)
}
