//! Providers, and what the operator supplies them with. Nothing of the system's credentials or
//! addresses is shown here: members of the workspace read it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::Timestamp;
use wayleave_model::id::WorkspaceId;
use wayleave_model::provider::Provider;
use wayleave_model::supply::{Grant, Quota, Standing, Supplier, UNLIMITED};
use wayleave_store::Tx;
use wayleave_store::grants;

use crate::error::Problem;

/// A configured use of a provider kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    /// Normalised; `null`: the kind's own address.
    pub(crate) base_url: Option<String>,
    pub(crate) settings: BTreeMap<String, String>,
    /// The id of the credential that serves unless a target says otherwise.
    pub(crate) default_credential: Option<String>,
    /// Whose credentials shall serve: `system` or `custom`; `null`: the workspace's own, once it has
    /// one.
    pub(crate) preference: Option<&'static str>,
    /// What the operator supplies it with.
    pub(crate) supply: SupplyView,
    pub(crate) enabled: bool,
    /// Models that the catalog comes to know of its kind are enabled by themselves.
    pub(crate) new_models: bool,
    /// `apply`: made by a setup file.
    pub(crate) managed_by: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

/// What the operator supplies a provider with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SupplyView {
    /// Whether it is supplied at all.
    pub(crate) granted: bool,
    /// Whose credentials serve its predefined models now: `system` or `custom`.
    pub(crate) using: &'static str,
    /// The models that are supplied; `null`: all that are predefined.
    pub(crate) models: Option<Vec<String>>,
    /// In the order in which they serve.
    pub(crate) quotas: Vec<QuotaView>,
}

/// How much may be used, and how much is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QuotaView {
    /// `paid`, `free` or `trial`.
    #[serde(rename = "type")]
    pub(crate) quota_type: &'static str,
    /// `money` (billionths of a US dollar), `tokens` or `calls`.
    pub(crate) unit: &'static str,
    /// In its unit; -1: unlimited.
    pub(crate) limit: i64,
    /// As far as it is stored: calls that ended in the last second may be missing.
    pub(crate) used: i64,
    /// -1: unlimited.
    pub(crate) left: i64,
    pub(crate) expires_at: Option<String>,
    /// Whether it serves.
    pub(crate) valid: bool,
}

impl QuotaView {
    pub(crate) fn of(it: &Quota, now: Timestamp) -> QuotaView {
        QuotaView {
            quota_type: it.quota_type.as_str(),
            unit: it.unit.as_str(),
            limit: it.limit,
            used: it.used,
            left: it.left(it.used).unwrap_or(UNLIMITED),
            expires_at: it.expires_at.map(|at| at.to_string()),
            valid: it.is_valid(it.used, now),
        }
    }
}

impl SupplyView {
    fn of(grant: Option<&Grant>, standing: Standing, now: Timestamp) -> SupplyView {
        let quotas = grant.map_or([].as_slice(), |it| it.quotas.as_slice());
        SupplyView {
            granted: grant.is_some(),
            using: standing.using().as_str(),
            models: grant.and_then(|it| it.models.clone()),
            quotas: quotas.iter().map(|it| QuotaView::of(it, now)).collect(),
        }
    }
}

impl ProviderView {
    /// One provider.
    pub(crate) async fn one(
        tx: &mut Tx,
        at: WorkspaceId,
        it: Provider,
        now: Timestamp,
    ) -> Result<ProviderView, Problem> {
        let mut all = ProviderView::all(tx, at, vec![it], now).await?;
        all.pop().ok_or_else(|| Problem::internal(&"a provider that was there is not shown"))
    }

    /// Providers of one workspace, in their order.
    pub(crate) async fn all(
        tx: &mut Tx,
        at: WorkspaceId,
        providers: Vec<Provider>,
        now: Timestamp,
    ) -> Result<Vec<ProviderView>, Problem> {
        let grants = grants::of(tx, at).await?;
        let mut views = Vec::with_capacity(providers.len());
        for it in providers {
            let grant = grants.iter().find(|grant| grant.provider == it.id && grant.enabled);
            let standing = match grant {
                Some(grant) => grants::standing(tx, &it, grant).await?,
                None => Standing::default(),
            };
            views.push(ProviderView::of(it, SupplyView::of(grant, standing, now)));
        }
        Ok(views)
    }

    fn of(it: Provider, supply: SupplyView) -> ProviderView {
        ProviderView {
            id: it.id.to_string(),
            name: it.name,
            kind: it.kind,
            base_url: it.base_url,
            settings: it.settings,
            default_credential: it.default_credential.map(|id| id.to_string()),
            preference: it.preference.map(Supplier::as_str),
            supply,
            enabled: it.enabled,
            new_models: it.new_models,
            managed_by: it.managed_by,
            version: it.version,
            created_at: it.created_at.to_string(),
            updated_at: it.updated_at.to_string(),
        }
    }
}
