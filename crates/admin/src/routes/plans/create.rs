//! `POST /api/v1/system/plans`

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::plan::Feature;
use wayleave_store::plans::{self, PlanDraft};

use super::PlanView;
use crate::auth::Operator;
use crate::body::{Body, Created};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// What a new plan is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPlan {
    /// Unique in the instance.
    name: String,
    /// What it grants: `pools`.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    features: Vec<Feature>,
}

/// Makes a plan. Workspaces get it with `PATCH /api/v1/system/workspaces/{workspace}`.
#[utoipa::path(
    post, path = "/api/v1/system/plans", tag = "plans", operation_id = "create_plan",
    request_body = NewPlan,
    responses((status = 201, body = PlanView), Refusals)
)]
pub(crate) async fn create(
    State(state): State<AdminState>,
    by: Operator,
    Body(new): Body<NewPlan>,
) -> Result<Created<PlanView>, Problem> {
    let mut change = state.store.change(SYSTEM_WORKSPACE, &by.actor, "").await?;
    let draft = PlanDraft { name: new.name, features: new.features };
    let made = plans::create(&mut change, &draft).await?;
    change.commit().await?;
    let version = made.version;
    Ok(Created(made.into(), version))
}
