//! A row of the table, and the credential it says.

use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::credential::{Checks, Credential, CredentialStatus, Validated};
use wayleave_model::id::{CredentialId, ModelId, ProviderId};

use super::NOUN;
use crate::error::StoreError;
use crate::text::typed;

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) id: Uuid,
    provider_id: Uuid,
    pub(super) model_id: Option<Uuid>,
    name: String,
    settings: Json<Value>,
    masked: Json<Value>,
    fingerprint: String,
    pub(super) sealed: Vec<u8>,
    enabled: bool,
    status: String,
    validated: Option<String>,
    proof: Option<String>,
    proven_by: Option<String>,
    last_proven_at: Option<i64>,
    last_checked_at: Option<i64>,
    last_used_at: Option<i64>,
    managed_by: Option<String>,
    version: i64,
    created_at: i64,
    updated_at: i64,
}

impl Row {
    pub(super) fn noun(self) -> Result<Credential, StoreError> {
        let unknown = |word: &str| StoreError::unreadable(NOUN, format!("validated `{word}`"));
        let validated = self.validated.as_deref();
        let validated =
            validated.map(|it| Validated::parse(it).ok_or_else(|| unknown(it))).transpose()?;
        Ok(Credential {
            id: CredentialId(self.id),
            provider: ProviderId(self.provider_id),
            model: self.model_id.map(ModelId),
            name: self.name,
            settings: typed(NOUN, self.settings)?,
            masked: typed(NOUN, self.masked)?,
            fingerprint: self.fingerprint,
            enabled: self.enabled,
            status: CredentialStatus::parse(&self.status)
                .ok_or_else(|| StoreError::unreadable(NOUN, format!("status `{}`", self.status)))?,
            checks: Checks {
                validated,
                proof: self.proof,
                proven_by: self.proven_by,
                last_proven_at: self.last_proven_at.map(Timestamp::from_micros),
                last_checked_at: self.last_checked_at.map(Timestamp::from_micros),
            },
            last_used_at: self.last_used_at.map(Timestamp::from_micros),
            managed_by: self.managed_by,
            version: self.version,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
        })
    }
}
