//! `POST /api/v1/invitations/look`

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_store::{people, workspaces};

use super::accept::open;
use crate::apply::document::Hidden;
use crate::body::Body;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// An invitation's secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Link {
    /// What stands behind the `#` of the link: `wli_…`.
    secret: Hidden,
}

/// What an invitation says to whom it is for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Welcome {
    workspace: String,
    email: String,
    role: &'static str,
    invited_by: String,
    expires_at: String,
    /// Somebody of that address has an account: they take it with their own password, or signed in.
    known: bool,
}

/// Says what an invitation is, to whoever has its link; one that can no longer be used is 410. It is
/// a `POST` so that the secret stands in no address.
#[utoipa::path(
    post, path = "/api/v1/invitations/look", tag = "session", operation_id = "look_at_invitation",
    security(()),
    request_body = Link,
    responses((status = 200, body = Welcome), Refusals)
)]
pub(crate) async fn look(
    State(state): State<AdminState>,
    Body(link): Body<Link>,
) -> Result<Json<Welcome>, Problem> {
    let invitation = open(&state, &link.secret.0).await?;
    let mut tx = state.store.read().await?;
    let workspace = workspaces::get(&mut tx, invitation.workspace).await?;
    let known = people::by_email(&mut tx, &invitation.email).await?.is_some();
    Ok(Json(Welcome {
        workspace: workspace.map(|it| it.name).unwrap_or_default(),
        email: invitation.email,
        role: invitation.role.as_str(),
        invited_by: invitation.invited_by,
        expires_at: invitation.expires_at.to_string(),
        known,
    }))
}
