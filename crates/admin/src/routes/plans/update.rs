//! `PATCH /api/v1/system/plans/{plan}`

use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::plan::Feature;
use wayleave_store::plans::{self, PlanDraft};

use super::PlanView;
use crate::auth::Operator;
use crate::body::{Body, IfMatch, Tagged};
use crate::error::Problem;
use crate::lookup;
use crate::routes::Refusals;
use crate::state::AdminState;

/// What changes of a plan; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlanChange {
    name: Option<String>,
    /// All that it grants: `pools`.
    #[schema(value_type = Option<Vec<String>>)]
    features: Option<Vec<Feature>>,
}

/// Changes a plan, at once for every workspace that has it. What a workspace can no longer do is kept
/// and ignored.
#[utoipa::path(
    patch, path = "/api/v1/system/plans/{plan}", tag = "plans", operation_id = "update_plan",
    params(("plan" = String, Path, description = "The plan, by name or id")),
    request_body = PlanChange,
    responses((status = 200, body = PlanView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    by: Operator,
    Path(plan): Path<String>,
    IfMatch(expected): IfMatch,
    Body(wish): Body<PlanChange>,
) -> Result<Tagged<PlanView>, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let found = lookup::plan(change.tx(), &plan).await?;
    let mut draft = PlanDraft::from(&found);
    draft.name = wish.name.unwrap_or(draft.name);
    draft.features = wish.features.unwrap_or(draft.features);
    let changed = plans::update(&mut change, found.id, expected, &draft).await?;
    change.commit().await?;
    let version = changed.version;
    Ok(Tagged(changed.into(), version))
}
