//! `PATCH /api/v1/workspaces/{workspace}/settings`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::editor_limits::EditorLimits;
use wayleave_model::workspace::{KeepResponses, ProofsPerHour};
use wayleave_store::workspace_settings;

use super::SettingsView;
use crate::auth::Here;
use crate::body::{Body, nullable};
use crate::error::Problem;
use crate::routes::Refusals;
use crate::state::AdminState;

/// What changes of the settings; absent fields stay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsChange {
    /// Keep responses of providers that keep none, for `days` (30 if absent); `null`: no more. What
    /// is kept already stays until its time.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<crate::shape::configuration::KeepResponses>)]
    keep_responses: Option<Option<KeepResponses>>,
    /// How many proofs of credentials may cost something in an hour, on all nodes together; 0: none.
    proofs_per_hour: Option<u16>,
    /// Limit what editors may do with keys and aliases, all limits at once; `null`: no more. What is
    /// there already stays as it is.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<crate::shape::configuration::EditorLimits>)]
    editor_limits: Option<Option<EditorLimits>>,
}

/// Changes what the workspace decides for itself.
#[utoipa::path(
    patch, path = "/api/v1/workspaces/{workspace}/settings", tag = "settings", operation_id = "update_settings",
    params(("workspace" = String, Path, description = "The workspace, by name or id")),
    request_body = SettingsChange,
    responses((status = 200, body = SettingsView), Refusals)
)]
pub(crate) async fn update(
    State(state): State<AdminState>,
    here: Here,
    Body(wish): Body<SettingsChange>,
) -> Result<Json<SettingsView>, Problem> {
    let mut change = state.store.change(here.workspace.id, &here.actor, "").await?;
    if let Some(keep) = wish.keep_responses {
        workspace_settings::set_keep_responses(&mut change, keep).await?;
    }
    if let Some(most) = wish.proofs_per_hour {
        workspace_settings::set_proofs_per_hour(&mut change, ProofsPerHour(most)).await?;
    }
    if let Some(limits) = wish.editor_limits {
        workspace_settings::set_editor_limits(&mut change, limits.as_ref()).await?;
    }
    let settings = workspace_settings::get(change.tx(), here.workspace.id).await?;
    change.commit().await?;
    Ok(Json(settings.into()))
}
