//! Grants: what of the system's providers the operator supplies a workspace with.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod update;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::Timestamp;
use wayleave_model::id::SYSTEM_WORKSPACE;
use wayleave_model::supply::{Grant, QuotaType, QuotaUnit};
use wayleave_store::grants::QuotaDraft;
use wayleave_store::{Tx, grants, providers, workspaces};

use crate::error::Problem;
use crate::view::QuotaView;

/// What of the system's providers a workspace is supplied with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GrantView {
    id: String,
    /// Who is granted it, by name.
    workspace: String,
    workspace_id: String,
    /// The workspace's own provider that it supplies, by name.
    provider: String,
    provider_id: String,
    /// The provider of the system workspace, by name.
    system_provider: String,
    system_provider_id: String,
    /// The models that it covers; `null`: all that are predefined.
    models: Option<Vec<String>>,
    enabled: bool,
    /// In the order in which they serve.
    quotas: Vec<QuotaView>,
    version: i64,
    created_at: String,
    updated_at: String,
}

impl GrantView {
    async fn of(tx: &mut Tx, it: Grant, now: Timestamp) -> Result<GrantView, Problem> {
        let workspace = workspaces::get(tx, it.workspace).await?;
        let provider = providers::get(tx, it.workspace, it.provider).await?;
        let system = providers::get(tx, SYSTEM_WORKSPACE, it.system_provider).await?;
        Ok(GrantView {
            id: it.id.to_string(),
            workspace: workspace.map(|it| it.name).unwrap_or_default(),
            workspace_id: it.workspace.to_string(),
            provider: provider.map(|it| it.name).unwrap_or_default(),
            provider_id: it.provider.to_string(),
            system_provider: system.map(|it| it.name).unwrap_or_default(),
            system_provider_id: it.system_provider.to_string(),
            models: it.models,
            enabled: it.enabled,
            quotas: it.quotas.iter().map(|it| QuotaView::of(it, now)).collect(),
            version: it.version,
            created_at: it.created_at.to_string(),
            updated_at: it.updated_at.to_string(),
        })
    }
}

/// How much of a grant may be used.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuotaWish {
    /// `paid`, `free` or `trial`; one of each at most.
    #[serde(rename = "type")]
    #[schema(value_type = String)]
    quota_type: QuotaType,
    /// `money` (billionths of a US dollar), `tokens` or `calls`.
    #[schema(value_type = String)]
    unit: QuotaUnit,
    /// In its unit; -1: unlimited.
    limit: i64,
    /// RFC 3339; from then on it does not serve.
    #[serde(default)]
    expires_at: Option<String>,
}

/// The quotas as the store takes them.
fn drafts(wishes: Vec<QuotaWish>) -> Result<Vec<QuotaDraft>, Problem> {
    let draft = |(at, it): (usize, QuotaWish)| -> Result<QuotaDraft, Problem> {
        let expires_at = match it.expires_at {
            None => None,
            Some(text) => Some(Timestamp::parse(&text).ok_or_else(|| {
                let why = format!("`{text}` is not a time: expected one like 2027-01-01T00:00:00Z");
                Problem::field(format!("quotas[{at}].expires_at"), why)
            })?),
        };
        Ok(QuotaDraft { quota_type: it.quota_type, unit: it.unit, limit: it.limit, expires_at })
    };
    wishes.into_iter().enumerate().map(draft).collect()
}

async fn find(tx: &mut Tx, text: &str) -> Result<Grant, Problem> {
    let found = match text.parse() {
        Ok(id) => grants::get(tx, id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| Problem::not_found("grant", text))
}
