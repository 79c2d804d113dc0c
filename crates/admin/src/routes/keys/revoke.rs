//! `POST /api/v1/workspaces/{workspace}/keys/{key}/revoke`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_store::keys;

use super::view;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::editor_limits::{self, Asked};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::KeyView;

/// What to revoke.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Revocation {
    /// One version of the key's secret; all if absent.
    version: Option<i64>,
}

/// Refuses a key, or one of its secrets, now and for good.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/keys/{key}/revoke", tag = "keys", operation_id = "revoke_key",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("key" = String, Path, description = "The key, by name or id")),
    request_body = Revocation,
    responses((status = 200, body = KeyView), Refusals)
)]
pub(crate) async fn revoke(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<Revocation>,
) -> Result<Tagged<KeyView>, Problem> {
    let (_, key) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let mut key = lookup::key(change.tx(), at, &key).await?;
    editor_limits::check(&mut change, &here, &Asked::Touch(&key)).await?;
    let numbers: Vec<i64> = match wish.version {
        Some(number) => vec![number],
        None => {
            key.versions.iter().filter(|it| it.revoked_at.is_none()).map(|it| it.number).collect()
        }
    };
    for (index, number) in numbers.into_iter().enumerate() {
        // The first of them raises the version that the caller knows.
        let expected = expected.filter(|_| index == 0);
        key = keys::revoke_version(&mut change, key.id, expected, number).await?;
    }
    let version = key.version;
    let shown = view(change.tx(), at, key, &state).await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}
