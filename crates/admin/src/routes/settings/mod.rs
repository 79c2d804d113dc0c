//! What a workspace decides for itself.

pub(crate) mod get;
pub(crate) mod update;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::editor_limits::EditorLimits;
use wayleave_model::workspace::{KeepResponses, WorkspaceSettings};

/// The settings of a workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingsView {
    /// Responses of providers that keep none are kept for so many days; `null`: they are not.
    #[schema(value_type = Option<crate::shape::configuration::KeepResponses>)]
    keep_responses: Option<KeepResponses>,
    /// How many proofs of credentials may cost something in an hour; 0: none.
    proofs_per_hour: u16,
    /// What editors may do with keys and aliases; `null`: everything.
    #[schema(value_type = Option<crate::shape::configuration::EditorLimits>)]
    editor_limits: Option<EditorLimits>,
}

impl From<WorkspaceSettings> for SettingsView {
    fn from(it: WorkspaceSettings) -> SettingsView {
        SettingsView {
            keep_responses: it.keep_responses,
            proofs_per_hour: it.proofs_per_hour.0,
            editor_limits: it.editor_limits,
        }
    }
}

#[cfg(test)]
mod tests;
