//! `GET /api/v1/system/people/{person}`

use axum::extract::{Path, State};

use crate::auth::Operator;
use crate::body::Tagged;
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PersonView;

/// Shows a person.
#[utoipa::path(
    get, path = "/api/v1/system/people/{person}", tag = "people", operation_id = "get_person",
    params(("person" = String, Path, description = "The person, by address or id")),
    responses((status = 200, body = PersonView), Refusals)
)]
pub(crate) async fn get(
    State(state): State<AdminState>,
    _: Operator,
    Path(person): Path<String>,
) -> Result<Tagged<PersonView>, Problem> {
    let found = lookup::person(&mut state.store.read().await?, &person).await?;
    let version = found.version;
    Ok(Tagged(found.into(), version))
}
