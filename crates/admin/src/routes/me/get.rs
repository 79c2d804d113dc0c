//! `GET /api/v1/me`

use axum::Json;
use axum::extract::State;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::member::Role;

use super::MeView;
use crate::auth::{Caller, Who};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// Says who asks, which workspaces they are a member of, and what they may do there.
#[utoipa::path(
    get, path = "/api/v1/me", tag = "me", operation_id = "get_me",
    responses((status = 200, body = MeView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    caller: Caller,
) -> Result<Json<MeView>, Problem> {
    let token = match &caller.who {
        Who::Person(signed) => {
            let (person, session) = (signed.person.clone(), signed.session.clone());
            return Ok(Json(super::of_person(&state, person, session).await?));
        }
        Who::Token(token) => Some(token.clone()),
        Who::Local => None,
    };
    let mut places = Vec::new();
    if let Some(token) = token.as_ref().filter(|it| it.workspace != SYSTEM_WORKSPACE) {
        let mut tx = state.store.read().await?;
        places.extend(super::place(&mut tx, token.workspace, &caller.power(token.role)).await?);
    }
    let permissions =
        if caller.operator { caller.power(Role::Operator).names() } else { Vec::new() };
    Ok(Json(MeView {
        kind: if token.is_some() { "token" } else { "local" },
        name: caller.actor.name,
        person: None,
        session: None,
        operator: caller.operator,
        permissions,
        workspaces: places,
    }))
}
