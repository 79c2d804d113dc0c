//! `POST /api/v1/system/tokens`

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::member::Role;
use wayleave_store::tokens::{self, TokenDraft};

use super::{TokenView, power};
use crate::apply::document::{Instant, Sent};
use crate::auth::Operator;
use crate::body::Body;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// What a new token is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    name: String,
    /// The only permissions that it is to have, by name; absent: all.
    #[serde(default)]
    scopes: Option<Vec<String>>,
    /// Refused from then on.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Instant>,
}

/// A token and its secret, which is shown only now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenMade {
    #[serde(flatten)]
    pub(super) token: TokenView,
    /// Shown only now.
    #[schema(value_type = String)]
    pub(super) secret: Sent,
}

/// Makes an operator's token. Its secret is shown only in this answer.
#[utoipa::path(
    post, path = "/api/v1/system/tokens", tag = "tokens", operation_id = "create_token",
    request_body = NewToken,
    responses((status = 201, body = TokenMade), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    by: Operator,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<TokenMade>), Problem> {
    by.power.check_gives(&power(Role::Operator, new.scopes.as_deref())?)?;
    let draft = TokenDraft {
        name: new.name,
        role: Role::Operator,
        scopes: new.scopes,
        expires_at: new.expires_at.map(|it| it.0),
    };
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let (token, secret) = tokens::mint(&mut change, &draft).await?;
    change.commit().await?;
    Ok((StatusCode::CREATED, Json(TokenMade { token: token.into(), secret: Sent(secret) })))
}
