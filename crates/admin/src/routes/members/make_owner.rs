//! `POST /api/v1/workspaces/{workspace}/members/{member}/owner`

use axum::Json;
use axum::extract::{Path, State};
use wayleave_store::members;

use super::find;
use crate::auth::Here;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::MemberView;

/// Hands the workspace over to another member. Who owned it is an admin from then on.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/members/{member}/owner", tag = "members", operation_id = "make_owner",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("member" = String, Path, description = "The member, by address or person id")),
    responses((status = 200, body = MemberView), Refusals)
)]
pub(crate) async fn make_owner(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Json<MemberView>, Problem> {
    let (_, member) = named;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let (_, person) = find(change.tx(), &here, &member).await?;
    let owner = members::transfer(&mut change, person.id).await?;
    change.commit().await?;
    Ok(Json(MemberView::of(&owner, &person)))
}
