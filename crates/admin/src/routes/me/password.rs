//! `POST /api/v1/me/password`

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::{people, sessions};

use crate::apply::document::Hidden;
use crate::auth::Me;
use crate::body::Body;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::routes::session::create::prove;
use crate::state::AdminState;

/// The password that somebody has, and the one they want.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    current: Hidden,
    /// 12 to 256 characters.
    new: Hidden,
}

/// Gives the person who is signed in another password, and ends all their other sessions.
#[utoipa::path(
    post, path = "/api/v1/me/password", tag = "me", operation_id = "change_my_password",
    request_body = NewPassword,
    responses((status = 204, description = "It is changed; other sessions have ended"), Refusals)
)]
pub(crate) async fn password(
    State(state): State<AdminState>,
    me: Me,
    headers: HeaderMap,
    Body(wish): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let person = &me.signed.person;
    // A browser that somebody left open is not enough; guesses here count as guesses at the door.
    let proven = prove(&state, &person.email, wish.current.0, &me.actor, &headers).await;
    proven.map_err(|problem| match problem.code {
        "wrong_password" => Problem::field("current", "this is not the password"),
        _ => problem,
    })?;
    let hash = state.sign_in.passwords().hash("new", wish.new.0).await?;
    let mut change = state.store.change(SYSTEM_WORKSPACE, &me.actor, "").await?;
    people::set_password(&mut change, person.id, Some(&hash)).await?;
    sessions::revoke_all(&mut change, person.id, Some(me.signed.session.id)).await?;
    change.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
