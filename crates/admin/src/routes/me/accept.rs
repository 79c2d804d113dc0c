//! `POST /api/v1/me/invitations`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::MeView;
use crate::apply::document::Hidden;
use crate::auth::Me;
use crate::body::Body;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::routes::invitations::accept::{enter, open};
use crate::state::AdminState;

/// An invitation's secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shown {
    /// What stands behind the `#` of the link: `wli_…`.
    secret: Hidden,
}

/// Takes an invitation, as the person who is signed in and whom it is for.
#[utoipa::path(
    post, path = "/api/v1/me/invitations", tag = "me", operation_id = "accept_my_invitation",
    request_body = Shown,
    responses((status = 200, body = MeView), Refusals)
)]
pub(crate) async fn accept(
    State(state): State<AdminState>,
    me: Me,
    Body(shown): Body<Shown>,
) -> Result<Json<MeView>, Problem> {
    let invitation = open(&state, &shown.secret.0).await?;
    let (person, session) = (me.signed.person.clone(), me.signed.session.clone());
    if invitation.email != person.email {
        let detail = "this invitation is for another address: sign out, and follow its link again";
        return Err(Problem::forbidden(detail));
    }
    let mut change = state.store.change(invitation.workspace, &me.actor, "").await?;
    enter(&mut change, &invitation, &person).await?;
    change.commit().await?;
    Ok(Json(super::of_person(&state, person, session).await?))
}
