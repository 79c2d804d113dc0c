//! `POST /api/v1/workspaces/{workspace}/keys/{key}/rotate`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_store::keys;

use super::{KeyMade, view};
use crate::apply::document::{Hidden, Sent};
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::editor_limits::{self, Asked};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// How to rotate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// How long the secrets before this one go on: a day if absent, 0 ends them now.
    #[serde(default = "a_day")]
    overlap_seconds: u32,
    /// A secret of the caller's; minted if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    secret: Option<Hidden>,
}

fn a_day() -> u32 {
    86_400
}

/// Gives a key a new secret. Those before it go on for a while, so that no client is cut off.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/keys/{key}/rotate", tag = "keys", operation_id = "rotate_key",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("key" = String, Path, description = "The key, by name or id")),
    request_body = Rotation,
    responses((status = 200, body = KeyMade), Refusals)
)]
pub(crate) async fn rotate(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<Rotation>,
) -> Result<Tagged<KeyMade>, Problem> {
    let (_, key) = named;
    let at = here.workspace.id;
    let until = state.clock.now().plus_micros(i64::from(wish.overlap_seconds) * 1_000_000);
    let mut change = state.store.change(at, &here.actor, "").await?;
    let found = lookup::key(change.tx(), at, &key).await?;
    editor_limits::check(&mut change, &here, &Asked::Touch(&found)).await?;
    let (key, secret) = match wish.secret {
        Some(secret) => (
            keys::import_version(&mut change, found.id, expected, &secret.0, Some(until)).await?,
            None,
        ),
        None => {
            let (key, secret) =
                keys::mint_version(&mut change, found.id, expected, Some(until)).await?;
            (key, Some(Sent(secret)))
        }
    };
    let version = key.version;
    let key = view(change.tx(), at, key, &state).await?;
    change.commit().await?;
    Ok(Tagged(KeyMade { key, secret }, version))
}
