//! `POST /api/v1/system/keks/rotate`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::in_file;
use crate::auth::Operator;
use crate::body::Body;
use crate::error::Problem;
use crate::keyfile;
use crate::routes::Refusals;
use crate::state::AdminState;

/// How to rotate.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = KekRotation)]
pub(crate) struct Rotation {
    /// Put a new key into this server's key file first. With several nodes, put it into every
    /// node's file by hand instead, and leave this false.
    new: bool,
}

/// What a rotation did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rotated {
    /// The key that seals from now on.
    current: String,
    /// How many stored secrets were sealed with another one before.
    rewrapped: u64,
}

/// Reads the server's key file again and seals every stored secret with its first key, while
/// requests go on.
#[utoipa::path(
    post, path = "/api/v1/system/keks/rotate", tag = "keks", operation_id = "rotate_kek",
    request_body = Rotation,
    responses((status = 200, body = Rotated), Refusals)
)]
pub(crate) async fn rotate(
    State(state): State<AdminState>,
    _: Operator,
    Body(wish): Body<Rotation>,
) -> Result<Json<Rotated>, Problem> {
    if let (true, Some(path)) = (wish.new, &state.key_file) {
        keyfile::prepend(path, state.clock.now())?;
    }
    let ring = in_file(&state)?;
    let current = ring.current().to_string();
    state.store.use_keyring(ring).await?;
    let rewrapped = state.store.rewrap().await?;
    tracing::info!(%current, rewrapped, "stored secrets are sealed with another key");
    Ok(Json(Rotated { current, rewrapped }))
}
