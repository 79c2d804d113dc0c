//! `POST /api/v1/workspaces/{workspace}/owners`

use axum::extract::State;
use wayleave_store::owners::{self, OwnerDraft};

use crate::apply::document::OwnerDecl;
use crate::auth::Here;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::OwnerView;

/// Makes an owner.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/owners", tag = "owners", operation_id = "create_owner",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = OwnerDecl,
    responses((status = 201, body = OwnerView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Body(new): Body<OwnerDecl>,
) -> Result<Created<OwnerView>, Problem> {
    let draft = OwnerDraft { name: new.name, kind: new.kind, managed_by: None };
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let made = owners::create(&mut change, &draft).await?;
    change.commit().await?;
    let version = made.version;
    Ok(Created(made.into(), version))
}
