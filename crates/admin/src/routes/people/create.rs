//! `POST /api/v1/system/people`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::person::Grantor;
use wayleave_store::people::{self, PersonDraft};

use crate::apply::document::Hidden;
use crate::auth::Operator;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::PersonView;

/// A new person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    /// What they sign in with.
    email: String,
    /// How others see them; the address if absent.
    #[serde(default)]
    name: Option<String>,
    /// 12 to 256 characters. Without one they sign in with single sign-on only.
    #[serde(default)]
    password: Option<Hidden>,
    /// An operator of the whole instance.
    #[serde(default)]
    operator: bool,
}

/// Makes a person. Others than operators come by invitation or by single sign-on.
#[utoipa::path(
    post, path = "/api/v1/system/people", tag = "people", operation_id = "create_person",
    request_body = NewPerson,
    responses((status = 201, body = PersonView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    by: Operator,
    Body(new): Body<NewPerson>,
) -> Result<Created<PersonView>, Problem> {
    let hash = match new.password {
        Some(password) => Some(state.sign_in.passwords().hash("password", password.0).await?),
        None => None,
    };
    let draft = PersonDraft {
        name: new.name.unwrap_or_else(|| new.email.trim().to_owned()),
        email: new.email,
        operator: new.operator.then_some(Grantor::Hand),
        enabled: true,
    };
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let made = people::create(&mut change, &draft, hash.as_ref()).await?;
    change.commit().await?;
    let version = made.version;
    Ok(Created(made.into(), version))
}
