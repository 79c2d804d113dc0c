//! `GET /api/v1/workspaces/{workspace}/audit/verify`

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use wayleave_store::audit::{self, Chain};

use crate::auth::Here;
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// What walking the chain found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChainView {
    /// Every entry is as it was written, and none is missing.
    whole: bool,
    /// How many entries there are, if it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    entries: Option<i64>,
    /// The first entry that is not as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken_at: Option<i64>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

/// Walks the chain of a workspace's audit log from its first entry to its last.
#[utoipa::path(
    get, path = "/api/v1/workspaces/{workspace}/audit/verify", tag = "audit", operation_id = "verify_audit",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    responses((status = 200, body = ChainView), Refusals)
)]
pub(crate) async fn verify(
    State(state): State<AdminState>,
    here: Here,
) -> Result<Json<ChainView>, Problem> {
    let chain = audit::verify(&mut state.store.read().await?, here.workspace.id).await?;
    Ok(Json(match chain {
        Chain::Whole { entries } => {
            ChainView { whole: true, entries: Some(entries), broken_at: None, why: None }
        }
        Chain::Broken { seq, why } => {
            ChainView { whole: false, entries: None, broken_at: Some(seq), why: Some(why) }
        }
    }))
}
