//! `POST /api/v1/system/people/{person}/password`

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::{people, sessions};

use crate::apply::document::Hidden;
use crate::auth::Operator;
use crate::body::Body;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PersonView;

/// A password that an operator sets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    /// 12 to 256 characters; `null`: they have none from now on, and sign in with single sign-on only.
    password: Option<Hidden>,
}

/// Gives somebody another password, and ends all their sessions.
#[utoipa::path(
    post, path = "/api/v1/system/people/{person}/password", tag = "people", operation_id = "set_password",
    params(("person" = String, Path, description = "The person, by address or id")),
    request_body = Reset,
    responses((status = 200, body = PersonView), Refusals)
)]
pub(crate) async fn set_password(
    State(state): State<AdminState>,
    by: Operator,
    Path(person): Path<String>,
    Body(wish): Body<Reset>,
) -> Result<Json<PersonView>, Problem> {
    let hash = match wish.password {
        Some(password) => Some(state.sign_in.passwords().hash("password", password.0).await?),
        None => None,
    };
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let found = lookup::person(change.tx(), &person).await?;
    let changed = people::set_password(&mut change, found.id, hash.as_ref()).await?;
    sessions::revoke_all(&mut change, found.id, None).await?;
    change.commit().await?;
    Ok(Json(changed.into()))
}
