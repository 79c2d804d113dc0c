//! `POST /api/v1/system/spool/replay`

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::record::Closed;
use wayleave_store::MAX_BATCH;

use crate::auth::Operator;
use crate::body::Body;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Requests that ended, as a spool holds them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// At most 500.
    #[schema(value_type = Vec<Object>)]
    records: Vec<Closed>,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// Requests that are new.
    stored: usize,
    /// Requests that were there already: counted once.
    known: usize,
}

/// Stores usage that another node could not. Sending it twice counts it once.
#[utoipa::path(
    post, path = "/api/v1/system/spool/replay", tag = "spool", operation_id = "replay_spool",
    request_body = Batch,
    responses((status = 200, body = Replayed), Refusals)
)]
pub(crate) async fn replay(
    State(state): State<AdminState>,
    by: Operator,
    Body(batch): Body<Batch>,
) -> Result<Json<Replayed>, Problem> {
    if batch.records.len() > MAX_BATCH {
        return Err(Problem::field("records", format!("expected at most {MAX_BATCH}")));
    }
    let records: Vec<Arc<Closed>> = batch.records.into_iter().map(Arc::new).collect();
    let done = state.store.append(&records).await?;
    tracing::info!(actor = %by.actor.name, stored = done.stored, known = done.known, "a spool was replayed");
    Ok(Json(Replayed { stored: done.stored, known: done.known }))
}
