//! What aliases lead to, made ready: targets with their addresses, headers and credentials.

use std::collections::HashMap;
use std::sync::Arc;

use http::Uri;
use wayleave_model::alias::{Alias, WeightedTarget};
use wayleave_model::credential::{Credential, SecretFields};
use wayleave_model::id::{CredentialId, ModelId, ProviderId};
use wayleave_model::pool::{default_credential, has_own};
use wayleave_model::price::PriceVersion;
use wayleave_model::provider::{ModelType, Operation, Provider};
use wayleave_model::record::{Said, TargetLabel};
use wayleave_model::supply::SupplyLabel;
use wayleave_model::target::Model;
use wayleave_provider::{Account, Offer, ProviderKind};

use super::supplied::Given;
use super::{AccountData, Candidate, Choice, Endpoint, Route, Target, TaskEndpoint, Unusable};
use crate::pool::{Healths, Pool};

/// A workspace's providers, credentials and models while its routes are made.
pub(super) struct Targets<'a> {
    pub(super) providers: HashMap<ProviderId, Provider>,
    pub(super) credentials: HashMap<CredentialId, (Credential, Arc<SecretFields>)>,
    /// One of each model's own credentials, so that nobody searches all of them for it.
    pub(super) owned: HashMap<ModelId, CredentialId>,
    pub(super) models: HashMap<ModelId, Model>,
    pub(super) pools: HashMap<ModelId, Arc<Pool>>,
    pub(super) supplies: HashMap<ProviderId, Given>,
    pub(super) healths: &'a Healths,
}

impl<'a> Targets<'a> {
    pub(super) fn new(
        providers: Vec<Provider>,
        credentials: Vec<(Credential, SecretFields)>,
        models: Vec<Model>,
        healths: &'a Healths,
    ) -> Targets<'a> {
        Targets {
            providers: providers.into_iter().map(|it| (it.id, it)).collect(),
            owned: credentials.iter().filter_map(|(it, _)| Some((it.model?, it.id))).collect(),
            credentials: credentials
                .into_iter()
                .map(|(it, secrets)| (it.id, (it, Arc::new(secrets))))
                .collect(),
            models: models.into_iter().map(|it| (it.id, it)).collect(),
            pools: HashMap::new(),
            supplies: HashMap::new(),
            healths,
        }
    }

    pub(super) fn route(&self, alias: Alias) -> Route {
        let mut model_type = ModelType::Llm;
        let mut groups = Vec::with_capacity(alias.route.groups.len());
        for group in &alias.route.groups {
            let mut members = Vec::with_capacity(group.targets.len());
            for target in &group.targets {
                if let Some(model) = self.models.get(&target.model) {
                    model_type = model.model_type;
                }
                members.push(self.choice(target));
            }
            groups.push(members);
        }
        let width = groups.iter().flatten().map(Choice::width).sum();
        Route {
            width,
            alias: alias.id,
            name: alias.name,
            version: alias.route.id,
            model_type,
            created: alias.created_at.as_seconds(),
            groups,
            policy: alias.route.policy,
        }
    }

    pub(super) fn choice(&self, target: &WeightedTarget) -> Choice {
        let named = |(environment, id): (&String, &CredentialId)| {
            (environment.clone(), self.candidate(target.model, Some(*id)))
        };
        Choice {
            weight: target.weight,
            candidate: self.candidate(target.model, target.credential),
            environments: target.environments.iter().map(named).collect(),
        }
    }

    pub(super) fn candidate(&self, model: ModelId, credential: Option<CredentialId>) -> Candidate {
        let own = self.unsupplied(model, credential);
        // Whoever names a credential means that one.
        if credential.is_some() { own } else { self.supplied(model, own) }
    }

    /// By the workspace's own credentials.
    pub(super) fn unsupplied(&self, model: ModelId, credential: Option<CredentialId>) -> Candidate {
        let pool = self.pools.get(&model).filter(|_| credential.is_none());
        match pool {
            Some(pool) => Candidate::Pool(Arc::clone(pool)),
            None => match self.target(model, credential) {
                Ok(target) => Candidate::Ready(Arc::new(target)),
                Err(why) => Candidate::Unusable(why),
            },
        }
    }

    pub(super) fn target(
        &self,
        model: ModelId,
        credential: Option<CredentialId>,
    ) -> Result<Target, Unusable> {
        let (provider, model, price) = self.served(model)?;
        let (credential, secrets) = self.credential(provider, model, credential)?;
        self.at(provider, (model, price), provider, (credential, secrets), None)
    }

    /// A model that may be served, whoever serves it: its provider and its price.
    pub(super) fn served(
        &self,
        model: ModelId,
    ) -> Result<(&Provider, &Model, &PriceVersion), Unusable> {
        let broken = |why: String| Unusable::Broken(why);
        let model = self.models.get(&model).ok_or_else(|| {
            broken("the model was removed: point the alias to another".to_owned())
        })?;
        let provider = self
            .providers
            .get(&model.provider)
            .ok_or_else(|| broken(format!("the provider of model {} was removed", model.name)))?;
        if !provider.enabled || !model.enabled {
            let what = if provider.enabled { &model.name } else { &provider.name };
            return Err(broken(format!("{what} is disabled: enable it or change the route")));
        }
        let price = model.price.as_ref().ok_or_else(|| {
            broken(format!("model {} has no price: set one or mark it free", model.name))
        })?;
        Ok((provider, model, price))
    }

    /// A model of `provider`, called `at` that provider with that credential of it: the same one, or
    /// the system's.
    pub(super) fn at(
        &self,
        provider: &Provider,
        (model, price): (&Model, &PriceVersion),
        at: &Provider,
        (credential, secrets): (&Credential, &Arc<SecretFields>),
        supply: Option<SupplyLabel>,
    ) -> Result<Target, Unusable> {
        let broken = |why: String| Unusable::Broken(why);
        let kind = wayleave_provider::kind(&provider.kind).ok_or_else(|| {
            broken(format!(
                "provider {} is of kind {}, which this version does not know",
                provider.name, provider.kind
            ))
        })?;
        let account = account(at, credential, secrets, kind);
        let unmade = |why: String| broken(format!("provider {}: {why}", provider.name));
        let (offers, tasks) = match model.model_type {
            ModelType::Llm => {
                (endpoints(kind, &account.view(), model).map_err(unmade)?, Vec::new())
            }
            _ => (Vec::new(), tasks(kind, &account.view(), model).map_err(unmade)?),
        };
        let exchanges = kind
            .exchange(&account.view(), model.updated_at)
            .map_err(|why| broken(format!("provider {}: {why}", provider.name)))?
            .is_some();
        Ok(Target {
            pooled: false,
            exchanges,
            label: Arc::new(TargetLabel {
                provider: provider.id,
                provider_name: provider.name.clone(),
                model: model.id,
                model_name: model.name.clone(),
                credential: credential.id,
                price: Some(price.id),
                supply,
                said: Said::default(),
            }),
            kind,
            offers,
            tasks,
            facts: kind.quirks().fill(&model.name, &model.facts),
            price: price.clone(),
            member: self.healths.member(credential.id, model.id, account.digest(credential)),
            account,
        })
    }

    /// One of the model's own credentials, if it has any.
    pub(super) fn own(&self, model: &Model) -> impl Iterator<Item = &Credential> {
        let found = self.owned.get(&model.id).and_then(|id| self.credentials.get(id));
        found.map(|(credential, _)| credential).into_iter()
    }

    /// The one the route names; else, of a model with credentials of its own, the one chosen among
    /// them; else the provider's default.
    pub(super) fn credential(
        &self,
        provider: &Provider,
        model: &Model,
        named: Option<CredentialId>,
    ) -> Result<(&Credential, &Arc<SecretFields>), Unusable> {
        let missing = || Unusable::NoCredential {
            provider: match has_own(model, self.own(model)) {
                true => format!("{} (for its own model {})", provider.name, model.name),
                false => provider.name.clone(),
            },
        };
        let default = || default_credential(model, provider.default_credential, self.own(model));
        let id = named.or_else(default).ok_or_else(missing)?;
        let (credential, secrets) = self.credentials.get(&id).ok_or_else(missing)?;
        let name = &credential.name;
        // Its secret goes to the provider's address: never to another provider's.
        let fits = credential.provider == provider.id
            && credential.model.is_none_or(|only| only == model.id);
        if !fits {
            let why =
                format!("credential {name} does not belong to {} of {}", model.name, provider.name);
            return Err(Unusable::Broken(why));
        }
        if !credential.enabled {
            return Err(Unusable::Broken(format!(
                "credential {name} of {} is disabled",
                provider.name
            )));
        }
        Ok((credential, secrets))
    }
}

fn account(
    provider: &Provider,
    credential: &Credential,
    secrets: &Arc<SecretFields>,
    kind: &'static dyn ProviderKind,
) -> AccountData {
    let (base_url, settings) = wayleave_provider::resolved(kind, provider, &credential.settings);
    AccountData { base_url, settings, secrets: Arc::clone(secrets) }
}

/// Where it converses.
fn endpoints(
    kind: &'static dyn ProviderKind,
    account: &Account<'_>,
    model: &Model,
) -> Result<Vec<Endpoint>, String> {
    let offers = kind.offers(Operation::Chat, &model.facts).iter();
    offers.map(|offer| endpoint(kind, account, offer, &model.name)).collect()
}

/// Where it does what models of its type do.
fn tasks(
    kind: &'static dyn ProviderKind,
    account: &Account<'_>,
    model: &Model,
) -> Result<Vec<TaskEndpoint>, String> {
    let headers = kind.headers(account).map_err(|err| err.to_string())?;
    let mut tasks = Vec::new();
    for &operation in model.model_type.operations() {
        for offer in kind.tasks(operation, &model.name) {
            let url = kind.task_url(account, offer.path, &model.name);
            let url = url.map_err(|err| err.to_string())?;
            url.parse::<Uri>()
                .map_err(|err| format!("base_url: {url} is not an address: {err}"))?;
            let (grammar, headers) = (offer.grammar, headers.clone());
            tasks.push(TaskEndpoint { operation, grammar, url, headers });
        }
    }
    if tasks.is_empty() {
        let (label, model_type) = (kind.manifest().label, model.model_type.as_str());
        return Err(format!("{label} has no models of type {model_type} here"));
    }
    Ok(tasks)
}

fn endpoint(
    kind: &'static dyn ProviderKind,
    account: &Account<'_>,
    offer: &Offer,
    model: &str,
) -> Result<Endpoint, String> {
    let uri = |stream| -> Result<Uri, String> {
        let url = kind.url(account, offer, model, stream).map_err(|err| err.to_string())?;
        url.parse().map_err(|err| format!("base_url: {url} is not an address: {err}"))
    };
    Ok(Endpoint {
        dialect: offer.dialect,
        uri: uri(false)?,
        stream_uri: uri(true)?,
        headers: kind.headers(account).map_err(|err| err.to_string())?,
    })
}
