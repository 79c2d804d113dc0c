//! `POST /api/v1/workspaces/{workspace}/invitations/{invitation}/revoke`

use axum::Json;
use axum::extract::{Path, State};
use wayleave_store::invitations;

use crate::auth::Here;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::InvitationView;

/// Takes an invitation back. One that was used stays used.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/invitations/{invitation}/revoke", tag = "members", operation_id = "revoke_invitation",
    params(("workspace" = String, Path, description = "The workspace, by name or id"), ("invitation" = String, Path, description = "The invitation, by id")),
    responses((status = 200, body = InvitationView), Refusals)
)]
pub(crate) async fn revoke(
    State(state): State<AdminState>,
    here: Here,
    Path(named): Path<(String, String)>,
) -> Result<Json<InvitationView>, Problem> {
    let (_, invitation) = named;
    let id = invitation.parse().map_err(|_| Problem::not_found("invitation", &invitation))?;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let ended = invitations::revoke(&mut change, id).await?;
    change.commit().await?;
    Ok(Json(InvitationView::of(ended, state.clock.now())))
}
