//! `GET /api/v1/system/info`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wayleave_store::SCHEMA;

use crate::auth::Caller;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// A running server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Info {
    /// Its version.
    version: &'static str,
    /// The schema it was written for.
    schema: i64,
    /// The base URL that clients are told, without `/v1`.
    url: String,
}

/// Says which version runs, and the base URL that clients are told.
#[utoipa::path(
    get, path = "/api/v1/system/info", tag = "info", operation_id = "get_info",
    responses((status = 200, body = Info), Refusals)
)]
pub(crate) async fn get(State(state): State<AdminState>, _: Caller) -> Result<Json<Info>, Problem> {
    Ok(Json(Info { version: env!("CARGO_PKG_VERSION"), schema: SCHEMA, url: state.public_url }))
}
