//! `PATCH /api/v1/workspaces/{workspace}/members/{member}`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::person::Grantor;
use wayleave_store::members;

use super::{find, role};
use crate::auth::Here;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::permission::Power;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::MemberView;

/// What a member becomes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleChange {
    /// `admin`, `editor`, `viewer`, `finance` or `auditor`.
    role: String,
}

/// Gives a member another role, up to one's own. Said here, it stays so whatever their groups are.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{workspace}/members/{member}", tag = "members", operation_id = "update_member",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("member" = String, Path, description = "The member, by address or person id")),
    request_body = RoleChange,
    responses((status = 200, body = MemberView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<RoleChange>,
) -> Result<Tagged<MemberView>, Problem> {
    let (_, member) = named;
    let role = role("role", &wish.role)?;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let (before, person) = find(change.tx(), &here, &member).await?;
    here.power.check_gives(&Power::of(before.role))?;
    here.power.check_gives(&Power::of(role))?;
    let changed =
        members::change_role(&mut change, person.id, expected, role, Grantor::Hand).await?;
    change.commit().await?;
    Ok(Tagged(MemberView::of(&changed, &person), changed.version))
}
