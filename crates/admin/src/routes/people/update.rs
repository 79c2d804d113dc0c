//! `PATCH /api/v1/system/people/{person}`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::person::Grantor;
use wayleave_store::people::{self, PersonDraft};
use wayleave_store::sessions;

use crate::auth::Operator;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PersonView;

/// What changes of a person; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PersonChange {
    email: Option<String>,
    name: Option<String>,
    /// An operator of the whole instance. Said here, it stays so whatever their groups are.
    operator: Option<bool>,
    /// Somebody who is disabled cannot sign in; their sessions end.
    enabled: Option<bool>,
}

/// Changes a person.
#[utoipa::path(
    patch, path = "/api/v1/system/people/{person}", tag = "people", operation_id = "update_person",
    params(("person" = String, Path, description = "The person, by address or id")),
    request_body = PersonChange,
    responses((status = 200, body = PersonView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    by: Operator,
    Path(person): Path<String>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<PersonChange>,
) -> Result<Tagged<PersonView>, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let found = lookup::person(change.tx(), &person).await?;
    let mut draft = PersonDraft::from(&found);
    draft.email = wish.email.unwrap_or(draft.email);
    draft.name = wish.name.unwrap_or(draft.name);
    draft.enabled = wish.enabled.unwrap_or(draft.enabled);
    draft.operator = match wish.operator {
        Some(operator) => operator.then_some(Grantor::Hand),
        None => draft.operator,
    };
    let changed = people::update(&mut change, found.id, expected, &draft).await?;
    if !changed.enabled {
        sessions::revoke_all(&mut change, found.id, None).await?;
    }
    change.commit().await?;
    let version = changed.version;
    Ok(Tagged(changed.into(), version))
}
