//! `POST /api/v1/workspaces/{workspace}/members`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::member::Role;
use wayleave_model::person::Grantor;
use wayleave_store::members;

use super::role;
use crate::auth::Here;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;
use crate::view::MemberView;

/// Somebody who has an account, and what they become.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMember {
    /// Their address or id.
    person: String,
    /// `owner` where there is none yet, `admin`, `editor`, `viewer`, `finance` or `auditor`.
    role: String,
}

/// Makes a person a member, without asking them: for operators, who name the first owner of a
/// workspace. Everybody else invites.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/members", tag = "members", operation_id = "create_member",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = NewMember,
    responses((status = 201, body = MemberView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Body(new): Body<NewMember>,
) -> Result<Created<MemberView>, Problem> {
    let role: Role = role("role", &new.role)?;
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let person = lookup::person(change.tx(), &new.person).await?;
    if let Some(member) = members::get(change.tx(), here.workspace.id, person.id).await? {
        let detail = format!("{} is a member already, as {}", person.email, member.role.as_str());
        return Err(Problem::new(http::StatusCode::CONFLICT, "member_already", detail));
    }
    let made = members::put(&mut change, person.id, role, Grantor::Hand).await?;
    change.commit().await?;
    Ok(Created(MemberView::of(&made, &person), made.version))
}
