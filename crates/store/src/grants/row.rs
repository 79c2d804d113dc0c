//! A grant's row, read.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{GrantId, ProviderId, WorkspaceId};
use wayleave_model::supply::{Grant, Quota};

use super::NOUN;
use crate::error::StoreError;
use crate::text::typed;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT workspace_id, id, provider_id, system_provider_id, models, enabled, version, \
             created_at, updated_at FROM grants ",
            $rest
        )
    };
}
pub(super) use select;

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) workspace_id: Uuid,
    id: Uuid,
    provider_id: Uuid,
    system_provider_id: Uuid,
    models: Option<Json<Value>>,
    enabled: bool,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl Row {
    /// With those of `quotas` that are its own.
    pub(super) fn noun(self, quotas: &[(GrantId, Quota)]) -> Result<Grant, StoreError> {
        let id = GrantId(self.id);
        Ok(Grant {
            id,
            workspace: WorkspaceId(self.workspace_id),
            provider: ProviderId(self.provider_id),
            system_provider: ProviderId(self.system_provider_id),
            models: self.models.map(|it| typed(NOUN, it)).transpose()?,
            enabled: self.enabled,
            quotas: quotas.iter().filter(|it| it.0 == id).map(|it| it.1.clone()).collect(),
            version: self.version,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
        })
    }
}
