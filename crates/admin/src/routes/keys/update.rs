//! `PATCH /api/v1/workspaces/{workspace}/keys/{key}`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::alias::Losses;
use wayleave_store::keys::{self, KeyDraft};

use super::{alias_ids, view};
use crate::apply::document::Instant;
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged, nullable};
use crate::editor_limits::{self, Asked};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::KeyView;

/// What changes of a key; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyChange {
    name: Option<String>,
    /// An owner, by name or id.
    owner: Option<String>,
    environment: Option<String>,
    purpose: Option<String>,
    /// Aliases by name or id; `null`: all.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Vec<String>>)]
    aliases: Option<Option<Vec<String>>>,
    tags: Option<Vec<String>>,
    enabled: Option<bool>,
    /// `null`: it does not expire.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Option<Instant>>,
    /// `warn` or `refuse`; `null`: what the alias says.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "refuse")]
    losses: Option<Option<Losses>>,
}

/// Changes a key; its secrets stay.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{workspace}/keys/{key}", tag = "keys", operation_id = "update_key",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("key" = String, Path, description = "The key, by name or id")),
    request_body = KeyChange,
    responses((status = 200, body = KeyView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<KeyChange>,
) -> Result<Tagged<KeyView>, Problem> {
    let (_, key) = named;
    let at = here.workspace.id;
    let mut change = state.store.change(at, &here.actor, "").await?;
    let found = lookup::key(change.tx(), at, &key).await?;
    let mut draft = KeyDraft::from(&found);
    if let Some(owner) = &wish.owner {
        draft.owner = lookup::owner(change.tx(), at, owner).await?.id;
    }
    if let Some(aliases) = wish.aliases {
        draft.aliases = match aliases {
            Some(names) => Some(alias_ids(change.tx(), at, &names).await?),
            None => None,
        };
    }
    draft.name = wish.name.unwrap_or(draft.name);
    draft.environment = wish.environment.unwrap_or(draft.environment);
    draft.purpose = wish.purpose.unwrap_or(draft.purpose);
    draft.tags = wish.tags.unwrap_or(draft.tags);
    draft.enabled = wish.enabled.unwrap_or(draft.enabled);
    draft.expires_at = wish.expires_at.map_or(draft.expires_at, |it| it.map(|it| it.0));
    draft.losses = wish.losses.unwrap_or(draft.losses);
    let asked = Asked::Change(&found, &draft, state.clock.now());
    editor_limits::check(&mut change, &here, &asked).await?;
    let changed = keys::update(&mut change, found.id, expected, &draft).await?;
    let version = changed.version;
    let shown = view(change.tx(), at, changed, &state).await?;
    change.commit().await?;
    Ok(Tagged(shown, version))
}
