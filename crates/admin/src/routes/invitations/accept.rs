//! `POST /api/v1/invitations/accept`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::Secret;
use wayleave_model::person::{Grantor, Invitation, Person, SignIn};
use wayleave_store::people::{self, PersonDraft};
use wayleave_store::{Actor, Change, invitations, members};

use crate::apply::document::Hidden;
use crate::auth::{Stranger, cross_site};
use crate::body::Body;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::routes::me::{self, MeView};
use crate::routes::session::create::prove;
use crate::sign_in::cookies::{Sender, sender};
use crate::sign_in::session;
use crate::state::AdminState;

/// An invitation's secret, and who takes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Taken {
    /// What stands behind the `#` of the link: `wli_…`.
    secret: Hidden,
    /// How others see them; of somebody who has an account it stays as it is.
    #[serde(default)]
    name: Option<String>,
    /// A new password (12 to 256 characters); of somebody who has an account, the one they have.
    password: Hidden,
}

/// Takes an invitation and signs in. Whoever has no account gets one, with this password.
#[utoipa::path(
    post, path = "/api/v1/invitations/accept", tag = "session", operation_id = "accept_invitation",
    security(()),
    request_body = Taken,
    responses((status = 200, body = MeView), Refusals)
)]
pub(crate) async fn accept(
    State(state): State<AdminState>,
    Stranger(from): Stranger,
    headers: HeaderMap,
    uri: Uri,
    Body(taken): Body<Taken>,
) -> Result<Response, Problem> {
    if sender(&headers, &uri, &state.public_url) == Sender::Foreign {
        return Err(cross_site());
    }
    let invitation = open(&state, &taken.secret.0).await?;
    let known = people::by_email(&mut state.store.read().await?, &invitation.email).await?;
    let name = format!("person {}", invitation.email);
    let actor = Actor { name, role: invitation.role.as_str().to_owned(), ..from.clone() };
    let (person, mut change) = match known {
        Some(_) => {
            let email = &invitation.email;
            let person = prove(&state, email, taken.password.0, &from, &headers).await?;
            (person, state.store.change(invitation.workspace, &actor, "").await?)
        }
        None => {
            let hash = state.sign_in.passwords().hash("password", taken.password.0).await?;
            let draft = PersonDraft {
                email: invitation.email.clone(),
                name: taken.name.unwrap_or_else(|| invitation.email.clone()),
                operator: None,
                enabled: true,
            };
            let mut change = state.store.change(invitation.workspace, &actor, "").await?;
            (people::create(&mut change, &draft, Some(&hash)).await?, change)
        }
    };
    enter(&mut change, &invitation, &person).await?;
    let (begun, cookies) =
        session::begin(&state, &mut change, &person, SignIn::Password, &headers).await?;
    change.commit().await?;
    let view = me::of_person(&state, person, begun).await?;
    Ok((cookies, Json(view)).into_response())
}

/// The invitation of that secret, if it can be used.
pub(crate) async fn open(state: &AdminState, secret: &Secret) -> Result<Invitation, Problem> {
    let found = invitations::presented(&mut state.store.read().await?, secret).await?;
    let found = found.ok_or_else(|| {
        let detail = "there is no such invitation: copy the whole link";
        Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
    })?;
    if found.is_open(state.clock.now()) { Ok(found) } else { Err(over()) }
}

/// Uses an invitation up: the person is a member. One who is already stays what they are.
pub(crate) async fn enter(
    change: &mut Change,
    invitation: &Invitation,
    person: &Person,
) -> Result<(), Problem> {
    let used = invitations::accept(change, invitation.id).await?.ok_or_else(over)?;
    match members::get(change.tx(), invitation.workspace, person.id).await? {
        Some(_) => {
            let detail = "you are a member already: ask for another role instead";
            Err(Problem::new(StatusCode::CONFLICT, "member_already", detail))
        }
        None => {
            members::put(change, person.id, used.role, Grantor::Hand).await?;
            Ok(())
        }
    }
}

fn over() -> Problem {
    let detail = "this invitation was used, taken back, or is over: ask for another one";
    Problem::new(StatusCode::GONE, "invitation_over", detail)
}
