//! `POST /api/v1/workspaces/{workspace}/invitations`

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::Secret;
use wayleave_store::invitations::{self, InvitationDraft};

use crate::apply::document::Sent;
use crate::auth::Here;
use crate::body::Body;
use crate::error::Problem;
use crate::permission::Power;
use crate::routes::Refusals;
use crate::routes::members::role;
use crate::state::AdminState;
use crate::view::InvitationView;

/// For how long an invitation can be used, if nothing is said: 7 days. At most 30.
const DEFAULT_HOURS: u32 = 7 * 24;
const LONGEST_HOURS: u32 = 30 * 24;

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewInvitation {
    /// Whom it is for.
    email: String,
    /// `admin`, `editor`, `viewer`, `finance` or `auditor`: at most what one is oneself.
    role: String,
    /// For how many hours it can be used, 1 to 720; 168 if absent.
    #[serde(default)]
    hours: Option<u32>,
}

/// An invitation and its link, which is shown only now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationMade {
    #[serde(flatten)]
    invitation: InvitationView,
    /// Shown only now: `wli_…`.
    #[schema(value_type = String)]
    secret: Sent,
    /// Shown only now: what to send to whom it is for. The secret stands behind the `#`, which no
    /// browser sends to a server.
    #[schema(value_type = String)]
    link: Sent,
}

/// Invites somebody. An earlier invitation of the same address that is open is taken back.
#[utoipa::path(
    post, path = "/api/v1/workspaces/{workspace}/invitations", tag = "members", operation_id = "create_invitation",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = NewInvitation,
    responses((status = 201, body = InvitationMade), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    here: Here,
    Body(new): Body<NewInvitation>,
) -> Result<(StatusCode, Json<InvitationMade>), Problem> {
    let role = role("role", &new.role)?;
    here.power.check_gives(&Power::of(role))?;
    let hours = new.hours.unwrap_or(DEFAULT_HOURS);
    if !(1..=LONGEST_HOURS).contains(&hours) {
        return Err(Problem::field("hours", format!("expected 1 to {LONGEST_HOURS}")));
    }
    let now = state.clock.now();
    let expires_at = now.plus_micros(i64::from(hours) * 3_600_000_000);
    let draft = InvitationDraft { email: new.email, role, expires_at };
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    let (made, secret) = invitations::create(&mut change, &draft).await?;
    change.commit().await?;
    let base = state.public_url.trim_end_matches('/');
    let text = secret.expose_str().unwrap_or_default();
    let link = Sent(Secret::new(format!("{base}/console/invitation#{text}")));
    let invitation = InvitationView::of(made, now);
    Ok((StatusCode::CREATED, Json(InvitationMade { invitation, secret: Sent(secret), link })))
}
