//! `PATCH /api/v1/workspaces/{workspace}/owners/{owner}`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::workspace::OwnerKind;
use wayleave_store::owners::{self, OwnerDraft};

use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::OwnerView;

/// What changes of an owner; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OwnerChange {
    name: Option<String>,
    #[schema(value_type = Option<String>)]
    kind: Option<OwnerKind>,
}

/// Renames an owner, or says that it is something else.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{workspace}/owners/{owner}", tag = "owners", operation_id = "update_owner",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("owner" = String, Path, description = "The owner, by name or id")),
    request_body = OwnerChange,
    responses((status = 200, body = OwnerView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<OwnerChange>,
) -> Result<Tagged<OwnerView>, Problem> {
    let (_, owner) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let found = lookup::owner(change.tx(), here.workspace.id, &owner).await?;
    let mut draft = OwnerDraft::from(&found);
    draft.name = wish.name.unwrap_or(draft.name);
    draft.kind = wish.kind.unwrap_or(draft.kind);
    let changed = owners::update(&mut change, found.id, expected, &draft).await?;
    change.commit().await?;
    let version = changed.version;
    Ok(Tagged(changed.into(), version))
}
