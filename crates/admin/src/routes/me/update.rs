//! `PATCH /api/v1/me`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_store::people::{self, PersonDraft};

use crate::auth::Me;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PersonView;

/// What people say of themselves; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MyChange {
    /// How others see them.
    name: Option<String>,
}

/// Changes how others see the person who is signed in. Their address is an operator's to change.
#[utoipa::path(
    patch, path = "/api/v1/me", tag = "me", operation_id = "update_me",
    request_body = MyChange,
    responses((status = 200, body = PersonView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    me: Me,
    IfMatch(expected): IfMatch,
    Body(wish): Body<MyChange>,
) -> Result<Tagged<PersonView>, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &me.actor, "").await?;
    let mut draft = PersonDraft::from(&me.signed.person);
    draft.name = wish.name.unwrap_or(draft.name);
    let changed = people::update(&mut change, me.signed.person.id, expected, &draft).await?;
    change.commit().await?;
    let version = changed.version;
    Ok(Tagged(changed.into(), version))
}
