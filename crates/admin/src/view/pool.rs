//! A model's pool as the API shows it, and what stands around pools: providers, credentials, plan.

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::credential::Credential;
use wayleave_model::id::{CredentialId, ProviderId, WorkspaceId};
use wayleave_model::plan::{Feature, Plan};
use wayleave_model::pool::{Idle, Pool, Standing, default_credential};
use wayleave_model::provider::Provider;
use wayleave_model::supply::{Grant, Supplier};
use wayleave_model::target::Model;
use wayleave_store::{Tx, credentials, grants, plans, pools, providers, workspaces};

use super::HealthView;
use crate::error::Problem;
use crate::healths::Healths;
use crate::lookup::every;

/// The credentials that share a model's load.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PoolView {
    /// The model's id.
    pub(crate) model: String,
    /// It is switched on.
    pub(crate) enabled: bool,
    /// It serves. Where it does not, the default credential does.
    pub(crate) active: bool,
    /// Why it does not serve: `off`, `not_in_plan`, `too_few_entries` (fewer than two can), or
    /// `system_serves` (the operator supplies the model, so no credential of the workspace is used).
    pub(crate) inactive_because: Option<&'static str>,
    /// `round_robin`, `weighted`, `least_busy`, `lowest_latency` or `priority`.
    pub(crate) strategy: &'static str,
    /// An enabled entry cannot serve, or its credential was refused.
    pub(crate) has_invalid_entries: bool,
    /// In order.
    pub(crate) entries: Vec<EntryView>,
    /// The id of the node whose view of their health is shown.
    pub(crate) node: String,
    /// `apply`: made by a setup file.
    pub(crate) managed_by: Option<String>,
    /// 0: it was never given one.
    pub(crate) version: i64,
}

/// One share of a pool. It goes back as it came, for what is shown only is taken and passed over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryView {
    pub(crate) id: String,
    /// The credential's id; `null`: Default Config, whichever credential is the default.
    pub(crate) credential: Option<String>,
    /// The id of the credential it means now.
    pub(crate) serves_with: Option<String>,
    /// Its name.
    pub(crate) credential_name: Option<String>,
    pub(crate) weight: u32,
    pub(crate) enabled: bool,
    /// What is wrong with it: `credential_disabled`, `no_default`, `credential_missing` or
    /// `credential_refused`.
    pub(crate) invalid: Option<&'static str>,
    /// How its credential fares on this node, whatever the model.
    pub(crate) credential_health: Option<HealthView>,
    /// How it fares there for this model.
    pub(crate) model_health: Option<HealthView>,
}

/// What a list of models shows of their pools.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Marks {
    pub(crate) enabled: bool,
    pub(crate) active: bool,
    pub(crate) has_invalid: bool,
}

/// What decides whether pools serve.
pub(crate) struct Around {
    pub(crate) pools: Vec<Pool>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) credentials: Vec<Credential>,
    /// The plan has pools.
    pub(crate) granted: bool,
    /// The grants that the system serves now.
    pub(crate) supplied: Vec<Grant>,
}

impl Around {
    /// Of all models of a workspace.
    pub(crate) async fn of_workspace(tx: &mut Tx, at: WorkspaceId) -> Result<Around, Problem> {
        let pools = pools::all(tx, at).await?;
        let providers = every!(page => providers::list(tx, at, &page));
        let credentials = every!(page => credentials::list(tx, at, None, &page));
        let granted = granted(tx, at).await?;
        let supplied = supplied(tx, at, &providers).await?;
        Ok(Around { pools, providers, credentials, granted, supplied })
    }

    /// Of one model.
    pub(crate) async fn of_model(
        tx: &mut Tx,
        at: WorkspaceId,
        model: &Model,
    ) -> Result<Around, Problem> {
        let only = Some(model.provider);
        let providers: Vec<Provider> =
            providers::get(tx, at, model.provider).await?.into_iter().collect();
        Ok(Around {
            supplied: supplied(tx, at, &providers).await?,
            pools: pools::get(tx, at, model.id).await?.into_iter().collect(),
            providers,
            credentials: every!(page => credentials::list(tx, at, only, &page)),
            granted: granted(tx, at).await?,
        })
    }

    pub(crate) fn provider(&self, id: ProviderId) -> Option<&Provider> {
        self.providers.iter().find(|it| it.id == id)
    }

    pub(crate) fn name_of(&self, provider: ProviderId) -> &str {
        self.provider(provider).map_or("", |it| it.name.as_str())
    }

    /// Where there is one provider only.
    pub(crate) fn provider_name(&self) -> &str {
        self.providers.first().map_or("", |it| it.name.as_str())
    }

    pub(crate) fn credential(&self, id: CredentialId) -> Option<&Credential> {
        self.credentials.iter().find(|it| it.id == id)
    }

    /// Whether the system serves it now.
    pub(crate) fn is_supplied(&self, model: &Model) -> bool {
        let covers = |it: &Grant| it.provider == model.provider && it.covers(&model.name);
        !model.custom && self.supplied.iter().any(covers)
    }

    /// What `pool` of `model` can do now.
    pub(crate) fn standing(&self, model: &Model, pool: &Pool) -> Standing {
        let provider = self.provider(model.provider);
        let default = provider.and_then(|it| it.default_credential);
        let default = default_credential(model, default, self.credentials.iter());
        let standing = pool.standing(default, self.granted, |id| self.credential(id));
        match self.is_supplied(model) {
            true => Standing { idle: standing.idle.or(Some(Idle::SystemServes)), ..standing },
            false => standing,
        }
    }

    pub(crate) fn marks(&self, model: &Model) -> Marks {
        let Some(pool) = self.pools.iter().find(|it| it.model == model.id) else {
            return Marks::default();
        };
        let standing = self.standing(model, pool);
        let (active, has_invalid) = (standing.idle.is_none(), standing.has_invalid(pool));
        Marks { enabled: pool.enabled, active, has_invalid }
    }

    pub(crate) fn view(&self, model: &Model, pool: &Pool, healths: &dyn Healths) -> PoolView {
        let standing = self.standing(model, pool);
        let entries = pool.entries.iter().zip(&standing.entries).map(|(entry, stands)| {
            let health = |of| healths.of(stands.credential?, of).map(HealthView::from);
            let named = stands.credential.and_then(|id| self.credential(id));
            EntryView {
                id: entry.id.to_string(),
                credential: entry.credential.map(|id| id.to_string()),
                serves_with: stands.credential.map(|id| id.to_string()),
                credential_name: named.map(|it| it.name.clone()),
                weight: entry.weight,
                enabled: entry.enabled,
                invalid: stands.fault.map(|it| it.as_str()),
                credential_health: health(None),
                model_health: health(Some(model.id)),
            }
        });
        PoolView {
            model: model.id.to_string(),
            enabled: pool.enabled,
            active: standing.idle.is_none(),
            inactive_because: standing.idle.map(|it| it.as_str()),
            strategy: pool.strategy.as_str(),
            has_invalid_entries: standing.has_invalid(pool),
            entries: entries.collect(),
            node: healths.node().to_string(),
            managed_by: pool.managed_by.clone(),
            version: pool.version,
        }
    }
}

/// The grants by which the system serves those providers now.
async fn supplied(
    tx: &mut Tx,
    at: WorkspaceId,
    providers: &[Provider],
) -> Result<Vec<Grant>, Problem> {
    let mut supplied = Vec::new();
    for grant in grants::of(tx, at).await? {
        let Some(provider) = providers.iter().find(|it| it.id == grant.provider) else { continue };
        if grants::standing(tx, provider, &grant).await?.using() == Supplier::System {
            supplied.push(grant);
        }
    }
    Ok(supplied)
}

async fn granted(tx: &mut Tx, at: WorkspaceId) -> Result<bool, Problem> {
    let workspace = workspaces::get(tx, at).await?;
    let plan = match workspace.and_then(|it| it.plan) {
        Some(plan) => plans::get(tx, plan).await?,
        None => None,
    };
    Ok(Plan::grants(plan.as_ref(), Feature::Pools))
}
