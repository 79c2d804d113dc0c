//! The models that the operator supplies, made ready: a target for each quota, beside the workspace's own.

use std::sync::Arc;

use wayleave_model::credential::{Credential, SecretFields};
use wayleave_model::id::ModelId;
use wayleave_model::provider::Provider;
use wayleave_model::supply::{Grant, Standing, SupplyLabel};
use wayleave_store::grants::Supply;

use super::targets::Targets;
use super::{Candidate, Unusable};
use crate::supply::{Allowance, Supplied};

/// A grant, and what serves it.
pub(super) struct Given {
    grant: Grant,
    /// Of the system workspace.
    provider: Provider,
    credential: Option<(Credential, Arc<SecretFields>)>,
}

impl Targets<'_> {
    /// Takes over what the operator supplies: from then on, models that it covers are called through it.
    pub(super) fn supply(&mut self, supplies: Vec<Supply>) {
        let given = |it: Supply| {
            let credential = it.credential.map(|(it, secrets)| (it, Arc::new(secrets)));
            (it.grant.provider, Given { grant: it.grant, provider: it.provider, credential })
        };
        self.supplies = supplies.into_iter().map(given).collect();
    }

    /// The supplied model, if it is one; else `own`.
    pub(super) fn supplied(&self, id: ModelId, own: Candidate) -> Candidate {
        let Ok((provider, model, price)) = self.served(id) else { return own };
        let covers = |it: &&Given| {
            !model.custom && !it.grant.quotas.is_empty() && it.grant.covers(&model.name)
        };
        let Some(supply) = self.supplies.get(&provider.id).filter(covers) else { return own };
        let cannot = || without(&own, &provider.name);
        let Some((credential, secrets)) = serving(supply) else { return cannot() };
        let mut allowances = Vec::with_capacity(supply.grant.quotas.len());
        for quota in &supply.grant.quotas {
            let label =
                SupplyLabel { quota: quota.id, quota_type: quota.quota_type, unit: quota.unit };
            let with = (credential, secrets);
            let target = self.at(provider, (model, price), &supply.provider, with, Some(label));
            // What is wrong with the operator's provider is the operator's to see.
            let Ok(target) = target else { return cannot() };
            allowances.push(Allowance {
                target: Arc::new(target),
                quota: quota.clone(),
                meter: self.healths.meters().of(quota),
            });
        }
        let standing = Standing {
            preference: provider.preference,
            has_own: self.credentials.values().any(|(it, _)| {
                it.provider == provider.id && it.model.is_none_or(|only| only == model.id)
            }),
            has_default: !matches!(own, Candidate::Unusable(Unusable::NoCredential { .. })),
            has_quota: false,
        };
        Candidate::Supplied(Arc::new(Supplied { standing, allowances, own }))
    }
}

/// What the system serves with, if it can.
fn serving(supply: &Given) -> Option<(&Credential, &Arc<SecretFields>)> {
    let (credential, secrets) = supply.credential.as_ref()?;
    (supply.provider.enabled && credential.enabled).then_some((credential, secrets))
}

/// The workspace's own alone, while the system cannot serve; where there is none, that is said.
fn without(own: &Candidate, provider: &str) -> Candidate {
    match own {
        Candidate::Unusable(Unusable::NoCredential { .. }) => {
            let why = format!(
                "provider {provider} is supplied by the operator, who must mend it, and has no default credential of its own"
            );
            Candidate::Unusable(Unusable::Broken(why))
        }
        own => own.clone(),
    }
}
