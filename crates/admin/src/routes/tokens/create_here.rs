//! `POST /api/v1/workspaces/{workspace}/tokens`

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::member::Role;
use wayleave_store::tokens::{self, TokenDraft};

use super::create::TokenMade;
use super::power;
use crate::apply::document::{Instant, Sent};
use crate::auth::Here;
use crate::body::Body;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::routes::members::role;
use crate::state::AdminState;

/// What a new token of a workspace is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTokenHere {
    name: String,
    /// `admin`, `editor`, `viewer`, `finance` or `auditor`: at most what one is oneself.
    role: String,
    /// The only permissions of that role that it is to have, by name; absent: all.
    #[serde(default)]
    scopes: Option<Vec<String>>,
    /// Refused from then on.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Instant>,
}

/// Makes a token that acts in this workspace. Its secret is shown only in this answer.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/tokens", tag = "tokens", operation_id = "create_workspace_token",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = NewTokenHere,
    responses((status = 201, body = TokenMade), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Body(new): Body<NewTokenHere>,
) -> Result<(StatusCode, Json<TokenMade>), Problem> {
    let role = role("role", &new.role)?;
    if matches!(role, Role::Owner | Role::Operator) {
        let why = "a workspace's token is at most an admin: its owner is a person";
        return Err(Problem::field("role", why));
    }
    here.power.check_gives(&power(role, new.scopes.as_deref())?)?;
    let draft = TokenDraft {
        name: new.name,
        role,
        scopes: new.scopes,
        expires_at: new.expires_at.map(|it| it.0),
    };
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let (token, secret) = tokens::mint(&mut change, &draft).await?;
    change.commit().await?;
    Ok((StatusCode::CREATED, Json(TokenMade { token: token.into(), secret: Sent(secret) })))
}
