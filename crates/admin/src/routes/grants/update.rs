//! `PATCH /api/v1/system/grants/{grant}`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_store::grants::{self, GrantDraft};

use super::{GrantView, QuotaWish, drafts};
use crate::auth::Operator;
use crate::body::{Body, IfMatch, Tagged, nullable};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// What changes of a grant; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantChange {
    /// `null`: all that are predefined.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Vec<String>>)]
    models: Option<Option<Vec<String>>>,
    enabled: Option<bool>,
    /// All of them at once. What is used of a quota stays while its type and unit do.
    quotas: Option<Vec<QuotaWish>>,
}

/// Changes a grant, at once for the workspace's next call.
#[utoipa::path(
    patch, path = "/api/v1/system/grants/{grant}", tag = "grants", operation_id = "update_grant",
    params(("grant" = String, Path, description = "The grant, by id")),
    request_body = GrantChange,
    responses((status = 200, body = GrantView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    by: Operator,
    Path(grant): Path<String>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<GrantChange>,
) -> Result<Tagged<GrantView>, Problem> {
    let quotas = wish.quotas.map(drafts).transpose()?;
    let at = super::find(&mut state.store.read().await?, &grant).await?.workspace;
    let mut change = state.store.change(at, &by.actor, "").await?;
    let found = super::find(change.tx(), &grant).await?;
    let mut draft = GrantDraft::from(&found);
    draft.models = wish.models.unwrap_or(draft.models);
    draft.enabled = wish.enabled.unwrap_or(draft.enabled);
    draft.quotas = quotas.unwrap_or(draft.quotas);
    let changed = grants::update(&mut change, found.id, expected, &draft).await?;
    let version = changed.version;
    let view = GrantView::of(change.tx(), changed, state.clock.now()).await?;
    change.commit().await?;
    Ok(Tagged(view, version))
}
