//! `POST /api/v1/system/catalog/diff`

use axum::Json;
use axum::extract::State;

use super::Difference;
use super::offer::{Offer, Offered, Place};
use crate::auth::Operator;
use crate::catalog::in_force;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Says what would change if another catalog were in force. Changes nothing.
#[utoipa::path(
    post, path = "/api/v1/system/catalog/diff", tag = "catalog", operation_id = "diff_catalog",
    request_body(content = Place, description = "An array of rows, or where they are"),
    responses((status = 200, body = Difference), Refusals)
)]
pub(crate) async fn diff(
    State(state): State<AdminState>,
    _: Operator,
    offer: Offer,
) -> Result<Json<Difference>, Problem> {
    let offered = offer.read(&state).await?;
    Ok(Json(between(&state, &offered).await?))
}

/// From the catalog in force to the one that is offered.
pub(super) async fn between(state: &AdminState, to: &Offered) -> Result<Difference, Problem> {
    let from = in_force(&mut state.store.read().await?).await?;
    let catalog = to.catalog.clone();
    let made = tokio::task::spawn_blocking(move || {
        let changes = wayleave_provider::catalog::diff(&from, &catalog);
        (from.digest().into_owned(), catalog.len() as u64, changes)
    });
    let (base, models, changes) = made.await.map_err(|error| Problem::internal(&error))?;
    Ok(Difference { base, sha256: to.sha256.clone(), models, changes })
}
